package codec_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"paymenthub/internal/temporal/codec"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, codec.KeySize) }

func newCodec(t testing.TB, active string, keys map[string][]byte) *codec.Codec {
	t.Helper()
	c, err := codec.New(active, keys)
	require.NoError(t, err)
	return c
}

func payload(t testing.TB, value any) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return p
}

func seal(t testing.TB, c *codec.Codec, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	sealed, err := c.Encode([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Len(t, sealed, 1)
	return sealed[0]
}

func TestRoundTrip(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	for name, p := range map[string]*commonpb.Payload{
		"json":     payload(t, map[string]any{"token": "tok_secret"}),
		"nil":      payload(t, nil),
		"bytes":    payload(t, bytes.Repeat([]byte("x"), 100_000)),
		"empty":    {},
		"metadata": {Metadata: map[string][]byte{"encoding": []byte("json/plain"), "type": []byte("Keyword")}, Data: []byte(`"v"`)},
	} {
		t.Run(name, func(t *testing.T) {
			before := proto.Clone(p)
			sealed := seal(t, c, p)
			require.True(t, proto.Equal(before, p), "Encode changed its argument")
			require.Equal(t, codec.Encoding, string(sealed.Metadata["encoding"]))
			require.Equal(t, "k1", string(sealed.Metadata[codec.MetadataKeyID]))
			require.Len(t, sealed.Metadata, 2)
			require.NotContains(t, string(sealed.Data), "tok_secret")

			sealedBefore := proto.Clone(sealed)
			opened, err := c.Decode([]*commonpb.Payload{sealed})
			require.NoError(t, err)
			require.True(t, proto.Equal(p, opened[0]))
			require.True(t, proto.Equal(sealedBefore, sealed), "Decode changed its argument")
		})
	}
}

func TestEqualPayloadsSealDifferently(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	p := payload(t, "same")
	require.NotEqual(t, seal(t, c, p).Data, seal(t, c, p).Data)
}

func TestRotation(t *testing.T) {
	before := newCodec(t, "2024", map[string][]byte{"2024": key(1)})
	after := newCodec(t, "2025", map[string][]byte{"2024": key(1), "2025": key(2)})
	p := payload(t, "kept")

	old := seal(t, before, p)
	opened, err := after.Decode([]*commonpb.Payload{old, seal(t, after, p)})
	require.NoError(t, err)
	require.True(t, proto.Equal(p, opened[0]))
	require.True(t, proto.Equal(p, opened[1]))

	_, err = before.Decode([]*commonpb.Payload{seal(t, after, p)})
	require.ErrorIs(t, err, codec.ErrUnknownKey)
}

func TestPlainPayloadsPass(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1)})
	p := payload(t, "plain")
	opened, err := c.Decode([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Same(t, p, opened[0])
}

func TestUndecryptable(t *testing.T) {
	c := newCodec(t, "k1", map[string][]byte{"k1": key(1), "k2": key(2)})
	sealed := seal(t, c, payload(t, "tok_secret"))
	altered := func(change func(*commonpb.Payload)) *commonpb.Payload {
		p := proto.CloneOf(sealed)
		change(p)
		return p
	}
	for name, p := range map[string]*commonpb.Payload{
		"first bit of the nonce": altered(func(p *commonpb.Payload) { p.Data[0] ^= 1 }),
		"ciphertext":             altered(func(p *commonpb.Payload) { p.Data[14] ^= 1 }),
		"tag":                    altered(func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 }),
		"cut short":              altered(func(p *commonpb.Payload) { p.Data = p.Data[:20] }),
		"no data":                altered(func(p *commonpb.Payload) { p.Data = nil }),
		"another key's id":       altered(func(p *commonpb.Payload) { p.Metadata[codec.MetadataKeyID] = []byte("k2") }),
		"same id, wrong key":     seal(t, newCodec(t, "k1", map[string][]byte{"k1": key(9)}), payload(t, "tok_secret")),
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := c.Decode([]*commonpb.Payload{p})
			require.ErrorIs(t, err, codec.ErrUndecryptable)
			require.Nil(t, opened)
		})
	}
}

func TestKeyringIsValidated(t *testing.T) {
	for name, tc := range map[string]struct {
		active string
		keys   map[string][]byte
		want   string
	}{
		"no keys":           {"k1", nil, `active payload key "k1" is not among`},
		"active is missing": {"k2", map[string][]byte{"k1": key(1)}, `active payload key "k2" is not among`},
		"short key":         {"k1", map[string][]byte{"k1": key(1)[:16]}, "has 16 bytes, need 32"},
		"empty id":          {"", map[string][]byte{"": key(1)}, "payload key id"},
		"id with a space":   {"k 1", map[string][]byte{"k 1": key(1)}, "payload key id"},
		"long id":           {"k1", map[string][]byte{"k1": key(1), strings.Repeat("k", 65): key(1)}, "payload key id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := codec.New(tc.active, tc.keys)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestConvertersSealValuesAndFailures(t *testing.T) {
	dc := codec.NewDataConverter(newCodec(t, "k1", map[string][]byte{"k1": key(1)}))
	payloads, err := dc.ToPayloads("tok_secret", 42)
	require.NoError(t, err)
	require.NotContains(t, payloads.String(), "tok_secret")
	var text string
	var number int
	require.NoError(t, dc.FromPayloads(payloads, &text, &number))
	require.Equal(t, "tok_secret", text)
	require.Equal(t, 42, number)

	fc := codec.NewFailureConverter(dc)
	failure := fc.ErrorToFailure(temporal.NewApplicationErrorWithCause("tok_secret was refused", "declined", errors.New("cause of tok_secret")))
	require.NotContains(t, failure.String(), "tok_secret")
	require.ErrorContains(t, fc.FailureToError(failure), "tok_secret was refused")
}

func BenchmarkEncodeDecode(b *testing.B) {
	c := newCodec(b, "k1", map[string][]byte{"k1": key(1)})
	payloads := []*commonpb.Payload{payload(b, strings.Repeat("a payment's arguments ", 20))}
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := c.Encode(payloads)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Decode(sealed); err != nil {
			b.Fatal(err)
		}
	}
}

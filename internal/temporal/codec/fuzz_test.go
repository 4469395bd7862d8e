package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/proto"

	"paymenthub/internal/temporal/codec"
)

// FuzzRoundTrip holds that any payload opens as what was sealed, and that its
// data does not stand in the sealed one.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte(`{"number":"4242424242424242"}`), "encoding", []byte("json/plain"))
	f.Add([]byte{}, "", []byte{})
	f.Add(bytes.Repeat([]byte{0}, 5000), "encoding", []byte(codec.Encoding))
	c := newCodec(f, "k1", map[string][]byte{"k1": key(1)})
	f.Fuzz(func(t *testing.T, data []byte, name string, value []byte) {
		p := &commonpb.Payload{Metadata: map[string][]byte{name: value}, Data: data}
		sealed, err := c.Encode([]*commonpb.Payload{p})
		if err != nil {
			return // protobuf takes no name that is not UTF-8
		}
		require.False(t, len(data) > 8 && bytes.Contains(sealed[0].Data, data), "in the clear")
		opened, err := c.Decode(sealed)
		require.NoError(t, err)
		require.True(t, proto.Equal(p, opened[0]))
	})
}

// FuzzDecode holds that what was altered does not open, whatever it is made of,
// and that errors are the two that the package names.
func FuzzDecode(f *testing.F) {
	c := newCodec(f, "k1", map[string][]byte{"k1": key(1), "k2": key(2)})
	good := seal(f, c, payload(f, "4242424242424242"))
	f.Add([]byte(codec.Encoding), []byte("k1"), good.Data)
	f.Add([]byte(codec.Encoding), []byte("k2"), good.Data)
	f.Add([]byte(codec.Encoding), []byte("k3"), good.Data)
	f.Add([]byte(codec.Encoding), []byte("k1"), good.Data[:20])
	f.Add([]byte(codec.Encoding), []byte{}, []byte{})
	f.Add([]byte("json/plain"), []byte("k1"), []byte(`"clear"`))
	f.Fuzz(func(t *testing.T, encoding, keyID, data []byte) {
		p := &commonpb.Payload{Metadata: map[string][]byte{"encoding": encoding, codec.MetadataKeyID: keyID}, Data: data}
		opened, err := c.Decode([]*commonpb.Payload{p})
		switch {
		case string(encoding) != codec.Encoding:
			require.NoError(t, err)
			require.Same(t, p, opened[0])
		case bytes.Equal(data, good.Data) && string(keyID) == "k1":
			require.NoError(t, err)
		default:
			require.True(t, errors.Is(err, codec.ErrUnknownKey) || errors.Is(err, codec.ErrUndecryptable), "%v", err)
			require.Nil(t, opened)
		}
	})
}

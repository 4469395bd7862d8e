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

// FuzzDecode holds that nothing opens but what was sealed, to the bit, and that
// errors are the two that the package names.
func FuzzDecode(f *testing.F) {
	c := newCodec(f, "k1", map[string][]byte{"k1": key(1), "k2": key(2)})
	f.Add([]byte(codec.Encoding), []byte("k2"), []byte("4242424242424242"), uint(0), byte(1))
	f.Add([]byte(codec.Encoding), []byte("k3"), bytes.Repeat([]byte{0}, 28), uint(11), byte(128))
	f.Add([]byte(codec.Encoding), []byte{}, []byte{}, uint(40), byte(255))
	f.Add([]byte("json/plain"), []byte("k1"), []byte(`"clear"`), uint(0), byte(0))
	f.Fuzz(func(t *testing.T, encoding, keyID, data []byte, place uint, change byte) {
		p := &commonpb.Payload{Metadata: map[string][]byte{"encoding": encoding, codec.MetadataKeyID: keyID}, Data: data}
		opened, err := c.Decode([]*commonpb.Payload{p})
		if string(encoding) != codec.Encoding {
			require.NoError(t, err)
			require.Same(t, p, opened[0])
		} else {
			require.True(t, errors.Is(err, codec.ErrUnknownKey) || errors.Is(err, codec.ErrUndecryptable), "%v", err)
			require.Nil(t, opened)
		}

		altered := seal(t, c, &commonpb.Payload{Data: data})
		altered.Data[place%uint(len(altered.Data))] ^= change
		_, err = c.Decode([]*commonpb.Payload{altered})
		require.Equal(t, change != 0, errors.Is(err, codec.ErrUndecryptable), "%v", err)
		altered.Metadata[codec.MetadataKeyID] = []byte("k2")
		_, err = c.Decode([]*commonpb.Payload{altered})
		require.ErrorIs(t, err, codec.ErrUndecryptable, "sealed with another key")
	})
}

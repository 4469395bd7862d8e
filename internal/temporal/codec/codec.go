// Package codec encrypts what the hub hands to Temporal. Payloads (arguments,
// results, memos, failure details) leave the process sealed with AES-256-GCM,
// so that neither the Temporal server nor its database sees them in clear. An
// HTTP endpoint decodes them for the Temporal Web UI.
package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

const (
	// Encoding is the value of the metadata key "encoding" of a sealed payload.
	Encoding = "binary/encrypted"
	// MetadataKeyID is the metadata key that names the key a payload was sealed with.
	MetadataKeyID = "encryption-key-id"

	// KeySize is the size of every key in bytes (AES-256).
	KeySize = 32

	maxKeyIDLength = 64
	nonceSize      = 12
	tagSize        = 16

	// additionalData separates these ciphertexts from anything else that might be
	// sealed with the same key.
	additionalData = "paymenthub/temporal/payload/v1"
)

var (
	// ErrUnknownKey means that a payload names a key which is not in the keyring.
	ErrUnknownKey = errors.New("payload is encrypted with a key that is not configured")
	// ErrUndecryptable means that a payload was altered, cut short, or sealed with
	// a different key of the same id.
	ErrUndecryptable = errors.New("payload cannot be decrypted")
)

// Codec seals and opens payloads. It is safe for concurrent use.
//
// Nonces are random, so a single key should seal at most 2^32 payloads (NIST SP
// 800-38D, section 8.3); rotate it by making another key the active one and
// keeping the old one in the keyring for as long as workflows sealed with it
// are retained.
type Codec struct {
	activeID []byte
	active   cipher.AEAD
	keys     map[string]cipher.AEAD
}

var _ converter.PayloadCodec = (*Codec)(nil)

// New builds a codec that seals with the key named activeID and opens with any
// key of the map. Ids are 1 to 64 printable ASCII characters without spaces;
// keys are KeySize bytes.
func New(activeID string, keys map[string][]byte) (*Codec, error) {
	c := &Codec{activeID: []byte(activeID), keys: make(map[string]cipher.AEAD, len(keys))}
	for id, key := range keys {
		if !validKeyID(id) {
			return nil, fmt.Errorf("payload key id must be 1 to %d printable characters without spaces", maxKeyIDLength)
		}
		if len(key) != KeySize {
			return nil, fmt.Errorf("payload key %q has %d bytes, need %d", id, len(key), KeySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("payload key %q: %w", id, err)
		}
		if c.keys[id], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("payload key %q: %w", id, err)
		}
	}
	active, ok := c.keys[activeID]
	if !ok {
		return nil, fmt.Errorf("active payload key %q is not among the configured keys", activeID)
	}
	c.active = active
	return c, nil
}

func validKeyID(id string) bool {
	if id == "" || len(id) > maxKeyIDLength {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// Encode seals every payload, its metadata included, with the active key.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	sealed := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		data, err := c.seal(p)
		if err != nil {
			return nil, err
		}
		sealed[i] = &commonpb.Payload{
			Metadata: map[string][]byte{
				converter.MetadataEncoding: []byte(Encoding),
				MetadataKeyID:              c.activeID,
			},
			Data: data,
		}
	}
	return sealed, nil
}

// seal returns nonce ‖ ciphertext ‖ tag in one allocation: the payload is
// marshalled to where its ciphertext will be and encrypted in place.
func (c *Codec) seal(p *commonpb.Payload) ([]byte, error) {
	opts := proto.MarshalOptions{}
	buf := make([]byte, nonceSize, nonceSize+opts.Size(p)+tagSize)
	if _, err := rand.Read(buf); err != nil {
		return nil, fmt.Errorf("payload nonce: %w", err)
	}
	opts.UseCachedSize = true
	buf, err := opts.MarshalAppend(buf, p)
	if err != nil {
		return nil, fmt.Errorf("payload cannot be marshalled: %w", err)
	}
	plain := buf[nonceSize:]
	ciphertext := c.active.Seal(plain[:0], buf[:nonceSize], plain, []byte(additionalData))
	return buf[:nonceSize+len(ciphertext)], nil
}

// Decode opens every sealed payload with the key its metadata names; payloads
// that are not sealed pass unchanged, so that workflows started in clear (by
// Temporal's own tools, say) remain readable. Errors are ErrUnknownKey and
// ErrUndecryptable; they carry no payload content.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	opened := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
			opened[i] = p
			continue
		}
		plain, err := c.open(p)
		if err != nil {
			return nil, err
		}
		opened[i] = plain
	}
	return opened, nil
}

func (c *Codec) open(p *commonpb.Payload) (*commonpb.Payload, error) {
	aead, ok := c.keys[string(p.GetMetadata()[MetadataKeyID])]
	if !ok {
		return nil, ErrUnknownKey
	}
	data := p.GetData()
	if len(data) < nonceSize+tagSize {
		return nil, ErrUndecryptable
	}
	plain, err := aead.Open(nil, data[:nonceSize], data[nonceSize:], []byte(additionalData))
	if err != nil {
		return nil, ErrUndecryptable
	}
	opened := &commonpb.Payload{}
	if err := proto.Unmarshal(plain, opened); err != nil {
		return nil, ErrUndecryptable
	}
	return opened, nil
}

// NewDataConverter returns Temporal's default converter (JSON, protobuf, bytes)
// behind the codec. Clients, workers and replayers must all use it.
func NewDataConverter(c *Codec) converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
}

// NewFailureConverter returns a failure converter that also moves messages and
// stack traces of errors into an encoded payload, so that they are sealed too.
func NewFailureConverter(dc converter.DataConverter) converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          dc,
		EncodeCommonAttributes: true,
	})
}

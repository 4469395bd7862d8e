package decode

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/internal/fault"
)

// Bounds of metadata (contracts/hub.md).
const (
	maxMetadata      = 50
	maxMetadataKey   = 40 // characters
	maxMetadataValue = 500
)

// Metadata reads an object of strings within the contract's bounds; null counts
// as absent. It is one of the unmarshalers that JSON takes.
func Metadata[M ~map[string]string](d *jsontext.Decoder, m *M) error {
	here := Path(d.StackPointer())
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	if d.PeekKind() != '{' {
		if _, err := d.ReadValue(); err != nil {
			return err
		}
		return fault.Field(here, "Field '%s' must be an object.", here)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	read := M{}
	for d.PeekKind() != '}' {
		if len(read) == maxMetadata {
			return fault.Field(here, "Field '%s' must have at most %d keys.", here, maxMetadata)
		}
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		field := here + "." + SafeName(key)
		if d.PeekKind() != '"' {
			if _, err := d.ReadValue(); err != nil {
				return err
			}
			return fault.Field(field, "Field '%s' must be a string.", field)
		}
		value, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := checkPair(here, field, key, value.String()); err != nil {
			return err
		}
		read[key] = value.String()
	}
	*m = read
	_, err := d.ReadToken()
	return err
}

func checkPair(here, field, key, value string) error {
	if n := utf8.RuneCountInString(key); n == 0 || n > maxMetadataKey {
		return fault.Field(here, "The keys of field '%s' must have 1 to %d characters.", here, maxMetadataKey)
	}
	if err := Text(here, key, maxMetadataKey); err != nil {
		return err
	}
	return Text(field, value, maxMetadataValue)
}

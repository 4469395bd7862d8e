package config

import (
	"fmt"
	"strconv"
)

// ByVersion decodes the vault's keys. Errors: a version that is no positive
// number, a key that does not decode.
func (v VaultKeys) ByVersion() (map[int][]byte, error) {
	keys := make(map[int][]byte, len(v.Keys))
	for name, key := range v.Keys {
		version, err := strconv.Atoi(name)
		if err != nil || version < 1 {
			return nil, fmt.Errorf("keys.vault.keys: version %q is not a positive number", name)
		}
		if keys[version], err = key.Bytes(); err != nil {
			return nil, fmt.Errorf("keys.vault.keys.%s %w", name, err)
		}
	}
	return keys, nil
}

// ByID decodes the payload keys.
func (c CodecKeys) ByID() (map[string][]byte, error) {
	keys := make(map[string][]byte, len(c.Keys))
	for id, key := range c.Keys {
		b, err := key.Bytes()
		if err != nil {
			return nil, fmt.Errorf("keys.codec.keys.%s %w", id, err)
		}
		keys[id] = b
	}
	return keys, nil
}

package config

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// devKeys is the content of a development key file.
type devKeys struct {
	Vault        string `json:"vault"`
	Fingerprint  string `json:"fingerprint"`
	ClientSecret string `json:"client_secret"`
	Codec        string `json:"codec"`
}

// DevKeys loads the random keys of a development data folder, or makes the file
// (mode 0600) when it is missing. Two processes that start at once agree on one
// file. Errors: a file that others may read, or that is damaged.
func DevKeys(file string) (Keys, error) {
	keys, err := loadDevKeys(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createDevKeys(file); err != nil && !errors.Is(err, fs.ErrExist) {
			return Keys{}, fmt.Errorf("development keys: %w", err)
		}
		keys, err = loadDevKeys(file)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("development keys: %w", err)
	}
	return keys, nil
}

func loadDevKeys(file string) (Keys, error) {
	info, err := os.Stat(file)
	if err != nil {
		return Keys{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Keys{}, fmt.Errorf("%s can be read by others; run: chmod 600 %s", file, file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return Keys{}, err
	}
	var d devKeys
	if json.Unmarshal(content, &d) != nil { // its error would quote the file
		return Keys{}, fmt.Errorf("%s is damaged; begin with empty state (--fresh) or restore it", file)
	}
	keys := Keys{
		Vault:       VaultKeys{Active: 1, Keys: map[string]Key{"1": Key(d.Vault)}},
		Fingerprint: Key(d.Fingerprint), ClientSecret: Key(d.ClientSecret),
		Codec: CodecKeys{Active: "dev", Keys: map[string]Key{"dev": Key(d.Codec)}},
	}
	for _, key := range []Key{Key(d.Vault), keys.Fingerprint, keys.ClientSecret, Key(d.Codec)} {
		if _, err := key.Bytes(); err != nil {
			return Keys{}, fmt.Errorf("%s is damaged; begin with empty state (--fresh) or restore it", file)
		}
	}
	return keys, nil
}

// createDevKeys writes the file whole before it takes its name, and never over
// a file that is there. Errors: fs.ErrExist when another process was first.
func createDevKeys(file string) error {
	content, err := json.MarshalIndent(devKeys{
		Vault: newKey(), Fingerprint: newKey(), ClientSecret: newKey(), Codec: newKey(),
	}, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(append(content, '\n'))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Link(temporary.Name(), file)
}

func newKey() string {
	b := make([]byte, KeySize)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.StdEncoding.EncodeToString(b)
}

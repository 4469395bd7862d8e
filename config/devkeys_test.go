package config_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
)

func TestDevKeysAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	const processes = 8
	got := make([]config.Keys, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			keys, err := config.DevKeys(path)
			if err == nil {
				got[i] = keys
			}
		})
	}
	wg.Wait()
	for _, keys := range got {
		require.Equal(t, got[0], keys)
		require.NotEmpty(t, keys.Fingerprint)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file stays")

	c := valid()
	c.Keys = got[0]
	require.NoError(t, c.Validate())
	other, err := config.DevKeys(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	require.NotEqual(t, other.Fingerprint, got[0].Fingerprint)
}

func TestDevKeysRefuseAnOpenOrDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"vault":"hunter2"}`), 0o600))
	_, err := config.DevKeys(path)
	require.ErrorContains(t, err, "damaged")
	require.NotContains(t, err.Error(), "hunter2")
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = config.DevKeys(path)
	require.ErrorContains(t, err, "chmod 600")
	_, err = config.DevKeys(filepath.Join(t.TempDir(), "no", "keys.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

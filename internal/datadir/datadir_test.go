package datadir_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/datadir"
)

func TestOneProcessHoldsTheFolder(t *testing.T) {
	d := datadir.At(t.TempDir())
	lock, err := d.Lock()
	require.NoError(t, err)
	_, err = d.Lock()
	require.ErrorContains(t, err, "in use by process "+strconv.Itoa(os.Getpid()))
	require.NoError(t, lock.Release())
	lock, err = d.Lock()
	require.NoError(t, err)
	require.NoError(t, lock.Release())
}

func TestInfoIsForItsOwnerAlone(t *testing.T) {
	d := datadir.At(t.TempDir())
	_, ok, err := d.ReadInfo()
	require.NoError(t, err)
	require.False(t, ok)
	want := datadir.Info{API: "http://127.0.0.1:1", Keys: datadir.Keys{LiveSecret: "sk_live_x"}, Simulators: map[string]string{"stripe": "http://127.0.0.1:2"}}
	require.NoError(t, d.WriteInfo(want))
	got, ok, err := d.ReadInfo()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, want, got)
	stat, err := os.Stat(filepath.Join(d.Path(), "dev.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), stat.Mode().Perm())
}

func TestClearLeavesStrangersAlone(t *testing.T) {
	d := datadir.At(t.TempDir())
	mine, theirs := d.HubDatabase()+"-wal", filepath.Join(d.Path(), "notes.txt")
	require.NoError(t, os.WriteFile(mine, nil, 0o600))
	require.NoError(t, os.WriteFile(theirs, nil, 0o600))
	require.NoError(t, d.Clear())
	require.NoFileExists(t, mine)
	require.FileExists(t, theirs)
}

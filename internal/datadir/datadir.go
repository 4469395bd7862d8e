// Package datadir is the folder in which development mode keeps everything: who
// holds it, where its files are, and what dev.json tells to tools.
package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Default is the folder's name unless another is given.
const Default = ".paymenthub"

// Dir is a data folder.
type Dir struct{ path string }

// At names the folder at path; it need not exist.
func At(path string) Dir { return Dir{path: path} }

// Path is the folder itself.
func (d Dir) Path() string { return d.path }

// HubDatabase is the hub's SQLite file.
func (d Dir) HubDatabase() string { return filepath.Join(d.path, "hub.db") }

// TemporalDatabase is the embedded Temporal server's SQLite file.
func (d Dir) TemporalDatabase() string { return filepath.Join(d.path, "temporal.db") }

// SimulatorDatabase is the SQLite file of a provider's simulator. Stripe's is older
// than the others.
func (d Dir) SimulatorDatabase(provider string) string {
	if provider == "stripe" {
		return filepath.Join(d.path, "simulator.db")
	}
	return filepath.Join(d.path, "simulator."+provider+".db")
}

// Keys is the file of the keys that seal what is stored.
func (d Dir) Keys() string { return filepath.Join(d.path, "keys.json") }

func (d Dir) lockFile() string { return filepath.Join(d.path, "lock") }
func (d Dir) infoFile() string { return filepath.Join(d.path, "dev.json") }

// Create makes the folder, readable by its owner alone.
func (d Dir) Create() error { return os.MkdirAll(d.path, 0o700) }

// Lock is held by the one process that runs on the folder.
type Lock struct{ file *os.File }

// Lock takes the folder, or says who has it. The kernel releases the lock when
// the process ends, however it ends.
func (d Dir) Lock() (*Lock, error) {
	f, err := os.OpenFile(d.lockFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(d.lockFile())
		_ = f.Close()
		return nil, fmt.Errorf("the data folder %s is in use by process %s; stop it, or name another folder with --data-dir", d.path, strings.TrimSpace(string(holder)))
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &Lock{file: f}, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

// Release gives the folder up.
func (l *Lock) Release() error { return l.file.Close() }

// Clear removes the state that development mode keeps, and nothing else.
func (d Dir) Clear() error {
	var errs []error
	for _, pattern := range []string{"hub.db*", "temporal.db*", "temporal.visibility.db*", "simulator.db*", "simulator.*.db*"} {
		files, err := filepath.Glob(filepath.Join(d.path, pattern))
		errs = append(errs, err)
		for _, file := range files {
			errs = append(errs, remove(file))
		}
	}
	return errors.Join(append(errs, remove(d.Keys()), remove(d.infoFile()))...)
}

func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Info is dev.json: where everything is, and the demo merchant's keys.
type Info struct {
	API               string            `json:"api"`
	Temporal          string            `json:"temporal"`
	TemporalNamespace string            `json:"temporal_namespace"`
	TemporalUI        string            `json:"temporal_ui"`
	MerchantID        string            `json:"merchant_id"`
	Keys              Keys              `json:"keys"`
	Simulators        map[string]string `json:"simulators"`
}

// Keys are the demo merchant's API keys.
type Keys struct {
	SandboxSecret      string `json:"sandbox_secret"`
	SandboxPublishable string `json:"sandbox_publishable"`
	LiveSecret         string `json:"live_secret"`
	LivePublishable    string `json:"live_publishable"`
}

// ReadInfo reads dev.json; ok is false where there is none.
func (d Dir) ReadInfo() (info Info, ok bool, err error) {
	raw, err := os.ReadFile(d.infoFile())
	if errors.Is(err, os.ErrNotExist) {
		return Info{}, false, nil
	}
	if err != nil {
		return Info{}, false, err
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return Info{}, false, fmt.Errorf("%s is unreadable; remove it: %w", d.infoFile(), err)
	}
	return info, true, nil
}

// WriteInfo writes dev.json, mode 0600, in one step: readers see the old file
// or the new one.
func (d Dir) WriteInfo(info Info) error {
	raw, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(d.path, "dev-*.json") // mode 0600
	if err != nil {
		return err
	}
	_, err = draft.Write(append(raw, '\n'))
	if err := errors.Join(err, draft.Close()); err != nil {
		_ = os.Remove(draft.Name())
		return err
	}
	return os.Rename(draft.Name(), d.infoFile())
}

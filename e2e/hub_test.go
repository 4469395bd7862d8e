package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/datadir"
)

// startLimit bounds how long a hub may take until it answers.
const startLimit = 60 * time.Second

// settleLimit bounds how long an outcome may be unknown: the first look-up is
// after 5 s, the second half a minute later; and what a killed hub left behind
// is found by its sweep. The machine may stand still meanwhile.
const settleLimit = 3 * time.Minute

// hub is a hub in development mode: one process, one data folder.
type hub struct {
	datadir.Info
	dir         datadir.Dir
	logs        string
	env         []string
	databaseURL string // "" on SQLite
	addr        string // of the API; kept over restarts
	process     *process
	readyAfter  time.Duration // from the process's start until dev.json was there
}

// roomy are limits that no test meets by accident: rates, and how long requests wait for
// an outcome, which a machine that stands still for seconds may take.
var roomy = []string{
	"PAYMENTHUB_RATE_LIMITS_HUB_PER_MINUTE=1000000", "PAYMENTHUB_RATE_LIMITS_HUB_BURST=1000000",
	"PAYMENTHUB_RATE_LIMITS_PUBLIC_PER_MINUTE=1000000", "PAYMENTHUB_RATE_LIMITS_PUBLIC_BURST=1000000",
	"PAYMENTHUB_RATE_LIMITS_GATEWAY_ACCOUNTS_PER_MINUTE=1000000", "PAYMENTHUB_RATE_LIMITS_GATEWAY_ACCOUNTS_BURST=1000000",
	"PAYMENTHUB_RATE_LIMITS_ACQUIRING_PAYMENTS_PER_SECOND=1000000", "PAYMENTHUB_RATE_LIMITS_ACQUIRING_PAYMENTS_PER_HOUR=1000000",
	"PAYMENTHUB_RATE_LIMITS_ACQUIRING_TRANSACTIONS_PER_SECOND=1000000", "PAYMENTHUB_RATE_LIMITS_ACQUIRING_PUBLIC_PER_SECOND=1000000",
	"PAYMENTHUB_RATE_LIMITS_REDELIVERIES_PER_MINUTE=1000000", "PAYMENTHUB_RATE_LIMITS_REDELIVERIES_BURST=1000000",
	"PAYMENTHUB_PAYMENTS_WAIT=30s", "PAYMENTHUB_SERVER_REQUEST_TIMEOUT=60s",
	"PAYMENTHUB_LOG_LEVEL=warn", "PAYMENTHUB_LOG_FORMAT=json",
}

var (
	sharing    sync.Mutex
	sharedHubs = map[string]*hub{}
)

// shared returns the hub that tests of a dialect share. There is one with Stripe's
// simulator, and another one for other arguments of development mode.
func shared(t testing.TB, d dialect, more ...string) *hub {
	t.Helper()
	var url string
	if d == postgres {
		needPostgres(t)
	}
	sharing.Lock()
	defer sharing.Unlock()
	name := strings.Join(append([]string{string(d)}, more...), " ")
	if h, ok := sharedHubs[name]; ok {
		return h
	}
	if d == postgres {
		url = newDatabase(t)
	}
	var env []string
	if len(more) > 0 {
		env = []string{"PAYMENTHUB_LOG_LEVEL=debug"} // a test searches it for what must not be there
	}
	h := prepare(filepath.Join(workshop, fmt.Sprintf("%s_%d", d, len(sharedHubs))), url, env)
	require.NoError(t, h.start(more...))
	sharedHubs[name] = h
	return h
}

// newHub starts a hub for one test, with settings on top of the roomy ones. It
// ends with the test.
func newHub(t testing.TB, d dialect, env ...string) *hub {
	t.Helper()
	h := idleHub(t, d, env...)
	require.NoError(t, h.start())
	return h
}

// idleHub is newHub before its start.
func idleHub(t testing.TB, d dialect, env ...string) *hub {
	t.Helper()
	var url string
	if d == postgres {
		url = newDatabase(t)
	}
	h := prepare(t.TempDir(), url, env)
	h.addr = quietAddress(t) // which is still free when the hub is started again
	t.Cleanup(func() {
		if t.Failed() && h.process != nil {
			_, stderr := h.process.output()
			t.Logf("the hub's last words:\n%s", stderr[max(0, len(stderr)-4000):])
		}
		require.NoError(t, h.retire())
	})
	return h
}

var databases atomic.Int64

// newDatabase makes an empty Postgres database. It goes with the cluster.
func newDatabase(t testing.TB) string {
	t.Helper()
	c := needPostgres(t)
	name := fmt.Sprintf("hub_%d", databases.Add(1))
	require.NoError(t, c.Exec(t.Context(), "CREATE DATABASE "+name))
	return c.URL(name)
}

func prepare(folder, databaseURL string, env []string) *hub {
	return &hub{
		dir: datadir.At(filepath.Join(folder, "data")), logs: filepath.Join(folder, "logs"),
		env: append(roomy[:len(roomy):len(roomy)], env...), databaseURL: databaseURL, addr: "127.0.0.1:0",
	}
}

// state are the flags that name the hub's state, for any command.
func (h *hub) state() []string {
	flags := []string{"--data-dir", h.dir.Path()}
	if h.databaseURL != "" {
		flags = append(flags, "--database-url", h.databaseURL)
	}
	return flags
}

// devArgs are the arguments of development mode on free ports, with Stripe's simulator
// and those that more names by --simulators.
func (h *hub) devArgs(more ...string) []string {
	args := append([]string{"dev", "--addr", h.addr, "--temporal-addr", "127.0.0.1:0", "--temporal-ui-addr", "127.0.0.1:0", "--simulators", "stripe"}, h.state()...)
	return append(args, more...)
}

// start starts the process and waits until dev.json is there. A hub that ran
// before keeps its address, so that its clients find it again.
func (h *hub) start(more ...string) error {
	path, err := binary()
	if err != nil {
		return err
	}
	began := time.Now()
	if h.process, err = startProcess(path, h.logs, h.env, h.devArgs(more...)...); err != nil {
		return err
	}
	for deadline := began.Add(startLimit); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-h.process.ended:
			return fmt.Errorf("the hub ended before it was ready: %w\n%s", h.process.err, h.process.complaints())
		default:
		}
		if ready, err := h.isReady(began); err != nil {
			return err
		} else if ready {
			serving.Store(h.API, h.process)
			h.readyAfter = time.Since(began)
			h.addr = strings.TrimPrefix(h.API, "http://")
			return nil
		}
	}
	h.process.kill()
	_, stderr := h.process.output()
	return fmt.Errorf("the hub was not ready within %s:\n%s", startLimit, stderr)
}

// isReady reads dev.json, if this start wrote it.
func (h *hub) isReady(began time.Time) (bool, error) {
	written, err := os.Stat(filepath.Join(h.dir.Path(), "dev.json"))
	if err != nil || written.ModTime().Before(began) {
		return false, nil
	}
	info, ok, err := h.dir.ReadInfo()
	h.Info = info
	return ok, err
}

// retire ends the hub; afterwards nothing of it runs. It is an error when the
// hub did not end by itself or wrote that it had crashed.
func (h *hub) retire() error {
	if h.process == nil {
		return nil
	}
	select {
	case <-h.process.ended: // by the test
	default:
		if _, err := h.process.interrupt(); err != nil {
			return fmt.Errorf("hub in %s: %w", h.dir.Path(), err)
		}
	}
	return h.process.crashed()
}

// commandLimit bounds how long any other command may take.
const commandLimit = time.Minute

// command runs another command of the binary, bounded to commandLimit.
func command(t testing.TB, env []string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	p, err := startProcess(path, t.TempDir(), env, args...)
	require.NoError(t, err)
	select {
	case <-p.ended:
	case <-time.After(commandLimit):
		p.kill()
		stdout, stderr = p.output()
		t.Fatalf("%v did not end within %s\n%s\n%s", args, commandLimit, stdout, stderr)
	}
	stdout, stderr = p.output()
	var failed *exec.ExitError
	if p.err != nil && !errors.As(p.err, &failed) {
		t.Fatal(p.err)
	}
	return stdout, stderr, p.command.ProcessState.ExitCode()
}

// run runs a command on the hub's state, which must succeed, and returns what
// it prints.
func (h *hub) run(t testing.TB, args ...string) string {
	t.Helper()
	stdout, stderr, exit := command(t, nil, append(args, h.state()...)...)
	require.Zero(t, exit, "%v: %s", args, stderr)
	return strings.TrimSpace(stdout)
}

// await returns once done is true, which must happen within limit.
func await(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		late := time.Now().After(deadline)
		if done() {
			return
		}
		if late {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

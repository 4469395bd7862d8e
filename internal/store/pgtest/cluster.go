// Package pgtest runs a temporary Postgres, 15 or newer, for tests, from the
// binaries that are installed on the machine. Its data is gone when the test
// process ends, however that ends.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing: the machine has no Postgres binaries.
var ErrMissing = errors.New("pgtest: initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin")

// startTimeout bounds how long the server may take to answer.
const startTimeout = 30 * time.Second

// keeper is a shell that runs the server and outlives the test process by the
// moment it takes to clean up: when its standard input ends it stops the server
// and removes the folder. Each line it reads is a signal to restart with.
const keeper = `
dir=$1; shift
start() { "$@" >>"$dir/log" 2>&1 & server=$!; }
start "$@"
while read -r signal; do kill -"$signal" $server; wait $server; start "$@"; done
kill -QUIT $server; wait $server
rm -rf "$dir"
`

// Cluster is a running server. It listens on the loopback interface and trusts
// every local user, so it is for tests alone.
type Cluster struct {
	dir   string
	port  int
	shell *exec.Cmd
	stdin io.WriteCloser
}

// Start makes a new cluster and waits until it answers. Errors: ErrMissing.
func Start() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	attributes, owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, err
	}
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	c := &Cluster{dir: dir}
	if err := c.run(bin, attributes); err != nil {
		return nil, errors.Join(err, c.Stop(), os.RemoveAll(dir))
	}
	return c, nil
}

func (c *Cluster) run(bin string, attributes *syscall.SysProcAttr) error {
	data := filepath.Join(c.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = c.dir, attributes
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w: %s", err, out)
	}
	var err error
	if c.port, err = freePort(); err != nil {
		return err
	}
	// fsync is off: what is committed survives the server's death, not the machine's. A
	// log for this server alone and room for a few databases make copying one quicker.
	c.shell = exec.Command("/bin/sh", "-c", keeper, "keeper", c.dir, filepath.Join(bin, "postgres"), "-D", data,
		"-p", strconv.Itoa(c.port), "-k", c.dir, "-c", "listen_addresses=127.0.0.1",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0",
		"-c", "max_connections=200", "-c", "shared_buffers=128MB")
	c.shell.Dir, c.shell.SysProcAttr = c.dir, attributes
	if c.stdin, err = c.shell.StdinPipe(); err != nil {
		return err
	}
	if err := c.shell.Start(); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return c.wait()
}

// URL is the address of one of the cluster's databases.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Restart stops the server as a crash would and waits until it answers again.
// What was committed is there; connections are not.
func (c *Cluster) Restart() error { return c.restart("QUIT") }

// RestartFast is Restart by an operator: running transactions are rolled back
// and connections are told that the server goes down.
func (c *Cluster) RestartFast() error { return c.restart("INT") }

func (c *Cluster) restart(signal string) error {
	before, err := os.ReadFile(c.pidFile())
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	if _, err := io.WriteString(c.stdin, signal+"\n"); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	if err := c.waitGone(before); err != nil {
		return err
	}
	return c.wait()
}

func (c *Cluster) pidFile() string { return filepath.Join(c.dir, "data", "postmaster.pid") }

// Stop ends the server and removes its data.
func (c *Cluster) Stop() error {
	if c.shell == nil || c.shell.Process == nil || c.shell.ProcessState != nil {
		return nil
	}
	if err := c.stdin.Close(); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return c.shell.Wait()
}

// Exec runs a statement in the maintenance database.
func (c *Cluster) Exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func (c *Cluster) wait() error {
	var err error
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = c.Exec(context.Background(), "SELECT 1"); err == nil {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return fmt.Errorf("pgtest: the server does not answer: %w\n%s", err, log)
}

// waitGone waits until the server that was told to stop no longer listens, so
// that wait does not find it still alive. before is what its pid file holds.
func (c *Cluster) waitGone(before []byte) error {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if now, err := os.ReadFile(c.pidFile()); err != nil || !slices.Equal(now, before) {
			return nil
		}
	}
	return errors.New("pgtest: the server does not stop")
}

// binaries finds the folder of initdb and postgres, the newest version first.
func binaries() (string, error) {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	if found, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(found); err == nil {
			folders = append([]string{filepath.Dir(real)}, folders...)
		}
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "postgres")); err == nil {
			return folder, nil
		}
	}
	return "", ErrMissing
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

// unprivileged returns how to start processes: in a group of their own, which a
// Ctrl-C at the terminal does not reach, and as user postgres when the tests run
// as root, since Postgres refuses to.
func unprivileged() (*syscall.SysProcAttr, *syscall.Credential, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attributes, nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, nil, fmt.Errorf("pgtest: running as root: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, attributes.Credential, nil
}

// freePort finds a port below those that kernels give to connections, and that package
// e2e draws from beside: none takes it while the server restarts.
func freePort() (int, error) {
	for range 100 {
		port := 16_000 + rand.IntN(4_000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("pgtest: no free port between 16000 and 20000")
}

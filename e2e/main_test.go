package e2e

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"paymenthub/internal/store/pgtest"
)

// workshop is the folder of what all tests share: the binary, the shared hubs.
var workshop string

// atOnce is how many tests run beside each other unless -parallel says: most of them
// wait for time to pass, but their bursts share it.
const atOnce = 5

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0))))
	}
	if !thorough() && !testing.Short() {
		fmt.Fprintln(os.Stderr, "e2e: each test runs on one of the databases; with -timeout 25m they run on both")
	}
	go metronome()
	var err error
	if workshop, err = os.MkdirTemp("", "paymenthub-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	endChromium()
	for _, h := range sharedHubs {
		if err := h.retire(); err != nil {
			fmt.Fprintln(os.Stderr, "FAIL:", err)
			code = 1
		}
	}
	if n := comesAgain.Load(); n > 0 {
		fmt.Fprintf(os.Stderr, "e2e: %d requests were refused for a moment and made again\n", n)
	}
	if err := tooHurried(); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	if c, err := cluster(); clusterStarted && err == nil {
		_ = c.Stop()
	}
	_ = os.RemoveAll(workshop)
	os.Exit(code)
}

// binary builds the command once and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop, "paymenthub")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "paymenthub") // a debugger's tables take a third of the time
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

var (
	clusterStarted bool
	cluster        = sync.OnceValues(func() (*pgtest.Cluster, error) {
		clusterStarted = true
		return pgtest.Start()
	})
)

// needPostgres skips a test on a machine without Postgres, and fails it where CI=true.
func needPostgres(t testing.TB) *pgtest.Cluster {
	t.Helper()
	c, err := cluster()
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dialect is the database that a hub stands on.
type dialect string

const (
	sqlite   dialect = "sqlite"
	postgres dialect = "postgres"
)

// dialects are the databases that a test runs on: both, unless time is short. In the ten
// minutes that `go test` gives unless told otherwise, each test runs on one of the two.
func dialects(t testing.TB) []dialect {
	t.Helper()
	if testing.Short() {
		return []dialect{sqlite}
	}
	if thorough() {
		return []dialect{sqlite, postgres}
	}
	if _, err := cluster(); errors.Is(err, pgtest.ErrMissing) {
		return []dialect{sqlite}
	}
	name := fnv.New32a()
	_, _ = name.Write([]byte(t.Name())) // a hash takes everything
	return []dialect{[]dialect{sqlite, postgres}[name.Sum32()%2]}
}

// thorough reports whether there is time for every test on both databases.
func thorough() bool {
	limit, err := time.ParseDuration(flag.Lookup("test.timeout").Value.String())
	return err == nil && (limit == 0 || limit > 15*time.Minute)
}

// onEach runs a test against the shared hub of each dialect.
func onEach(t *testing.T, test func(t *testing.T, h *hub)) {
	t.Helper()
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, shared(t, d))
		})
	}
}

// onOwn runs a test against a hub of its own on each dialect. It is left out
// of -short.
func onOwn(t *testing.T, env []string, test func(t *testing.T, h *hub)) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, newHub(t, d, env...))
		})
	}
}

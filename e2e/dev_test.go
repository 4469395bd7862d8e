package e2e

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requireOneLine holds that an error is told as a person wants it.
func requireOneLine(t *testing.T, stderr string, parts ...string) {
	t.Helper()
	stderr = strings.TrimSpace(stderr)
	require.NotContains(t, stderr, "\n")
	for _, part := range append(parts, "paymenthub: ") {
		require.Contains(t, stderr, part)
	}
}

func TestStateAndKeysSurviveARestart(t *testing.T) {
	onOwn(t, nil, func(t *testing.T, h *hub) {
		t.Logf("ready %s after the start of the process, in an empty folder", h.readyAfter.Round(time.Millisecond))
		demo := client{h.API, h.Keys.SandboxSecret}
		pk := client{h.API, h.Keys.SandboxPublishable}
		require.Equal(t, "live", client{h.API, h.Keys.LiveSecret}.paid(t, 100).Environment)
		for _, name := range []string{"dev.json", "keys.json"} {
			secret, err := os.Stat(filepath.Join(h.dir.Path(), name))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), secret.Mode().Perm(), name)
		}
		folder, err := os.Stat(h.dir.Path())
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), folder.Mode().Perm())

		done, held, open := demo.paid(t, 900), demo.authorized(t, 900), demo.create(t, nil)
		was := h.Info
		took, err := h.process.interrupt()
		require.NoError(t, err)
		require.Less(t, took, 5*time.Second)
		t.Logf("ended %s after SIGINT", took.Round(time.Millisecond))
		stdout, _ := h.process.output()
		for _, part := range []string{h.API, h.API + "/docs", h.TemporalUI, h.Keys.SandboxSecret, "curl "} {
			require.Contains(t, stdout, part, "the banner")
		}

		require.NoError(t, h.start())
		t.Logf("ready %s after the start of the process, with state", h.readyAfter.Round(time.Millisecond))
		require.Equal(t, []any{was.API, was.MerchantID, was.Keys, was.Simulators}, []any{h.API, h.MerchantID, h.Keys, h.Simulators})
		got := demo.intent(t, done.ID)
		got.Attempts = nil
		require.Equal(t, done, got)
		// Temporal may not be at work with what it had when it ended; a client asks again.
		captured := write{name: "capture " + held.ID, path: intents + "/" + held.ID + "/capture", body: object{"amount": 400}}.again(t, demo)
		require.Equal(t, int64(400), captured.intent(t).AmountCaptured)
		confirmed := write{
			name: "confirm " + open.ID, path: intents + "/" + open.ID + "/confirm", body: object{"client_secret": open.ClientSecret, "payment_method": card(visa)},
		}.again(t, pk)
		require.Equal(t, "succeeded", confirmed.intent(t).Status)
		requireAgreement(t, shop{client: demo, hub: h, id: h.MerchantID})
		h.verify(t)
	})
}

func TestFreshBeginsWithEmptyState(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	h := newHub(t, sqlite)
	old := client{h.API, h.Keys.SandboxSecret}
	p := old.paid(t, 100)
	_, err := h.process.interrupt()
	require.NoError(t, err)
	bystander := filepath.Join(h.dir.Path(), "notes.txt")
	require.NoError(t, os.WriteFile(bystander, []byte("mine"), 0o600))

	require.NoError(t, h.start("--fresh"))
	require.Equal(t, http.StatusUnauthorized, client{h.API, old.key}.get(t, intents).status)
	demo := client{h.API, h.Keys.SandboxSecret}
	demo.get(t, intents+"/"+p.ID).failure(t, http.StatusNotFound, "not_found")
	require.Empty(t, h.charges(t))
	require.Empty(t, demo.balances(t, "AED"))
	demo.paid(t, 100)
	require.FileExists(t, bystander, "only what the hub made is removed")
}

func TestWhatIsInTheWayIsSaidInOneLine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	h := newHub(t, sqlite)
	_, stderr, exit := command(t, nil, h.devArgs()...)
	require.NotZero(t, exit)
	requireOneLine(t, stderr, "in use", h.dir.Path())

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for flag, at := range map[string]int{"--addr": 2, "--temporal-addr": 4, "--temporal-ui-addr": 6} {
		other := prepare(t.TempDir(), "", nil)
		args := other.devArgs()
		require.Equal(t, flag, args[at-1])
		args[at] = taken.Addr().String()
		_, stderr, exit := command(t, nil, args...)
		require.NotZero(t, exit)
		requireOneLine(t, stderr, taken.Addr().String())
	}
	_, stderr, exit = command(t, nil, "merchant", "create", "--name", "x", "--data-dir", filepath.Join(t.TempDir(), "none"))
	require.NotZero(t, exit)
	requireOneLine(t, stderr, "--data-dir")
	require.Equal(t, http.StatusOK, client{h.API, h.Keys.SandboxSecret}.get(t, intents).status, "the first goes on")
}

func TestInterruptedHubLetsRequestsEnd(t *testing.T) {
	onOwn(t, []string{"PAYMENTHUB_SERVER_DRAIN_TIMEOUT=20s"}, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		h.slow(t, 1, time.Second)
		answered := make(chan reply, 1)
		go func() { answered <- s.timed(t, http.MethodPost, intents, order(paidWith(visa))) }()
		await(t, settleLimit, "the payment is under way", func() bool {
			return string(h.simulator(t, http.MethodGet, "/_sim/faults", nil).raw) == "{\"faults\":[]}\n"
		})
		took, err := h.process.interrupt()
		require.NoError(t, err)
		require.Less(t, took, 5*time.Second)
		last := <-answered
		require.NoError(t, last.err)
		require.Equal(t, "succeeded", last.intent(t).Status)
		require.NoError(t, h.start())
		requireAgreement(t, s)
	})
}

func TestCommandsExplainThemselves(t *testing.T) {
	t.Parallel()
	commands := regexp.MustCompile(`(?m)^  ([a-z]+) {2,}\S`)
	var visit func(path []string) int
	visit = func(path []string) int {
		stdout, stderr, exit := command(t, nil, append(path, "--help")...)
		require.Zero(t, exit, stderr)
		found := 0
		_, listed, _ := strings.Cut(stdout, "Available Commands:")
		listed, _, _ = strings.Cut(listed, "\nFlags:")
		for _, name := range commands.FindAllStringSubmatch(listed, -1) {
			if name[1] != "help" && name[1] != "completion" {
				found += visit(append(path[:len(path):len(path)], name[1]))
			}
		}
		if found == 0 {
			require.Contains(t, stdout, "Examples:\n  ", "%v", path)
			return 1
		}
		return found
	}
	require.GreaterOrEqual(t, visit(nil), 15, "commands with an example")

	stdout, _, exit := command(t, nil, "version")
	require.Zero(t, exit)
	require.Regexp(t, `^paymenthub \S+ \(go1\.\S+, \w+/\w+\)\n$`, stdout)
	_, stderr, exit := command(t, nil, "unheard-of")
	require.NotZero(t, exit)
	requireOneLine(t, stderr, "unheard-of")
}

func TestConfigurationIsPrintedWithoutSecrets(t *testing.T) {
	t.Parallel()
	env := []string{
		"PAYMENTHUB_DATABASE_URL=postgres://hub:hunter2@db.example/hub", "PAYMENTHUB_GATEWAYS_LIVE_STRIPE_SECRET_KEY=sk_live_hunter2",
		"PAYMENTHUB_SERVER_ADDR=127.0.0.1:9191", "PAYMENTHUB_TEMPORAL_API_KEY=hunter2",
	}
	stdout, _, exit := command(t, env, "config")
	require.Zero(t, exit)
	require.Contains(t, stdout, "127.0.0.1:9191")
	require.Contains(t, stdout, "db.example")
	require.NotContains(t, stdout, "hunter2")
	_, stderr, exit := command(t, []string{"PAYMENTHUB_SERVER_MAX_IN_FLIGHT=many"}, "config")
	require.NotZero(t, exit)
	requireOneLine(t, stderr, "server.max_in_flight")
}

func TestCommandsWorkBesideARunningHub(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		status := h.run(t, "migrate", "status")
		require.Regexp(t, `(?m)^\S+ +applied \d{4}-`, status)
		require.NotContains(t, status, "not applied")
		require.Contains(t, h.run(t, "key", "list", "--merchant", h.MerchantID), `"demo"`)
		h.verify(t)
	})
}

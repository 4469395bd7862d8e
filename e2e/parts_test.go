package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
)

// parts is a hub as production runs it: Temporal, the provider, the API and its
// workers are processes of their own, which come and go one by one. The embedded
// hub tells where they are; its process is the one of `serve`.
type parts struct {
	*hub
	engine   *process // paymenthub temporal
	provider *process // paymenthub simulator
	worker   *process // paymenthub worker; nil until startWorker
	second   *process // another paymenthub serve; nil until startSecond
}

// newParts starts Temporal, the provider and one `serve`, with settings on top
// of the roomy ones. databaseURL is "" on SQLite. All end with the test.
func newParts(t *testing.T, databaseURL string, env ...string) *parts {
	t.Helper()
	h := prepare(t.TempDir(), databaseURL, env)
	h.addr, h.Temporal, h.TemporalNamespace = quietAddress(t), quietAddress(t), "default"
	h.API = "http://" + h.addr
	provider := quietAddress(t)
	h.Simulators = map[string]string{"stripe": "http://" + provider}
	p := &parts{hub: h}
	t.Cleanup(func() { p.end(t) })
	require.NoError(t, h.dir.Create())
	_, err := config.DevKeys(h.dir.Keys())
	require.NoError(t, err)
	require.NoError(t, h.dir.WriteInfo(h.Info))
	p.startEngine(t)
	p.provider = p.startProvider(t, "stripe", provider)
	h.run(t, "migrate", "up")
	p.startServe(t)
	return p
}

// partsOn is newParts on a database of the dialect.
func partsOn(t *testing.T, d dialect, env ...string) *parts {
	t.Helper()
	if d == postgres {
		return newParts(t, newDatabase(t), env...)
	}
	return newParts(t, "", env...)
}

// onParts runs a test against parts of its own on each dialect.
func onParts(t *testing.T, env []string, test func(t *testing.T, p *parts)) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, partsOn(t, d, env...))
		})
	}
}

// part starts a process of the binary.
func (p *parts) part(t *testing.T, name string, args ...string) *process {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	started, err := startProcess(path, filepath.Join(p.logs, name), p.env, args...)
	require.NoError(t, err)
	return started
}

// startProvider starts a provider's simulator alone and waits until it answers.
func (p *parts) startProvider(t *testing.T, provider, addr string) *process {
	t.Helper()
	started := p.part(t, provider, "simulator", "--provider", provider, "--addr", addr, "--data-dir", p.dir.Path())
	await(t, startLimit, provider+" answers", func() bool {
		require.False(t, closed(started.ended), "%s has ended", provider)
		response, err := http.Get("http://" + addr + "/_sim/faults")
		if err != nil {
			return false
		}
		require.NoError(t, response.Body.Close())
		return response.StatusCode == http.StatusOK
	})
	return started
}

// startEngine starts Temporal and waits until it has said that it answers.
func (p *parts) startEngine(t *testing.T) {
	t.Helper()
	said := 0
	if p.engine != nil {
		stdout, _ := p.engine.output()
		said = len(stdout)
	}
	p.engine = p.part(t, "engine", "temporal", "--data-dir", p.dir.Path(), "--temporal-addr", p.Temporal, "--temporal-ui-addr", "")
	await(t, startLimit, "Temporal answers", func() bool {
		stdout, _ := p.engine.output()
		return strings.Contains(stdout[said:], "Temporal: ")
	})
}

// hubArgs are the arguments of `serve` and `worker`.
func (p *parts) hubArgs(command string) []string {
	return append([]string{command, "--temporal-address", p.Temporal}, p.state()...)
}

// startServe starts the API with its worker and waits until it is healthy.
func (p *parts) startServe(t *testing.T) {
	t.Helper()
	p.env = withGateway(p.env, p.Simulators["stripe"])
	p.process = p.part(t, "serve", append(p.hubArgs("serve"), "--addr", p.addr)...)
	awaitHealthy(t, p.process, p.API)
}

// startSecond starts another API with its worker beside the first and waits until
// it is healthy. It returns where it is.
func (p *parts) startSecond(t *testing.T) (api string) {
	t.Helper()
	addr := quietAddress(t)
	p.second = p.part(t, "second", append(p.hubArgs("serve"), "--addr", addr)...)
	awaitHealthy(t, p.second, "http://"+addr)
	return "http://" + addr
}

func awaitHealthy(t *testing.T, serve *process, api string) {
	t.Helper()
	serving.Store(api, serve)
	await(t, startLimit, "the hub is healthy", func() bool {
		select {
		case <-serve.ended:
			_, stderr := serve.output()
			t.Fatalf("the hub ended: %v\n%s", serve.err, stderr)
		default:
		}
		a, err := client{api: api}.send(t, http.MethodGet, healthPath, nil)
		return err == nil && a.status == http.StatusOK
	})
}

const healthPath = "/v3/payments/health"

// withGateway makes the simulator the sandbox's gateway.
func withGateway(env []string, url string) []string {
	return append(env[:len(env):len(env)],
		"PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_SECRET_KEY=sk_test_parts", "PAYMENTHUB_GATEWAYS_SANDBOX_STRIPE_BASE_URL="+url)
}

// startWorker starts a worker alone.
func (p *parts) startWorker(t *testing.T) {
	t.Helper()
	p.env = withGateway(p.env, p.Simulators["stripe"])
	p.worker = p.part(t, "worker", p.hubArgs("worker")...)
}

// freeze stops a process without ending it: what talks to it hangs. It returns when
// each of its threads stands, which a busy machine may take a while for. thaw lets
// it go on.
func freeze(t *testing.T, p *process) {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(syscall.SIGSTOP))
	await(t, startLimit, "the process stands still", func() bool { return stopped(t, p.command.Process.Pid) })
}

// stopped reports whether each thread of a process is stopped, as Linux tells.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	require.NoError(t, err)
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		require.NoError(t, err)
		// The state follows the name, which is in brackets.
		_, after, found := strings.Cut(string(stat), ") ")
		if !found || !strings.HasPrefix(after, "T") {
			return false
		}
	}
	return len(threads) > 0
}

func thaw(t *testing.T, p *process) {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(syscall.SIGCONT))
}

// end ends what runs. It fails the test when a part wrote that it had crashed.
func (p *parts) end(t *testing.T) {
	t.Helper()
	if t.Failed() && p.process != nil {
		_, stderr := p.process.output()
		t.Logf("the hub's last words:\n%s", stderr[max(0, len(stderr)-4000):])
	}
	for _, part := range []*process{p.process, p.second, p.worker, p.engine, p.provider} {
		if part != nil {
			part.kill()
			require.NoError(t, part.crashed())
		}
	}
}

// reply is what a client got for one request of a burst.
type reply struct {
	answer
	err  error
	took time.Duration
}

// shed reports whether the reply is a refusal that says when to come again.
func (r reply) shed() bool {
	return r.err == nil && r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != ""
}

func (r reply) String() string {
	if r.err != nil {
		return fmt.Sprintf("%v after %s", r.err, r.took)
	}
	return fmt.Sprintf("%d after %s: %s", r.status, r.took.Round(time.Millisecond), r.raw)
}

// timed is send with its outcome and its time, but for that in which the machine stood still.
func (c client) timed(t *testing.T, method, path string, body any, headers ...header) reply {
	t.Helper()
	watch := startWatch()
	a, err := c.send(t, method, path, body, headers...)
	return reply{a, err, watch.elapsed()}
}

// health asks how the hub is, and returns the parts that are down.
func (p *parts) health(t *testing.T) (reply, []string) {
	t.Helper()
	r := client{api: p.API}.timed(t, http.MethodGet, healthPath, nil)
	require.NoError(t, r.err)
	status := http.StatusOK
	if r.status != http.StatusOK {
		status = http.StatusServiceUnavailable
	}
	var down []string
	for name, state := range read[struct {
		Checks map[string]string `json:"checks"`
	}](t, r.answer, status).Checks {
		if state != "ok" {
			down = append(down, name)
		}
	}
	return r, down
}

// write is a request that is sent until it is answered with a 2xx.
type write struct {
	name, path string
	body       any
	headers    []header
}

func (w write) send(t *testing.T, c client) reply {
	t.Helper()
	return c.timed(t, http.MethodPost, w.path, w.body, append([]header{idempotent(w.name)}, w.headers...)...)
}

// again sends the write under its key until it is answered, and holds that
// sending it once more brings the same bytes.
func (w write) again(t *testing.T, c client) answer {
	t.Helper()
	first, ok := w.persist(t, c)
	if !ok {
		return first
	}
	once, _ := w.persist(t, c)
	if string(once.raw) != string(first.raw) || once.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s: first %s\nthen %s", w.name, first.raw, once.raw)
	}
	return first
}

// persist sends the write until it is answered with a 200.
func (w write) persist(t *testing.T, c client) (answer, bool) {
	t.Helper()
	for deadline := time.Now().Add(retryLimit); ; time.Sleep(100 * time.Millisecond) {
		r := w.send(t, c)
		if r.err == nil && r.status == http.StatusOK {
			return r.answer, true
		}
		busy := r.status == http.StatusConflict && r.header.Get("Retry-After") != ""
		if r.err == nil && !busy && !r.shed() || time.Now().After(deadline) || t.Context().Err() != nil {
			t.Errorf("%s: %s", w.name, r)
			return r.answer, false
		}
	}
}

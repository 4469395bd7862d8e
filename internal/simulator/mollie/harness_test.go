package mollie

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// world is a simulator that runs for one test, with a clock of the test's and the
// webhooks of the account "sandbox".
type world struct {
	*testing.T
	file   string
	server *httptest.Server
	sim    *Simulator
	inbox  *httptest.Server

	mu   sync.Mutex
	skew time.Duration
	told []told
}

type told struct {
	Header http.Header
	Body   []byte
	Event  map[string]any
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, file: filepath.Join(t.TempDir(), "mollie.db")}
	w.inbox = httptest.NewServer(w)
	t.Cleanup(w.inbox.Close)
	w.start()
	t.Cleanup(w.stop)
	return w
}

func (w *world) start() {
	w.Helper()
	var err error
	w.sim, err = open(chassis.Options{
		DataFile: w.file, SettleAfter: time.Hour,
		Webhooks: []chassis.Webhook{{Credentials: Credentials("sandbox"), URL: w.inbox.URL}},
	}, chassis.Provider{Now: w.now})
	require.NoError(w, err)
	w.server = httptest.NewServer(w.sim.Handler())
}

func (w *world) stop() {
	w.server.CloseClientConnections()
	w.server.Close()
	require.NoError(w, w.sim.Close())
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.skew)
}

// pass lets time go by, as if the simulator was down meanwhile.
func (w *world) pass(d time.Duration) {
	w.stop()
	w.mu.Lock()
	w.skew += d
	w.mu.Unlock()
	w.start()
}

// ServeHTTP is the account's webhook.
func (w *world) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	t := told{Header: r.Header.Clone(), Body: body}
	if json.Unmarshal(body, &t.Event) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, t)
}

// hears waits for an event of a type about an object.
func (w *world) hears(kind, entity string) (found told) {
	w.Helper()
	require.Eventually(w, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, t := range w.told {
			if t.Event["type"] == kind && t.Event["entityId"] == entity {
				found = t
			}
		}
		return found.Event != nil
	}, 30*time.Second, 5*time.Millisecond, "%s of %s", kind, entity)
	return found
}

// call makes a call of an account, with an idempotency key where there is one.
func (w *world) call(account, method, path, key string, body any) (status int, header http.Header, object map[string]any) {
	w.Helper()
	text, err := json.Marshal(body)
	require.NoError(w, err)
	r, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, bytes.NewReader(text))
	require.NoError(w, err)
	if account != "" {
		r.Header.Set("Authorization", "Bearer "+Credentials(account)["api_key"])
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(w, err)
	defer response.Body.Close()
	require.NoError(w, json.NewDecoder(response.Body).Decode(&object))
	return response.StatusCode, response.Header, object
}

func (w *world) ok(method, path string, body any) map[string]any {
	w.Helper()
	status, _, object := w.call("sandbox", method, path, "", body)
	require.Less(w, status, 300, "%v", object)
	return object
}

// fails makes a call that is refused, and tells with which status and field.
func (w *world) fails(method, path string, body any) (int, any) {
	w.Helper()
	status, header, object := w.call("sandbox", method, path, "", body)
	require.EqualValues(w, status, object["status"])
	require.NotEmpty(w, object["title"])
	require.NotEmpty(w, object["detail"])
	require.Equal(w, hal, header.Get("Content-Type"))
	return status, object["field"]
}

type m = map[string]any

// order is a payment as shops ask for it.
func order(method, value, currency string) m {
	return m{
		"amount": m{"currency": currency, "value": value}, "description": "Order 998", "redirectUrl": "https://shop.example/back",
		"method": method, "metadata": m{"payment_id": "pay_1"},
	}
}

// opened makes a payment and returns its id.
func (w *world) opened(method, value, currency string) string {
	w.Helper()
	return w.ok(http.MethodPost, "/v2/payments", order(method, value, currency))["id"].(string)
}

func (w *world) ended(method, value, currency, outcome string) string {
	w.Helper()
	id := w.opened(method, value, currency)
	w.ok(http.MethodPost, "/_sim/3ds/"+id, m{"outcome": outcome})
	return id
}

func (w *world) payment(id string) map[string]any {
	w.Helper()
	return w.ok(http.MethodGet, "/v2/payments/"+id, nil)
}

func (w *world) charges() []simulator.Charge {
	w.Helper()
	var record struct{ Charges []simulator.Charge }
	response, err := http.Get(w.server.URL + "/_sim/charges")
	require.NoError(w, err)
	defer response.Body.Close()
	require.NoError(w, json.NewDecoder(response.Body).Decode(&record))
	return record.Charges
}

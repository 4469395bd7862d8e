package checkout

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

const (
	visa       = "4242424242424242"
	challenged = "4000002760003184"
	back       = "https://shop.example/back?order=7"
	patience   = 30 * time.Second
)

// world is a simulator behind a real HTTP server, with the webhooks of the account
// "sandbox".
type world struct {
	*testing.T
	file   string
	frozen bool
	server *httptest.Server
	sim    *Simulator
	inbox  *httptest.Server

	mu   sync.Mutex
	told []told
}

type told struct {
	signature string
	body      []byte
	event     struct {
		ID, Type string
		Data     map[string]any
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, file: filepath.Join(t.TempDir(), "checkout.db")}
	w.inbox = httptest.NewServer(w)
	t.Cleanup(w.inbox.Close)
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.Helper()
	var err error
	w.sim, err = Open(chassis.Options{
		DataFile: w.file, SettleAfter: time.Hour, Frozen: w.frozen,
		Webhooks: []chassis.Webhook{{Credentials: Credentials("sandbox"), URL: w.inbox.URL}},
	})
	require.NoError(w, err)
	w.server = httptest.NewServer(w.sim.Handler())
}

func (w *world) stop() {
	w.server.CloseClientConnections()
	w.server.Close()
	require.NoError(w, w.sim.Close())
}

// ServeHTTP is where webhooks go.
func (w *world) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	one := told{signature: r.Header.Get("Cko-Signature"), body: body}
	_ = json.Unmarshal(body, &one.event)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, one)
}

// hears waits for the first event of a type about an id.
func (w *world) hears(kind, id string) (found told) {
	w.Helper()
	require.Eventually(w, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, one := range w.told {
			if one.event.Type == kind && (one.event.Data["id"] == id || one.event.Data["action_id"] == id) {
				found = one
				return true
			}
		}
		return false
	}, patience, 10*time.Millisecond, "%s of %s", kind, id)
	return found
}

// object is a JSON object.
type object = map[string]any

func (w *world) send(method, path, key string, body any) (int, object) {
	w.Helper()
	text, err := json.Marshal(body)
	require.NoError(w, err)
	r, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, bytes.NewReader(text))
	require.NoError(w, err)
	r.Header.Set("Authorization", "Bearer "+Credentials("sandbox")[credentialKey])
	r.Header.Set("Cko-Idempotency-Key", key)
	response, err := http.DefaultClient.Do(r)
	require.NoError(w, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(w, err)
	var into object
	if strings.HasPrefix(string(answer), "[") {
		var list []any
		require.NoError(w, json.Unmarshal(answer, &list))
		return response.StatusCode, object{"list": list}
	}
	if len(answer) > 0 {
		require.NoError(w, json.Unmarshal(answer, &into), "%s", answer)
	}
	return response.StatusCode, into
}

func (w *world) post(path string, body any) (int, object) {
	return w.send(http.MethodPost, path, "", body)
}

func (w *world) get(path string) (int, object) { return w.send(http.MethodGet, path, "", nil) }

// request is a payment with a card, with some fields changed.
func request(number string, change object) object {
	body := object{
		"source": object{"type": "card", "number": number, "expiry_month": 12, "expiry_year": 2040, "cvv": "123", "name": "Ada"},
		"amount": 12000, "currency": "EUR", "reference": "order-1", "processing_channel_id": "pc_1",
		"3ds": object{"enabled": true, "attempt_n3d": true}, "success_url": back, "failure_url": back,
		"metadata": object{"payment_id": "pi_1", "transaction_id": "txn_1"},
	}
	for name, value := range change {
		body[name] = value
	}
	return body
}

// pays makes a payment and returns its id, once it has the status.
func (w *world) pays(number, status string, change object) string {
	w.Helper()
	code, made := w.post("/payments", request(number, change))
	require.Contains(w, []int{http.StatusCreated, http.StatusAccepted}, code, made)
	id := made["id"].(string)
	w.becomes(id, status)
	return id
}

func (w *world) becomes(id, status string) {
	w.Helper()
	var now any
	require.Eventually(w, func() bool {
		_, found := w.get("/payments/" + id)
		now = found["status"]
		return now == status
	}, patience, 10*time.Millisecond, "%s, and it is %v", status, now)
}

func (w *world) charges() []simulator.Charge {
	var record struct{ Charges []simulator.Charge }
	w.witness("charges", &record)
	return record.Charges
}

func (w *world) refunds() []simulator.Refund {
	var record struct{ Refunds []simulator.Refund }
	w.witness("refunds", &record)
	return record.Refunds
}

func (w *world) witness(part string, into any) {
	w.Helper()
	response, err := http.Get(w.server.URL + "/_sim/" + part)
	require.NoError(w, err)
	defer response.Body.Close()
	require.NoError(w, json.NewDecoder(response.Body).Decode(into))
}

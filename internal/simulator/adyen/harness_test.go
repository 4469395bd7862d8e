package adyen

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

var account1 = Credentials("one")

// harness is a simulator behind a real HTTP server, and who gets its webhooks.
type harness struct {
	t      *testing.T
	sim    *Simulator
	server *httptest.Server
	mu     sync.Mutex
	heard  []notification
}

func start(t *testing.T, options chassis.Options) *harness {
	t.Helper()
	h := &harness{t: t}
	listener := httptest.NewServer(http.HandlerFunc(h.listen))
	t.Cleanup(listener.Close)
	if options.DataFile == "" {
		options.DataFile = filepath.Join(t.TempDir(), "simulator.db")
	}
	options.Webhooks = []chassis.Webhook{{Credentials: account1, URL: listener.URL}}
	var err error
	h.sim, err = Open(options)
	require.NoError(t, err)
	h.server = httptest.NewServer(h.sim.Handler())
	t.Cleanup(h.stop)
	return h
}

// stop may be called twice.
func (h *harness) stop() {
	h.server.CloseClientConnections()
	h.server.Close()
	if h.sim != nil {
		require.NoError(h.t, h.sim.Close())
		h.sim = nil
	}
}

func (h *harness) listen(w http.ResponseWriter, r *http.Request) {
	var e envelope
	if json.NewDecoder(r.Body).Decode(&e) != nil || len(e.Items) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, e.Items[0].Item)
}

// hears waits for a webhook of an event about a reference.
func (h *harness) hears(event, reference string) (found notification) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, n := range h.heard {
			if n.EventCode == event && n.MerchantReference == reference {
				found = n
			}
		}
		return found.EventCode != ""
	}, 30*time.Second, 10*time.Millisecond, "%s of %s", event, reference)
	return found
}

type object map[string]any

func (o object) text(name string) string {
	text, _ := o[name].(string)
	return text
}

// call posts to the API, under an idempotency key unless that is empty.
func (h *harness) call(path, key string, body object) (int, object) {
	h.t.Helper()
	if body["merchantAccount"] == nil {
		body["merchantAccount"] = account1["merchant_account"]
	}
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.server.URL+"/v71"+path, bytes.NewReader(chassis.Marshal(body)))
	require.NoError(h.t, err)
	r.Header.Set("X-Api-Key", account1["api_key"])
	r.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(r)
	require.NoError(h.t, err)
	defer response.Body.Close()
	var answer object
	require.NoError(h.t, json.NewDecoder(response.Body).Decode(&answer))
	return response.StatusCode, answer
}

// done posts to the API and requires a success.
func (h *harness) done(path string, body object) object {
	h.t.Helper()
	status, answer := h.call(path, "", body)
	require.Less(h.t, status, 300, answer)
	return answer
}

// order is a sale of 120 euros.
func order(number, reference string, change ...object) object {
	body := object{
		"amount": object{"currency": "EUR", "value": 12_000}, "reference": reference, "returnUrl": "https://shop.example/back?order=7",
		"captureDelayHours": 0, "metadata": object{"payment_id": "pi_1"},
		"paymentMethod": object{"type": "scheme", "number": number, "expiryMonth": "03", "expiryYear": "2060", "cvc": "917"},
	}
	for _, c := range change {
		for name, value := range c {
			body[name] = value
		}
	}
	return body
}

// held is what is to be captured later.
var held = object{"additionalData": object{"manualCapture": "true"}}

const (
	visa    = "4242424242424242"
	threeDS = "4000002760003184"
)

func (h *harness) charges() []simulator.Charge {
	var record struct{ Charges []simulator.Charge }
	h.get("/_sim/charges", &record)
	return record.Charges
}

func (h *harness) refunds() []simulator.Refund {
	var record struct{ Refunds []simulator.Refund }
	h.get("/_sim/refunds", &record)
	return record.Refunds
}

func (h *harness) get(path string, into any) {
	h.t.Helper()
	response, err := http.Get(h.server.URL + path)
	require.NoError(h.t, err)
	defer response.Body.Close()
	require.Equal(h.t, http.StatusOK, response.StatusCode)
	require.NoError(h.t, json.NewDecoder(response.Body).Decode(into))
}

func (h *harness) post(path, body string) (int, object) {
	h.t.Helper()
	response, err := http.Post(h.server.URL+path, "application/json", strings.NewReader(body))
	require.NoError(h.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(h.t, err)
	var answer object
	_ = json.Unmarshal(text, &answer)
	return response.StatusCode, answer
}

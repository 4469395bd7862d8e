package stripe

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"paymenthub/internal/simulator"
)

const (
	visa      = "4242424242424242"
	threeDS   = "4000002760003184"
	returnURL = "https://shop.example/back?order=7"
)

// harness is a simulator behind a real HTTP server, and Stripe's own client.
type harness struct {
	t      testing.TB
	sim    *Simulator
	server *httptest.Server
	*client.API
}

func start(t testing.TB, options Options) *harness {
	t.Helper()
	return startAt(t, options, time.Now)
}

func startAt(t testing.TB, options Options, now func() time.Time) *harness {
	t.Helper()
	if options.DataFile == "" {
		options.DataFile = filepath.Join(t.TempDir(), "simulator.db")
	}
	sim, err := open(options, now)
	require.NoError(t, err)
	h := &harness{t: t, sim: sim, server: httptest.NewServer(sim.Handler())}
	h.API = h.as("sk_test_one")
	t.Cleanup(h.stop)
	return h
}

// startWithClock starts a simulator whose time later moves on; what is due by then
// settles and is delivered.
func startWithClock(t *testing.T, options Options) (h *harness, later func(time.Duration)) {
	t.Helper()
	var offset atomic.Int64
	h = startAt(t, options, func() time.Time { return time.Now().Add(time.Duration(offset.Load())) })
	return h, func(by time.Duration) {
		offset.Add(int64(by))
		h.sim.settling.wake()
		h.sim.deliveries.wake()
	}
}

// still is a clock that stands still: no delivery is due before it is flushed.
func still() func() time.Time {
	at := time.Now()
	return func() time.Time { return at }
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

func (h *harness) as(key string) *client.API {
	backend := stripego.GetBackendWithConfig(stripego.APIBackend, &stripego.BackendConfig{
		URL: stripego.String(h.server.URL), MaxNetworkRetries: stripego.Int64(0), EnableTelemetry: stripego.Bool(false),
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull},
		HTTPClient:    &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	})
	return client.New(key, &stripego.Backends{API: backend})
}

// payment is create with confirm and an inline card.
func payment(number string, change ...func(*stripego.PaymentIntentParams)) *stripego.PaymentIntentParams {
	p := &stripego.PaymentIntentParams{
		Amount: stripego.Int64(9999), Currency: stripego.String("USD"), Confirm: stripego.Bool(true), ReturnURL: stripego.String(returnURL),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
		PaymentMethodData:  &stripego.PaymentIntentPaymentMethodDataParams{Type: stripego.String("card")},
	}
	p.AddExtra("payment_method_data[card][number]", number)
	p.AddExtra("payment_method_data[card][exp_month]", "12")
	p.AddExtra("payment_method_data[card][exp_year]", "2040")
	p.AddExtra("payment_method_data[card][cvc]", "123")
	for _, f := range change {
		f(p)
	}
	return p
}

func manual(p *stripego.PaymentIntentParams)       { p.CaptureMethod = stripego.String("manual") }
func expandCharge(p *stripego.PaymentIntentParams) { p.AddExpand("latest_charge.balance_transaction") }

func keyed(key string) func(*stripego.PaymentIntentParams) {
	return func(p *stripego.PaymentIntentParams) { p.SetIdempotencyKey(key) }
}

// stripeError requires err to be Stripe's.
func stripeError(t testing.TB, err error) *stripego.Error {
	t.Helper()
	var e *stripego.Error
	require.ErrorAs(t, err, &e)
	return e
}

func (h *harness) charges() []simulator.Charge {
	var body struct {
		Charges []simulator.Charge `json:"charges"`
	}
	h.get("/_sim/charges", &body)
	return body.Charges
}

func (h *harness) get(path string, into any) {
	h.t.Helper()
	response, err := http.Get(h.server.URL + path)
	require.NoError(h.t, err)
	defer response.Body.Close()
	require.Equal(h.t, http.StatusOK, response.StatusCode)
	require.NoError(h.t, json.NewDecoder(response.Body).Decode(into))
}

func (h *harness) post(path, body string) (int, string) {
	h.t.Helper()
	response, err := http.Post(h.server.URL+path, "application/json", strings.NewReader(body))
	require.NoError(h.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(h.t, err)
	return response.StatusCode, string(text)
}

// raw sends an API request without Stripe's client.
func (h *harness) raw(method, path, body string, headers map[string]string) (*http.Response, string) {
	h.t.Helper()
	r, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	require.NoError(h.t, err)
	r.Header.Set("Authorization", "Bearer sk_test_one")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(h.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(h.t, err)
	return response, string(text)
}

func (h *harness) fault(operation, kind string) {
	h.t.Helper()
	status, body := h.post("/_sim/faults", `{"operation":"`+operation+`","fault":"`+kind+`","delay_ms":300}`)
	require.Equal(h.t, http.StatusCreated, status, body)
}

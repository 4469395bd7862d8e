package paypal_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/gateway/paypal"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
	simpaypal "paymenthub/internal/simulator/paypal"
)

// account is the account of the adapters here.
var account = simpaypal.Credentials("conformance")

// provider is a simulator that runs for one test.
type provider struct {
	url   string
	inbox *gatewaytest.Inbox // gets the webhooks of the adapters' account
	mail  *mailbox           // has them too
	line  *gatewaytest.Line  // carries the calls of the suite's adapters
}

// mailbox keeps webhooks and passes them on.
type mailbox struct {
	inbox    *gatewaytest.Inbox
	mu       sync.Mutex
	received []gatewaytest.Webhook
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	m.received = append(m.received, gatewaytest.Webhook{Header: r.Header.Clone(), Body: body, ReceivedAt: time.Now()})
	m.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.inbox.ServeHTTP(w, r)
}

func (m *mailbox) all() []gatewaytest.Webhook {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.received)
}

func startProvider(t *testing.T) provider {
	t.Helper()
	mail := &mailbox{inbox: &gatewaytest.Inbox{}}
	listener := httptest.NewServer(mail)
	t.Cleanup(listener.Close)
	sim, err := simpaypal.Open(chassis.Options{
		DataFile:    filepath.Join(t.TempDir(), "simulator.db"),
		Webhooks:    []chassis.Webhook{{Credentials: account, URL: listener.URL}},
		SettleAfter: 20 * time.Millisecond,
	})
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.CloseClientConnections() // a call that was given up may still be held
		server.Close()
		require.NoError(t, sim.Close())
	})
	return provider{server.URL, mail.inbox, mail, gatewaytest.NewLine()}
}

// newAdapter makes the adapter of an account.
func newAdapter(t *testing.T, url string, credentials map[string]string, log *zap.Logger, change ...func(*paypal.Options)) *paypal.Adapter {
	t.Helper()
	o := paypal.Options{
		ClientID: credentials["client_id"], ClientSecret: credentials["client_secret"], WebhookID: credentials["webhook_id"],
		BaseURL: url, Timeout: gatewaytest.Patience, Logger: log,
	}
	for _, f := range change {
		f(&o)
	}
	adapter, err := paypal.New(o)
	require.NoError(t, err)
	return adapter
}

func (p provider) post(t *testing.T, path string, body any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	response, err := http.Post(p.url+path, "application/json", bytes.NewReader(text))
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s: %s", path, answer)
	var object map[string]any
	if len(answer) > 0 {
		require.NoError(t, json.Unmarshal(answer, &object))
	}
	return object
}

var simulatorOperations = map[gatewaytest.Operation]string{
	gatewaytest.Authorize: "create_order",
	gatewaytest.Complete:  "complete_order",
	gatewaytest.Capture:   "capture",
	gatewaytest.Void:      "void",
	gatewaytest.Refund:    "refund",
}

func (p provider) injectFault(t *testing.T, operation gatewaytest.Operation, fault gatewaytest.Fault) {
	p.post(t, "/_sim/faults", map[string]any{"operation": simulatorOperations[operation], "fault": fault, "delay_ms": p.line.Expect(fault)})
}

// authenticate lets the shopper answer PayPal's page, and returns what the hub keeps of
// the address that PayPal sends them back to: its own parameter has PayPal's name.
func (p provider) authenticate(t *testing.T, challenge payment.Outcome, pass bool) string {
	outcome := "fail"
	if pass {
		outcome = "approve"
	}
	back, err := url.Parse(p.post(t, "/_sim/3ds/"+challenge.GatewayReference, map[string]string{"outcome": outcome})["return_url"].(string))
	require.NoError(t, err)
	require.Equal(t, "/return", back.Path)
	query := back.Query()
	require.Equal(t, challenge.GatewayReference, query.Get("token"))
	query.Del("token")
	return query.Encode()
}

func (p provider) openDispute(t *testing.T, sold payment.Outcome, inquiry bool) string {
	return p.post(t, "/_sim/disputes", map[string]any{"payment": sold.GatewayReference, "inquiry": inquiry})["id"].(string)
}

func (p provider) moveDispute(t *testing.T, reference string, to payment.DisputeStatus) {
	p.post(t, "/_sim/disputes/"+reference, map[string]string{"status": string(to)})
}

// charges reads the simulator's witness record.
func (p provider) charges(t *testing.T) []gatewaytest.Charge {
	t.Helper()
	var record struct{ Charges []simulator.Charge }
	response, err := http.Get(p.url + "/_sim/charges")
	require.NoError(t, err)
	defer response.Body.Close()
	require.NoError(t, json.NewDecoder(response.Body).Decode(&record))
	charges := make([]gatewaytest.Charge, len(record.Charges))
	for i, c := range record.Charges {
		charges[i] = gatewaytest.Charge{
			ID: c.ID, Amount: c.Amount, Currency: money.Currency(strings.ToUpper(c.Currency)),
			AmountCaptured: c.AmountCaptured, AmountRefunded: c.AmountRefunded, Voided: c.Status == simulator.Voided,
		}
		require.NoError(t, json.Unmarshal(c.Metadata, &charges[i].Metadata))
	}
	return charges
}

func (p provider) harness(t *testing.T, log *zap.Logger) gatewaytest.Harness {
	wrong := map[string]string{"client_id": account["client_id"], "client_secret": "E-of-nobody", "webhook_id": account["webhook_id"]}
	rolled := map[string]string{"client_id": account["client_id"], "client_secret": account["client_secret"] + "~2", "webhook_id": account["webhook_id"]}
	silent := newAdapter(t, p.url, account, log, func(o *paypal.Options) {
		o.HTTPClient, o.Timeout = p.line.Silent("/v1/oauth2/token"), gatewaytest.Impatience
	})
	require.Eventually(t, func() bool { // without a token nothing would be sent
		_, err := silent.Probe(t.Context())
		return err == nil
	}, gatewaytest.Patience, time.Millisecond)
	return gatewaytest.Harness{
		Method:      payment.MethodPayPal,
		Gateway:     newAdapter(t, p.url, account, log, func(o *paypal.Options) { o.HTTPClient = p.line.Client() }),
		Silent:      silent,
		Unreachable: newAdapter(t, gatewaytest.Nowhere, account, log),
		Rolled:      newAdapter(t, p.url, rolled, log),
		Stranger:    newAdapter(t, p.url, simpaypal.Credentials("another"), log),
		Refused:     newAdapter(t, p.url, wrong, log),
		Inbox:       p.inbox,
		Hints:       gatewaytest.Hints{SignatureAge: 73 * time.Hour, RefusalUntold: true, Inquiries: true},
		Amounts: []gatewaytest.Amount{
			{Ours: money.New(12_345, "USD"), Provider: 12_345},
			{Ours: money.New(300, "JPY"), Provider: 300},
			{Ours: money.New(12_300, "HUF"), Provider: 12_300},
			{Ours: money.New(40_000, "TWD"), Provider: 40_000},
		},
		Unrepresentable: []money.Money{money.New(12_345, "HUF"), money.New(50_001, "TWD")},
		InjectFault:     p.injectFault,
		Faults:          func(t *testing.T) int { return gatewaytest.FaultsLeft(t, p.url) },
		Charges:         p.charges,
		Authenticate:    p.authenticate,
		OpenDispute:     p.openDispute,
		MoveDispute:     p.moveDispute,
	}
}

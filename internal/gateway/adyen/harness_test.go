package adyen_test

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

	"paymenthub/internal/gateway/adyen"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/simulator"
	simadyen "paymenthub/internal/simulator/adyen"
	"paymenthub/internal/simulator/chassis"
	"paymenthub/internal/vault"
)

var (
	credentials = simadyen.Credentials("sandbox")
	strangers   = simadyen.Credentials("stranger")
)

// provider is a simulator that runs for one test.
type provider struct {
	url   string
	inbox *gatewaytest.Inbox // gets the webhooks of the adapters' account
	mail  *mail              // and so does this
	line  *gatewaytest.Line  // carries the calls of the suite's adapters
}

// mail keeps the bodies of webhooks.
type mail struct {
	mu     sync.Mutex
	bodies [][]byte
}

func (m *mail) all() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.bodies)
}

// before keeps what the next handler gets.
func (m *mail) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		m.mu.Lock()
		m.bodies = append(m.bodies, body)
		m.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func startProvider(t *testing.T) provider {
	t.Helper()
	inbox, kept := &gatewaytest.Inbox{}, &mail{}
	listener := httptest.NewServer(kept.before(inbox))
	t.Cleanup(listener.Close)
	sim, err := simadyen.Open(chassis.Options{
		DataFile:    filepath.Join(t.TempDir(), "simulator.db"),
		Webhooks:    []chassis.Webhook{{Credentials: credentials, URL: listener.URL}},
		SettleAfter: time.Hour, // tests settle refunds themselves
	})
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.CloseClientConnections() // a call that was given up may still be held
		server.Close()
		require.NoError(t, sim.Close())
	})
	return provider{server.URL, inbox, kept, gatewaytest.NewLine()}
}

func newAdapter(t *testing.T, url string, log *zap.Logger, change ...func(*adyen.Options)) *adyen.Adapter {
	t.Helper()
	o := adyen.Options{
		APIKey: credentials["api_key"], MerchantAccount: credentials["merchant_account"], HMACKey: credentials["hmac_key"],
		BaseURL: url, Timeout: gatewaytest.Patience, Logger: log,
	}
	for _, f := range change {
		f(&o)
	}
	adapter, err := adyen.New(o)
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
	gatewaytest.Authorize: "payments",
	gatewaytest.Complete:  "details",
	gatewaytest.Capture:   "captures",
	gatewaytest.Void:      "cancels",
	gatewaytest.Refund:    "refunds",
}

func (p provider) injectFault(t *testing.T, operation gatewaytest.Operation, fault gatewaytest.Fault) {
	p.post(t, "/_sim/faults", map[string]any{"operation": simulatorOperations[operation], "fault": fault, "delay_ms": p.line.Expect(fault)})
}

// authenticate answers on the page, whose payment the outcome names by its reference.
func (p provider) authenticate(t *testing.T, challenge payment.Outcome, pass bool) string {
	outcome := "fail"
	if pass {
		outcome = "approve"
	}
	answer := p.post(t, "/_sim/3ds/"+challenge.GatewayReference, map[string]string{"outcome": outcome})
	back, err := url.Parse(answer["return_url"].(string))
	require.NoError(t, err)
	return back.RawQuery
}

func (p provider) settleRefund(t *testing.T, refund payment.Outcome, succeed bool) {
	status := "failed"
	if succeed {
		status = "succeeded"
	}
	// The refund is received, and a moment later begun.
	require.Eventually(t, func() bool {
		response, err := http.Post(p.url+"/_sim/refunds/"+refund.TransactionReference, "application/json", strings.NewReader(`{"status":"`+status+`"}`))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode == http.StatusOK
	}, 5*time.Second, 20*time.Millisecond)
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
	response, err := http.Get(p.url + "/_sim/charges")
	require.NoError(t, err)
	defer response.Body.Close()
	var record struct{ Charges []simulator.Charge }
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

func card(number string) vault.Card {
	return vault.Card{Number: vault.Secret(number), CVC: "917", ExpMonth: 12, ExpYear: time.Now().Year() + 3, HolderName: "Ada Lovelace"}
}

func (p provider) harness(t *testing.T, log *zap.Logger) gatewaytest.Harness {
	return gatewaytest.Harness{
		Gateway: newAdapter(t, p.url, log, func(o *adyen.Options) { o.HTTPClient = p.line.Client() }),
		Silent: newAdapter(t, p.url, log, func(o *adyen.Options) {
			o.HTTPClient, o.Timeout = p.line.Silent(""), gatewaytest.Impatience
		}),
		Unreachable: newAdapter(t, gatewaytest.Nowhere, log),
		Rolled:      newAdapter(t, p.url, log, func(o *adyen.Options) { o.APIKey += "~2" }),
		Stranger: newAdapter(t, p.url, log, func(o *adyen.Options) {
			o.APIKey, o.MerchantAccount, o.HMACKey = strangers["api_key"], strangers["merchant_account"], strangers["hmac_key"]
		}),
		Refused:     newAdapter(t, p.url, log, func(o *adyen.Options) { o.APIKey = "not a key" }),
		Inbox:       p.inbox,
		Hints:       gatewaytest.Hints{SignsFields: true, TellsMovements: true},
		Approve:     card("4242424242424242"),
		Challenge:   card("4000002760003184"),
		RefundPends: card("4000000000007726"),
		RefundFails: card("4000000000005126"),
		Declines:    declines,
		// The record is in minor units by ISO 4217, whatever was asked of Adyen.
		Amounts: []gatewaytest.Amount{
			{Ours: money.New(12_345, "USD"), Provider: 12_345},
			{Ours: money.New(300, "JPY"), Provider: 300},
			{Ours: money.New(12_345, "KWD"), Provider: 12_345},
			{Ours: money.New(500, "CLP"), Provider: 500},
			{Ours: money.New(500, "ISK"), Provider: 500},
			{Ours: money.New(50_000, "IDR"), Provider: 50_000},
			{Ours: money.New(50_000, "CVE"), Provider: 50_000},
		},
		Unrepresentable: []money.Money{money.New(12_345, "IDR"), money.New(50_001, "CVE")},
		InjectFault:     p.injectFault,
		Faults:          func(t *testing.T) int { return gatewaytest.FaultsLeft(t, p.url) },
		Charges:         p.charges,
		Authenticate:    p.authenticate,
		SettleRefund:    p.settleRefund,
	}
}

// declines are the test cards of docs/GATEWAYS.md, and those of stolen cards and fraud.
var declines = []gatewaytest.Decline{
	{Name: "do not honor", Card: card("4000000000000002"), Code: payment.DeclineDoNotHonor, IssuerCode: "05", RetryAllowed: true},
	{Name: "insufficient funds", Card: card("4000000000009995"), Code: payment.DeclineInsufficientFunds, IssuerCode: "51", RetryAllowed: true},
	{Name: "lost", Card: card("4000000000009987"), Code: payment.DeclineLostOrStolen, IssuerCode: "41"},
	{Name: "stolen", Card: card("4000000000009979"), Code: payment.DeclineLostOrStolen, IssuerCode: "43"},
	{Name: "expired", Card: card("4000000000000069"), Code: payment.DeclineExpiredCard, IssuerCode: "54", RetryAllowed: true},
	{Name: "wrong CVC", Card: card("4000000000000127"), Code: payment.DeclineIncorrectCVC, IssuerCode: "N7", RetryAllowed: true},
	{Name: "processing error", Card: card("4000000000000119"), Code: payment.DeclineProcessingError, IssuerCode: "96", RetryAllowed: true},
	{Name: "fraud", Card: card("4000000000000259"), Code: payment.DeclineFraud},
}

package stripe_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/simulator"
	simstripe "paymenthub/internal/simulator/stripe"
	"paymenthub/internal/vault"
)

const secretKey = "sk_test_conformance"

// provider is a simulator that runs for one test.
type provider struct {
	url     string
	keyless string             // takes no key
	inbox   *gatewaytest.Inbox // gets the webhooks of the adapters' account
	line    *gatewaytest.Line  // carries the calls of the suite's adapters
}

func startProvider(t *testing.T) provider {
	t.Helper()
	inbox := &gatewaytest.Inbox{}
	listener := httptest.NewServer(inbox)
	t.Cleanup(listener.Close)
	sim, err := simstripe.Open(simstripe.Options{
		DataFile:    filepath.Join(t.TempDir(), "simulator.db"),
		Webhooks:    []simstripe.Webhook{{SecretKey: secretKey, URL: listener.URL, Secret: webhookSecret}},
		SettleAfter: time.Hour, // tests settle refunds themselves
	})
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	// The simulator has an account for every key, and none without one.
	keyless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Authorization")
		sim.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		keyless.Close()
		server.CloseClientConnections() // a call that was given up may still be held
		server.Close()
		require.NoError(t, sim.Close())
	})
	return provider{server.URL, keyless.URL, inbox, gatewaytest.NewLine()}
}

func newAdapter(t *testing.T, url string, log *zap.Logger, change ...func(*stripe.Options)) *stripe.Adapter {
	t.Helper()
	o := stripe.Options{SecretKey: secretKey, WebhookSecret: webhookSecret, BaseURL: url, Timeout: gatewaytest.Patience, Logger: log}
	for _, f := range change {
		f(&o)
	}
	adapter, err := stripe.New(o)
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
	gatewaytest.Authorize: "confirm",
	gatewaytest.Capture:   "capture",
	gatewaytest.Void:      "cancel",
	gatewaytest.Refund:    "refund",
	gatewaytest.Enroll:    "create_customer",
	gatewaytest.Store:     "attach",
	gatewaytest.Detach:    "detach",
}

func (p provider) injectFault(t *testing.T, operation gatewaytest.Operation, fault gatewaytest.Fault) {
	p.post(t, "/_sim/faults", map[string]any{"operation": simulatorOperations[operation], "fault": fault, "delay_ms": p.line.Expect(fault)})
}

func (p provider) authenticate(t *testing.T, challenge payment.Outcome, pass bool) (returned string) {
	outcome := "fail"
	if pass {
		outcome = "approve"
	}
	p.post(t, "/_sim/3ds/"+challenge.GatewayReference, map[string]string{"outcome": outcome})
	return ""
}

func (p provider) settleRefund(t *testing.T, refund payment.Outcome, succeed bool) {
	status := "failed"
	if succeed {
		status = "succeeded"
	}
	p.post(t, "/_sim/refunds/"+refund.TransactionReference, map[string]string{"status": status})
}

func (p provider) openDispute(t *testing.T, sold payment.Outcome, inquiry bool) string {
	return p.post(t, "/_sim/disputes", map[string]any{"payment_intent": sold.GatewayReference, "inquiry": inquiry})["id"].(string)
}

func (p provider) moveDispute(t *testing.T, reference string, to payment.DisputeStatus) {
	status := string(to)
	if to == payment.DisputeInquiryClosed {
		status = "warning_closed"
	}
	p.post(t, "/_sim/disputes/"+reference, map[string]string{"status": status})
}

// charges reads the simulator's witness record. A charge's released rest is no
// refund to it, a voided charge one of status "voided".
func (p provider) charges(t *testing.T) []gatewaytest.Charge {
	t.Helper()
	var record struct{ Charges []simulator.Charge }
	p.witness(t, "charges", &record)
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

// witness reads one part of the simulator's witness record.
func (p provider) witness(t *testing.T, part string, into any) {
	t.Helper()
	response, err := http.Get(p.url + "/_sim/" + part)
	require.NoError(t, err)
	defer response.Body.Close()
	require.NoError(t, json.NewDecoder(response.Body).Decode(into))
}

func (p provider) kept(t *testing.T, customerReference string) (tokens []string) {
	t.Helper()
	var record struct {
		PaymentMethods []simulator.PaymentMethod `json:"payment_methods"`
	}
	p.witness(t, "payment_methods", &record)
	for _, m := range record.PaymentMethods {
		if m.Customer == customerReference {
			tokens = append(tokens, m.ID)
		}
	}
	return tokens
}

func (p provider) customers(t *testing.T, customerID string) (n int) {
	t.Helper()
	var record struct{ Customers []simulator.Customer }
	p.witness(t, "customers", &record)
	for _, c := range record.Customers {
		var metadata map[string]string
		require.NoError(t, json.Unmarshal(c.Metadata, &metadata))
		if metadata["customer_id"] == customerID {
			n++
		}
	}
	return n
}

func card(number string) vault.Card {
	return vault.Card{Number: vault.Secret(number), CVC: "917", ExpMonth: 12, ExpYear: time.Now().Year() + 3, HolderName: "Ada Lovelace"}
}

func (p provider) harness(t *testing.T, log *zap.Logger) gatewaytest.Harness {
	return gatewaytest.Harness{
		Gateway: newAdapter(t, p.url, log, func(o *stripe.Options) { o.HTTPClient = p.line.Client() }),
		Silent: newAdapter(t, p.url, log, func(o *stripe.Options) {
			o.HTTPClient, o.Timeout = p.line.Silent(""), gatewaytest.Impatience
		}),
		Unreachable: newAdapter(t, gatewaytest.Nowhere, log),
		Rolled:      newAdapter(t, p.url, log, func(o *stripe.Options) { o.SecretKey += "~2" }),
		Stranger: newAdapter(t, p.url, log, func(o *stripe.Options) {
			o.SecretKey, o.WebhookSecret = "sk_test_of_another_account", "whsec_of_another_account"
		}),
		Refused:     newAdapter(t, p.keyless, log),
		Inbox:       p.inbox,
		Hints:       gatewaytest.Hints{SignatureAge: 5 * time.Minute, TellsOpen: true, Inquiries: true},
		Approve:     card("4242424242424242"),
		Challenge:   card("4000002760003184"),
		RefundPends: card("4000000000007726"),
		RefundFails: card("4000000000005126"),
		Declines:    declines,
		Amounts: []gatewaytest.Amount{
			{Ours: money.New(12_345, "USD"), Provider: 12_345},
			{Ours: money.New(300, "JPY"), Provider: 300},
			{Ours: money.New(12_340, "KWD"), Provider: 12_340},
			{Ours: money.New(500, "ISK"), Provider: 50_000},
			{Ours: money.New(500, "UGX"), Provider: 50_000},
			{Ours: money.New(50_000, "MGA"), Provider: 500},
		},
		Unrepresentable: []money.Money{money.New(12_345, "KWD"), money.New(50_001, "MGA")},
		InjectFault:     p.injectFault,
		Faults:          func(t *testing.T) int { return gatewaytest.FaultsLeft(t, p.url) },
		Charges:         p.charges,
		Kept:            p.kept,
		Customers:       p.customers,
		Authenticate:    p.authenticate,
		SettleRefund:    p.settleRefund,
		OpenDispute:     p.openDispute,
		MoveDispute:     p.moveDispute,
	}
}

// declines are the test cards of contracts/acquiring.md and Stripe's other ones
// that the simulator knows.
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

package checkout_test

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

	"paymenthub/internal/gateway/checkout"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
	simcheckout "paymenthub/internal/simulator/checkout"
	"paymenthub/internal/vault"
)

var credentials = simcheckout.Credentials("sandbox")

// provider is a simulator that runs for one test.
type provider struct {
	url   string
	inbox *gatewaytest.Inbox // gets the webhooks of the adapters' account
	line  *gatewaytest.Line  // carries the calls of the suite's adapters
}

func startProvider(t *testing.T) provider {
	t.Helper()
	inbox := &gatewaytest.Inbox{}
	listener := httptest.NewServer(inbox)
	t.Cleanup(listener.Close)
	sim, err := simcheckout.Open(chassis.Options{
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
	return provider{server.URL, inbox, gatewaytest.NewLine()}
}

// newAdapter makes an adapter of the account, with some of its credentials changed.
func newAdapter(t *testing.T, url string, log *zap.Logger, change ...func(*checkout.Options)) *checkout.Adapter {
	t.Helper()
	options := checkout.Options{
		SecretKey: credentials["secret_key"], ProcessingChannelID: credentials["processing_channel_id"],
		WebhookSecret: credentials["webhook_secret"], BaseURL: url, Timeout: gatewaytest.Patience, Logger: log,
	}
	for _, f := range change {
		f(&options)
	}
	adapter, err := checkout.New(options)
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
	require.NoError(t, json.Unmarshal(answer, &object))
	return object
}

var simulatorOperations = map[gatewaytest.Operation]string{
	gatewaytest.Authorize: "request_payment",
	gatewaytest.Capture:   "capture",
	gatewaytest.Void:      "void",
	gatewaytest.Refund:    "refund",
}

func (p provider) injectFault(t *testing.T, operation gatewaytest.Operation, fault gatewaytest.Fault) {
	p.post(t, "/_sim/faults", map[string]any{"operation": simulatorOperations[operation], "fault": fault, "delay_ms": p.line.Expect(fault)})
}

// authenticate returns the query with which Checkout.com sends the shopper back.
func (p provider) authenticate(t *testing.T, challenge payment.Outcome, pass bool) string {
	outcome := "fail"
	if pass {
		outcome = "approve"
	}
	back := p.post(t, "/_sim/3ds/"+challenge.GatewayReference, map[string]string{"outcome": outcome})["return_url"].(string)
	_, returned, _ := strings.Cut(back, "?")
	require.Contains(t, returned, "cko-session-id=sid_")
	return returned
}

func (p provider) settleRefund(t *testing.T, refund payment.Outcome, succeed bool) {
	status := "failed"
	if succeed {
		status = "succeeded"
	}
	p.post(t, "/_sim/refunds/"+refund.TransactionReference, map[string]string{"status": status})
}

func (p provider) openDispute(t *testing.T, sold payment.Outcome, _ bool) string {
	return p.post(t, "/_sim/disputes", map[string]any{"payment": sold.GatewayReference})["id"].(string)
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
		Gateway: newAdapter(t, p.url, log, func(o *checkout.Options) { o.HTTPClient = p.line.Client() }),
		Silent: newAdapter(t, p.url, log, func(o *checkout.Options) {
			o.HTTPClient, o.Timeout = p.line.Silent(""), gatewaytest.Impatience
		}),
		Unreachable: newAdapter(t, gatewaytest.Nowhere, log),
		Rolled:      newAdapter(t, p.url, log, func(o *checkout.Options) { o.SecretKey += "~2" }),
		Stranger: newAdapter(t, p.url, log, func(o *checkout.Options) {
			o.ProcessingChannelID, o.WebhookSecret = "pc_of_another_account", "of another account"
		}),
		Refused:     newAdapter(t, p.url, log, func(o *checkout.Options) { o.SecretKey = "pk_no_secret_key" }),
		Inbox:       p.inbox,
		Hints:       gatewaytest.Hints{TellsOpen: true},
		Approve:     card("4242424242424242"),
		Challenge:   card("4000002760003184"),
		RefundPends: card("4000000000007726"),
		RefundFails: card("4000000000005126"),
		Declines:    declines,
		Amounts: []gatewaytest.Amount{ // the witness counts by ISO 4217
			{Ours: money.New(12_345, "USD"), Provider: 12_345},
			{Ours: money.New(300, "JPY"), Provider: 300},
			{Ours: money.New(12_340, "KWD"), Provider: 12_340},
			{Ours: money.New(9_999_999, "CLP"), Provider: 9_999_999},
		},
		Unrepresentable: []money.Money{money.New(12_345, "KWD"), money.New(10_000_000, "CLP"), money.New(1_000_000_000, "USD")},
		InjectFault:     p.injectFault,
		Faults:          func(t *testing.T) int { return gatewaytest.FaultsLeft(t, p.url) },
		Charges:         p.charges,
		Authenticate:    p.authenticate,
		SettleRefund:    p.settleRefund,
		OpenDispute:     p.openDispute,
		MoveDispute:     p.moveDispute,
	}
}

// declines are the test cards of docs/GATEWAYS.md.
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

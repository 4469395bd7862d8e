package mollie_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/gateway/mollie"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
	simmollie "paymenthub/internal/simulator/mollie"
)

// The credentials of the account under test, and of nobody.
var (
	apiKey        = simmollie.Credentials("sandbox")["api_key"]
	webhookSecret = simmollie.Credentials("sandbox")["webhook_secret"]
)

const foreignKey = "no_key_of_mollies"

// provider is a simulator that runs for one test.
type provider struct {
	url   string
	inbox *gatewaytest.Inbox // gets the webhooks of the adapters' account
	mu    *sync.Mutex
	told  *[]webhook        // the same
	line  *gatewaytest.Line // carries the calls of the suite's adapters
}

type webhook struct {
	header http.Header
	body   []byte
}

// ServeHTTP keeps a webhook, for the suite and for the tests here.
func (p provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	*p.told = append(*p.told, webhook{r.Header.Clone(), body})
	p.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.inbox.ServeHTTP(w, r)
}

func (p provider) webhooks() []webhook {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(*p.told)
}

func startProvider(t *testing.T) provider {
	t.Helper()
	p := provider{inbox: &gatewaytest.Inbox{}, mu: &sync.Mutex{}, told: &[]webhook{}, line: gatewaytest.NewLine()}
	listener := httptest.NewServer(p)
	t.Cleanup(listener.Close)
	sim, err := simmollie.Open(chassis.Options{
		DataFile:    filepath.Join(t.TempDir(), "simulator.db"),
		Webhooks:    []chassis.Webhook{{Credentials: simmollie.Credentials("sandbox"), URL: listener.URL}},
		SettleAfter: time.Hour, // tests settle refunds themselves
	})
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.CloseClientConnections() // a call that was given up may still be held
		server.Close()
		require.NoError(t, sim.Close())
	})
	p.url = server.URL
	return p
}

// adapter makes one whose settings are changed as told.
func adapter(t *testing.T, url string, change func(*mollie.Options)) *mollie.Adapter {
	t.Helper()
	o := mollie.Options{APIKey: apiKey, WebhookSecret: webhookSecret, BaseURL: url, Timeout: gatewaytest.Patience}
	if change != nil {
		change(&o)
	}
	made, err := mollie.New(o)
	require.NoError(t, err)
	return made
}

func (p provider) post(t *testing.T, path string, body any) map[string]any {
	t.Helper()
	status, answer := p.posted(t, path, body)
	require.Less(t, status, 300, "%s: %s", path, answer)
	var object map[string]any
	require.NoError(t, json.Unmarshal(answer, &object))
	return object
}

func (p provider) posted(t *testing.T, path string, body any) (status int, answer []byte) {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	response, err := http.Post(p.url+path, "application/json", bytes.NewReader(text))
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, answer
}

var simulatorOperations = map[gatewaytest.Operation]string{
	gatewaytest.Authorize: "create_payment",
	gatewaytest.Void:      "cancel",
	gatewaytest.Refund:    "refund",
}

func (p provider) injectFault(t *testing.T, operation gatewaytest.Operation, fault gatewaytest.Fault) {
	p.post(t, "/_sim/faults", map[string]any{"operation": simulatorOperations[operation], "fault": fault, "delay_ms": p.line.Expect(fault)})
}

// authenticate lets the shopper pay, or not; Mollie adds nothing to the return address.
func (p provider) authenticate(t *testing.T, asked payment.Outcome, pass bool) (returned string) {
	p.shopper(t, asked, map[bool]string{true: "approve", false: "fail"}[pass])
	return ""
}

func (p provider) shopper(t *testing.T, asked payment.Outcome, outcome string) {
	p.post(t, "/_sim/3ds/"+asked.GatewayReference, map[string]string{"outcome": outcome})
}

// settleRefund leaves a refund that has failed as it is: that is its end.
func (p provider) settleRefund(t *testing.T, refund payment.Outcome, succeed bool) {
	status, answer := p.posted(t, "/_sim/refunds/"+refund.TransactionReference,
		map[string]string{"status": map[bool]string{true: "succeeded", false: "failed"}[succeed]})
	require.Contains(t, []int{http.StatusOK, http.StatusConflict}, status, "%s", answer)
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

// harness is the provider with one method. OpenDispute is left out: what the suite
// asks of disputes (a time to respond by, a review) Mollie's chargebacks do not have.
// TestChargebacks has their cases.
func (p provider) harness(t *testing.T, method payment.MethodType, log *zap.Logger) gatewaytest.Harness {
	logging := func(o *mollie.Options) { o.Logger = log }
	over := func(client *http.Client, limit time.Duration) func(*mollie.Options) {
		return func(o *mollie.Options) { o.Logger, o.HTTPClient, o.Timeout = log, client, limit }
	}
	h := gatewaytest.Harness{
		Method: method, Currency: "EUR",
		Gateway:     adapter(t, p.url, over(p.line.Client(), gatewaytest.Patience)),
		Silent:      adapter(t, p.url, over(p.line.Silent(""), gatewaytest.Impatience)),
		Unreachable: adapter(t, gatewaytest.Nowhere, logging),
		Rolled:      adapter(t, p.url, func(o *mollie.Options) { o.APIKey += "~2" }),
		Stranger: adapter(t, p.url, func(o *mollie.Options) {
			o.APIKey, o.WebhookSecret = "test_of_another_account", "of_another_account"
		}),
		Refused:     adapter(t, p.url, func(o *mollie.Options) { o.APIKey = foreignKey }),
		Inbox:       p.inbox,
		Amounts:     []gatewaytest.Amount{{Ours: money.New(12_345, "EUR"), Provider: 12_345}},
		InjectFault: p.injectFault, Faults: func(t *testing.T) int { return gatewaytest.FaultsLeft(t, p.url) }, Charges: p.charges, Authenticate: p.authenticate, SettleRefund: p.settleRefund,
	}
	if method == payment.MethodPayPal {
		h.Currency = "USD"
		for _, of := range []money.Money{money.New(300, "JPY"), money.New(129_900, "HUF"), money.New(99_900, "TWD"), money.New(5, "GBP")} {
			h.Amounts = append(h.Amounts, gatewaytest.Amount{Ours: of, Provider: of.Minor})
		}
		h.Unrepresentable = []money.Money{money.New(129_901, "HUF"), money.New(99_950, "TWD")}
	}
	return h
}

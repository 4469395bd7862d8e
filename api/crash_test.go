package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/api"
	"paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/fx"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/store"
	"paymenthub/internal/store/pgtest"
	"paymenthub/internal/vault"
	"paymenthub/internal/verify"
	"paymenthub/internal/webhook"
)

// request is a write that is sent again after a crash.
type request struct {
	name string
	// path and body make the request, after what must have happened before it.
	prepare func(l *lifetime, h *incarnation) (path, body string)
	// cut is what may be there instead: a crash keeps the payment from being tried
	// elsewhere, since what was heard of only later is not followed by another gateway.
	cut func(seen) bool
}

const (
	automaticIntent = `{"amount":1000,"currency":"USD","confirm":true,"payment_method":` + card + `}`
	manualIntent    = `{"amount":1000,"currency":"USD","capture_method":"manual","confirm":true,"payment_method":` + card + `}`
)

var crashing = []request{
	{name: "create", prepare: func(*lifetime, *incarnation) (string, string) { return intents, create }},
	{name: "create and confirm", prepare: func(*lifetime, *incarnation) (string, string) { return intents, automaticIntent }},
	{name: "create and be declined", prepare: func(*lifetime, *incarnation) (string, string) {
		return intents, strings.ReplaceAll(automaticIntent, "4242 4242 4242 4242", interleave.CardDeclined)
	}, cut: declinedOnce},
	{name: "create and be taken elsewhere", prepare: func(*lifetime, *incarnation) (string, string) {
		return intents, strings.ReplaceAll(automaticIntent, "4242 4242 4242 4242", interleave.CardPicky)
	}, cut: declinedOnce},
	{name: "confirm", prepare: after(create, "/confirm", `{"payment_method":`+card+`}`)},
	{name: "capture a part", prepare: after(manualIntent, "/capture", `{"amount":700}`)},
	{name: "cancel what is open", prepare: after(create, "/cancel", `{"reason":"changed mind"}`)},
	{name: "cancel what is held", prepare: after(manualIntent, "/cancel", `{}`)},
	{name: "create, confirm and save the card", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return intents, l.paying(l.customer(h), `"save_payment_method":true,"payment_method":`+card)
	}},
	{name: "create and confirm with a saved card", prepare: func(l *lifetime, h *incarnation) (string, string) {
		customer := l.customer(h)
		return intents, l.paying(customer, `"off_session":true,"payment_method":{"type":"saved","id":"`+l.kept(h, customer)+`"}`)
	}},
	{name: "keep a card", prepare: func(l *lifetime, h *incarnation) (string, string) { return methods, keeping(l.customer(h), card) }},
	{name: "keep a card that is declined", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return methods, keeping(l.customer(h), strings.ReplaceAll(card, "4242 4242 4242 4242", interleave.CardDeclined))
	}},
	{name: "detach a card", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return methods + "/" + l.kept(h, l.customer(h)) + "/detach", `{}`
	}},
	{name: "refund a part", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return "/v3/payments/refunds", fmt.Sprintf(`{"intent_id":%q,"amount":300}`, l.made(h, automaticIntent))
	}},
	{name: "sale", prepare: func(*lifetime, *incarnation) (string, string) { return acquired + "/sale", purchase }},
	{name: "void", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return acquired + "/" + l.made(h, manualIntent) + "/void", `{"reason":"changed mind"}`
	}},
	{name: "refund a part of a sale", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return acquired + "/" + l.made(h, automaticIntent) + "/refund", `{"amount":300}`
	}},
	{name: "cancel a payment intent", prepare: func(l *lifetime, h *incarnation) (string, string) {
		return "/api/v1/payment-intents/" + l.made(h, create) + "/cancel", `{}`
	}},
	{name: "pay as the shopper", prepare: func(l *lifetime, h *incarnation) (string, string) {
		paymentID := l.made(h, create)
		secret := payment.NewClientSecrets(make([]byte, 32)).For(paymentID)
		return "/api/public/payment-intents/" + paymentID + "/confirm?client_secret=" + secret, `{` + plastic + `}`
	}},
}

// declinedOnce: the payment was refused at the first gateway and tried at no other.
func declinedOnce(s seen) bool {
	return s.Code == http.StatusPaymentRequired && slices.Equal(s.Payments, []string{"requires_payment_method1000 0 0 0 0 1 1"}) && len(s.Provider) == 1
}

// after is a request on a payment that was made before.
func after(made, path, body string) func(*lifetime, *incarnation) (string, string) {
	return func(l *lifetime, h *incarnation) (string, string) {
		return intents + "/" + l.made(h, made) + path, body
	}
}

// world is a database and two providers, which no crash reaches.
type world struct {
	db       *store.Store
	provider *interleave.Provider
	second   *interleave.Provider // tried where the first one refuses
}

// lifetime is what one merchant sees of a hub that dies and comes back.
type lifetime struct {
	*world
	t      *testing.T
	clock  *clock.Manual
	engine *engine
	scope  merchant.Scope
	sk     string
}

func newLifetime(t *testing.T, w *world, keepsUpdates bool) *lifetime {
	t.Helper()
	at := clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC))
	l := &lifetime{
		world: w, t: t, clock: at, scope: merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
		engine: &engine{clock: at, keepsUpdates: keepsUpdates, payments: map[string]*paymentLife{}},
	}
	require.NoError(t, w.db.Merchants().CreateMerchant(t.Context(), merchant.Merchant{ID: l.scope.MerchantID, Name: "Test", CreatedAt: at.Now()}))
	var err error
	_, l.sk, err = merchant.NewKeys(w.db.Merchants(), at).Create(t.Context(), l.scope, merchant.SecretKey, "test", nil)
	require.NoError(t, err)
	return l
}

// incarnation is a hub from its start to its end.
type incarnation struct {
	handler http.Handler
	worker  *worker
	sweeper *activities.Sweeper
	moments int // so far: each call to the outside has one before and one after it
	diesAt  int // the moment at which it dies; 0: it does not
	died    string
}

// killed is what a dying hub panics with, then and ever after.
type killed struct{}

func (h *incarnation) hook(_ context.Context, call string, after bool) error {
	h.moments++
	if h.moments == h.diesAt {
		h.died = fmt.Sprintf("%s (after: %t)", call, after)
	}
	if h.died != "" {
		panic(killed{})
	}
	return nil
}

// patience is how long requests wait: nothing here is ever under way elsewhere, so that a
// request which gives up has met a slow machine.
const patience = time.Minute

// boot starts a hub that dies at a moment.
func (l *lifetime) boot(diesAt int) *incarnation {
	l.t.Helper()
	h := &incarnation{diesAt: diesAt}
	repository := interleave.Repository{Repository: l.db.Payments(), Hook: h.hook}
	customers := interleave.Customers{Repository: l.db.Customers(), Hook: h.hook}
	gateways := gateway.NewRegistry()
	for _, p := range []*interleave.Provider{l.provider, l.second} {
		require.NoError(l.t, gateways.Register(merchant.Sandbox, interleave.Gateway{Gateway: p, Hook: h.hook}))
	}
	cards, err := vault.New(interleave.Cards{Store: l.db.Vault(), Hook: h.hook},
		vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, l.clock)
	require.NoError(l.t, err)
	watcher := payment.NewWatcher()
	router, engine, retries := interleave.Routing(gateways, l.db.Routing(), l.clock)
	h.worker = &worker{engine: l.engine, hook: h.hook, steps: &activities.Payments{
		Repository: repository, Customers: customers, Gateways: gateways, Router: router, Observer: engine, Retries: retries, Risk: interleave.Trusting{}, Vault: cards, Watcher: watcher, Clock: l.clock,
		ReturnURL: func(string) string { return "https://hub.example/return" }, Logger: zap.NewNop(),
	}}
	h.sweeper = &activities.Sweeper{
		Repository: repository, Orchestrator: h.worker, Methods: customers, Keeper: h.worker, Vault: cards, Idempotency: l.db.Idempotency(), Clock: l.clock, Logger: zap.NewNop(),
		Sightings:     risk.NewEngine(risk.Options{Repository: l.db.Risk(), Clock: l.clock}),
		Webhooks:      activities.Backlog{Queue: l.db.Webhooks(), Replays: l.db.Webhooks()},
		Notices:       &notice.Courier{Outbox: l.db.Notices(), Settings: l.db.Merchants(), Clock: l.clock},
		Notifications: notification.NewReceiver(notification.Options{Repository: l.db.Notifications(), Payments: repository, Clock: l.clock}),
	}
	h.handler, err = api.New(api.Options{
		Customers: customer.NewService(customers, h.worker, gateways, cards, l.clock, customer.Options{Wait: patience}),
		Payments:  payment.NewService(repository, customers, h.worker, router, cards, watcher, l.clock, payment.Options{Wait: patience, Poll: time.Millisecond}),
		Events:    l.db.Events(), Ledger: l.db.Ledger(), Risk: risk.NewEngine(risk.Options{Repository: l.db.Risk(), Clock: l.clock}), FX: fx.NewService(fx.Options{}), Routing: apiRouting{}, Accounts: account.NewService(account.Options{}), Authenticator: merchant.NewAuthenticator(l.db.Merchants(), l.clock),
		Idempotency: idempotency.NewGuard(interleave.Requests{Store: l.db.Idempotency(), Hook: h.hook}, cards, l.clock, patience),
		Secrets:     payment.NewClientSecrets(make([]byte, 32)), Version: "1.2.3", Logger: zap.NewNop(), Clock: l.clock,
		Health: []api.Check{{Name: "database", Check: l.db.Ping}}, Notifications: &inbox{},
		Webhooks: webhook.NewService(webhook.Options{}), Renderer: &outbox{}, Notices: l.db.Notices(),
		Settings: l.db.Merchants(), PublicURL: "https://pay.example",
	})
	require.NoError(l.t, err)
	return h
}

// send sends a write with an Idempotency-Key.
func (l *lifetime) send(h *incarnation, key, path, body string) *httptest.ResponseRecorder {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+l.sk)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// made makes a payment and returns its id.
func (l *lifetime) made(h *incarnation, body string) string {
	l.t.Helper()
	w := l.send(h, "before", intents, body)
	require.Equal(l.t, http.StatusOK, w.Code, w.Body.String())
	return fields(l.t, w)["id"].(string)
}

// goOn is what a hub does on its own when it starts: its worker takes the
// workflows up, and it looks at once at all that was under way.
func (l *lifetime) goOn(h *incarnation) {
	l.t.Helper()
	require.NoError(l.t, h.worker.goOnAll())
	_, err := h.sweeper.Sweep(l.t.Context(), activities.SweepOptions{Ahead: time.Minute})
	require.NoError(l.t, err)
}

// seen is what is there in the end, without what differs from run to run.
type seen struct {
	Code     int
	Answer   map[string]any
	Payments []string // status and amounts
	Provider []string // status and amounts of every charge
	Methods  []string // status of every payment method, and how many cards the provider keeps
}

// see reads what is there: in the hub, and at the provider.
func (l *lifetime) see(w *httptest.ResponseRecorder) seen {
	l.t.Helper()
	s := seen{Code: w.Code, Answer: constant(fields(l.t, w))}
	rows, _, err := l.db.Payments().Payments(l.t.Context(), l.scope, payment.Filter{Page: payment.Page{Limit: 100}})
	require.NoError(l.t, err)
	for _, p := range rows {
		s.Payments = append(s.Payments, fmt.Sprint(p.Status, p.Amount, p.AmountCapturable, p.AmountCaptured, p.AmountRefunded, p.AmountRefundPending, p.Attempts, p.Operations, p.CancellationReason, p.Attention))
		for _, c := range append(l.provider.Charges(p.ID), l.second.Charges(p.ID)...) {
			s.Provider = append(s.Provider, fmt.Sprint(c.Status, c.Amount, c.Captured, len(c.Refunds), c.Refunded()))
		}
	}
	s.Methods = l.methods()
	return s
}

// constant leaves out of an answer what is made anew for each payment or merchant. A
// refund's status is that of the moment.
func constant(answer map[string]any) map[string]any {
	for name, value := range answer {
		inner, nested := value.(map[string]any)
		switch {
		case nested:
			answer[name] = constant(inner)
		case name == "id", name == "client_secret", name == "intent_id", name == "customer_id", name == "request_id", name == "fingerprint", strings.HasSuffix(name, "_at"),
			name == "status" && answer["object"] == "refund":
			delete(answer, name)
		}
	}
	return answer
}

func TestARequestSurvivesEveryCrashOnSQLite(t *testing.T) {
	t.Parallel()
	crashes(t, store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db")}, 1)
}

func TestARequestSurvivesEveryCrashOnPostgres(t *testing.T) {
	t.Parallel()
	crashes(t, store.Options{URL: pgtest.NewDatabase(t)}, 4)
}

// crashes kills the hub at every moment of every write. Each is killed in 1 of
// every ways, of 4, in which Temporal and the client may go on.
func crashes(t *testing.T, o store.Options, every int) {
	db, err := store.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	w := &world{db: db, provider: interleave.NewProvider("stripe", interleave.CardPicky), second: interleave.NewProvider("checkout")}
	points := 0
	for _, r := range crashing {
		t.Run(r.name, func(t *testing.T) {
			undisturbed, last := w.crash(t, r, 0, 0)
			for moment := 1; moment <= last; moment++ {
				for way := moment % every; way < 4; way += every {
					points++
					t.Run(fmt.Sprintf("%d_%d", moment, way), func(t *testing.T) {
						got, _ := w.crash(t, r, moment, way)
						if r.cut == nil || !r.cut(got) {
							require.Equal(t, undisturbed, got)
						}
					})
				}
			}
		})
	}
	w.verified(t)
	t.Logf("%d crashes", points)
}

// crash sends a request to a hub that dies at a moment, and again to the next
// one. It returns what is there then, and how many moments the first hub saw.
func (w *world) crash(t *testing.T, r request, moment, way int) (seen, int) {
	t.Helper()
	l := newLifetime(t, w, way&1 != 0)
	path, body := r.prepare(l, l.boot(0))
	h := l.boot(moment)
	answer := l.send(h, "key", path, body)
	moments := h.moments
	if moment > 0 {
		require.NotEmpty(t, h.died)
		t.Log("the hub died at " + h.died)
		l.clock.Advance(16 * time.Second) // the reservation's lease is over
		h = l.boot(0)
		if way&2 != 0 {
			l.goOn(h)
		}
		answer = l.send(h, "key", path, body)
	}
	l.goOn(h)
	again := l.send(h, "key", path, body)
	require.Equal(t, answer.Code, again.Code)
	require.Equal(t, answer.Body.String(), again.Body.String())
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
	return l.see(answer), moments
}

// verified proves the books of all that happened.
func (w *world) verified(t *testing.T) {
	t.Helper()
	var witnesses []verify.Witness
	for _, p := range []*interleave.Provider{w.provider, w.second} {
		witness := httptest.NewServer(p)
		defer witness.Close()
		witnesses = append(witnesses, verify.Witness{Name: p.Provider(), URL: witness.URL})
	}
	report, err := verify.Run(t.Context(), verify.Options{
		Store: w.db, Clock: clock.NewManual(time.Date(2026, 4, 21, 9, 40, 0, 0, time.UTC)),
		Witnesses: witnesses,
	})
	require.NoError(t, err)
	text, err := json.MarshalIndent(report.Violations, "", " ")
	require.NoError(t, err)
	require.Empty(t, report.Violations, string(text))
	require.Zero(t, report.Unsettled)
}

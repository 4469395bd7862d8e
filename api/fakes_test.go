package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/api"
	"paymenthub/api/openapi/conform"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// core is a payment core in memory: it remembers what it was asked, and takes
// every payment unless told otherwise.
type core struct {
	mu           sync.Mutex
	clock        clock.Clock
	payments     map[string]payment.Intent
	refunds      map[string]payment.Refund
	disputes     []payment.Dispute
	attempts     []payment.Attempt
	transactions []payment.Transaction
	listed       payment.TransactionFilter // the last one that was asked for
	methods      []payment.Method
	created      []payment.New
	calls        int
	offered      []payment.MethodType // of payments; nil: cards alone
	outcome      payment.Status       // of attempts; "": succeeded
	decline      *payment.Decline     // of attempts, or of captures and cancellations
	fail         error
	before       func(context.Context) // runs at the start of each write
}

func (f *core) begin(ctx context.Context) error {
	if f.before != nil {
		f.before(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.fail
}

func (f *core) Create(ctx context.Context, n payment.New, m *payment.Method) (payment.Intent, error) {
	if err := f.begin(ctx); err != nil {
		return payment.Intent{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n.Gateway = "stripe"
	change, err := payment.Open(n, f.clock.Now())
	if err != nil {
		return payment.Intent{}, err
	}
	f.created = append(f.created, n)
	f.payments[n.ID] = change.Intent
	if m != nil {
		return f.attempt(n.ID, *m), nil
	}
	return change.Intent, nil
}

func (f *core) attempt(paymentID string, m payment.Method) payment.Intent {
	p := f.payments[paymentID]
	f.methods = append(f.methods, m)
	p.Attempts++
	p.Status, p.LastError = payment.Succeeded, f.decline
	if f.outcome != "" {
		p.Status = f.outcome
	}
	switch p.Status {
	case payment.Succeeded:
		p.AmountCaptured = p.Amount
	case payment.RequiresAction:
		p.RedirectURL = "https://issuer.example/3ds?x=1&y=2"
	}
	f.payments[paymentID] = p
	return p
}

func (f *core) Get(_ context.Context, scope merchant.Scope, paymentID string) (payment.Intent, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.payments[paymentID]
	if !ok || p.Scope != scope {
		return payment.Intent{}, fault.New(fault.NotFound, "There is no payment intent '%s'.", paymentID)
	}
	return p, nil
}

func (f *core) Methods(context.Context, payment.Intent) ([]payment.MethodType, error) {
	if f.offered == nil {
		return []payment.MethodType{payment.MethodCard}, nil
	}
	return f.offered, nil
}

func (f *core) Attempts(context.Context, payment.Intent) ([]payment.Attempt, error) {
	return f.attempts, nil
}

func (f *core) List(_ context.Context, scope merchant.Scope, _ payment.Filter) ([]payment.Intent, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rows []payment.Intent
	for _, p := range f.payments {
		if p.Scope == scope {
			rows = append(rows, p)
		}
	}
	return rows, false, nil
}

func (f *core) Confirm(ctx context.Context, scope merchant.Scope, paymentID, _ string, m payment.Method) (payment.Intent, error) {
	if err := f.begin(ctx); err != nil {
		return payment.Intent{}, err
	}
	if _, err := f.Get(ctx, scope, paymentID); err != nil {
		return payment.Intent{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.attempt(paymentID, m), nil
}

func (f *core) Capture(ctx context.Context, scope merchant.Scope, paymentID, _ string, amount int64) (payment.Intent, error) {
	if err := f.begin(ctx); err != nil {
		return payment.Intent{}, err
	}
	p, err := f.Get(ctx, scope, paymentID)
	if err != nil {
		return p, err
	}
	if f.decline != nil {
		return payment.Intent{}, &payment.DeclinedError{Intent: p, Decline: *f.decline}
	}
	p.AmountCaptured = amount
	return p, nil
}

func (f *core) Cancel(ctx context.Context, scope merchant.Scope, paymentID, _, _ string) (payment.Intent, error) {
	if err := f.begin(ctx); err != nil {
		return payment.Intent{}, err
	}
	return f.Get(ctx, scope, paymentID)
}

func (f *core) Refund(ctx context.Context, scope merchant.Scope, paymentID string, n payment.NewRefund) (payment.Refund, error) {
	if err := f.begin(ctx); err != nil {
		return payment.Refund{}, err
	}
	p, err := f.Get(ctx, scope, paymentID)
	if err != nil {
		return payment.Refund{}, err
	}
	r := payment.Refund{
		ID: n.ID, Scope: scope, PaymentID: paymentID, Amount: n.Amount, Currency: p.Currency, Reason: n.Reason,
		Status: payment.RefundPending, CreatedAt: f.clock.Now(),
	}
	if r.Amount == 0 {
		r.Amount = p.Amount
	}
	f.refunds[r.ID] = r
	return r, nil
}

func (f *core) GetRefund(_ context.Context, scope merchant.Scope, refundID string) (payment.Refund, error) {
	r, ok := f.refunds[refundID]
	if !ok || r.Scope != scope {
		return r, fault.New(fault.NotFound, "There is no refund '%s'.", refundID)
	}
	return r, nil
}

func (f *core) ListRefunds(context.Context, merchant.Scope, payment.RefundFilter) ([]payment.Refund, bool, error) {
	var rows []payment.Refund
	for _, r := range f.refunds {
		rows = append(rows, r)
	}
	return rows, true, nil
}

func (f *core) ActionReturned(_ context.Context, paymentID, _ string) (payment.Intent, error) {
	p, ok := f.payments[paymentID]
	if !ok {
		return p, fault.New(fault.NotFound, "There is no payment intent '%s'.", paymentID)
	}
	return p, nil
}

func (f *core) Find(ctx context.Context, paymentID string) (payment.Intent, error) {
	return f.ActionReturned(ctx, paymentID, "")
}

// keyring keeps keys; only what authentication and key making ask for does anything.
type keyring struct {
	merchant.Repository
	keys []merchant.Key
}

func (k *keyring) Merchant(_ context.Context, merchantID string) (merchant.Merchant, error) {
	return merchant.Merchant{ID: merchantID}, nil
}

func (k *keyring) CreateKey(_ context.Context, key merchant.Key) error {
	k.keys = append(k.keys, key)
	return nil
}

func (k *keyring) KeysByPrefix(_ context.Context, prefix string) ([]merchant.Key, error) {
	var found []merchant.Key
	for _, key := range k.keys {
		if key.Prefix == prefix {
			found = append(found, key)
		}
	}
	return found, nil
}

// memory is an idempotency.Store.
type memory struct {
	mu       sync.Mutex
	requests map[idempotency.Slot]idempotency.Request
	fail     bool // Complete fails
}

func (m *memory) Reserve(_ context.Context, r idempotency.Request, now time.Time) (idempotency.Request, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if held, ok := m.requests[r.Slot]; ok && held.ExpiresAt.After(now) {
		return held, false, nil
	}
	m.requests[r.Slot] = r
	return r, true, nil
}

func (m *memory) TakeOver(_ context.Context, s idempotency.Slot, seen, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.requests[s]
	if !r.LockedUntil.Equal(seen) {
		return false, nil
	}
	r.LockedUntil = until
	m.requests[s] = r
	return true, nil
}

func (m *memory) Complete(_ context.Context, s idempotency.Slot, response idempotency.Response) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail {
		return context.DeadlineExceeded
	}
	r := m.requests[s]
	r.Response = &response
	m.requests[s] = r
	return nil
}

func (m *memory) Unlock(_ context.Context, s idempotency.Slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.requests[s]
	r.LockedUntil = time.Time{}
	m.requests[s] = r
	return nil
}

func (m *memory) Forget(_ context.Context, s idempotency.Slot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.requests, s)
	return nil
}

func (m *memory) DeleteExpired(context.Context, time.Time, int) (int64, error) { return 0, nil }

// stage is an API over fakes.
type stage struct {
	t        testing.TB
	handler  http.Handler
	core     *core
	people   *people
	books    *books
	policy   *policy
	bureau   *bureau
	shop     *preferences
	inbox    *inbox
	memory   *memory
	drawer   *drawer
	outbox   *outbox
	rulebook *rulebook
	sealer   *vault.Vault
	clock    *clock.Manual
	secrets  payment.ClientSecrets
	keys     *merchant.Keys
	logs     *observer.ObservedLogs
	sk, pk   string // sandbox
	live     string
	scope    merchant.Scope
}

func newStage(t testing.TB, adjust ...func(*api.Options)) *stage {
	t.Helper()
	at := clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 123456000, time.UTC))
	observed, logs := observer.New(zapcore.DebugLevel)
	s := &stage{
		t: t, clock: at, logs: logs, books: &books{}, policy: &policy{}, shop: &preferences{merchant.Settings{DisplayName: "Example Shop"}}, inbox: &inbox{}, secrets: payment.NewClientSecrets(make([]byte, 32)),
		people: newPeople(at),
		core:   &core{clock: at, payments: map[string]payment.Intent{}, refunds: map[string]payment.Refund{}},
		memory: &memory{requests: map[idempotency.Slot]idempotency.Request{}},
		scope:  merchant.Scope{MerchantID: "mch_01HZY3K8V4N5T6W7X8Y9Z0A1B2", Environment: merchant.Sandbox},
	}
	ring := &keyring{}
	s.keys = merchant.NewKeys(ring, at)
	s.sk = s.key(s.scope, merchant.SecretKey)
	s.pk = s.key(s.scope, merchant.PublishableKey)
	s.live = s.key(merchant.Scope{MerchantID: s.scope.MerchantID, Environment: merchant.Live}, merchant.SecretKey)
	sealer, err := vault.New(nil, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, at)
	require.NoError(t, err)
	accounts, drawer := newAccounts(at, sealer)
	var rates *fx.Service
	s.bureau, rates = newBureau(at, s.shop)
	s.sealer, s.drawer = sealer, drawer
	var routes apiRouting
	s.rulebook, routes = newRouting(at)
	var hooks *webhook.Service
	s.outbox, hooks = newWebhooks(at, sealer, s.books)
	o := api.Options{
		Payments: s.core, Customers: s.people, Accounts: accounts, Events: s.books, Ledger: s.books, Risk: s.policy, FX: rates, Routing: routes, Authenticator: merchant.NewAuthenticator(ring, at),
		Idempotency: idempotency.NewGuard(s.memory, sealer, at, 200*time.Millisecond), Secrets: s.secrets,
		Settings: s.shop, PublicURL: "https://pay.example",
		Health:  []api.Check{{Name: "database", Check: func(context.Context) error { return nil }}},
		Version: "1.2.3", Logger: zap.New(observed), Clock: at, Notifications: s.inbox,
		Webhooks: hooks, Renderer: s.outbox, Notices: s.outbox,
	}
	for _, f := range adjust {
		f(&o)
	}
	s.handler, err = api.New(o)
	require.NoError(t, err)
	return s
}

func (s *stage) key(scope merchant.Scope, kind merchant.KeyKind, p ...merchant.Permission) string {
	_, clear, err := s.keys.Create(s.t.Context(), scope, kind, "test", p)
	require.NoError(s.t, err)
	return clear
}

// call sends a request as the secret key and holds the answer against the document.
func (s *stage) call(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := s.request(method, path, body, headers...)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	conform.Check(s.t, r, w.Code, w.Header(), w.Body.Bytes())
	return w
}

func (s *stage) request(method, path, body string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.sk)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

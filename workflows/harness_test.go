package workflows_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/internal/clock"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/vault"
	"paymenthub/worker"
	"paymenthub/workflows"
)

// script is a gateway that answers what a test tells it to, and succeeds when
// told nothing.
type script struct {
	name    string
	mu      sync.Mutex
	answers map[payment.TransactionKind][]payment.Outcome
	lookUps []payment.Outcome
	told    payment.Outcome         // what its notifications say
	reports []payment.DisputeReport // what it has of a dispute, look-up by look-up; the last one stays
	calls   []string                // kind and idempotency key, in order
	window  time.Duration
	untold  bool // it cannot be asked
	// repeatedFor is how long calls can be sent again to learn what became of them.
	repeatedFor time.Duration
	stored      []gateway.StoredMethod // the kept cards that were charged
	owners      []string               // the customers, as the gateway knows them, for whom cards were to be kept

	challenged []bool // whether authorizations demanded 3-D Secure, in order
}

func (s *script) Provider() string                    { return s.name }
func (*script) Probe(context.Context) (string, error) { return "", nil }
func (s *script) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{Methods: interleave.CardMethods, SavesCards: true, Untold: s.untold, RepeatedFor: s.repeatedFor}
}

func newScript(name string) *script {
	return &script{name: name, answers: map[payment.TransactionKind][]payment.Outcome{}}
}

func (s *script) answer(kind payment.TransactionKind, c gateway.Call) payment.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, string(kind)+" "+c.IdempotencyKey)
	if next := s.answers[kind]; len(next) > 0 {
		s.answers[kind] = next[1:]
		return filled(next[0], c)
	}
	return filled(payment.Outcome{Class: payment.OutcomeSucceeded}, c)
}

func filled(o payment.Outcome, c gateway.Call) payment.Outcome {
	if o.Class == payment.OutcomeSucceeded && o.Amount == 0 {
		o.Amount, o.TransactionReference = c.Amount.Minor, "ch_"+c.IdempotencyKey
	}
	if o.Class != payment.OutcomeUnknown && o.Class != payment.OutcomeAbsent {
		o.GatewayReference = "gw_" + c.PaymentID
	}
	return o
}

func (s *script) Authorize(_ context.Context, a gateway.Authorization) payment.Outcome {
	if a.Stored != nil {
		s.stored = append(s.stored, *a.Stored)
	}
	kind := payment.Authorization
	if a.Capture {
		kind = payment.Sale
	}
	s.mu.Lock()
	s.challenged = append(s.challenged, a.Challenge)
	s.mu.Unlock()
	o := s.answer(kind, a.Call)
	if s.window > 0 && o.Class == payment.OutcomeSucceeded {
		o.AuthorizedUntil = a.CreatedAt.Add(s.window)
	}
	return o
}

func (s *script) Capture(_ context.Context, c gateway.Call) payment.Outcome {
	return s.answer(payment.Capture, c)
}

func (s *script) Void(_ context.Context, c gateway.Call) payment.Outcome {
	return s.answer(payment.Void, c)
}

func (s *script) Refund(_ context.Context, r gateway.Refund) payment.Outcome {
	return s.answer(payment.RefundOfSale, r.Call)
}

// The operations on kept cards, among the script's answers and calls.
const (
	storing   payment.TransactionKind = "store"
	finding   payment.TransactionKind = "find"
	detaching payment.TransactionKind = "detach"
)

func (s *script) StoreMethod(_ context.Context, g gateway.Storage) payment.Outcome {
	s.owners = append(s.owners, g.Save.CustomerReference)
	return s.answer(storing, gateway.Call{IdempotencyKey: g.IdempotencyKey})
}

func (s *script) FindMethod(_ context.Context, l gateway.MethodLookup) payment.Outcome {
	return s.answer(finding, gateway.Call{IdempotencyKey: l.IdempotencyKey})
}

func (s *script) DetachMethod(_ context.Context, d gateway.Detachment) payment.Outcome {
	return s.answer(detaching, gateway.Call{IdempotencyKey: d.IdempotencyKey})
}

func (s *script) Lookup(_ context.Context, l gateway.Lookup) payment.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "look_up "+string(l.Kind))
	if len(s.lookUps) == 0 {
		return payment.Unknown("still nothing")
	}
	next := s.lookUps[0]
	s.lookUps = s.lookUps[1:]
	return filled(next, l.Call)
}

func (s *script) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "conclude from "+string(body))
	return filled(s.told, l.Call)
}

func (s *script) Dispute(_ context.Context, d gateway.DisputeLookup) (payment.DisputeReport, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "dispute "+d.Reference)
	if len(s.reports) == 0 {
		return payment.DisputeReport{}, errors.New("the gateway is away")
	}
	report := s.reports[0]
	if len(s.reports) > 1 {
		s.reports = s.reports[1:]
	}
	return report, nil
}

func (*script) ReadNotification(http.Header, []byte, time.Time) (payment.Notice, error) {
	return payment.Notice{}, errors.New("no webhooks in these tests")
}

func (s *script) made() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.calls...)
}

// standstill is how long the machine may stand still.
const standstill = time.Minute

// steady has real time end nothing: the SDK takes a workflow for deadlocked after a second,
// and its test environment gives steps up by the machine's clock. By that clock it also fires
// timers while a step runs: tests that plan something for seconds later have a bubble of time.
func steady(env *testsuite.TestWorkflowEnvironment) {
	env.SetTestTimeout(standstill)
	env.SetWorkerOptions(sdkworker.Options{
		DeadlockDetectionTimeout: standstill, Interceptors: []interceptor.WorkerInterceptor{&patient{}},
	})
}

// patient gives no step up, and has those that are retried without end retried so, and not
// ten times as the test environment does.
type patient struct {
	interceptor.WorkerInterceptorBase
	interceptor.WorkflowInboundInterceptorBase
	interceptor.WorkflowOutboundInterceptorBase
}

func (*patient) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &patient{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

func (p *patient) Init(out interceptor.WorkflowOutboundInterceptor) error {
	p.WorkflowOutboundInterceptorBase.Next = out
	return p.WorkflowInboundInterceptorBase.Init(p)
}

func (p *patient) ExecuteActivity(ctx workflow.Context, step string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	options.StartToCloseTimeout = standstill
	if options.RetryPolicy.MaximumAttempts == 0 {
		options.RetryPolicy.MaximumAttempts = 1000
	}
	return p.WorkflowOutboundInterceptorBase.ExecuteActivity(workflow.WithActivityOptions(ctx, options), step, args...)
}

func (p *patient) ExecuteLocalActivity(ctx workflow.Context, step string, args ...any) workflow.Future {
	options := workflow.GetLocalActivityOptions(ctx)
	options.StartToCloseTimeout = standstill
	return p.WorkflowOutboundInterceptorBase.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, options), step, args...)
}

// bed is a hub around a workflow test environment: real steps, a real database,
// a scripted gateway, and a clock that skips.
type bed struct {
	*testsuite.TestWorkflowEnvironment
	t       *testing.T
	gateway *script
	second  *script // tried where the first one refuses
	db      *store.Store
	vault   *vault.Vault
	scope   merchant.Scope
	flaky   *flaky
	steps   *activities.Payments
}

// envClock is the test environment's time.
type envClock struct {
	env *testsuite.TestWorkflowEnvironment
}

func (c envClock) Now() time.Time { return c.env.Now().UTC().Truncate(time.Microsecond) }

// flaky is a repository whose next writes fail.
type flaky struct {
	payment.Repository
	mu    sync.Mutex
	fails int
}

func (f *flaky) Apply(ctx context.Context, c payment.Change) error {
	f.mu.Lock()
	failing := f.fails > 0
	if failing {
		f.fails--
	}
	f.mu.Unlock()
	if failing {
		return context.DeadlineExceeded
	}
	return f.Repository.Apply(ctx, c)
}

func newBed(t *testing.T) *bed {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db"), Logger: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	require.NoError(t, db.Migrate(t.Context()))
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	steady(env)
	b := &bed{
		TestWorkflowEnvironment: env, t: t, db: db, flaky: &flaky{Repository: db.Payments()},
		gateway: newScript("stripe"), second: newScript("checkout"),
		scope: merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
	}
	require.NoError(t, db.Merchants().CreateMerchant(t.Context(), merchant.Merchant{ID: b.scope.MerchantID, Name: "Test", CreatedAt: env.Now().UTC()}))
	b.vault, err = vault.New(db.Vault(), vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, envClock{env})
	require.NoError(t, err)
	gateways := gateway.NewRegistry()
	require.NoError(t, gateways.Register(merchant.Sandbox, b.gateway))
	require.NoError(t, gateways.Register(merchant.Sandbox, b.second))
	worker.RegisterWorkflows(env)
	router, engine, retries := interleave.Routing(gateways, db.Routing(), envClock{env})
	b.steps = &activities.Payments{
		Repository: b.flaky, Customers: db.Customers(), Gateways: gateways, Router: router, Observer: engine, Retries: retries, Risk: interleave.Trusting{}, Vault: b.vault, Watcher: payment.NewWatcher(),
		Clock: envClock{env}, ReturnURL: func(string) string { return "https://hub.example/return" }, Logger: zap.NewNop(),
		Notifications: db.Notifications(),
	}
	worker.RegisterActivities(env, worker.Options{
		Payments: b.steps,
		Sweeper:  &activities.Sweeper{Repository: db.Payments(), Methods: db.Customers(), Vault: b.vault, Idempotency: db.Idempotency(), Clock: envClock{env}, Logger: zap.NewNop()},
	})
	return b
}

var _ clock.Clock = envClock{}

// open stores a new payment.
func (b *bed) open(method payment.CaptureMethod) payment.Intent {
	b.t.Helper()
	change, err := payment.Open(payment.New{
		ID: id.New(id.Payment), Scope: b.scope, Amount: 1000, Currency: money.Currency("USD"),
		CaptureMethod: method, Routing: "auto", Gateway: "stripe",
	}, envClock{b.TestWorkflowEnvironment}.Now())
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.Payments().Insert(context.Background(), change))
	return change.Intent
}

// confirmation puts a card into the vault and asks for an attempt with it.
func (b *bed) confirmation() *payment.Confirmation {
	b.t.Helper()
	conf := payment.Confirmation{OperationID: id.NewSuffix()}
	conf.CardToken = id.Join(id.VaultCard, conf.OperationID)
	card := vault.Card{Number: "4242424242424242", CVC: "123", ExpMonth: 12, ExpYear: 2030}
	_, err := b.vault.Put(context.Background(), b.scope, conf.CardToken, card)
	require.NoError(b.t, err)
	return &conf
}

// run lets the payment's workflow live until it ends or the test's clock stops.
func (b *bed) run(p payment.Intent, first *payment.Confirmation) {
	b.t.Helper()
	b.ExecuteWorkflow(workflows.PaymentWorkflow, workflows.Payment{Snapshot: b.load(p).Snapshot(), Confirm: first})
}

func (b *bed) load(p payment.Intent) payment.Aggregate {
	b.t.Helper()
	current, err := b.db.Payments().Load(context.Background(), p.ID)
	require.NoError(b.t, err)
	return current
}

// ended checks that the workflow ended well with the payment in a state.
func (b *bed) ended(p payment.Intent, want payment.Status) payment.Intent {
	b.t.Helper()
	require.True(b.t, b.IsWorkflowCompleted())
	require.NoError(b.t, b.GetWorkflowError())
	got := b.load(p).Intent
	require.Equal(b.t, want, got.Status)
	return got
}

// answer is the end of an update.
type answer struct {
	rejected error
	err      error
	done     bool
}

// update sends an update after a time.
func (b *bed) update(after time.Duration, name string, argument any) *answer {
	a := &answer{}
	b.RegisterDelayedCallback(func() {
		b.UpdateWorkflow(name, id.NewSuffix(), &testsuite.TestUpdateCallback{
			OnAccept:   func() {},
			OnReject:   func(err error) { a.rejected = err },
			OnComplete: func(_ any, err error) { a.done, a.err = true, err },
		}, argument)
	}, after)
	return a
}

func (b *bed) elapsed() time.Duration {
	return b.Now().Sub(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
}

// gatewayCall names the payment's pending transaction.
func gatewayCall(a payment.Aggregate) gateway.Call {
	return gateway.Call{PaymentID: a.Intent.ID, IdempotencyKey: a.Transaction.IdempotencyKey, Amount: a.Transaction.Money()}
}

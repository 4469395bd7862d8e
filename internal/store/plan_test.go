package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"paymenthub/internal/account"
	"paymenthub/internal/customer"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/vault"
)

// TestSQLiteReadsThroughIndexes asks SQLite how it would answer each statement
// that the repositories send: none may read a whole table, and lists in the
// order of their index need no sorting. A payment's few charges are sorted.
func TestSQLiteReadsThroughIndexes(t *testing.T) {
	subject := openSQLite(t)
	w := storetest.NewWorld(t, subject)
	sold := w.Sold(t, w.Wanted())

	statements := record(t, subject.Store, func(ctx context.Context) {
		readEverything(t, ctx, w, sold)
		readDisputes(t, ctx, w, sold)
		useNotifications(t, ctx, w)
		readForOperators(t, ctx, w)
		useCustomers(t, ctx, w)
		useAccounts(t, ctx, w)
		useQuotes(t, ctx, w)
		judgeAttempts(t, ctx, w)
		routePayments(t, ctx, w)
		tellMerchants(t, ctx, w)
	})
	require.Greater(t, len(statements), 60)
	for _, s := range statements {
		plan := explain(t, subject, s)
		if strings.Contains(s.sql, "FROM `gateway_notifications` ORDER BY id DESC LIMIT") {
			require.Contains(t, plan, "USING INDEX", "the newest of all, from the end of the index")
			continue
		}
		plan = notTables.Replace(plan)
		require.NotContains(t, plan, "SCAN", "%s\n%s", s.sql, plan)
		sorted := strings.Contains(s.sql, "created_at >=") || strings.Contains(s.sql, "ORDER BY created_at, id") ||
			strings.Contains(s.sql, "FROM `api_keys`") || strings.Contains(s.sql, "(minute / ") || // read once by each process
			strings.Contains(s.sql, "ORDER BY at, endpoint_id") // of a few endpoints
		if !sorted {
			require.NotContains(t, plan, "TEMP B-TREE", "%s\n%s", s.sql, plan)
		}
	}
}

// notTables are scans of no table: of a SELECT without FROM, of a list that the statement
// brings with it, of the endpoints that an index is stepped through, and of the few rows
// that an index has found and that are counted or looked at.
var notTables = strings.NewReplacer("SCAN CONSTANT ROW", "", "SCAN seen", "", "SCAN json_each VIRTUAL TABLE", "", "SCAN heads", "", "SCAN first", "", "SCAN free", "")

func useQuotes(t *testing.T, ctx context.Context, w *storetest.World) {
	quote, err := w.Store.FX().PutQuote(ctx, w.Quoted(5000))
	require.NoError(t, err)
	n := w.Wanted()
	n.Lock = fx.Lock{Quote: quote}
	require.NoError(t, w.Payments.Insert(ctx, w.Opened(t, n)))
	_, err = w.Store.FX().Rate(ctx, "USD", "EUR")
	require.True(t, fault.Is(err, fault.NotFound), err)
}

func readEverything(t *testing.T, ctx context.Context, w *storetest.World, sold payment.Aggregate) {
	payments, books, events := w.Payments, w.Store.Ledger(), w.Store.Events()
	for _, page := range []payment.Page{{Limit: 5}, {Limit: 5, StartingAfter: "pi_a"}, {Limit: 5, EndingBefore: "pi_a"}} {
		for _, f := range []payment.Filter{
			{}, {Status: payment.Succeeded}, {CustomerID: "cus_1"}, {CustomerID: "cus_1", Status: payment.Succeeded},
			{CreatedFrom: time.Now()}, {Status: payment.Succeeded, CreatedFrom: time.Now(), CreatedBefore: time.Now()},
		} {
			f.Page = page
			_, _, err := payments.Payments(ctx, w.Scope, f)
			require.NoError(t, err)
		}
		for _, paymentID := range []string{"", sold.Intent.ID} {
			_, _, err := payments.Refunds(ctx, w.Scope, payment.RefundFilter{PaymentID: paymentID, Page: page})
			require.NoError(t, err)
			_, _, err = books.Entries(ctx, w.Scope, ledger.EntryFilter{PaymentID: paymentID, Page: ledger.Page(page)})
			require.NoError(t, err)
		}
		for _, f := range []ledger.EntryFilter{{Account: ledger.Sales}, {Currency: "USD"}, {Account: ledger.Sales, Currency: "USD"}} {
			f.Page = ledger.Page(page)
			_, _, err := books.Entries(ctx, w.Scope, f)
			require.NoError(t, err)
		}
		for _, f := range []event.Filter{{}, {Type: event.PaymentCreated}, {ObjectID: sold.Intent.ID}} {
			f.Limit, f.StartingAfter, f.EndingBefore = page.Limit, page.StartingAfter, page.EndingBefore
			_, _, err := events.ListEvents(ctx, w.Scope, f)
			require.NoError(t, err)
		}
	}
	for _, result := range []payment.TransactionResult{"", payment.ResultDeclined, payment.ResultCaptured} {
		_, _, err := payments.Transactions(ctx, w.Scope, payment.TransactionFilter{Result: result, Limit: 5, Offset: 1})
		require.NoError(t, err)
	}
	_, err := payments.MerchantTransaction(ctx, w.Scope, sold.Transaction.ID)
	require.NoError(t, err)
	_, err = w.Store.Merchants().Settings(ctx, w.Scope)
	require.NoError(t, err)
	_, err = payments.Load(ctx, sold.Intent.ID)
	require.NoError(t, err)
	_, err = payments.Attempts(ctx, w.Scope, sold.Intent.ID)
	require.NoError(t, err)
	_, err = payments.Transaction(ctx, sold.Intent.ID, sold.Transaction.ID)
	require.NoError(t, err)
	_, err = payments.HasTransaction(ctx, sold.Intent.ID, sold.Transaction.ID)
	require.NoError(t, err)
	_, err = payments.Overdue(ctx, time.Now(), 10)
	require.NoError(t, err)
	_, err = payments.OverdueRefunds(ctx, time.Now(), 10)
	require.NoError(t, err)
	_, err = books.Balances(ctx, w.Scope)
	require.NoError(t, err)
	_, err = w.Store.Merchants().KeysByPrefix(ctx, "sk_sandbox_123456789")
	require.NoError(t, err)
	_, err = w.Store.Merchants().KeysOf(ctx, w.Scope.MerchantID)
	require.NoError(t, err)
	_, _ = w.Store.Vault().Card(ctx, sold.Attempt.CardToken)
	_, _ = payments.Refund(ctx, merchant.Scope{}, "rf_none")
	_, _ = events.FindEvent(ctx, merchant.Scope{}, "evt_none")
}

func readDisputes(t *testing.T, ctx context.Context, w *storetest.World, sold payment.Aggregate) {
	payments := w.Payments
	for _, page := range []payment.Page{{Limit: 5}, {Limit: 5, StartingAfter: "dp_a"}, {Limit: 5, EndingBefore: "dp_a"}} {
		for _, f := range []payment.DisputeFilter{
			{}, {PaymentID: sold.Intent.ID}, {Status: payment.DisputeLost}, {PaymentID: sold.Intent.ID, Status: payment.DisputeLost},
		} {
			f.Page = page
			_, _, err := payments.Disputes(ctx, w.Scope, f)
			require.NoError(t, err)
		}
	}
	_, _ = payments.Dispute(ctx, w.Scope, "dp_none")
	_, err := payments.FindDispute(ctx, payment.DisputeRef{Environment: merchant.Sandbox, Gateway: "stripe", Reference: "du_1"})
	require.NoError(t, err)
	_, err = payments.OverdueDisputes(ctx, time.Now(), 10)
	require.NoError(t, err)
	require.NoError(t, payments.PostponeDispute(ctx, "dp_none", time.Now()))
	_, err = payments.FindByReference(ctx, merchant.Sandbox, "stripe", "pi_remote")
	require.NoError(t, err)
	_, err = payments.Charges(ctx, sold.Intent.ID)
	require.NoError(t, err)
}

func useAccounts(t *testing.T, ctx context.Context, w *storetest.World) {
	accounts := w.Store.GatewayAccounts()
	a := w.Connected("adyen", 0)
	require.NoError(t, accounts.Insert(ctx, a))
	for _, p := range []account.Page{{Limit: 5}, {Limit: 5, StartingAfter: a.Name}, {Limit: 5, EndingBefore: a.Name}} {
		_, _, err := accounts.Accounts(ctx, w.Scope, p)
		require.NoError(t, err)
	}
	_, err := accounts.Account(ctx, w.Scope, a.Name)
	require.NoError(t, err)
	_, err = accounts.Find(ctx, a.Name)
	require.NoError(t, err)
	_, err = accounts.Preferred(ctx, w.Scope)
	require.NoError(t, err)
	_, err = accounts.Count(ctx, w.Scope)
	require.NoError(t, err)
	a.Version = 2
	_, err = accounts.Update(ctx, a)
	require.NoError(t, err)
}

func useCustomers(t *testing.T, ctx context.Context, w *storetest.World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	m := w.StoredMethod(t, c)
	for _, page := range []customer.Page{{Limit: 5}, {Limit: 5, StartingAfter: "cus_a"}, {Limit: 5, EndingBefore: "cus_a"}} {
		for _, f := range []customer.Filter{{}, {Email: c.Email}} {
			f.Page = page
			_, _, err := customers.Customers(ctx, w.Scope, f)
			require.NoError(t, err)
		}
		for _, f := range []customer.MethodFilter{{}, {CustomerID: c.ID}} {
			f.Page = page
			_, _, err := customers.Methods(ctx, w.Scope, f)
			require.NoError(t, err)
		}
	}
	name := "Ada"
	require.NoError(t, customers.UpdateCustomer(ctx, w.Scope, c.ID, customer.Changes{Name: &name}, time.Now()))
	require.NoError(t, customers.SetDefault(ctx, w.Scope, c.ID, m.ID, time.Now()))
	_, err := customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.NoError(t, customers.ForgetReference(ctx, customer.Reference{CustomerID: c.ID, Gateway: "stripe", Reference: "cus_1"}))
	_, err = customers.OverdueMethods(ctx, time.Now(), 10)
	require.NoError(t, err)
	require.NoError(t, customers.PostponeMethod(ctx, m.ID, time.Now()))
	require.NoError(t, customers.RaiseMethod(ctx, m.ID, "look", time.Now()))
	require.NoError(t, customers.RecordMethod(ctx, customer.Stored{MethodID: m.ID, GatewayReference: "pm_1", At: time.Now()}))
	require.NoError(t, customers.DetachMethod(ctx, w.Scope, m.ID, time.Now()))
	require.NoError(t, customers.ForgetMethod(ctx, m.ID, time.Now()))
	_, err = customers.LoadMethod(ctx, m.ID)
	require.NoError(t, err)
	_, err = customers.Method(ctx, w.Scope, m.ID)
	require.NoError(t, err)
	_, err = customers.Customer(ctx, w.Scope, c.ID)
	require.NoError(t, err)
}

func readForOperators(t *testing.T, ctx context.Context, w *storetest.World) {
	for _, after := range []string{"", "pi_a"} {
		_, err := w.Payments.InNeed(ctx, after, 5)
		require.NoError(t, err)
		_, err = w.Payments.RefundsInNeed(ctx, after, 5)
		require.NoError(t, err)
		_, err = w.Store.Customers().MethodsInNeed(ctx, after, 5)
		require.NoError(t, err)
	}
	for _, due := range []time.Time{{}, time.Now()} {
		_, err := w.Payments.Unresolved(ctx, payment.Intent{ID: "pi_a", DueAt: due}, 5)
		require.NoError(t, err)
		_, err = w.Payments.UnresolvedRefunds(ctx, payment.Refund{ID: "rf_a", DueAt: due}, 5)
		require.NoError(t, err)
		_, err = w.Store.Notifications().Unresolved(ctx, notification.Notification{ID: "gwn_a", DueAt: due}, 5)
		require.NoError(t, err)
	}
	closed, err := w.Store.Notifications().Close(ctx, "gwn_none", "looked at", time.Now())
	require.NoError(t, err)
	require.False(t, closed)
}

func judgeAttempts(t *testing.T, ctx context.Context, w *storetest.World) {
	rules := w.Store.Risk()
	_, _ = rules.Rules(ctx, w.Scope)
	seen := risk.Sighting{OperationID: "op_1", Scope: w.Scope, Fingerprint: "f00d", IP: "203.0.113.7", Email: "a@example.com", CreatedAt: time.Now()}
	require.NoError(t, w.Payments.Present(ctx, &vault.Record{Token: "tok_seen", Scope: w.Scope, ExpMonth: 1, ExpYear: 2030, CreatedAt: time.Now()}, seen))
	count := risk.Count{Window: time.Hour, Limit: 5}
	_, err := rules.Evidence(ctx, risk.Wanted{Scope: w.Scope, OperationID: "op_1", Card: count, IP: count, Email: count})
	require.NoError(t, err)
	put := risk.Defaults(w.Scope)
	put.Version, put.UpdatedAt = 1, time.Now()
	_, err = rules.PutRules(ctx, put)
	require.NoError(t, err)
	_, err = rules.DeleteOldSightings(ctx, time.Now().Add(-time.Hour), 10)
	require.NoError(t, err)
}

func useNotifications(t *testing.T, ctx context.Context, w *storetest.World) {
	notifications := w.Store.Notifications()
	n := w.Notice("evt_1")
	for range 2 { // the second is known
		_, _, err := notifications.Keep(ctx, n)
		require.NoError(t, err)
	}
	for _, after := range []string{"", "gwn_a"} {
		for _, f := range []notification.Filter{
			{}, {Status: notification.Raised}, {PaymentID: "pi_1"}, {PaymentID: "pi_1", Status: notification.Raised},
		} {
			f.Limit, f.StartingAfter = 5, after
			_, _, err := notifications.List(ctx, f)
			require.NoError(t, err)
		}
	}
	_, err := notifications.Find(ctx, n.ID)
	require.NoError(t, err)
	_, err = notifications.Due(ctx, time.Now(), time.Now().Add(time.Hour), 10)
	require.NoError(t, err)
	require.NoError(t, notifications.Postpone(ctx, n.ID, time.Now()))
	n.Status = notification.Applied
	require.NoError(t, notifications.Settle(ctx, n))
	_, err = notifications.DeleteOld(ctx, n.ReceivedAt, 10)
	require.NoError(t, err)
}

func routePayments(t *testing.T, ctx context.Context, w *storetest.World) {
	r := w.Store.Routing()
	p, err := r.InsertProfile(ctx, w.NewProfile(), 20)
	require.NoError(t, err)
	_, err = r.UpdateProfile(ctx, p)
	require.NoError(t, err)
	v, err := r.InsertVersion(ctx, w.Scope, w.NewDraft(p.ID))
	require.NoError(t, err)
	require.NoError(t, r.UpdateVersion(ctx, w.Scope, v))
	for _, before := range []int{0, 2} {
		_, err = r.VersionsOf(ctx, w.Scope, p.ID, before, 5)
		require.NoError(t, err)
	}
	require.NoError(t, r.Activate(ctx, w.Scope, routing.Activation{ProfileID: p.ID, Number: 1, At: time.Now()}))
	_, err = r.Health(ctx)
	require.NoError(t, err)
	_, err = r.SignalsOfOthers(ctx, "one", time.Now())
	require.NoError(t, err)
	_, err = r.BucketsOfOthers(ctx, "one", time.Now())
	require.NoError(t, err)
	_, err = r.History(ctx, 1, 2, 15)
	require.NoError(t, err)
	_, err = r.Totals(ctx, w.Scope, 1)
	require.NoError(t, err)
	_, err = r.DeleteOldOutcomes(ctx, 1, 10)
	require.NoError(t, err)
	_, err = r.DeclinedAttempts(ctx, w.Scope, "f00d", time.Now(), 15)
	require.NoError(t, err)
}

type statement struct {
	sql  string
	args []any
}

// recorder is a GORM plugin that keeps the statements of marked contexts.
type recorder struct {
	mu   sync.Mutex
	seen []statement
}

type marked struct{}

// Name implements gorm.Plugin.
func (*recorder) Name() string { return "storetest:record" }

// Initialize implements gorm.Plugin.
func (r *recorder) Initialize(db *gorm.DB) error {
	on := db.Callback()
	return errors.Join(
		on.Query().After("gorm:query").Register(r.Name(), r.note), on.Raw().After("gorm:raw").Register(r.Name(), r.note),
		on.Row().After("gorm:row").Register(r.Name(), r.note), on.Update().After("gorm:update").Register(r.Name(), r.note))
}

func (r *recorder) note(db *gorm.DB) {
	if db.Statement.Context.Value(marked{}) != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, statement{db.Statement.SQL.String(), append([]any(nil), db.Statement.Vars...)})
	}
}

// record returns the statements that a function sends.
func record(t *testing.T, s *store.Store, send func(ctx context.Context)) []statement {
	r := new(recorder)
	require.NoError(t, s.Use(r))
	send(context.WithValue(context.Background(), marked{}, true))
	return r.seen
}

// explain is how SQLite would answer a statement.
func explain(t *testing.T, subject storetest.Subject, s statement) string {
	return strings.Join(column(read(t, subject.SQL, "EXPLAIN QUERY PLAN "+s.sql, s.args...), 3), "\n")
}

// explainByIndex is how Postgres would answer statements if it read no table whole, as it
// does with small ones.
func explainByIndex(t *testing.T, subject storetest.Subject, statements []statement) (plans []string) {
	tx, err := subject.SQL.Begin()
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.Exec("SET LOCAL enable_seqscan = off")
	require.NoError(t, err)
	for _, s := range statements {
		plans = append(plans, strings.Join(column(read(t, tx, "EXPLAIN "+s.sql, s.args...), 0), "\n"))
	}
	return plans
}

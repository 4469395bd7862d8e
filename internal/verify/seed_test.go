package verify_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/customer"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
	"paymenthub/internal/store/storetest"
)

var ctx = context.Background()

// databases have a town each, for every test to get a copy of.
var databases = map[string]func(testing.TB) *town{"SQLite": sqliteTown, "Postgres": postgresTown}

func sqliteTown(t testing.TB) *town { return townOn(t, towns.SQLite(t)) }

func postgresTown(t testing.TB) *town { return townOn(t, towns.Postgres(t)) }

var (
	towns = storetest.NewTemplate(func(t testing.TB, s storetest.Subject) {
		require.NoError(t, s.Store.Migrate(ctx))
		made.Store(s.Store.Dialect(), newTown(t, s))
	})
	made sync.Map // the *town in the template of each store.Dialect
)

// townOn is the town that a copy of its template has.
func townOn(t testing.TB, s storetest.Subject) *town {
	found, _ := made.Load(s.Store.Dialect())
	w := *found.(*town)
	s.SQL.SetMaxOpenConns(1) // for what force sets to hold
	w.World, w.t, w.record = w.On(s), t, w.record.clone()
	w.named, w.refunds, w.disputes = maps.Clone(w.named), maps.Clone(w.refunds), maps.Clone(w.disputes)
	return &w
}

// town is a database with a payment in every state, each by its name, and the
// provider's record of them.
type town struct {
	*storetest.World
	t       testing.TB
	record  *record
	named   map[string]payment.Aggregate
	refunds map[payment.RefundStatus]payment.Refund
	// reversed is a refund that was settled and taken back.
	reversed payment.Refund
	disputes map[string]payment.Dispute // by the payment's name
	// saved is the default payment method of a customer, forgotten is one that is not kept any more.
	saved, forgotten customer.PaymentMethod
}

// newTown leads payments through every kind of life.
func newTown(t testing.TB, s storetest.Subject) *town {
	w := &town{World: storetest.NewWorld(t, s), t: t, record: &record{}, named: map[string]payment.Aggregate{}, refunds: map[payment.RefundStatus]payment.Refund{}, disputes: map[string]payment.Dispute{}}
	no := payment.Declined(payment.NewDecline(payment.DeclineInsufficientFunds))

	w.listen()
	w.name("new", w.open(payment.CaptureAutomatic))
	w.name("declined", w.tell(w.try(w.open(payment.CaptureAutomatic)), no))
	w.name("absent", w.tell(w.try(w.open(payment.CaptureAutomatic)), payment.Outcome{Class: payment.OutcomeAbsent}))
	w.name("acting", w.act())
	w.name("processing", w.try(w.open(payment.CaptureAutomatic)))
	w.name("sold", w.sell(payment.CaptureAutomatic))
	w.name("authorized", w.sell(payment.CaptureManual))
	w.name("second try", w.tell(w.try(w.tell(w.try(w.open(payment.CaptureManual)), no)), w.yes()))
	w.name("taken elsewhere", w.tell(w.failOver(w.open(payment.CaptureAutomatic)), w.yes()))
	w.name("capturing", w.capture(w.sell(payment.CaptureManual), 5000))
	w.name("captured", w.tell(w.capture(w.sell(payment.CaptureManual), 3000), w.yes()))
	w.name("capture declined", w.tell(w.capture(w.sell(payment.CaptureManual), 3000), no))
	w.name("failed", w.tell(w.try(w.tell(w.try(w.tell(w.try(w.open(payment.CaptureAutomatic)), no)), no)), no))
	w.name("canceled", w.apply(w.open(payment.CaptureAutomatic).Intent.Cancel("", id.NewSuffix(), w.now())))
	w.name("expired", w.apply(w.tell(w.try(w.open(payment.CaptureAutomatic)), no).Intent.Expire(w.now())))
	w.name("released", w.tell(w.void(w.sell(payment.CaptureManual), payment.VoidCanceled), w.yes()))
	w.name("held too long", w.tell(w.void(w.sell(payment.CaptureManual), payment.VoidExpired), w.yes()))
	w.name("void declined", w.tell(w.void(w.sell(payment.CaptureManual), payment.VoidCanceled), no))
	w.name("gave up acting", w.tell(w.void(w.act(), payment.VoidExpired), w.yes()))
	w.name("giving up acting", w.void(w.act(), payment.VoidCanceled))
	w.name("acted after all", w.tell(w.tell(w.void(w.act(), payment.VoidCanceled), no), w.yes()))
	w.name("refunded", w.refunding())
	w.dispute("inquiry", payment.DisputeInquiry)
	w.dispute("inquiry closed", payment.DisputeInquiry, payment.DisputeInquiryClosed)
	w.dispute("disputed", payment.DisputeNeedsResponse, payment.DisputeUnderReview)
	w.dispute("dispute won", payment.DisputeNeedsResponse, payment.DisputeWon)
	w.dispute("dispute lost", payment.DisputeLost)
	w.dispute("disputed again", payment.DisputeNeedsResponse, payment.DisputeLost, payment.DisputeUnderReview)
	w.notify()
	w.save()
	w.convert()
	w.deliver()
	for _, a := range w.named {
		w.record.witness(a)
	}
	for _, r := range w.refunds {
		w.record.refund(r)
	}
	w.record.refund(w.reversed)
	for _, d := range w.disputes {
		w.record.dispute(d)
	}
	return w
}

// save keeps two cards for a customer, and detaches one of them.
func (w *town) save() {
	c := w.NewCustomer(w.t)
	w.saved, w.forgotten = w.StoredMethod(w.t, c), w.StoredMethod(w.t, c)
	require.NoError(w.t, w.Store.Customers().DetachMethod(ctx, c.Scope, w.forgotten.ID, w.now()))
	require.NoError(w.t, w.Store.Customers().ForgetMethod(ctx, w.forgotten.ID, w.now()))
	w.record.methods = []row{
		{"id": w.saved.GatewayReference, "customer": w.saved.GatewayCustomer}, {"id": w.forgotten.GatewayReference},
		{"id": "pm_elsewhere", "customer": "cus_elsewhere"},
	}
}

func (w *town) now() time.Time {
	w.Clock.Advance(time.Millisecond)
	return w.Clock.Now()
}

func (w *town) name(name string, a payment.Aggregate) { w.named[name] = a }

func (w *town) apply(c payment.Change, err error) payment.Aggregate {
	require.NoError(w.t, err)
	a := w.Apply(w.t, c)
	if a.Transaction == nil {
		a.Transaction = c.Transaction
	}
	return a
}

func (w *town) open(method payment.CaptureMethod) payment.Aggregate {
	n := w.Wanted()
	n.CaptureMethod, n.Gateway = method, "stripe"
	return payment.Aggregate{Intent: w.Insert(w.t, n)}
}

func (w *town) try(a payment.Aggregate) payment.Aggregate {
	return w.apply(w.Begun(w.t, a.Intent), nil)
}

// failOver tries a payment at a gateway that refuses it, and then at stripe.
func (w *town) failOver(a payment.Aggregate) payment.Aggregate {
	begun := w.Begun(w.t, a.Intent)
	begun.Attempt.Routing.Choices = []routing.Choice{{Gateway: "acquirer"}, {Gateway: "stripe"}}
	begun.Intent.Gateway, begun.Attempt.Gateway, begun.Transaction.Gateway = "acquirer", "acquirer", "acquirer"
	a = w.apply(begun, nil)
	refusal := payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor))
	next, ok := a.Next(refusal, w.now())
	require.True(w.t, ok)
	return w.apply(a.FailOver(refusal, next, w.now()))
}

// yes is the gateway's consent, with a fee.
func (w *town) yes() payment.Outcome {
	fee := money.New(175, "USD")
	return payment.Outcome{Class: payment.OutcomeSucceeded, Fee: &fee, Settled: &fee}
}

// tell records the gateway's answer about the pending transaction.
func (w *town) tell(a payment.Aggregate, o payment.Outcome) payment.Aggregate {
	if o.Class == payment.OutcomeSucceeded {
		o.Amount, o.TransactionReference = a.Transaction.Amount, "ch_"+a.Intent.ID
	}
	if o.Class == payment.OutcomeSucceeded || o.Class == payment.OutcomeActionRequired {
		o.GatewayReference = "remote_" + a.Intent.ID
	}
	return w.apply(a.Record(o, w.now()))
}

func (w *town) sell(method payment.CaptureMethod) payment.Aggregate {
	return w.tell(w.try(w.open(method)), w.yes())
}

func (w *town) act() payment.Aggregate {
	return w.tell(w.try(w.open(payment.CaptureAutomatic)), payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: "https://issuer.example"})
}

func (w *town) capture(a payment.Aggregate, amount int64) payment.Aggregate {
	return w.apply(a.Intent.BeginCapture(*a.Attempt, amount, id.NewSuffix(), w.now()))
}

func (w *town) void(a payment.Aggregate, why string) payment.Aggregate {
	return w.apply(a.Intent.BeginVoid(*a.Attempt, why, "", id.NewSuffix(), w.now()))
}

// refunding makes a payment with a refund in every state, and one that was taken back.
func (w *town) refunding() payment.Aggregate {
	a := w.sell(payment.CaptureAutomatic)
	for i, status := range []payment.RefundStatus{payment.RefundSucceeded, payment.RefundFailed, payment.RefundPending} {
		opened, err := a.Intent.OpenRefund(*a.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: int64(1000 + i)}, w.now())
		a = w.apply(opened, err)
		refund, transaction := *opened.Refund, *opened.Transaction
		outcome := payment.Outcome{Class: payment.OutcomeSucceeded, Amount: refund.Amount, TransactionReference: "re_" + refund.ID}
		if status == payment.RefundFailed {
			outcome = payment.Declined(payment.NewDecline(payment.DeclineState))
		}
		if status != payment.RefundPending {
			settled, err := a.Intent.RecordRefund(refund, transaction, outcome, w.now())
			a = w.apply(settled, err)
			refund = *settled.Refund
		}
		w.refunds[status] = refund
	}
	opened, err := a.Intent.OpenRefund(*a.Attempt, payment.NewRefund{ID: id.New(id.Refund), Amount: 500}, w.now())
	a = w.apply(opened, err)
	settled, err := a.Intent.RecordRefund(*opened.Refund, *opened.Transaction, payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: 500, TransactionReference: "re_" + opened.Refund.ID,
	}, w.now())
	a = w.apply(settled, err)
	reversed, err := a.Intent.ReverseRefund(*settled.Refund, *settled.Transaction, payment.NewDecline(payment.DeclineExpiredCard), w.now())
	a = w.apply(reversed, err)
	w.reversed = *reversed.Refund
	return a
}

// dispute leads a dispute of a new payment through these states.
func (w *town) dispute(name string, states ...payment.DisputeStatus) {
	a, fee := w.sell(payment.CaptureAutomatic), money.New(1500, "USD")
	report := payment.DisputeReport{Reference: "du_" + a.Intent.ID, Amount: money.New(1200, "USD"), Reason: "fraudulent", Fee: &fee, OpenedAt: w.now()}
	var known *payment.Dispute
	for _, status := range states {
		report.Status, report.Reinstated = status, status == payment.DisputeWon
		report.Withdrawn = status != payment.DisputeInquiry && status != payment.DisputeInquiryClosed
		change := w.Disputed(w.t, a.Intent, known, report)
		a, known = w.apply(change, nil), change.Dispute
	}
	w.name(name, a)
	w.disputes[name] = *known
}

// notify keeps a notification in every state.
func (w *town) notify() {
	sold := w.named["sold"].Intent
	for _, status := range []notification.Status{notification.Received, notification.Applied, notification.Ignored, notification.Raised} {
		n := w.Notice("evt_" + string(status))
		n.Status = status
		switch status {
		case notification.Received:
		case notification.Applied:
			n.MerchantID, n.PaymentID = sold.Scope.MerchantID, sold.ID
			fallthrough
		default:
			n.DueAt = time.Time{}
		}
		_, _, err := w.Store.Notifications().Keep(ctx, n)
		require.NoError(w.t, err)
	}
}

// force writes what the store would never write.
func (w *town) force(statements ...string) {
	w.t.Helper()
	unlock := []string{
		"PRAGMA ignore_check_constraints = 1", "DROP TRIGGER IF EXISTS ledger_transactions_no_update", "DROP TRIGGER IF EXISTS ledger_transactions_no_delete",
		"DROP TRIGGER IF EXISTS ledger_entries_no_update", "DROP TRIGGER IF EXISTS ledger_entries_no_delete",
	}
	if w.Store.Dialect() == store.Postgres {
		unlock = []string{"SET session_replication_role = replica", `DO $$ DECLARE c record; BEGIN
			FOR c IN SELECT conname, conrelid::regclass AS relation FROM pg_constraint
				WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.relation, c.conname);
			END LOOP; END $$`}
	}
	for _, statement := range slices.Concat(unlock, statements) {
		done, err := w.SQL.Exec(statement)
		require.NoError(w.t, err, statement)
		if n, err := done.RowsAffected(); err == nil && !slices.Contains(unlock, statement) {
			require.NotZero(w.t, n, statement)
		}
	}
}

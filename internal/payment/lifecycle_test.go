package payment_test

import (
	"os"
	"regexp"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
)

var (
	start   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	allowed = risk.Assessment{Action: risk.Allow}
	card    = payment.CardSummary{Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2030, Fingerprint: "f"}
	scope   = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}

	toStripe = routing.Decision{Strategy: routing.Named, Choices: []routing.Choice{{Gateway: "stripe"}}}
)

// among is a choice of more gateways than one confirmation may be tried at.
func among(now time.Time) routing.Decision {
	return routing.Decision{Strategy: routing.Order, At: now, Choices: []routing.Choice{
		{Gateway: "stripe"}, {Gateway: "checkout"}, {Gateway: "adyen"}, {Gateway: "acquirer"},
	}}
}

// book applies changes as a repository would, and checks what every change owes.
type book struct {
	t         require.TestingT
	now       payment.Aggregate
	attempts  map[string]payment.Attempt
	txns      map[string]payment.Transaction
	refunds   map[string]payment.Refund
	balances  map[ledger.AccountKind]int64
	positions map[money.Currency]map[ledger.AccountKind]int64
	keys      map[string]bool
	events    int
	forgotten map[string]bool
}

func newBook(t require.TestingT, method payment.CaptureMethod, amount int64) *book {
	return newConvertedBook(t, method, amount, fx.Lock{})
}

func newConvertedBook(t require.TestingT, method payment.CaptureMethod, amount int64, lock fx.Lock) *book {
	change, err := payment.Open(payment.New{
		ID: id.New(id.Payment), Scope: scope, Amount: amount, Currency: "USD", CaptureMethod: method, Routing: "auto", Gateway: "stripe", Lock: lock,
	}, start)
	require.NoError(t, err)
	b := &book{
		t: t, attempts: map[string]payment.Attempt{}, txns: map[string]payment.Transaction{}, refunds: map[string]payment.Refund{},
		balances: map[ledger.AccountKind]int64{}, positions: map[money.Currency]map[ledger.AccountKind]int64{}, keys: map[string]bool{}, forgotten: map[string]bool{},
	}
	b.apply(change)
	return b
}

func (b *book) apply(c payment.Change) {
	require.Equal(b.t, b.now.Intent.Version, c.FromVersion, "a change starts from the stored version")
	require.Equal(b.t, c.FromVersion+1, c.Intent.Version)
	if c.Refused != nil {
		require.Equal(b.t, b.now.Transaction.ID, c.Refused.Transaction.ID)
		b.attempts[c.Refused.Attempt.ID], b.txns[c.Refused.Transaction.ID] = c.Refused.Attempt, c.Refused.Transaction
	}
	if c.Attempt != nil {
		b.attempts[c.Attempt.ID] = *c.Attempt
	}
	if t := c.Transaction; t != nil {
		if _, known := b.txns[t.ID]; !known {
			require.False(b.t, b.keys[t.IdempotencyKey], "an idempotency key is used once")
			b.keys[t.IdempotencyKey] = true
		}
		b.txns[t.ID] = *t
	}
	if c.Refund != nil {
		b.refunds[c.Refund.ID] = *c.Refund
	}
	for _, tx := range c.Ledger {
		require.NoError(b.t, tx.Check())
		for _, e := range tx.Entries {
			b.balances[e.Account] += e.Amount
		}
	}
	b.post(c.Ledger)
	requireTold(b.t, c)
	b.events += len(c.Events)
	b.now = payment.Aggregate{Intent: c.Intent}
	if a, ok := b.attempts[c.Intent.CurrentAttemptID]; ok {
		b.now.Attempt = &a
	}
	if t, ok := b.txns[c.Intent.PendingTransaction]; ok {
		b.now.Transaction = &t
	}
	b.check()
}

// check holds after every change.
func (b *book) check() {
	p := b.now.Intent
	require.LessOrEqual(b.t, p.AmountCaptured, p.Amount)
	require.LessOrEqual(b.t, p.Confirmations(), p.AttemptLimit)
	require.LessOrEqual(b.t, p.Attempts, p.AttemptLimit*payment.MaxGateways)
	require.LessOrEqual(b.t, p.AmountRefunded+p.AmountRefundPending, p.AmountCaptured)
	require.GreaterOrEqual(b.t, p.AmountRefundPending, int64(0))
	require.Equal(b.t, p.AmountCapturable, b.balances[ledger.Authorizations], "what is held is in the books")
	require.Equal(b.t, -p.AmountCapturable, b.balances[ledger.AuthorizationHolds])
	require.Equal(b.t, -p.AmountCaptured, b.balances[ledger.Sales])
	require.Equal(b.t, p.AmountRefunded, b.balances[ledger.Refunds])
	require.Equal(b.t, p.Status.Terminal(), p.DueAt.IsZero(), "only a payment that is not over is due")
	if p.Status.Terminal() {
		require.Zero(b.t, p.AmountCapturable, "nothing is held in state %s", p.Status)
		require.Empty(b.t, p.PendingTransaction)
	}
	b.checkConverted()
}

var outcomes = []payment.Outcome{
	{Class: payment.OutcomeSucceeded}, payment.Declined(payment.NewDecline(payment.DeclineInsufficientFunds)),
	payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor)), payment.Declined(payment.NewDecline(payment.DeclineGatewayUnavailable)),
	{Class: payment.OutcomeActionRequired, RedirectURL: "https://issuer.example/3ds"}, {Class: payment.OutcomeAbsent}, payment.Unknown("no answer"),
}

// TestAnyLifeKeepsTheBooks takes random steps, as a workflow may, and checks
// the invariants after each.
func TestAnyLifeKeepsTheBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]payment.CaptureMethod{payment.CaptureAutomatic, payment.CaptureManual}).Draw(t, "method")
		b := newConvertedBook(t, method, rapid.Int64Range(1, money.MaxAmount).Draw(t, "amount"), drawLock(t))
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			b.step(t)
		}
	})
}

func (b *book) step(t *rapid.T) {
	now := b.now.Intent.UpdatedAt.Add(time.Second)
	op := id.NewSuffix()
	var change payment.Change
	var err error
	switch p := b.now.Intent; p.Status {
	case payment.RequiresConfirmation, payment.RequiresPaymentMethod:
		switch rapid.IntRange(0, 5).Draw(t, "what") {
		case 0:
			change, err = p.Cancel("changed their mind", op, now)
		case 1:
			change, err = p.Expire(now)
		default:
			change, err = p.BeginAttempt(payment.Confirmation{OperationID: op, CardToken: "tok_" + op, Card: card}, among(now), allowed, now)
		}
	case payment.RequiresCapture:
		if rapid.Bool().Draw(t, "capture") {
			change, err = p.BeginCapture(*b.now.Attempt, rapid.Int64Range(1, p.AmountCapturable).Draw(t, "part"), op, now)
		} else {
			change, err = p.BeginVoid(*b.now.Attempt, rapid.SampledFrom([]string{payment.VoidCanceled, payment.VoidExpired}).Draw(t, "why"), "", op, now)
		}
	case payment.RequiresAction:
		if rapid.Bool().Draw(t, "void") {
			change, err = p.BeginVoid(*b.now.Attempt, payment.VoidCanceled, "", op, now)
		} else {
			b.record(t, now)
			return
		}
	case payment.Processing:
		b.record(t, now)
		return
	case payment.Succeeded:
		b.refund(t, op, now)
		return
	default:
		return
	}
	require.NoError(t, err)
	b.apply(change)
}

func (b *book) record(t *rapid.T, now time.Time) {
	o := rapid.SampledFrom(outcomes).Draw(t, "outcome")
	kind := b.now.Transaction.Kind
	if (kind == payment.Capture || kind == payment.Void) && !o.Decided() || !o.Moves(b.now.Intent) {
		return
	}
	if o.Class == payment.OutcomeSucceeded {
		o.Amount = b.now.Transaction.Amount
		o.Settled = drawSettled(t, o.Amount)
	}
	if next, ok := b.now.Next(o, now); ok && rapid.Bool().Draw(t, "fail over") {
		change, err := b.now.FailOver(o, next, now)
		require.NoError(t, err)
		b.apply(change)
		return
	}
	change, err := b.now.Record(o, now)
	require.NoError(t, err)
	b.apply(change)
}

func (b *book) refund(t *rapid.T, op string, now time.Time) {
	if b.reverse(t, now) {
		return
	}
	for _, r := range b.refunds {
		if r.Status == payment.RefundPending && rapid.Bool().Draw(t, "settle") {
			o := rapid.SampledFrom(outcomes[:2]).Draw(t, "outcome")
			o.Amount = r.Amount
			change, err := b.now.Intent.RecordRefund(r, b.txns[r.TransactionID], o, now)
			require.NoError(t, err)
			b.apply(change)
			return
		}
	}
	left := b.now.Intent.Refundable()
	ask := rapid.Int64Range(1, max(left, 1)+1).Draw(t, "refund")
	change, err := b.now.Intent.OpenRefund(payment.Attempt{ID: "att_1", Gateway: "stripe"}, payment.NewRefund{ID: id.Join(id.Refund, op), Amount: ask, Exchange: b.drawExchange(t)}, now)
	if ask > left {
		require.Error(t, err, "more than is left cannot be refunded")
		return
	}
	require.NoError(t, err)
	b.apply(change)
}

func TestAmountsThatDisagreeDecideNothing(t *testing.T) {
	b := newBook(t, payment.CaptureAutomatic, 500)
	change, err := b.now.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), Card: card}, toStripe, allowed, start)
	require.NoError(t, err)
	b.apply(change)
	_, err = b.now.Record(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 499}, start)
	require.ErrorIs(t, err, payment.ErrDisagrees)
}

func TestThreeDeclinesEndAPayment(t *testing.T) {
	b := newBook(t, payment.CaptureAutomatic, 500)
	for n := 1; n <= payment.MaxAttempts; n++ {
		change, err := b.now.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), CardToken: "tok_1", Card: card}, toStripe, allowed, start)
		require.NoError(t, err)
		b.apply(change)
		change, err = b.now.Record(payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor)), start)
		require.NoError(t, err)
		require.Equal(t, "tok_1", change.EraseCard, "card data ends with the gateway's answer")
		b.apply(change)
	}
	require.Equal(t, payment.Failed, b.now.Intent.Status)
}

func TestTheGatewaysShorterWindowWins(t *testing.T) {
	b := newBook(t, payment.CaptureManual, 500)
	change, err := b.now.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix(), Card: card}, toStripe, allowed, start)
	require.NoError(t, err)
	b.apply(change)
	for _, c := range []struct{ gateway, want time.Time }{
		{start.Add(48 * time.Hour), start.Add(48 * time.Hour)}, {start.Add(30 * 24 * time.Hour), start.Add(7 * 24 * time.Hour)}, {time.Time{}, start.Add(7 * 24 * time.Hour)},
	} {
		change, err := b.now.Record(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: 500, AuthorizedUntil: c.gateway}, start)
		require.NoError(t, err)
		require.Equal(t, c.want, change.Intent.AuthorizedUntil)
	}
}

// TestTheDrawingIsTheTable compares docs/PAYMENTS.md with the state machine.
func TestTheDrawingIsTheTable(t *testing.T) {
	raw, err := os.ReadFile("../../docs/PAYMENTS.md")
	require.NoError(t, err)
	var drawn, table []string
	for _, m := range regexp.MustCompile(`(?m)^\s+(\w+) --> (\w+): (\w+)$`).FindAllStringSubmatch(string(raw), -1) {
		drawn = append(drawn, m[1]+" "+m[3]+" "+m[2])
	}
	for _, tr := range payment.Transitions() {
		table = append(table, string(tr.From)+" "+string(tr.Step)+" "+string(tr.To))
	}
	sort.Strings(drawn)
	sort.Strings(table)
	require.Equal(t, table, drawn)
}

package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/activities"
	"paymenthub/internal/customer"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/vault"
	"paymenthub/workflows"
)

// kept is what the gateway keeps.
var kept = payment.Outcome{
	Class: payment.OutcomeSucceeded, Kept: &payment.Kept{CustomerReference: "gw_cus", MethodReference: "gw_card", NetworkTransactionID: "ntx"},
}

// brittle are customers whose next records fail.
type brittle struct {
	customer.Repository
	fails int
}

func (r *brittle) RecordMethod(ctx context.Context, s customer.Stored) error {
	if r.fails > 0 {
		r.fails--
		return context.DeadlineExceeded
	}
	return r.Repository.RecordMethod(ctx, s)
}

// customer stores a customer.
func (b *bed) customer() customer.Customer {
	b.t.Helper()
	c := customer.Customer{ID: id.New(id.Customer), Scope: b.scope, CreatedAt: b.Now(), UpdatedAt: b.Now()}
	require.NoError(b.t, b.db.Customers().InsertCustomer(context.Background(), c))
	return c
}

// pending stores a card that is to be kept.
func (b *bed) pending() customer.PaymentMethod {
	b.t.Helper()
	return b.pendingOf(b.customer().ID, "")
}

func (b *bed) pendingOf(customerID, reference string) customer.PaymentMethod {
	b.t.Helper()
	methodID := id.New(id.PaymentMethod)
	sealed, err := b.vault.Seal(b.scope, id.Join(id.VaultCard, id.Suffix(methodID)), vault.Card{Number: "4242424242424242", CVC: "123", ExpMonth: 12, ExpYear: 2030})
	require.NoError(b.t, err)
	now := envClock{b.TestWorkflowEnvironment}.Now()
	m := customer.PaymentMethod{
		ID: methodID, Scope: b.scope, CustomerID: customerID, Status: customer.MethodPending, Gateway: "stripe", GatewayCustomer: reference,
		CardToken: sealed.Token, Card: sealed.Summary(), ConsentedAt: now, CreatedAt: now,
	}
	m.DueAt = now.Add(customer.Unattended)
	require.NoError(b.t, b.db.Customers().OpenMethod(context.Background(), m, sealed))
	return m
}

// lives runs the method's workflow to its end and returns the method.
func (b *bed) lives(m customer.PaymentMethod, forget bool) customer.PaymentMethod {
	b.t.Helper()
	b.ExecuteWorkflow(workflows.PaymentMethodWorkflow, workflows.PaymentMethod{MethodID: m.ID, Forget: forget})
	require.True(b.t, b.IsWorkflowCompleted())
	require.NoError(b.t, b.GetWorkflowError())
	return b.method(m.ID)
}

func (b *bed) method(methodID string) customer.PaymentMethod {
	b.t.Helper()
	m, err := b.db.Customers().LoadMethod(context.Background(), methodID)
	require.NoError(b.t, err)
	return m
}

func (b *bed) hasCard(m customer.PaymentMethod) bool {
	b.t.Helper()
	record, err := b.db.Vault().Card(context.Background(), m.CardToken)
	require.NoError(b.t, err)
	return record.Sealed != nil
}

func TestACardIsKeptAtOnce(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	b.gateway.answers[storing] = []payment.Outcome{kept}
	got := b.lives(m, false)
	require.Equal(t, []any{customer.MethodActive, "gw_cus", "gw_card", "ntx"}, []any{got.Status, got.GatewayCustomer, got.GatewayReference, got.NetworkTransactionID})
	require.Equal(t, []string{"store " + m.ID + "-store"}, b.gateway.made())
	require.Less(t, b.elapsed(), time.Second)
	require.False(t, b.hasCard(m), "the gateway has answered")
}

func TestALostAnswerIsAskedForUnderItsKey(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	b.gateway.answers[storing] = []payment.Outcome{unknown, unknown, unknown, kept}
	require.Equal(t, customer.MethodActive, b.lives(m, false).Status)
	made := b.gateway.made()
	require.Len(t, made, 4)
	for _, call := range made {
		require.Equal(t, "store "+m.ID+"-store", call)
	}
	require.InDelta(t, 7, b.elapsed().Seconds(), 2, "after 1, 2 and 4 seconds")
}

func TestAnAnswerThatCouldNotBeWrittenDownIsAskedForAgain(t *testing.T) {
	b := newBed(t)
	b.steps.Customers = &brittle{Repository: b.db.Customers(), fails: 5}
	m := b.pending()
	b.gateway.answers[storing] = []payment.Outcome{kept, kept, kept, kept, kept, kept}
	require.Equal(t, customer.MethodActive, b.lives(m, false).Status)
	require.Len(t, b.gateway.made(), 6)
	rows, _, err := b.db.Customers().Methods(context.Background(), b.scope, customer.MethodFilter{Page: customer.Page{Limit: 10}})
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

func TestARefusedCardIsNotKept(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	b.gateway.answers[storing] = []payment.Outcome{refusal}
	got := b.lives(m, false)
	require.Equal(t, customer.MethodDeclined, got.Status)
	require.Equal(t, string(payment.DeclineInsufficientFunds), got.Refusal.Code)
	require.False(t, b.hasCard(m))
}

// silent answers nothing for an hour, and then what a look-up finds.
func (b *bed) silent(found ...payment.Outcome) {
	for range 100 {
		b.gateway.answers[storing] = append(b.gateway.answers[storing], unknown)
	}
	b.gateway.answers[finding] = found
}

func TestACardThatTheGatewayCertainlyDoesNotKeepIsDeclined(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	b.silent(unknown, absent)
	got := b.lives(m, false)
	require.Equal(t, customer.MethodDeclined, got.Status)
	require.Equal(t, string(payment.DeclineGatewayUnavailable), got.Refusal.Code)
	require.Less(t, b.elapsed(), 4*time.Hour)
	require.False(t, b.hasCard(m))
}

func TestACardThatIsFoundAfterAnHourIsKept(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	b.silent(kept)
	got := b.lives(m, false)
	require.Equal(t, customer.MethodActive, got.Status)
	require.Equal(t, "gw_card", got.GatewayReference)
	made := b.gateway.made()
	require.Equal(t, "find "+m.ID+"-store", made[len(made)-1])
	require.Less(t, b.elapsed(), 3*time.Hour)
	require.False(t, b.hasCard(m))
}

// The last request to keep a card may still be on its way.
func TestAnAbsenceCountsWhenNothingIsOnItsWay(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	b.SetStartTime(m.CreatedAt.Add(time.Hour + time.Minute))
	b.gateway.answers[finding] = []payment.Outcome{absent, kept}
	require.Equal(t, customer.MethodActive, b.lives(m, false).Status)
	require.Len(t, b.gateway.made(), 2)
}

// A method whose gateway tells nothing for days is shown to operators; asked again it
// may still tell.
func TestAMethodThatWaitsForDaysNeedsAnOperator(t *testing.T) {
	for name, forget := range map[string]bool{"to be kept": false, "to be forgotten": true} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			m := b.pending()
			ctx, scope := context.Background(), b.scope
			if forget {
				require.NoError(t, b.db.Customers().RecordMethod(ctx, customer.Stored{MethodID: m.ID, GatewayCustomer: "gw_cus", GatewayReference: "gw_card", At: b.Now()}))
				require.NoError(t, b.db.Customers().DetachMethod(ctx, scope, m.ID, m.CreatedAt))
			}
			var never []payment.Outcome
			for range 300 {
				never = append(never, unknown)
			}
			b.silent(never...)
			b.gateway.answers[detaching] = never
			got := b.lives(m, forget)
			require.NotEmpty(t, got.Attention)
			require.InDelta(t, 24, got.DueAt.Sub(envClock{b.TestWorkflowEnvironment}.Now()).Hours(), 1)
			require.InDelta(t, 7*24, b.elapsed().Hours(), 2)
			in, err := b.db.Customers().MethodsInNeed(ctx, "", 10)
			require.NoError(t, err)
			require.Len(t, in, 1)

			step, told := b.steps.StoreMethod, kept
			if forget {
				step, told = b.steps.ForgetMethod, success
			}
			b.gateway.answers[finding], b.gateway.answers[detaching] = []payment.Outcome{told}, []payment.Outcome{told}
			inActivity, err := interleave.ActivityContext()
			require.NoError(t, err)
			progress, err := step(inActivity, activities.MethodRef{MethodID: m.ID})
			require.NoError(t, err)
			require.True(t, progress.Done)
			require.Empty(t, b.method(m.ID).Attention)
		})
	}
}

// A customer who is gone at the gateway is forgotten at the hub: the next card is
// saved for a new one.
func TestACustomerWhoIsGoneIsForgotten(t *testing.T) {
	ctx := context.Background()
	gone := refusal
	gone.CustomerGone = true
	knows := func(b *bed, customerID string) string {
		reference, err := b.db.Customers().Reference(ctx, customerID, "stripe")
		require.NoError(b.t, err)
		return reference
	}
	t.Run("by API", func(t *testing.T) {
		b := newBed(t)
		m := b.pending()
		require.NoError(t, b.db.Customers().RecordMethod(ctx, customer.Stored{MethodID: m.ID, GatewayCustomer: "gw_gone", GatewayReference: "gw_1", At: b.Now()}))
		next := b.pendingOf(m.CustomerID, "gw_gone")
		b.gateway.answers[storing] = []payment.Outcome{gone}
		require.Equal(t, customer.MethodDeclined, b.lives(next, false).Status)
		require.Equal(t, []string{"gw_gone"}, b.gateway.owners)
		require.Empty(t, knows(b, m.CustomerID))
	})
	t.Run("by a payment", func(t *testing.T) {
		b := newBed(t)
		p, conf := b.saving()
		m := b.pendingOf(p.CustomerID, "")
		require.NoError(t, b.db.Customers().RecordMethod(ctx, customer.Stored{MethodID: m.ID, GatewayCustomer: "gw_gone", GatewayReference: "gw_1", At: b.Now()}))
		b.gateway.answers[payment.Sale] = []payment.Outcome{gone}
		b.run(p, conf)
		b.ended(p, payment.Expired)
		require.Empty(t, knows(b, p.CustomerID))
	})
}

func TestADetachedCardIsForgottenInTheEnd(t *testing.T) {
	b := newBed(t)
	m := b.pending()
	ctx := context.Background()
	require.NoError(t, b.db.Customers().RecordMethod(ctx, customer.Stored{MethodID: m.ID, GatewayCustomer: "gw_cus", GatewayReference: "gw_card", At: b.Now()}))
	require.NoError(t, b.db.Customers().DetachMethod(ctx, b.scope, m.ID, b.Now()))
	b.gateway.answers[detaching] = []payment.Outcome{unknown, refusal, success}
	got := b.lives(m, true)
	require.False(t, got.ForgottenAt.IsZero())
	require.Equal(t, []string{"detach " + m.ID + "-detach", "detach " + m.ID + "-detach", "detach " + m.ID + "-detach"}, b.gateway.made())
}

// saving makes the payment one of a customer who agreed to have the card kept.
func (b *bed) saving() (payment.Intent, *payment.Confirmation) {
	b.t.Helper()
	p := b.openFor(b.customer().ID)
	conf := b.confirmation()
	conf.Save = true
	return p, conf
}

func (b *bed) openFor(customerID string) payment.Intent {
	b.t.Helper()
	change, err := payment.Open(payment.New{
		ID: id.New(id.Payment), Scope: b.scope, Amount: 1000, Currency: "USD", CaptureMethod: payment.CaptureAutomatic,
		Routing: "auto", Gateway: "stripe", CustomerID: customerID,
	}, envClock{b.TestWorkflowEnvironment}.Now())
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.Payments().Insert(context.Background(), change))
	return change.Intent
}

// A payment saves its card however its outcome was learned.
func TestAPaymentSavesItsCardOnce(t *testing.T) {
	for name, prepare := range map[string]func(b *bed){
		"at once": func(b *bed) { b.gateway.answers[payment.Sale] = []payment.Outcome{kept} },
		"by a look-up": func(b *bed) {
			b.gateway.answers[payment.Sale], b.gateway.lookUps = []payment.Outcome{unknown}, []payment.Outcome{kept}
		},
		"sent again": func(b *bed) {
			b.gateway.answers[payment.Sale], b.gateway.lookUps = []payment.Outcome{unknown, kept}, []payment.Outcome{absent}
		},
		"after 3-D Secure": func(b *bed) {
			b.gateway.answers[payment.Sale], b.gateway.lookUps = []payment.Outcome{waits}, []payment.Outcome{kept}
		},
		"the database away": func(b *bed) { b.gateway.answers[payment.Sale], b.flaky.fails = []payment.Outcome{kept, kept, kept}, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			prepare(b)
			p, conf := b.saving()
			b.run(p, conf)
			b.ended(p, payment.Succeeded)
			rows, _, err := b.db.Customers().Methods(context.Background(), b.scope, customer.MethodFilter{CustomerID: p.CustomerID, Page: customer.Page{Limit: 10}})
			require.NoError(t, err)
			require.Len(t, rows, 1)
			require.Equal(t, []string{p.ID, "gw_card", "ntx"}, []string{rows[0].PaymentID, rows[0].GatewayReference, rows[0].NetworkTransactionID})
			c, err := b.db.Customers().Customer(context.Background(), b.scope, p.CustomerID)
			require.NoError(t, err)
			require.Equal(t, rows[0].ID, c.DefaultPaymentMethod)
			reference, err := b.db.Customers().Reference(context.Background(), p.CustomerID, "stripe")
			require.NoError(t, err)
			require.Equal(t, "gw_cus", reference)
		})
	}
}

// paysWithSaved is a confirmation with a card that the gateway keeps.
func (b *bed) paysWithSaved() (payment.Intent, *payment.Confirmation) {
	b.t.Helper()
	m := b.pending()
	require.NoError(b.t, b.db.Customers().RecordMethod(context.Background(), customer.Stored{MethodID: m.ID, GatewayCustomer: "gw_cus", GatewayReference: "gw_card", At: b.Now()}))
	return b.openFor(m.CustomerID), &payment.Confirmation{OperationID: id.NewSuffix(), Card: m.Card, SavedMethod: m.ID, MerchantInitiated: true}
}

func TestASavedMethodPaysWithoutTheShopper(t *testing.T) {
	b := newBed(t)
	p, conf := b.paysWithSaved()
	b.run(p, conf)
	b.ended(p, payment.Succeeded)
	require.Equal(t, "gw_card", b.gateway.stored[0].MethodReference)
}

// Nobody is there to act: it is a decline, and the next attempt may be made.
func TestWhatNeedsTheShopperDeclinesWithoutThem(t *testing.T) {
	b := newBed(t)
	p, conf := b.paysWithSaved()
	b.gateway.answers[payment.Sale] = []payment.Outcome{waits}
	b.run(p, conf)
	got := b.ended(p, payment.Expired)
	attempts, err := b.db.Payments().Attempts(context.Background(), b.scope, p.ID)
	require.NoError(t, err)
	require.Equal(t, payment.AttemptDeclined, attempts[0].Status)
	require.Equal(t, payment.DeclineAuthenticationNeeded, attempts[0].Decline.Code)
	require.Empty(t, got.RedirectURL)
}

func TestAMethodDetachedBeforeItIsChargedDeclines(t *testing.T) {
	b := newBed(t)
	p, conf := b.paysWithSaved()
	require.NoError(t, b.db.Customers().DetachMethod(context.Background(), b.scope, conf.SavedMethod, b.Now()))
	b.run(p, conf)
	got := b.ended(p, payment.Expired)
	require.Empty(t, b.gateway.made(), "no gateway hears of it")
	require.Equal(t, payment.DeclineMethodDetached, got.LastError.Code)
}

// What was detached long before the call was written down was never sent, however
// often the step is repeated; what was detached about then may have been.
func TestAMethodDetachedBeforeIsNeverSent(t *testing.T) {
	for _, c := range []struct {
		before time.Duration
		sent   bool
	}{{time.Hour, false}, {2 * time.Minute, false}, {time.Second, true}, {-time.Second, true}} {
		b := newBed(t)
		p, conf := b.paysWithSaved()
		ctx := context.Background()
		a, err := b.db.Payments().Load(ctx, p.ID)
		require.NoError(t, err)
		change, err := a.Intent.BeginAttempt(*conf, toStripe, risk.Assessment{Action: risk.Allow}, p.CreatedAt)
		require.NoError(t, err)
		require.NoError(t, b.db.Payments().Apply(ctx, change))
		require.NoError(t, b.db.Customers().DetachMethod(ctx, b.scope, conf.SavedMethod, p.CreatedAt.Add(-c.before)))
		inActivity, err := interleave.ActivityContext()
		require.NoError(t, err)
		_, err = b.steps.Attempt(inActivity, activities.Attempt{PaymentID: p.ID, Confirmation: *conf})
		require.NoError(t, err)
		attempts, err := b.db.Payments().Attempts(ctx, b.scope, p.ID)
		require.NoError(t, err)
		if c.sent {
			require.NotEmpty(t, b.gateway.made(), c.before)
			continue
		}
		require.Empty(t, b.gateway.made(), c.before)
		require.Equal(t, payment.DeclineMethodDetached, attempts[0].Decline.Code)
	}
}

package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// NewCustomer stores a customer.
func (w *World) NewCustomer(t testing.TB) customer.Customer {
	c := customer.Customer{
		ID: id.New(id.Customer), Scope: w.Scope, Email: "zoë@example.com", Name: "Zoë Ærø", Description: "first",
		Metadata: map[string]string{"tier": "gold"}, CreatedAt: w.now(),
	}
	c.UpdatedAt = c.CreatedAt
	require.NoError(t, w.Store.Customers().InsertCustomer(ctx, c))
	return c
}

// OpenMethod stores a pending payment method of a customer, with its card.
func (w *World) OpenMethod(t testing.TB, c customer.Customer) customer.PaymentMethod {
	sealed := w.card(id.New(id.VaultCard))
	m := customer.PaymentMethod{
		ID: id.New(id.PaymentMethod), Scope: c.Scope, CustomerID: c.ID, Status: customer.MethodPending, Gateway: "stripe",
		CardToken: sealed.Token, Card: sealed.Summary(), ConsentedAt: w.now(), CreatedAt: w.now(),
	}
	m.DueAt = m.CreatedAt.Add(customer.Unattended)
	require.NoError(t, w.Store.Customers().OpenMethod(ctx, m, sealed))
	return m
}

// StoredMethod stores an active payment method of a customer.
func (w *World) StoredMethod(t testing.TB, c customer.Customer) customer.PaymentMethod {
	m := w.OpenMethod(t, c)
	require.NoError(t, w.Store.Customers().RecordMethod(ctx, customer.Stored{
		MethodID: m.ID, GatewayCustomer: "cus_remote", GatewayReference: "pm_" + m.ID, NetworkTransactionID: "ntx_1", At: w.now(),
	}))
	return w.method(t, m.ID)
}

func (w *World) method(t testing.TB, methodID string) customer.PaymentMethod {
	m, err := w.Store.Customers().LoadMethod(ctx, methodID)
	require.NoError(t, err)
	return m
}

func (w *World) customer(t testing.TB, customerID string) customer.Customer {
	c, err := w.Store.Customers().Customer(ctx, w.Scope, customerID)
	require.NoError(t, err)
	return c
}

func customerReadsBack(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	again := c
	again.Name = "another"
	require.NoError(t, customers.InsertCustomer(ctx, again), "the same id again")
	require.Equal(t, c, w.customer(t, c.ID))

	name, metadata := "", map[string]string{}
	c.UpdatedAt = w.now()
	require.NoError(t, customers.UpdateCustomer(ctx, w.Scope, c.ID, customer.Changes{Name: &name, Metadata: &metadata}, c.UpdatedAt))
	c.Name, c.Metadata = "", map[string]string{}
	require.Equal(t, c, w.customer(t, c.ID), "what is not named stays")

	bare := customer.Customer{ID: id.NewAfter(id.Customer, c.ID), Scope: w.Scope, CreatedAt: w.now(), UpdatedAt: w.now()}
	require.NoError(t, customers.InsertCustomer(ctx, bare))
	require.Equal(t, bare, w.customer(t, bare.ID))

	stranger := w.NewMerchant(t)
	_, err := customers.Customer(ctx, stranger, c.ID)
	require.True(t, fault.Is(err, fault.NotFound))
	require.True(t, fault.Is(customers.UpdateCustomer(ctx, stranger, c.ID, customer.Changes{Name: &name}, w.now()), fault.NotFound))
	for _, f := range []customer.Filter{{}, {Email: "zoë@example.com"}} {
		f.Page.Limit = 10
		rows, more, err := customers.Customers(ctx, w.Scope, f)
		require.NoError(t, err)
		require.False(t, more)
		require.Contains(t, rows, c)
		require.Equal(t, f.Email == "", len(rows) == 2)
		rows, _, err = customers.Customers(ctx, stranger, f)
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	rows, more, err := customers.Customers(ctx, w.Scope, customer.Filter{Page: customer.Page{Limit: 1}})
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, []customer.Customer{bare}, rows, "newest first")
}

func methodIsKept(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	m := w.OpenMethod(t, c)
	require.Equal(t, m, w.method(t, m.ID))
	require.NoError(t, customers.OpenMethod(ctx, m, w.card(m.CardToken)), "the same id again")
	require.Empty(t, w.customer(t, c.ID).DefaultPaymentMethod)
	kept, err := w.Store.Vault().Card(ctx, m.CardToken)
	require.NoError(t, err)
	require.NotNil(t, kept.Sealed)
	require.True(t, fault.Is(customers.SetDefault(ctx, w.Scope, c.ID, m.ID, w.now()), fault.NotFound), "it is not kept yet")

	stored := customer.Stored{MethodID: m.ID, GatewayCustomer: "cus_remote", GatewayReference: "pm_remote", NetworkTransactionID: "ntx_1", At: w.now()}
	for range 2 { // the second changes nothing
		require.NoError(t, customers.RecordMethod(ctx, stored))
		stored.GatewayReference = "pm_other"
	}
	m.DueAt = time.Time{}
	m.Status, m.GatewayCustomer, m.GatewayReference, m.NetworkTransactionID = customer.MethodActive, "cus_remote", "pm_remote", "ntx_1"
	require.Equal(t, m, w.method(t, m.ID))
	require.Equal(t, m.ID, w.customer(t, c.ID).DefaultPaymentMethod, "the first becomes the default")
	kept, err = w.Store.Vault().Card(ctx, m.CardToken)
	require.NoError(t, err)
	require.Nil(t, kept.Sealed, "the gateway has answered")
	reference, err := customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.Equal(t, "cus_remote", reference)
	reference, err = customers.Reference(ctx, c.ID, "adyen")
	require.NoError(t, err)
	require.Empty(t, reference)

	second := w.StoredMethod(t, c)
	require.Equal(t, m.ID, w.customer(t, c.ID).DefaultPaymentMethod, "and stays it")
	require.NoError(t, customers.SetDefault(ctx, w.Scope, c.ID, second.ID, w.now()))
	require.Equal(t, second.ID, w.customer(t, c.ID).DefaultPaymentMethod)
	other := w.NewCustomer(t)
	require.True(t, fault.Is(customers.SetDefault(ctx, w.Scope, other.ID, second.ID, w.now()), fault.NotFound), "another's method")
	require.True(t, fault.Is(customers.SetDefault(ctx, w.NewMerchant(t), c.ID, m.ID, w.now()), fault.NotFound), "another merchant")
}

func methodIsRefused(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	m := w.OpenMethod(t, c)
	refusal := customer.Refusal{Code: "do_not_honor", Advice: "use_another_payment_method", Message: "No."}
	require.NoError(t, customers.RecordMethod(ctx, customer.Stored{MethodID: m.ID, GatewayCustomer: "cus_remote", Refusal: &refusal, At: w.now()}))
	m.Status, m.GatewayCustomer, m.Refusal, m.DueAt = customer.MethodDeclined, "cus_remote", &refusal, time.Time{}
	require.Equal(t, m, w.method(t, m.ID))
	require.Empty(t, w.customer(t, c.ID).DefaultPaymentMethod)
	kept, err := w.Store.Vault().Card(ctx, m.CardToken)
	require.NoError(t, err)
	require.Nil(t, kept.Sealed)
	reference, err := customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.Equal(t, "cus_remote", reference, "the gateway knows the customer by now")
	require.NoError(t, customers.DetachMethod(ctx, w.Scope, m.ID, w.now()))
	require.Equal(t, m, w.method(t, m.ID), "there is nothing to detach")
}

func methodIsDetached(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	m, other := w.StoredMethod(t, c), w.StoredMethod(t, c)
	require.NoError(t, customers.DetachMethod(ctx, w.NewMerchant(t), m.ID, w.now()))
	require.Equal(t, m, w.method(t, m.ID), "not by another merchant")
	require.NoError(t, customers.ForgetMethod(ctx, m.ID, w.now()))
	require.Equal(t, m, w.method(t, m.ID), "not before it is detached")

	m.Status, m.DetachedAt = customer.MethodDetached, w.now()
	m.DueAt = m.DetachedAt.Add(customer.Unattended)
	require.NoError(t, customers.DetachMethod(ctx, w.Scope, m.ID, m.DetachedAt))
	require.NoError(t, customers.DetachMethod(ctx, w.Scope, m.ID, w.now()), "again")
	require.Equal(t, m, w.method(t, m.ID))
	require.Empty(t, w.customer(t, c.ID).DefaultPaymentMethod)
	m.ForgottenAt, m.DueAt = w.now(), time.Time{}
	require.NoError(t, customers.ForgetMethod(ctx, m.ID, m.ForgottenAt))
	require.NoError(t, customers.ForgetMethod(ctx, m.ID, w.now()), "again")
	require.Equal(t, m, w.method(t, m.ID))

	for _, f := range []customer.MethodFilter{{}, {CustomerID: c.ID}} {
		f.Page.Limit = 10
		rows, more, err := customers.Methods(ctx, w.Scope, f)
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, []customer.PaymentMethod{other}, rows, "the active ones")
	}
	rows, _, err := customers.Methods(ctx, w.Scope, customer.MethodFilter{CustomerID: w.NewCustomer(t).ID, Page: customer.Page{Limit: 10}})
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = customers.Method(ctx, w.NewMerchant(t), other.ID)
	require.True(t, fault.Is(err, fault.NotFound))
}

func methodSavedByPayment(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	n := w.Wanted()
	n.CustomerID = c.ID
	begun := w.Begun(t, w.Insert(t, n))
	begun.Attempt.Save, begun.Attempt.MerchantInitiated, begun.Attempt.SavedMethod = true, true, "pm_1"
	a := w.Apply(t, begun)
	require.Equal(t, begun.Attempt, a.Attempt, "what was asked for is kept")

	change, err := a.Record(payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: a.Transaction.Amount, GatewayReference: "pi_remote", TransactionReference: "ch_remote",
		Kept: &payment.Kept{CustomerReference: "cus_remote", MethodReference: "pm_remote", NetworkTransactionID: "ntx_1"},
	}, w.now())
	require.NoError(t, err)
	saved := *change.PaymentMethod
	first := saved.ID
	stale := change
	stale.FromVersion--
	require.ErrorIs(t, w.Payments.Apply(ctx, stale), payment.ErrStale)
	_, err = customers.LoadMethod(ctx, saved.ID)
	require.True(t, fault.Is(err, fault.NotFound), "nothing of a change that is refused")

	w.Apply(t, change)
	require.Equal(t, saved, w.method(t, saved.ID))
	require.Equal(t, begun.Attempt.Card, saved.Card)
	require.Equal(t, saved.ID, w.customer(t, c.ID).DefaultPaymentMethod)
	reference, err := customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.Equal(t, "cus_remote", reference)

	// The same token again is the same method.
	n.ID = id.New(id.Payment)
	again := w.Begun(t, w.Insert(t, n))
	again.PaymentMethod = &saved
	again.PaymentMethod.ID = id.New(id.PaymentMethod)
	w.Apply(t, again)
	_, err = customers.LoadMethod(ctx, again.PaymentMethod.ID)
	require.True(t, fault.Is(err, fault.NotFound))
	require.Equal(t, first, w.customer(t, c.ID).DefaultPaymentMethod)
}

// methodIsLookedAfter: what waits for its gateway is found until it does not, or until
// an operator must look.
func methodIsLookedAfter(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	due := func(at time.Time) (ids []string) {
		t.Helper()
		rows, err := customers.OverdueMethods(ctx, at, 10)
		require.NoError(t, err)
		for _, m := range rows {
			ids = append(ids, m.ID)
		}
		return ids
	}
	inNeed := func() (found []customer.PaymentMethod) {
		t.Helper()
		found, err := customers.MethodsInNeed(ctx, "", 10)
		require.NoError(t, err)
		return found
	}
	pending, active, detached := w.OpenMethod(t, c), w.StoredMethod(t, c), w.StoredMethod(t, c)
	w.Clock.Advance(time.Second)
	require.NoError(t, customers.DetachMethod(ctx, w.Scope, detached.ID, w.now()))
	require.Empty(t, due(w.now()), "they are under way")
	later := w.now().Add(customer.Unattended)
	require.Equal(t, []string{pending.ID, detached.ID}, due(later))

	require.NoError(t, customers.PostponeMethod(ctx, pending.ID, later.Add(time.Hour)))
	require.NoError(t, customers.PostponeMethod(ctx, pending.ID, later), "it is due later")
	require.NoError(t, customers.PostponeMethod(ctx, active.ID, later), "it is not due")
	require.Equal(t, []string{detached.ID}, due(later))

	for _, m := range []customer.PaymentMethod{pending, active, detached} {
		require.NoError(t, customers.RaiseMethod(ctx, m.ID, "look", later.Add(24*time.Hour)))
	}
	require.Empty(t, due(later.Add(23*time.Hour)))
	require.Equal(t, []string{pending.ID, detached.ID}, due(later.Add(24*time.Hour)))
	found := inNeed()
	require.Len(t, found, 2)
	require.Equal(t, []string{pending.ID, detached.ID}, []string{found[0].ID, found[1].ID})
	require.Equal(t, "look", found[0].Attention)
	require.NoError(t, customers.RecordMethod(ctx, customer.Stored{MethodID: pending.ID, GatewayReference: "pm_late", At: w.now()}))
	require.NoError(t, customers.ForgetMethod(ctx, detached.ID, w.now()))
	require.Empty(t, inNeed(), "the gateway has told")
	require.Empty(t, due(later.Add(24*time.Hour)))
}

func referenceIsForgotten(t *testing.T, w *World) {
	customers := w.Store.Customers()
	c := w.NewCustomer(t)
	w.StoredMethod(t, c)
	gone := customer.Reference{CustomerID: c.ID, Gateway: "stripe", Reference: "cus_older"}
	require.NoError(t, customers.ForgetReference(ctx, gone))
	reference, err := customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.Equal(t, "cus_remote", reference, "a newer one stays")
	gone.Reference = "cus_remote"
	for range 2 {
		require.NoError(t, customers.ForgetReference(ctx, gone))
	}
	reference, err = customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.Empty(t, reference)
	w.StoredMethod(t, c)
	reference, err = customers.Reference(ctx, c.ID, "stripe")
	require.NoError(t, err)
	require.Equal(t, "cus_remote", reference, "the next card makes it known again")
}

// noDetachedDefault: however they interleave, nobody's default is a detached method.
func noDetachedDefault(t *testing.T, w *World) {
	customers := w.Store.Customers()
	for range 20 {
		c := w.NewCustomer(t)
		w.StoredMethod(t, c)
		m := w.StoredMethod(t, c)
		for i, err := range together(8, func(i int) error {
			if i == 0 {
				return customers.DetachMethod(ctx, w.Scope, m.ID, w.now())
			}
			return customers.SetDefault(ctx, w.Scope, c.ID, m.ID, w.now())
		}) {
			require.True(t, err == nil || i > 0 && fault.Is(err, fault.NotFound), "%d: %v", i, err)
		}
		require.Equal(t, customer.MethodDetached, w.method(t, m.ID).Status)
		require.NotEqual(t, m.ID, w.customer(t, c.ID).DefaultPaymentMethod)
	}
}

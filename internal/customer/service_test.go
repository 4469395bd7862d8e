package customer_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
	"paymenthub/internal/vault"
)

// engine does at once what a workflow would; a nil step leaves the method as it is.
type engine struct {
	repo   customer.Repository
	store  func(m customer.PaymentMethod) error
	forget func(m customer.PaymentMethod) error
	asked  int
}

func (e *engine) StoreMethod(_ context.Context, m customer.PaymentMethod) error {
	e.asked++
	return e.store(m)
}

func (e *engine) ForgetMethod(_ context.Context, m customer.PaymentMethod) error {
	e.asked++
	return e.forget(m)
}

func (*engine) ReviveMethod(context.Context, customer.PaymentMethod) error {
	panic("nobody but a sweep revives a method")
}

// keeps answers that the gateway keeps the card.
func (e *engine) keeps(m customer.PaymentMethod) error {
	return e.repo.RecordMethod(context.Background(), customer.Stored{MethodID: m.ID, GatewayCustomer: "gw_cus", GatewayReference: "gw_" + m.ID, At: time.Now()})
}

type keeper struct{ err error }

func (k keeper) Keeper(context.Context, merchant.Scope) (string, error) { return "stripe", k.err }

// desk is a service over a database.
type desk struct {
	*customer.Service
	engine *engine
	repo   store.Customers
	vault  *vault.Vault
	scope  merchant.Scope
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db"), Logger: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	d := &desk{repo: db.Customers(), scope: merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}}
	require.NoError(t, db.Merchants().CreateMerchant(t.Context(), merchant.Merchant{ID: d.scope.MerchantID, Name: "Test", CreatedAt: time.Now()}))
	d.vault, err = vault.New(db.Vault(), vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, clock.System{})
	require.NoError(t, err)
	d.engine = &engine{repo: d.repo}
	d.engine.store = d.engine.keeps
	d.engine.forget = func(m customer.PaymentMethod) error {
		return d.repo.ForgetMethod(context.Background(), m.ID, time.Now())
	}
	d.Service = customer.NewService(d.repo, d.engine, keeper{}, d.vault, clock.System{}, customer.Options{Wait: 50 * time.Millisecond})
	return d
}

func (d *desk) customer(t *testing.T) customer.Customer {
	t.Helper()
	c, err := d.Create(t.Context(), customer.Customer{ID: id.New(id.Customer), Scope: d.scope, Email: "ada@example.com"})
	require.NoError(t, err)
	return c
}

func (d *desk) method(c customer.Customer) customer.NewMethod {
	return customer.NewMethod{
		OperationID: id.NewSuffix(), Scope: d.scope, CustomerID: c.ID,
		Card: vault.Card{Number: "4242424242424242", CVC: "123", ExpMonth: 12, ExpYear: 2040},
	}
}

func TestACustomerIsMadeOnce(t *testing.T) {
	d := newDesk(t)
	c := d.customer(t)
	again := c
	again.Email = "eve@example.com"
	made, err := d.Create(t.Context(), again)
	require.NoError(t, err)
	require.Equal(t, c, made)
	name := "Ada"
	changed, err := d.Update(t.Context(), d.scope, c.ID, customer.Changes{Name: &name})
	require.NoError(t, err)
	require.Equal(t, []string{"Ada", "ada@example.com"}, []string{changed.Name, changed.Email})
}

func TestAMethodIsAddedOnce(t *testing.T) {
	d := newDesk(t)
	n := d.method(d.customer(t))
	n.NetworkTransactionID = "ntx_elsewhere"
	first, err := d.AddMethod(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, "ntx_elsewhere", first.NetworkTransactionID, "the gateway had none of its own to tell")
	require.Equal(t, "4242", first.Card.Last4)
	again, err := d.AddMethod(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, 1, d.engine.asked)
}

func TestARequestThatNobodyAnsweredGoesOn(t *testing.T) {
	d := newDesk(t)
	n := d.method(d.customer(t))
	for what, away := range map[string]error{
		"the gateway is slow": context.DeadlineExceeded,
		"the engine is away":  fault.New(fault.Unavailable, "away"),
	} {
		d.engine.store = func(customer.PaymentMethod) error { return away }
		_, err := d.AddMethod(t.Context(), n)
		require.True(t, fault.Is(err, fault.Unavailable), "%s: %v", what, err)
		_, err = d.GetMethod(t.Context(), d.scope, id.Join(id.PaymentMethod, n.OperationID))
		require.True(t, fault.Is(err, fault.NotFound), "it is not kept yet")
	}
	d.engine.store = d.engine.keeps
	m, err := d.AddMethod(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, customer.MethodActive, m.Status)
}

// Each try to keep a card names the customer whom the gateway knew when it was asked
// for, and a request whose engine was away is found by the sweep.
func TestAPendingMethodSaysWhoseItIsAndWhenItIsDue(t *testing.T) {
	d := newDesk(t)
	c := d.customer(t)
	first, err := d.AddMethod(t.Context(), d.method(c))
	require.NoError(t, err)
	require.Zero(t, first.DueAt)
	d.engine.store = func(customer.PaymentMethod) error { return fault.New(fault.Unavailable, "away") }
	n := d.method(c)
	_, err = d.AddMethod(t.Context(), n)
	require.True(t, fault.Is(err, fault.Unavailable))
	pending, err := d.repo.LoadMethod(t.Context(), id.Join(id.PaymentMethod, n.OperationID))
	require.NoError(t, err)
	require.Equal(t, "gw_cus", pending.GatewayCustomer)
	overdue, err := d.repo.OverdueMethods(t.Context(), pending.CreatedAt.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Equal(t, []customer.PaymentMethod{pending}, overdue)

	d.engine.forget = func(customer.PaymentMethod) error { return fault.New(fault.Unavailable, "away") }
	_, err = d.Detach(t.Context(), d.scope, first.ID)
	require.True(t, fault.Is(err, fault.Unavailable))
	overdue, err = d.repo.OverdueMethods(t.Context(), time.Now().Add(time.Minute), 10)
	require.NoError(t, err)
	require.Len(t, overdue, 2)
}

func TestARefusalIsToldEachTime(t *testing.T) {
	d := newDesk(t)
	d.engine.store = func(m customer.PaymentMethod) error {
		return d.repo.RecordMethod(t.Context(), customer.Stored{MethodID: m.ID, Refusal: &customer.Refusal{Code: "do_not_honor"}, At: time.Now()})
	}
	n := d.method(d.customer(t))
	for range 2 {
		_, err := d.AddMethod(t.Context(), n)
		var declined *customer.DeclinedError
		require.ErrorAs(t, err, &declined)
		require.Equal(t, "do_not_honor", declined.Refusal.Code)
	}
	require.Equal(t, 1, d.engine.asked)
}

func TestNobodyElseHasTheCustomer(t *testing.T) {
	d := newDesk(t)
	c := d.customer(t)
	n := d.method(c)
	n.Scope.Environment = merchant.Live
	_, err := d.AddMethod(t.Context(), n)
	require.True(t, fault.Is(err, fault.NotFound))
	require.Equal(t, "customer_id", fault.From(err).Param)
	m, err := d.AddMethod(t.Context(), d.method(c))
	require.NoError(t, err)
	for _, use := range []func(context.Context, merchant.Scope, string) (customer.PaymentMethod, error){d.GetMethod, d.SetDefault, d.Detach} {
		_, err := use(t.Context(), n.Scope, m.ID)
		require.True(t, fault.Is(err, fault.NotFound))
	}
}

func TestADetachedMethodIsGoneWhoeverHears(t *testing.T) {
	d := newDesk(t)
	c := d.customer(t)
	m, err := d.AddMethod(t.Context(), d.method(c))
	require.NoError(t, err)
	forget := d.engine.forget
	d.engine.forget = func(customer.PaymentMethod) error { return fault.New(fault.Unavailable, "away") }
	_, err = d.Detach(t.Context(), d.scope, m.ID)
	require.True(t, fault.Is(err, fault.Unavailable))
	_, err = d.SetDefault(t.Context(), d.scope, m.ID)
	require.True(t, fault.Is(err, fault.InvalidState), "it is detached at the hub: %v", err)
	rows, _, err := d.ListMethods(t.Context(), d.scope, customer.MethodFilter{CustomerID: c.ID})
	require.NoError(t, err)
	require.Empty(t, rows)

	d.engine.forget = forget
	for range 2 {
		got, err := d.Detach(t.Context(), d.scope, m.ID)
		require.NoError(t, err)
		require.False(t, got.ForgottenAt.IsZero())
	}
	require.Equal(t, 3, d.engine.asked, "the gateway has forgotten it")
	next, err := d.AddMethod(t.Context(), d.method(c))
	require.NoError(t, err)
	now, err := d.Get(t.Context(), d.scope, c.ID)
	require.NoError(t, err)
	require.Equal(t, next.ID, now.DefaultPaymentMethod, "the next one becomes the default")
}

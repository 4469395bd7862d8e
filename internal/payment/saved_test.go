package payment_test

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cards "paymenthub/internal/card"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/vault"
)

// shelf is what a test has of customers and their methods.
type shelf struct {
	customers map[string]bool
	methods   map[string]customer.PaymentMethod
}

func (s shelf) Customer(_ context.Context, _ merchant.Scope, customerID string) (customer.Customer, error) {
	if s.customers[customerID] {
		return customer.Customer{ID: customerID}, nil
	}
	return customer.Customer{}, fault.New(fault.NotFound, "none")
}

func (s shelf) Method(_ context.Context, _ merchant.Scope, methodID string) (customer.PaymentMethod, error) {
	if m, ok := s.methods[methodID]; ok {
		return m, nil
	}
	return customer.PaymentMethod{}, fault.New(fault.NotFound, "none")
}

// till keeps what a service stores, and is the engine that is asked to confirm.
type till struct {
	payment.Repository
	payment.Orchestrator
	payment.Router
	stored    payment.Change
	routed    payment.RouteRequest
	presented *vault.Record
	seen      risk.Sighting
	confirmed *payment.Confirmation
}

func (k *till) Insert(_ context.Context, c payment.Change) error {
	k.stored = c
	return nil
}

func (k *till) Payment(context.Context, merchant.Scope, string) (payment.Intent, error) {
	if k.stored.Intent.ID == "" {
		return payment.Intent{}, fault.New(fault.NotFound, "none")
	}
	p := k.stored.Intent
	if k.confirmed != nil {
		p.Status = payment.Succeeded
	}
	return p, nil
}

func (k *till) Present(_ context.Context, sealed *vault.Record, seen risk.Sighting) error {
	k.presented, k.seen = sealed, seen
	return nil
}

func (k *till) StartPayment(_ context.Context, _ payment.Snapshot, first *payment.Confirmation) error {
	k.confirmed = first
	return nil
}

func (k *till) Confirm(_ context.Context, _ string, c payment.Confirmation) error {
	k.confirmed = &c
	return nil
}

func (k *till) Route(_ context.Context, r payment.RouteRequest) (routing.Decision, error) {
	k.routed = r
	chosen := cmp.Or(r.KeptBy, r.Intent.Routing)
	if chosen == payment.RoutingAuto {
		chosen = "stripe"
	}
	return routing.Decision{Choices: []routing.Choice{{Gateway: chosen}}}, nil
}

const (
	known  = "cus_01HZY3N1C2D3E4F5G6H7J8K9M0"
	keptAt = "adyen"
)

var keptCard = customer.PaymentMethod{
	ID: "pm_01HZY3P1C2D3E4F5G6H7J8K9M0", CustomerID: known, Status: customer.MethodActive, Gateway: keptAt,
	Card: cards.Summary{Brand: "visa", BIN: "42424242", Last4: "4242", Fingerprint: "f00d"},
}

func newTill(t *testing.T) (*till, *payment.Service, shelf) {
	t.Helper()
	v, err := vault.New(nil, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, clock.System{})
	require.NoError(t, err)
	detached, pending, others := keptCard, keptCard, keptCard
	detached.Status, pending.Status, others.CustomerID = customer.MethodDetached, customer.MethodPending, id.New(id.Customer)
	at := shelf{customers: map[string]bool{known: true}, methods: map[string]customer.PaymentMethod{
		keptCard.ID: keptCard, "pm_detached": detached, "pm_pending": pending, "pm_others": others,
	}}
	k := &till{}
	return k, payment.NewService(k, at, k, k, v, payment.NewWatcher(), clock.System{}, payment.Options{Wait: time.Second, Poll: time.Millisecond}), at
}

func wanted() payment.New {
	return payment.New{
		ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, Amount: 500, Currency: "USD",
		CaptureMethod: payment.CaptureAutomatic, Routing: payment.RoutingAuto, CustomerID: known,
	}
}

var typed = vault.Card{Number: "4242424242424242", CVC: "123", ExpMonth: 12, ExpYear: 2040}

func TestASavedMethodPinsItsGatewayAndBringsNoCard(t *testing.T) {
	k, s, _ := newTill(t)
	_, err := s.Create(t.Context(), wanted(), &payment.Method{Type: payment.MethodCard, Saved: keptCard.ID, MerchantInitiated: true})
	require.NoError(t, err)
	require.Equal(t, keptAt, k.stored.Intent.Gateway)
	require.Equal(t, payment.RoutingAuto, k.stored.Intent.Routing, "another card may be taken elsewhere")
	require.Nil(t, k.stored.Card)
	require.Equal(t, []string{"f00d", "42424242"}, []string{k.stored.Sighting.Fingerprint, k.stored.Sighting.BIN})
	require.Equal(t, payment.Confirmation{
		OperationID: id.Suffix(k.stored.Intent.ID), Method: payment.MethodCard, Card: keptCard.Card, SavedMethod: keptCard.ID, MerchantInitiated: true,
	}, *k.confirmed)
}

func TestWhatIsWrongWithASavedMethodIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*payment.New)
		method payment.Method
		param  string
	}{
		"a customer that is not there": {func(n *payment.New) { n.CustomerID = id.New(id.Customer) }, payment.Method{Type: payment.MethodCard, Card: typed}, "customer_id"},
		"a method that is not there":   {nil, payment.Method{Type: payment.MethodCard, Saved: id.New(id.PaymentMethod)}, "payment_method.id"},
		"another customer's":           {nil, payment.Method{Type: payment.MethodCard, Saved: "pm_others"}, "payment_method.id"},
		"a detached one":               {nil, payment.Method{Type: payment.MethodCard, Saved: "pm_detached"}, "payment_method.id"},
		"one that is not kept yet":     {nil, payment.Method{Type: payment.MethodCard, Saved: "pm_pending"}, "payment_method.id"},
		"of nobody's payment":          {func(n *payment.New) { n.CustomerID = "" }, payment.Method{Type: payment.MethodCard, Saved: keptCard.ID}, "payment_method.id"},
		"kept by another gateway":      {func(n *payment.New) { n.Routing = "stripe" }, payment.Method{Type: payment.MethodCard, Saved: keptCard.ID}, "payment_method.id"},
		"to be kept for nobody":        {func(n *payment.New) { n.CustomerID = "" }, payment.Method{Type: payment.MethodCard, Card: typed, Save: true}, "save_payment_method"},
	} {
		t.Run(name, func(t *testing.T) {
			k, s, _ := newTill(t)
			n := wanted()
			if c.change != nil {
				c.change(&n)
			}
			_, err := s.Create(t.Context(), n, &c.method)
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			require.Equal(t, c.param, fault.From(err).Param)
			require.Nil(t, k.confirmed)

			if c.param != "customer_id" {
				k.stored.Intent = payment.Intent{ID: n.ID, Scope: n.Scope, Status: payment.RequiresConfirmation, CustomerID: n.CustomerID, Routing: n.Routing, ExpiresAt: time.Now().Add(time.Hour)}
				_, err = s.Confirm(t.Context(), n.Scope, n.ID, id.NewSuffix(), c.method)
				require.True(t, fault.Is(err, fault.Invalid), "%v", err)
				require.Equal(t, c.param, fault.From(err).Param)
				require.Nil(t, k.confirmed)
			}
		})
	}
}

func TestALaterConfirmationPaysWithASavedMethod(t *testing.T) {
	k, s, _ := newTill(t)
	n := wanted()
	k.stored.Intent = payment.Intent{ID: n.ID, Scope: n.Scope, Status: payment.RequiresConfirmation, CustomerID: known, Routing: payment.RoutingAuto, ExpiresAt: time.Now().Add(time.Hour)}
	operation := id.NewSuffix()
	_, err := s.Confirm(t.Context(), n.Scope, n.ID, operation, payment.Method{Type: payment.MethodCard, Saved: keptCard.ID})
	require.NoError(t, err)
	require.Nil(t, k.presented)
	require.Equal(t, []string{operation, "f00d"}, []string{k.seen.OperationID, k.seen.Fingerprint})
	require.Equal(t, keptCard.ID, k.confirmed.SavedMethod)
	require.Empty(t, k.confirmed.CardToken)
}

func TestACardThatIsToBeKeptIsSealedAsEver(t *testing.T) {
	k, s, _ := newTill(t)
	_, err := s.Create(t.Context(), wanted(), &payment.Method{Type: payment.MethodCard, Card: typed, Save: true})
	require.NoError(t, err)
	require.NotNil(t, k.stored.Card)
	require.Equal(t, k.stored.Card.Token, k.confirmed.CardToken)
	require.True(t, k.confirmed.Save)
}

// A request that is sent again after its method was detached is still answered
// with the payment that its first try made.
func TestADetachedMethodDoesNotHideThePaymentItMade(t *testing.T) {
	k, s, at := newTill(t)
	n := wanted()
	k.stored.Intent = payment.Intent{ID: n.ID, Scope: n.Scope, Status: payment.Succeeded, Attempts: 1, CustomerID: known}
	delete(at.methods, keptCard.ID)
	p, err := s.Create(t.Context(), n, &payment.Method{Type: payment.MethodCard, Saved: keptCard.ID})
	require.NoError(t, err)
	require.Equal(t, payment.Succeeded, p.Status)
}

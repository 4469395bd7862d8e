package customer

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// Options of a Service.
type Options struct {
	// Wait is how long a request waits for a gateway.
	Wait time.Duration
}

// Service is what the façades call.
type Service struct {
	repo         Repository
	orchestrator Orchestrator
	gateways     Gateways
	vault        *vault.Vault
	clock        clock.Clock
	options      Options
}

// NewService wires a service.
func NewService(repo Repository, o Orchestrator, g Gateways, v *vault.Vault, c clock.Clock, options Options) *Service {
	return &Service{repo: repo, orchestrator: o, gateways: g, vault: v, clock: c, options: options}
}

// Create makes a customer. c.ID decides their identity: creating the same id
// again returns the first.
func (s *Service) Create(ctx context.Context, c Customer) (Customer, error) {
	c.CreatedAt = s.clock.Now()
	c.UpdatedAt = c.CreatedAt
	if err := s.repo.InsertCustomer(ctx, c); err != nil {
		return Customer{}, err
	}
	return s.repo.Customer(ctx, c.Scope, c.ID)
}

// Get returns a customer. Errors: fault.NotFound.
func (s *Service) Get(ctx context.Context, scope merchant.Scope, customerID string) (Customer, error) {
	return s.repo.Customer(ctx, scope, customerID)
}

// List lists customers, newest first, and says whether there are more.
func (s *Service) List(ctx context.Context, scope merchant.Scope, f Filter) ([]Customer, bool, error) {
	return s.repo.Customers(ctx, scope, f)
}

// Update changes a customer. Errors: fault.NotFound.
func (s *Service) Update(ctx context.Context, scope merchant.Scope, customerID string, c Changes) (Customer, error) {
	if err := s.repo.UpdateCustomer(ctx, scope, customerID, c, s.clock.Now()); err != nil {
		return Customer{}, err
	}
	return s.repo.Customer(ctx, scope, customerID)
}

// NewMethod is a card that a merchant wants to be kept.
type NewMethod struct {
	OperationID          string // ULID of the request
	Scope                merchant.Scope
	CustomerID           string
	Card                 vault.Card
	NetworkTransactionID string // of the payment with which the shopper agreed, elsewhere; "" for none
}

// AddMethod has a gateway keep a card, and returns when it does. n.OperationID
// decides the method's identity: asking again goes on with the first.
//
// Errors: fault.NotFound naming "customer_id", *DeclinedError, fault.Unavailable
// while nobody knows yet.
func (s *Service) AddMethod(ctx context.Context, n NewMethod) (PaymentMethod, error) {
	methodID := id.Join(id.PaymentMethod, n.OperationID)
	m, err := s.repo.Method(ctx, n.Scope, methodID)
	if fault.Is(err, fault.NotFound) {
		m, err = s.openMethod(ctx, methodID, n)
	}
	if err != nil {
		return PaymentMethod{}, err
	}
	if m.Status == MethodPending {
		if m, err = s.await(ctx, m, s.orchestrator.StoreMethod); err != nil {
			return PaymentMethod{}, err
		}
	}
	switch {
	case m.Status == MethodDeclined:
		return PaymentMethod{}, &DeclinedError{MethodID: m.ID, Refusal: *m.Refusal}
	case m.Status == MethodPending:
		return PaymentMethod{}, fault.New(fault.Unavailable, "The gateway has not answered yet. Retry with the same Idempotency-Key to learn whether it keeps the card.").After(retry)
	default:
		return m, nil
	}
}

// retry is when a client may ask again for what is under way.
const retry = 2 * time.Second

func (s *Service) openMethod(ctx context.Context, methodID string, n NewMethod) (PaymentMethod, error) {
	if _, err := s.repo.Customer(ctx, n.Scope, n.CustomerID); err != nil {
		if fault.Is(err, fault.NotFound) {
			err = &fault.Error{Code: fault.NotFound, Param: "customer_id", Message: "There is no such customer."}
		}
		return PaymentMethod{}, err
	}
	gateway, err := s.gateways.Keeper(ctx, n.Scope)
	if err != nil {
		return PaymentMethod{}, err
	}
	reference, err := s.repo.Reference(ctx, n.CustomerID, gateway)
	if err != nil {
		return PaymentMethod{}, err
	}
	sealed, err := s.vault.Seal(n.Scope, id.Join(id.VaultCard, n.OperationID), n.Card)
	if err != nil {
		return PaymentMethod{}, err
	}
	m := PaymentMethod{
		ID: methodID, Scope: n.Scope, CustomerID: n.CustomerID, Status: MethodPending, Gateway: gateway, GatewayCustomer: reference,
		NetworkTransactionID: n.NetworkTransactionID, CardToken: sealed.Token, Card: sealed.Summary(),
		CreatedAt: s.clock.Now(),
	}
	m.ConsentedAt = m.CreatedAt // the merchant says so by asking
	m.DueAt = m.CreatedAt.Add(Unattended)
	if err := s.repo.OpenMethod(ctx, m, sealed); err != nil {
		return PaymentMethod{}, err
	}
	return s.repo.Method(ctx, n.Scope, methodID)
}

// await has the orchestrator do something with a method, waits for it no longer
// than a request may, and returns the method as it is then.
func (s *Service) await(ctx context.Context, m PaymentMethod, do func(context.Context, PaymentMethod) error) (PaymentMethod, error) {
	waiting, cancel := context.WithTimeout(ctx, s.options.Wait)
	defer cancel()
	if err := do(waiting, m); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return PaymentMethod{}, err
	}
	return s.repo.Method(context.WithoutCancel(ctx), m.Scope, m.ID)
}

// GetMethod returns a payment method. One that is not kept yet, or was refused, is
// none. Errors: fault.NotFound.
func (s *Service) GetMethod(ctx context.Context, scope merchant.Scope, methodID string) (PaymentMethod, error) {
	m, err := s.repo.Method(ctx, scope, methodID)
	if err == nil && m.Status != MethodActive && m.Status != MethodDetached {
		return PaymentMethod{}, noMethod()
	}
	return m, err
}

// ListMethods lists active payment methods, newest first, and says whether there
// are more.
func (s *Service) ListMethods(ctx context.Context, scope merchant.Scope, f MethodFilter) ([]PaymentMethod, bool, error) {
	return s.repo.Methods(ctx, scope, f)
}

// SetDefault makes a method its customer's default.
// Errors: fault.NotFound, fault.InvalidState when it is detached.
func (s *Service) SetDefault(ctx context.Context, scope merchant.Scope, methodID string) (PaymentMethod, error) {
	m, err := s.GetMethod(ctx, scope, methodID)
	if err != nil {
		return PaymentMethod{}, err
	}
	err = s.repo.SetDefault(ctx, scope, m.CustomerID, m.ID, s.clock.Now())
	if fault.Is(err, fault.NotFound) {
		return PaymentMethod{}, fault.New(fault.InvalidState, "Payment method '%s' is detached: it cannot become the default.", m.ID)
	}
	return m, err
}

// Detach ends a method: nobody pays with it any more, and its gateway forgets the
// card, now or as soon as it can be told. Detaching again changes nothing.
// Errors: fault.NotFound.
func (s *Service) Detach(ctx context.Context, scope merchant.Scope, methodID string) (PaymentMethod, error) {
	if _, err := s.GetMethod(ctx, scope, methodID); err != nil {
		return PaymentMethod{}, err
	}
	if err := s.repo.DetachMethod(ctx, scope, methodID, s.clock.Now()); err != nil {
		return PaymentMethod{}, err
	}
	m, err := s.repo.Method(ctx, scope, methodID)
	if err != nil || !m.ForgottenAt.IsZero() {
		return m, err
	}
	return s.await(ctx, m, s.orchestrator.ForgetMethod)
}

// Unknown is the error of a request that names a customer who is not there.
func Unknown() error {
	return fault.Field("customer_id", "Field 'customer_id' names no customer of this merchant.")
}

func noMethod() error { return fault.New(fault.NotFound, "There is no such payment method.") }

package payment

import (
	"cmp"
	"context"

	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
)

// RoutingAuto lets the hub choose the gateway.
const RoutingAuto = "auto"

// checkNew checks what a new payment and its first method say of a customer, and
// returns the saved method that pays, nil when none does.
func (s *Service) checkNew(ctx context.Context, n New, method *Method) (*customer.PaymentMethod, error) {
	p := Intent{ID: n.ID, Scope: n.Scope, Routing: n.Routing, CustomerID: n.CustomerID}
	if n.CustomerID != "" {
		if _, err := s.customers.Customer(ctx, n.Scope, n.CustomerID); fault.Is(err, fault.NotFound) {
			return nil, customer.Unknown()
		} else if err != nil {
			return nil, err
		}
	}
	if method == nil {
		return nil, nil //nolint:nilnil // none pays, and nothing is wrong
	}
	return s.checkMethod(ctx, p, *method)
}

// checkMethod returns the saved method that pays, nil when a card does. Its gateway
// is the one that keeps the card: no other can take the payment.
func (s *Service) checkMethod(ctx context.Context, p Intent, method Method) (*customer.PaymentMethod, error) {
	switch {
	case method.Save && p.CustomerID == "":
		return nil, fault.Field("save_payment_method", "Field 'save_payment_method' needs a payment with a 'customer_id'.")
	case method.Saved == "":
		return nil, nil //nolint:nilnil // a card pays, and nothing is wrong
	}
	saved, err := s.customers.Method(ctx, p.Scope, method.Saved)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && (saved.CustomerID != p.CustomerID || !saved.Usable()):
		return nil, fault.Field("payment_method.id", "Field 'payment_method.id' names no payment method of this payment's customer.")
	case err != nil:
		return nil, err
	case p.Routing != RoutingAuto && p.Routing != saved.Gateway && !id.Valid(id.RoutingProfile, p.Routing):
		return nil, fault.Field("payment_method.id", "Field 'payment_method.id' names a payment method of gateway '%s', and 'routing' another one.", saved.Gateway)
	}
	return &saved, nil
}

// asKnown returns the payment with what the merchant has told of its customer
// elsewhere, for risk to judge by. It is not kept with the payment: not everybody who
// may read the payment may read the customer.
func (s *Service) asKnown(ctx context.Context, p Intent) (Intent, error) {
	if p.CustomerID == "" || p.Customer.Email != "" && p.Customer.Name != "" {
		return p, nil
	}
	known, err := s.customers.Customer(ctx, p.Scope, p.CustomerID)
	if err != nil {
		return Intent{}, err
	}
	p.Customer.Email, p.Customer.Name = cmp.Or(p.Customer.Email, known.Email), cmp.Or(p.Customer.Name, known.Name)
	return p, nil
}

// orAttempted answers a repeated request whose first try got as far as its attempt
// before its saved method was detached, or its gateway gone: that payment goes on.
func (s *Service) orAttempted(ctx context.Context, asked Intent, refusal error) (Intent, error) {
	if p, err := s.repo.Payment(ctx, asked.Scope, asked.ID); err == nil && p.Attempts > 0 {
		return s.start(ctx, p, nil)
	}
	return Intent{}, refusal
}

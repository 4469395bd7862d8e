package payment

import (
	"cmp"
	"context"

	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
)

// RoutingAuto lets the hub choose the gateway.
const RoutingAuto = "auto"

// checkNew checks what a new payment and its first method say of a customer, and
// returns the saved method that pays, nil when none does. What the merchant does not
// tell of the shopper is taken from the customer.
func (s *Service) checkNew(ctx context.Context, n *New, method *Method) (*customer.PaymentMethod, error) {
	p := Intent{ID: n.ID, Scope: n.Scope, Routing: n.Routing, CustomerID: n.CustomerID}
	if n.CustomerID != "" {
		known, err := s.customers.Customer(ctx, n.Scope, n.CustomerID)
		if fault.Is(err, fault.NotFound) {
			return nil, customer.Unknown()
		} else if err != nil {
			return nil, err
		}
		n.Customer.Email, n.Customer.Name = cmp.Or(n.Customer.Email, known.Email), cmp.Or(n.Customer.Name, known.Name)
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
	case p.Routing != RoutingAuto && p.Routing != saved.Gateway:
		return nil, fault.Field("payment_method.id", "Field 'payment_method.id' names a payment method of gateway '%s', and 'routing' another one.", saved.Gateway)
	}
	return &saved, nil
}

// orAttempted answers a repeated request whose first try got as far as its attempt
// before its saved method was detached: that payment goes on.
func (s *Service) orAttempted(ctx context.Context, asked Intent, refusal error) (Intent, error) {
	if p, err := s.repo.Payment(ctx, asked.Scope, asked.ID); err == nil && p.Attempts > 0 {
		return s.start(ctx, p, nil)
	}
	return Intent{}, refusal
}

package gateway

import (
	"context"

	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

// Methods implements payment.Router: what a shopper can pay this payment with.
func (r *Router) Methods(ctx context.Context, p payment.Intent) ([]payment.MethodType, error) {
	p.Status = "" // a forecast: nothing is sent
	var offered []payment.MethodType
	for _, m := range payment.MethodTypes {
		_, err := r.Route(ctx, payment.RouteRequest{Intent: p, Method: m})
		switch {
		case err == nil:
			offered = append(offered, m)
		case !fault.Is(err, fault.Invalid):
			return nil, err
		}
	}
	return offered, nil
}

package mollie

import (
	"context"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// StoreMethod implements gateway.Gateway: no cards come here, and none are kept.
func (*Adapter) StoreMethod(context.Context, gateway.Storage) payment.Outcome { return keepsNone() }

// FindMethod implements gateway.Gateway.
func (*Adapter) FindMethod(context.Context, gateway.MethodLookup) payment.Outcome { return keepsNone() }

// DetachMethod implements gateway.Gateway.
func (*Adapter) DetachMethod(context.Context, gateway.Detachment) payment.Outcome { return keepsNone() }

func keepsNone() payment.Outcome {
	return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted))
}

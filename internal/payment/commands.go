package payment

import (
	"context"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// Confirm makes an attempt to take the payment. operationID is the request's
// ULID: confirming again under it acts once. A decline is no error here: the
// intent's state and LastError tell it.
//
// Errors: fault.NotFound, fault.InvalidState, fault.Invalid naming
// "payment_method.id" or "save_payment_method".
func (s *Service) Confirm(ctx context.Context, scope merchant.Scope, paymentID, operationID string, method Method) (Intent, error) {
	intent, err := s.Get(ctx, scope, paymentID)
	if err != nil {
		return Intent{}, err
	}
	if done, err := s.hasTransaction(ctx, intent, operationID); err != nil {
		return Intent{}, err
	} else if done {
		return s.resume(ctx, intent)
	}
	if intent.Status != RequiresConfirmation && intent.Status != RequiresPaymentMethod {
		return Intent{}, WrongState(intent, "confirmed")
	}
	if !s.clock.Now().Before(intent.ExpiresAt) {
		return Intent{}, fault.New(fault.InvalidState, "Payment intent '%s' cannot be confirmed: it expired at %s.", intent.ID, intent.ExpiresAt.UTC().Format(time.RFC3339))
	}
	saved, err := s.checkMethod(ctx, intent, method)
	if err != nil {
		return Intent{}, err
	}
	// A confirmation that no gateway can take is refused before its workflow hears of it.
	forecast := intent
	forecast.Status = "" // not the attempt itself
	if _, err := s.router.Route(ctx, forecast.route(&method, saved)); err != nil {
		return Intent{}, err
	}
	of, err := s.present(ctx, intent, operationID, method, saved)
	if err != nil {
		return Intent{}, err
	}
	if err := s.repo.Present(ctx, of.card, of.seen); err != nil {
		return Intent{}, err
	}
	return s.command(ctx, intent, operationID, func(ctx context.Context) error {
		return s.orchestrator.Confirm(ctx, paymentID, of.conf)
	})
}

// Capture takes amount of what is held, or all of it when amount is 0; the rest
// is released.
//
// Errors: fault.NotFound, fault.InvalidState, fault.Invalid naming "amount",
// fault.Declined when the gateway refused.
func (s *Service) Capture(ctx context.Context, scope merchant.Scope, paymentID, operationID string, amount int64) (Intent, error) {
	intent, err := s.Get(ctx, scope, paymentID)
	if err != nil {
		return Intent{}, err
	}
	done, err := s.hasTransaction(ctx, intent, operationID)
	if err != nil {
		return Intent{}, err
	}
	if done {
		intent, err = s.resume(ctx, intent)
	} else {
		if intent.Status != RequiresCapture {
			return Intent{}, WrongState(intent, "captured")
		}
		if amount > intent.AmountCapturable {
			return Intent{}, fault.Field("amount", "Field 'amount' must be at most what is authorized, %d.", intent.AmountCapturable)
		}
		command := CaptureCommand{OperationID: operationID, Amount: amount}
		intent, err = s.command(ctx, intent, operationID, func(ctx context.Context) error {
			return s.orchestrator.Capture(ctx, paymentID, command)
		})
	}
	if err != nil {
		return Intent{}, err
	}
	if amount == 0 {
		amount = intent.Amount
	}
	if intent.Status == Processing || intent.Status == Succeeded && intent.AmountCaptured == amount {
		return intent, nil
	}
	return s.orDecline(ctx, intent, operationID) // or another command moved the payment on
}

// Cancel gives the payment up, and releases what a gateway holds for it.
//
// Errors: fault.NotFound, fault.InvalidState, fault.Declined when the gateway refused.
func (s *Service) Cancel(ctx context.Context, scope merchant.Scope, paymentID, operationID, reason string) (Intent, error) {
	intent, err := s.Get(ctx, scope, paymentID)
	if err != nil {
		return Intent{}, err
	}
	if intent.CanceledBy == operationID {
		intent, err = s.resume(ctx, intent)
	} else {
		if intent.Status.Terminal() || intent.Status == Processing {
			return Intent{}, WrongState(intent, "canceled")
		}
		command := CancelCommand{OperationID: operationID, Reason: reason}
		intent, err = s.command(ctx, intent, operationID, func(ctx context.Context) error {
			return s.orchestrator.Cancel(ctx, paymentID, command)
		})
	}
	if err != nil {
		return Intent{}, err
	}
	switch intent.Status {
	case Succeeded:
		return Intent{}, WrongState(intent, "canceled")
	case RequiresCapture:
		return s.orDecline(ctx, intent, operationID)
	default:
		return intent, nil
	}
}

// orDecline turns a capture or void that the gateway refused into an error. What
// counts is the command's own movement: the payment may have moved on since.
func (s *Service) orDecline(ctx context.Context, intent Intent, operationID string) (Intent, error) {
	own, err := s.repo.Transaction(context.WithoutCancel(ctx), intent.ID, TransactionID(operationID))
	switch {
	case fault.Is(err, fault.NotFound):
		return intent, nil
	case err != nil:
		return Intent{}, err
	case own.Decline != nil:
		return Intent{}, &DeclinedError{Intent: intent, Decline: *own.Decline}
	default:
		return intent, nil
	}
}

// DeclinedError is the gateway's refusal of a step; the payment is as it was.
type DeclinedError struct {
	Intent  Intent
	Decline Decline
}

// Error implements error.
func (e *DeclinedError) Error() string {
	return "payment " + e.Intent.ID + ": declined: " + string(e.Decline.Code)
}

// WrongState is the error of an action that the payment's state forbids.
func WrongState(p Intent, action string) *fault.Error {
	return fault.New(fault.InvalidState, "Payment intent '%s' cannot be %s: its status is '%s'.", p.ID, action, p.Status)
}

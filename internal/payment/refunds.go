package payment

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// maxStaleRetries bounds how often a refund is tried again after losing a race
// against another change of the same payment.
const maxStaleRetries = 100

// Refund gives back n.Amount of a captured payment, or all that is left when it
// is 0. It returns as soon as the refund is certain to be carried out: pending.
// n.ID decides the refund's identity: asking for the same id again goes on with
// the first.
//
// Errors: fault.NotFound, fault.InvalidState, fault.Invalid naming "amount".
func (s *Service) Refund(ctx context.Context, scope merchant.Scope, paymentID string, n NewRefund) (Refund, error) {
	for range maxStaleRetries {
		refund, err := s.openRefund(ctx, scope, paymentID, n)
		switch {
		case errors.Is(err, ErrStale):
			continue
		case errors.Is(err, ErrExists):
			if refund, err = s.repo.Refund(ctx, scope, n.ID); err != nil {
				return Refund{}, err
			}
		case err != nil:
			return Refund{}, err
		}
		if refund.Status != RefundPending {
			return refund, nil
		}
		return refund, s.orchestrator.StartRefund(ctx, refund)
	}
	return Refund{}, fault.New(fault.Unavailable, "Too many changes to this payment at once. Retry with the same Idempotency-Key.")
}

func (s *Service) openRefund(ctx context.Context, scope merchant.Scope, paymentID string, n NewRefund) (Refund, error) {
	if !id.Valid(id.Payment, paymentID) {
		return Refund{}, notFound("payment intent", paymentID)
	}
	if known, err := s.repo.Refund(ctx, scope, n.ID); err == nil {
		return known, ErrExists
	} else if !fault.Is(err, fault.NotFound) {
		return Refund{}, err
	}
	current, err := s.repo.Load(ctx, paymentID)
	if err != nil {
		return Refund{}, err
	}
	if current.Intent.Scope != scope {
		return Refund{}, notFound("payment intent", paymentID)
	}
	if err := checkRefund(current.Intent, &n); err != nil {
		return Refund{}, err
	}
	if err := s.exchange(ctx, current.Intent, &n); err != nil {
		return Refund{}, err
	}
	change, err := current.Intent.OpenRefund(*current.Attempt, n, s.clock.Now())
	if err != nil {
		return Refund{}, err
	}
	if err := s.repo.Apply(ctx, change); err != nil {
		return Refund{}, err
	}
	return *change.Refund, nil
}

// checkRefund says what is wrong with a refund and fills in its default amount.
func checkRefund(p Intent, n *NewRefund) error {
	left := p.Refundable()
	if p.Status != Succeeded {
		return WrongState(p, "refunded")
	}
	if left == 0 {
		return fault.New(fault.InvalidState, "Payment intent '%s' cannot be refunded: all that was captured is refunded already.", p.ID)
	}
	if n.Amount == 0 {
		n.Amount = left
	}
	if n.Amount > left {
		return fault.Field("amount", "Field 'amount' must be at most what is left to refund, %d.", left)
	}
	return nil
}

// RefundAndWait is Refund for callers who want to know how it ends: it returns the
// refund once it is settled, or as it stands after the time to wait, with its payment.
func (s *Service) RefundAndWait(ctx context.Context, scope merchant.Scope, paymentID string, n NewRefund) (Refund, Intent, error) {
	refund, err := s.Refund(ctx, scope, paymentID, n)
	if err != nil {
		return Refund{}, Intent{}, err
	}
	if refund, err = s.settled(ctx, refund); err != nil {
		return Refund{}, Intent{}, err
	}
	p, err := s.repo.Payment(context.WithoutCancel(ctx), scope, paymentID)
	return refund, p, err
}

// settled returns a refund once it is settled, or as it stands when the time to
// wait is over or nobody waits any more. Most refunds settle at once, so it looks
// soon, and then less and less often.
func (s *Service) settled(ctx context.Context, refund Refund) (now Refund, err error) {
	waiting, cancel := context.WithTimeout(ctx, s.options.Wait)
	defer cancel()
	for pause := firstLook; refund.Status == RefundPending && waiting.Err() == nil; pause = min(2*pause, s.options.Poll) {
		select {
		case <-waiting.Done(): // and it looks once more
		case <-time.After(pause):
		}
		if refund, err = s.repo.Refund(context.WithoutCancel(ctx), refund.Scope, refund.ID); err != nil {
			return Refund{}, err
		}
	}
	return refund, nil
}

// firstLook is how soon a refund can have been settled.
const firstLook = 15 * time.Millisecond

// GetRefund returns a refund. Errors: fault.NotFound.
func (s *Service) GetRefund(ctx context.Context, scope merchant.Scope, refundID string) (Refund, error) {
	if !id.Valid(id.Refund, refundID) {
		return Refund{}, notFound("refund", refundID)
	}
	return s.repo.Refund(ctx, scope, refundID)
}

// ListRefunds lists refunds, newest first, and says whether there are more.
func (s *Service) ListRefunds(ctx context.Context, scope merchant.Scope, f RefundFilter) ([]Refund, bool, error) {
	return s.repo.Refunds(ctx, scope, f)
}

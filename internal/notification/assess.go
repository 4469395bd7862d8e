package notification

import (
	"context"
	"slices"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// belongs names the owner of what a notification tells of. One of the other
// environment is not there as far as this account can tell.
func (n *Notification) belongs(scope merchant.Scope, paymentID string) error {
	if scope.Environment != n.Environment {
		return notFound()
	}
	n.MerchantID, n.PaymentID = scope.MerchantID, paymentID
	return nil
}

// assessPayment reads the charges before the payment. A charge that is still open
// in them while the payment has gone on is only looked up once more; the other
// way round, the outcome of a charge would seem to contradict a payment that was
// read before it.
func (r *Receiver) assessPayment(ctx context.Context, n Notification) (Notification, payment.Verdict, step, error) {
	charges, err := r.Payments.Charges(ctx, n.Notice.PaymentID)
	if err != nil {
		return n, payment.Verdict{}, step{}, err
	}
	made := charges[:0]
	for _, t := range charges {
		if t.Gateway == n.Gateway {
			made = append(made, t)
		}
	}
	current, err := r.Payments.Load(ctx, n.Notice.PaymentID)
	switch {
	case err == nil && len(made) == 0:
		err = notFound() // a payment that was never tried at this account is none of its business
	case err == nil:
		err = n.belongs(current.Intent.Scope, current.Intent.ID)
	}
	if err != nil {
		return n, payment.Verdict{}, step{}, err
	}
	if made, err = r.withMovement(ctx, n, made); err != nil {
		return n, payment.Verdict{}, step{}, err
	}
	v := current.Judge(n.Notice, made)
	if !v.Look {
		return n, v, step{}, nil
	}
	next := step{look: func(ctx context.Context) error { return r.Orchestrator.LookUp(ctx, current.Snapshot(), n.ID) }}
	if t := current.Transaction; t != nil && current.Intent.Status == payment.Processing {
		next.wait = r.untilAnswered(t.CreatedAt)
	}
	return n, v, next, nil
}

// withMovement adds the capture or void that a notification is of, for providers that
// tell of those by themselves. One that the payment does not have is not added.
func (r *Receiver) withMovement(ctx context.Context, n Notification, made []payment.Transaction) ([]payment.Transaction, error) {
	named := func(t payment.Transaction) bool { return t.ID == n.Notice.TransactionID }
	if n.Notice.TransactionID == "" || slices.ContainsFunc(made, named) {
		return made, nil
	}
	movement, err := r.Payments.Transaction(ctx, n.Notice.PaymentID, n.Notice.TransactionID)
	switch {
	case fault.Is(err, fault.NotFound):
		return made, nil
	case err != nil:
		return nil, err
	case movement.Gateway != n.Gateway:
		return made, nil
	}
	return append(made, movement), nil
}

func (r *Receiver) assessRefund(ctx context.Context, n Notification) (Notification, payment.Verdict, step, error) {
	current, err := r.Payments.LoadRefund(ctx, n.Notice.RefundID)
	switch {
	case err == nil && current.Transaction.Gateway != n.Gateway:
		err = notFound()
	case err == nil:
		err = n.belongs(current.Refund.Scope, current.Intent.ID)
	}
	if err != nil {
		return n, payment.Verdict{}, step{}, err
	}
	return n, current.Refund.Judge(n.Notice), step{
		look:    func(ctx context.Context) error { return r.Orchestrator.LookUpRefund(ctx, current.Refund, n.ID) },
		wait:    r.untilAnswered(current.Transaction.CreatedAt),
		settles: current.Refund.Status != payment.RefundPending,
	}, nil
}

// assessDispute has every notification of a dispute looked up: only the
// provider knows which of them is the latest.
func (r *Receiver) assessDispute(ctx context.Context, n Notification) (Notification, payment.Verdict, step, error) {
	paymentID, err := r.Payments.FindByReference(ctx, n.Environment, n.Gateway, n.Notice.GatewayReference)
	if err != nil {
		return n, payment.Verdict{}, step{}, err
	}
	current, err := r.Payments.Load(ctx, paymentID)
	if err == nil {
		err = n.belongs(current.Intent.Scope, paymentID)
	}
	if err != nil {
		return n, payment.Verdict{}, step{}, err
	}
	if current.Intent.Gateway != n.Gateway {
		return n, payment.Verdict{Disagrees: "it is of a payment that was taken at " + current.Intent.Gateway}, step{}, nil
	}
	ref := payment.DisputeRef{
		Environment: n.Environment, Gateway: n.Gateway, Reference: n.Notice.DisputeReference, PaymentID: paymentID,
	}
	next := step{look: func(ctx context.Context) error { return r.Orchestrator.LookUpDispute(ctx, ref) }, settles: true}
	if !current.Intent.Status.Terminal() {
		next.wait = r.overtaken(n) // it is about to be known as captured
	}
	return n, current.Intent.JudgeDispute(n.Notice), next, nil
}

// overtaken is how long to wait for the hub to know what a notification builds
// on: the answer that it overtook comes within seconds, or is looked up later.
func (r *Receiver) overtaken(n Notification) time.Duration {
	if r.Clock.Now().Sub(n.ReceivedAt) < retryAfter {
		return answerTime
	}
	return retryAfter
}

// untilReferred is how long to wait for the reference that a dispute names its payment by.
// A merchant's own account may tell of as many as it likes: those are looked at less often.
func (r *Receiver) untilReferred(n Notification) time.Duration {
	age := r.Clock.Now().Sub(n.ReceivedAt)
	switch {
	case !n.own():
		return r.overtaken(n)
	case age < answerTime:
		return answerTime
	case age < retryAfter:
		return retryAfter
	default:
		return referencePatience - age
	}
}

// untilAnswered is how long the answer to our own call may yet take. A call that
// seems to be of the future was written down by a clock that was wrong.
func (r *Receiver) untilAnswered(sentAt time.Time) time.Duration {
	age := r.Clock.Now().Sub(sentAt)
	if age < 0 || age > answerTime {
		return 0
	}
	return answerTime - age
}

package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/payment"
)

// lookUpPauses are the pauses before the first look-ups of an unknown outcome;
// hourly ones follow until lookUpPatience is over. Then an operator is called
// and the gateway is asked once a day.
var lookUpPauses = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

const (
	lookUpHourly   = time.Hour
	lookUpPatience = 24 * time.Hour
	lookUpDaily    = 24 * time.Hour
)

// lookUpPause is the pause before look-up number round, counted from 0, of an
// outcome that has been unknown for a time.
func lookUpPause(round int, unknownFor time.Duration) time.Duration {
	switch {
	case round < len(lookUpPauses):
		return lookUpPauses[round]
	case unknownFor < lookUpPatience:
		return lookUpHourly
	default:
		return lookUpDaily
	}
}

// resolve finds out what became of a gateway call whose outcome is unknown.
// Only what the gateway says decides; until it does the payment is processing.
func (p *life) resolve(ctx workflow.Context) error {
	p.refuseAll()
	since := workflow.Now(ctx)
	for round := 0; p.now.Status == payment.Processing; round++ {
		p.show(ctx)
		unknownFor := workflow.Now(ctx).Sub(since)
		if unknownFor >= lookUpPatience && p.now.Attention == "" {
			why := fmt.Sprintf("the gateway has not told the outcome of the %s for %s", p.now.Pending.Kind, unknownFor.Round(time.Hour))
			if err := p.set(takePatiently(ctx, activities.RaisePayment, activities.Raised{PaymentID: p.now.PaymentID, Why: why})); err != nil {
				return err
			}
		}
		p.waitToLookUp(ctx, workflow.Now(ctx).Add(lookUpPause(round, unknownFor)), "look the outcome up")
		if err := p.lookUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lookUp asks the gateway what became of the pending transaction and writes
// down what it finds. One that the gateway never carried out is sent again
// with the same idempotency key: should the first request arrive yet, both are
// the same to the gateway.
func (p *life) lookUp(ctx workflow.Context) error {
	told := p.told
	p.asked, p.told = false, ""
	return p.set(takePatiently(ctx, activities.ResolvePayment, activities.Resolve{
		PaymentID: p.now.PaymentID, TransactionID: p.now.Pending.TransactionID, Resend: p.mayResend(ctx), NotificationID: told,
	}))
}

// mayResend reports whether a call that the gateway never carried out may be
// sent again. Captures and voids may always; an authorization only while the
// shopper still expects to be charged.
func (p *life) mayResend(ctx workflow.Context) bool {
	switch p.now.Pending.Kind {
	case payment.Capture, payment.Void:
		return true
	default:
		return workflow.Now(ctx).Before(p.now.ExpiresAt)
	}
}

package interleave_test

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/interleave"
	"paymenthub/internal/payment"
)

// settle lets the hub find out what is still open, with nothing going wrong.
// What is late arrives in the middle of it.
func (r *race) settle(ctx context.Context) {
	r.troubles = 0
	if r.deaf {
		r.provider.Plan(func(call string) interleave.Fault {
			return map[bool]interleave.Fault{true: interleave.LostAnswer}[call == "look up"]
		})
		r.deliverAll(ctx)
	}
	r.provider.Plan(nil)
	for r.pastHour && r.provider.Deliver() {
		continue // nothing is on its way for longer than the hub waits
	}
	if r.pastHour {
		r.clock.Advance(requestGone)
	}
	coin := func() bool { return r.random.IntN(2) == 0 }
	r.provider.MoveRefunds(r.id, interleave.RefundPending, interleave.RefundSucceeded, coin)
	r.provider.MoveRefunds(r.id, interleave.RefundPending, interleave.RefundFailed, func() bool { return true })
	for round := range 4 {
		r.follow(ctx, payment.Snapshot{})
		for _, refund := range r.refunds {
			r.refundLife(ctx, refund)
		}
		for round == 1 && r.provider.Deliver() {
			continue
		}
	}
	if r.telling {
		r.deliverAll(ctx)
		r.applyAll(ctx)
	}
}

// check holds what the hub says against what the provider did.
func (r *race) check() {
	r.t.Helper()
	current, err := r.db.Payments().Load(context.Background(), r.id)
	require.NoError(r.t, err)
	p := current.Intent
	var live []interleave.Charge
	for _, c := range r.provider.Charges(r.id) {
		if c.Live() {
			live = append(live, c)
		}
	}
	state := fmt.Sprintf("%s: hub %s, held %d, captured %d, refunded %d; provider %+v", r.races[r.id], p.Status, p.AmountCapturable, p.AmountCaptured, p.AmountRefunded, live)
	r.demand(len(live) <= 1, "two live charges: %s", state)
	r.demand(p.Status != payment.Processing && p.AmountRefundPending == 0, "still open: %s", state)
	r.demand(p.Attention == "", "an operator is called without need (%s): %s", p.Attention, state)
	var held, captured, refunded int64
	for _, c := range live {
		captured, refunded = c.Captured, c.Refunded()
		if c.Status == interleave.Held {
			held = c.Amount
		}
	}
	r.demand(p.AmountCapturable == held && p.AmountCaptured == captured && p.AmountRefunded == refunded, "hub and provider disagree: %s", state)
	r.checkNotifications(state)
	r.checkDisputes(state)
	for _, refund := range r.refunds {
		if found, err := r.db.Payments().Refund(context.Background(), r.scope, refund); err == nil {
			r.demand(found.Attention == "", "an operator is called to a refund without need (%s): %s", found.Attention, state)
		}
	}
	for _, told := range r.told {
		r.demand(told.Status == p.Status, "somebody was told %s: %s", told.Status, state)
	}
}

// demand fails the race with its order and how to run it again.
func (r *race) demand(holds bool, format string, values ...any) {
	r.t.Helper()
	if !holds {
		r.t.Errorf(format+"\nagain: go test ./internal/interleave -run '%s'\n%s", append(values, r.t.Name(), r.scheduler.Trace())...)
		r.t.FailNow()
	}
}

package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/temporal/attribute"
)

// set takes over the payment as a step left it.
func (p *life) set(now payment.Snapshot, err error) error {
	if err != nil {
		return err
	}
	p.now = now
	return nil
}

// reload takes over the payment as the database has it.
func (p *life) reload(ctx workflow.Context) error {
	p.doubt = false
	return p.set(takePatiently(ctx, activities.LoadPayment, activities.PaymentRef{PaymentID: p.now.PaymentID}))
}

// wait returns the next command, or nil at the time until, or nil earlier when
// the payment is in doubt.
func (p *life) wait(ctx workflow.Context, until time.Time, why string) *command {
	return p.waitUnless(ctx, until, why, func() bool { return p.doubt })
}

// waitToLookUp is wait for when there is something to look up at the gateway:
// it ends early when somebody asks for that.
func (p *life) waitToLookUp(ctx workflow.Context, until time.Time, why string) *command {
	return p.waitUnless(ctx, until, why, func() bool {
		return p.asked || p.told != "" || p.doubt && p.now.Status != payment.Processing
	})
}

func (p *life) waitUnless(ctx workflow.Context, until time.Time, why string, early func() bool) *command {
	if len(p.inbox) == 0 {
		p.show(ctx)
		_, err := workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{
			Timeout: max(until.Sub(workflow.Now(ctx)), 0), TimerOptions: workflow.TimerOptions{Summary: why},
		}, func() bool { return len(p.inbox) > 0 || early() })
		if err != nil {
			p.log.Warn("waiting was interrupted", "error", err)
		}
	}
	if len(p.inbox) == 0 {
		return nil
	}
	next := p.inbox[0]
	p.inbox = p.inbox[1:]
	return next
}

// show tells operators where the payment stands. The search attributes are
// readable by whoever may list workflows: nothing personal goes into them. Each
// upsert costs the server a write, so it is made only for what has changed.
func (p *life) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, p.details())
	now := listing{status: p.now.Status, gateway: p.now.Gateway}
	if p.listed == now {
		return
	}
	p.listed = now
	err := workflow.UpsertTypedSearchAttributes(ctx,
		attribute.PaymentStatus.ValueSet(string(now.status)), attribute.Gateway.ValueSet(now.gateway))
	if err != nil {
		p.log.Warn("search attributes were not updated", "error", err)
	}
}

// listing is what the search attributes say of a payment.
type listing struct {
	status  payment.Status
	gateway string
}

// details describes the payment in the Temporal UI, in Markdown.
func (p *life) details() string {
	amount := money.New(p.now.Amount, money.Currency(p.now.Currency))
	text := fmt.Sprintf("**%s** · %s · `%s`\n\nGateway %s, capture %s, attempts %d of %d.",
		p.now.Status, amount, p.now.PaymentID, p.now.Gateway, p.now.CaptureMethod, p.now.Attempts, cmp.Or(p.now.AttemptLimit, payment.MaxAttempts))
	switch {
	case p.now.Attention != "":
		text += "\n\n**Needs an operator:** " + p.now.Attention
	case p.now.Pending != nil:
		text += fmt.Sprintf("\n\nUnder way at the gateway: %s.", p.now.Pending.Kind)
	}
	if p.now.Capturable > 0 {
		text += fmt.Sprintf("\n\nHeld: %s until %s.", money.New(p.now.Capturable, amount.Currency), p.now.AuthorizedUntil.Format(time.RFC3339))
	}
	return text
}

// newOperationID names an operation that nobody asked for, such as an expiry.
func newOperationID(ctx workflow.Context) string {
	var operationID string
	_ = workflow.SideEffect(ctx, func(workflow.Context) any { return id.NewSuffix() }).Get(&operationID)
	return operationID
}

// command is an update that was accepted and waits to be carried out.
type command struct {
	confirm *payment.Confirmation
	capture *payment.CaptureCommand
	cancel  *payment.CancelCommand
	done    bool
	err     error
}

// end finishes the command. A step that found the payment moved on is the
// caller's error, not the workflow's.
func (c *command) end(err error) error {
	c.done = true
	if stale(err) {
		c.err = temporal.NewApplicationError("The payment was changed by another request at the same moment.", ErrorInvalidState)
		return err
	}
	c.err = err
	return err
}

// refuse finishes the command without carrying it out.
func (c *command) refuse(s payment.Status) error {
	c.done, c.err = true, forbidden(s)
	return nil
}

// refuseAll refuses the commands that wait.
func (p *life) refuseAll() {
	for _, c := range p.inbox {
		_ = c.refuse(p.now.Status)
	}
	p.inbox = nil
}

func forbidden(s payment.Status) error {
	return temporal.NewApplicationError(fmt.Sprintf("The payment's status is '%s'.", s), ErrorInvalidState)
}

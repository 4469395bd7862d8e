package workflows

import (
	"go.temporal.io/sdk/workflow"

	"paymenthub/internal/payment"
)

// listen sets up the messages that the payment takes. Handlers only queue: the
// payment's loop carries commands out one at a time, so no two can interleave.
func (p *life) listen(ctx workflow.Context) error {
	err := handle(ctx, p, UpdateConfirm, func(c payment.Confirmation) *command { return &command{confirm: &c} },
		payment.RequiresConfirmation, payment.RequiresPaymentMethod)
	if err != nil {
		return err
	}
	err = handle(ctx, p, UpdateCapture, func(c payment.CaptureCommand) *command { return &command{capture: &c} },
		payment.RequiresCapture)
	if err != nil {
		return err
	}
	err = handle(ctx, p, UpdateCancel, func(c payment.CancelCommand) *command { return &command{cancel: &c} },
		payment.RequiresConfirmation, payment.RequiresPaymentMethod, payment.RequiresAction, payment.RequiresCapture)
	if err != nil {
		return err
	}
	hear(ctx, SignalLookUp, func(in LookUp) {
		p.asked = true
		if in.NotificationID != "" {
			p.told = in.NotificationID
		}
	})
	hear(ctx, SignalCheck, func(struct{}) { p.doubt = true })
	return nil
}

// handle takes an update in the named states only. A refused one leaves no
// trace in the history.
func handle[In any](ctx workflow.Context, p *life, name string, make func(In) *command, allowed ...payment.Status) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, name,
		func(ctx workflow.Context, in In) error {
			c := make(in)
			p.inbox = append(p.inbox, c)
			if err := workflow.Await(ctx, func() bool { return c.done }); err != nil {
				return err
			}
			return c.err
		},
		workflow.UpdateHandlerOptions{Validator: func(_ workflow.Context, _ In) error {
			for _, status := range allowed {
				if p.now.Status == status {
					return nil
				}
			}
			return forbidden(p.now.Status)
		}})
}

// hear calls note whenever the signal comes.
func hear[In any](ctx workflow.Context, signal string, note func(In)) {
	channel := workflow.GetSignalChannel(ctx, signal)
	workflow.GoNamed(ctx, signal, func(ctx workflow.Context) {
		for {
			var in In
			if !channel.Receive(ctx, &in) {
				return
			}
			note(in)
		}
	})
}

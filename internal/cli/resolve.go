package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/app"
	"paymenthub/internal/clock"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/temporal/orchestrator"
)

func resolveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resolve", Short: "Ask the gateways now what became of all that is unknown", Args: cobra.NoArgs,
		Long: `Ask for a look-up, now, of every payment and refund whose outcome is not known, and
start the workflow of those that have lost it; and apply every webhook that waits to
be applied. All this happens by itself, with pauses that grow; after a provider's
outage this command saves the wait. It asks and does not wait for the answers:
those are written down by the workers.`,
		Example: "  paymenthub resolve --config production.yaml\n  paymenthub resolve --data-dir .paymenthub --temporal-address 127.0.0.1:7233",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHub(cmd, func(ctx context.Context, c config.Config, hub *app.Hub, _ *zap.Logger) error {
				r := resolver{
					list: hub.Store().Payments(), ask: orchestrator.New(hub.Temporal()), told: hub.Store().Notifications().Unresolved,
					apply: hub.Notifications().Apply, now: clock.Offset(c.Clock.Offset).Now, progress: cmd.ErrOrStderr(), every: time.Second,
				}
				err := r.all(ctx)
				if ctx.Err() != nil {
					// Not passed on: an interrupted run must not end like a whole one.
					err = errors.New("interrupted before everything was asked for")
				}
				if _, printErr := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", r.asked); printErr != nil {
					return printErr
				}
				return err
			})
		},
	}
	serverFlags(cmd.Flags())
	return cmd
}

// unresolved lists what is to be looked up; store.Payments is it.
type unresolved interface {
	Unresolved(ctx context.Context, after payment.Intent, limit int) ([]payment.Intent, error)
	UnresolvedRefunds(ctx context.Context, after payment.Refund, limit int) ([]payment.Refund, error)
	Load(ctx context.Context, paymentID string) (payment.Aggregate, error)
}

// asker reaches the workflows; payment.Orchestrator is one.
type asker interface {
	Revive(ctx context.Context, s payment.Snapshot) error
	LookUp(ctx context.Context, s payment.Snapshot, notificationID string) error
	LookUpRefund(ctx context.Context, r payment.Refund, notificationID string) error
}

// rowsAtATime is how many rows are read at a time.
const rowsAtATime = 100

// resolver asks for look-ups, row by row.
type resolver struct {
	list     unresolved
	ask      asker
	told     func(ctx context.Context, after notification.Notification, limit int) ([]notification.Notification, error)
	apply    func(ctx context.Context, n notification.Notification) error
	now      func() time.Time
	progress io.Writer
	every    time.Duration // between two lines of progress
	asked    asked
	said     time.Time
}

// asked counts what was asked for.
type asked struct{ payments, refunds, webhooks int }

// String says it for people.
func (a asked) String() string {
	return fmt.Sprintf("asked for %d payments and %d refunds, applied %d webhooks", a.payments, a.refunds, a.webhooks)
}

// all asks for everything.
func (r *resolver) all(ctx context.Context) error {
	r.said = time.Now()
	err := each(ctx, r.list.Unresolved, func(p payment.Intent) error {
		return r.count(&r.asked.payments, r.payment(ctx, p))
	})
	if err != nil {
		return err
	}
	err = each(ctx, r.list.UnresolvedRefunds, func(f payment.Refund) error {
		return r.count(&r.asked.refunds, r.ask.LookUpRefund(ctx, f, ""))
	})
	if err != nil {
		return err
	}
	return each(ctx, r.told, func(n notification.Notification) error {
		return r.count(&r.asked.webhooks, r.apply(ctx, n))
	})
}

// count counts one that was asked for, and says now and then how far it is.
func (r *resolver) count(n *int, err error) error {
	if err != nil {
		return err
	}
	*n++
	if time.Since(r.said) >= r.every {
		r.said = time.Now()
		say(r.progress, "%s …", r.asked)
	}
	return nil
}

// payment asks for one payment. A workflow that may have missed its last step
// first learns what the database knows: it would not know what to look up.
func (r *resolver) payment(ctx context.Context, p payment.Intent) error {
	current, err := r.list.Load(ctx, p.ID)
	if err != nil || current.Intent.Status.Terminal() {
		return err
	}
	if current.Intent.Status == payment.Processing || r.now().After(current.Intent.DueAt) {
		if err := r.ask.Revive(ctx, current.Snapshot()); err != nil {
			return err
		}
	}
	return r.ask.LookUp(ctx, current.Snapshot(), "")
}

// each does something with every row of a list that is read in batches.
func each[T any](ctx context.Context, list func(context.Context, T, int) ([]T, error), do func(T) error) error {
	for after := *new(T); ; {
		batch, err := list(ctx, after, rowsAtATime)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, row := range batch {
			if err := do(row); err != nil {
				return err
			}
		}
		after = batch[len(batch)-1]
	}
}

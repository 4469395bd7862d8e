package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/app"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
)

func attentionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "attention", Short: "List what an operator must look at", Args: cobra.NoArgs,
		Long: `List what an operator must look at: payments and refunds whose outcome the gateway
does not tell or tells in contradiction, saved cards that it neither confirms to keep
nor to have forgotten, and webhooks that contradict the hub's records. The hub has
applied none of it. One line each: since when, which object, which payment, whose, why.`,
		Example: "  paymenthub attention\n  paymenthub attention show gwn_…\n  paymenthub attention close gwn_… --because 'charged by hand, refunded there'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onRecords(cmd, func(ctx context.Context, s *store.Store, _ config.Config) error {
				list := concernPrinter{out: cmd.OutOrStdout(), json: asJSON}
				if err := list.all(ctx, s); err != nil || asJSON || list.count > 0 {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "Nothing needs an operator.")
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	stateFlags(cmd.PersistentFlags())
	cmd.AddCommand(attentionShowCommand(), attentionCloseCommand())
	return cmd
}

func attentionShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show NOTIFICATION", Short: "Print a webhook as it came", Args: cobra.ExactArgs(1),
		Example: "  paymenthub attention show gwn_01HZY3M1C2D3E4F5G6H7J8K9M5",
		RunE: func(cmd *cobra.Command, args []string) error {
			return onRecords(cmd, func(ctx context.Context, s *store.Store, c config.Config) error {
				n, err := s.Notifications().Find(ctx, args[0])
				if err != nil {
					return err
				}
				v, err := app.Vault(c, s, clock.System{})
				if err != nil {
					return err
				}
				body, err := v.OpenBytes(n.KeyVersion, n.Sealed, n.ID)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", body)
				return err
			})
		},
	}
}

func attentionCloseCommand() *cobra.Command {
	var because string
	cmd := &cobra.Command{
		Use: "close NOTIFICATION", Short: "Note that a webhook was looked at", Args: cobra.ExactArgs(1),
		Example: "  paymenthub attention close gwn_01HZY3M1C2D3E4F5G6H7J8K9M5 --because 'refunded in the dashboard'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return onRecords(cmd, func(ctx context.Context, s *store.Store, _ config.Config) error {
				closed, err := s.Notifications().Close(ctx, args[0], because, clock.System{}.Now())
				if err == nil && !closed {
					err = fmt.Errorf("%s is not waiting for an operator", args[0])
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&because, "because", "", "what was found and done; kept with it (required)")
	_ = cmd.MarkFlagRequired("because")
	return cmd
}

// onRecords works on the configured database, with the keys of a data folder
// where none are configured.
func onRecords(cmd *cobra.Command, do func(context.Context, *store.Store, config.Config) error) error {
	c, dir, err := existing(cmd)
	if err != nil {
		return err
	}
	if err := useKeysOf(dir, &c); err != nil {
		return err
	}
	s, err := app.OpenStore(cmd.Context(), c, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return do(cmd.Context(), s, c)
}

// concern is one thing that an operator must look at.
type concern struct {
	Since      time.Time `json:"since"`
	ID         string    `json:"id"`
	PaymentID  string    `json:"payment_id,omitempty"`
	MerchantID string    `json:"merchant_id,omitempty"`
	Why        string    `json:"why"`
}

type concernPrinter struct {
	out   io.Writer
	json  bool
	count int
}

func (p *concernPrinter) all(ctx context.Context, s *store.Store) error {
	payments := func(ctx context.Context, after payment.Intent, limit int) ([]payment.Intent, error) {
		return s.Payments().InNeed(ctx, after.ID, limit)
	}
	err := each(ctx, payments, func(i payment.Intent) error {
		return p.print(concern{Since: i.UpdatedAt, ID: i.ID, PaymentID: i.ID, MerchantID: i.Scope.MerchantID, Why: i.Attention})
	})
	if err != nil {
		return err
	}
	refunds := func(ctx context.Context, after payment.Refund, limit int) ([]payment.Refund, error) {
		return s.Payments().RefundsInNeed(ctx, after.ID, limit)
	}
	err = each(ctx, refunds, func(r payment.Refund) error {
		return p.print(concern{Since: r.UpdatedAt, ID: r.ID, PaymentID: r.PaymentID, MerchantID: r.Scope.MerchantID, Why: r.Attention})
	})
	if err != nil {
		return err
	}
	methods := func(ctx context.Context, after customer.PaymentMethod, limit int) ([]customer.PaymentMethod, error) {
		return s.Customers().MethodsInNeed(ctx, after.ID, limit)
	}
	err = each(ctx, methods, func(m customer.PaymentMethod) error {
		since := m.DetachedAt
		if m.Status == customer.MethodPending {
			since = m.CreatedAt
		}
		return p.print(concern{Since: since, ID: m.ID, MerchantID: m.Scope.MerchantID, Why: m.Gateway + ": " + m.Attention})
	})
	if err != nil {
		return err
	}
	webhooks := func(ctx context.Context, after notification.Notification, limit int) ([]notification.Notification, error) {
		rows, _, err := s.Notifications().List(ctx, notification.Filter{Status: notification.Raised, StartingAfter: after.ID, Limit: limit})
		return rows, err
	}
	return each(ctx, webhooks, func(n notification.Notification) error {
		return p.print(concern{Since: n.ReceivedAt, ID: n.ID, PaymentID: n.PaymentID, MerchantID: n.MerchantID, Why: n.Gateway + " " + n.Type + ": " + n.Why})
	})
}

func (p *concernPrinter) print(c concern) error {
	p.count++
	if p.json {
		return json.NewEncoder(p.out).Encode(c)
	}
	of := c.PaymentID
	if of == "" || of == c.ID {
		of = "-"
	}
	_, err := fmt.Fprintf(p.out, "%s  %s  %s  %s  %s\n", c.Since.Format(time.RFC3339), c.ID, of, cmp.Or(c.MerchantID, "-"), c.Why)
	return err
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/app"
	"paymenthub/internal/clock"
	"paymenthub/internal/fx"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
)

func fxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fx", Short: "Set and list exchange rates",
		Long: `Exchange rates that you set yourself: the source 'table' of fx.sources. A rate holds
until it is fx.max_age old, also for the other direction unless that is set itself.
Every rate that was ever set stays on record, with who set it and when.`,
	}
	stateFlags(cmd.PersistentFlags())
	cmd.AddCommand(fxListCommand(), fxSetCommand())
	return cmd
}

func fxListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rates that are set", Args: cobra.NoArgs,
		Example: "  paymenthub fx list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onRates(cmd, func(ctx context.Context, table fx.TableRepository, maxAge time.Duration) error {
				all, err := table.Rates(ctx)
				if err == nil && len(all) == 0 {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), "No rate is set.")
				}
				if err != nil {
					return err
				}
				for _, r := range all {
					if _, err := fmt.Fprintln(cmd.OutOrStdout(), describeRate(r, time.Now(), maxAge)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func fxSetCommand() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "set FROM TO RATE", Short: "Set how many units of TO are given for one of FROM", Args: cobra.ExactArgs(3),
		Example: "  paymenthub fx set USD EUR 0.92\n  paymenthub fx set AED USD 0.272294 --by 'treasury desk'",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := newRate(args[0], args[1], args[2])
			if err != nil {
				return err
			}
			if r.SetBy, err = whoSets(by); err != nil {
				return err
			}
			return onRates(cmd, func(ctx context.Context, table fx.TableRepository, maxAge time.Duration) error {
				if err := table.SetRate(ctx, r); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), describeRate(r, r.SetAt, maxAge))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who sets it, as it is kept on record (default: you, as this machine knows you)")
	return cmd
}

func newRate(from, to, rate string) (r fx.TableRate, err error) {
	r = fx.TableRate{ID: id.New(id.FXRate), SetAt: clock.System{}.Now()}
	if r.From, err = money.ParseCurrency(from); err != nil {
		return r, fmt.Errorf("%q is no ISO 4217 currency code", from)
	}
	if r.To, err = money.ParseCurrency(to); err != nil {
		return r, fmt.Errorf("%q is no ISO 4217 currency code", to)
	}
	if r.From == r.To {
		return r, errors.New("a currency has no rate in itself")
	}
	if r.Rate, err = fx.ParseRate(rate); err != nil {
		return r, fmt.Errorf("%q is no rate: write a decimal number above zero, such as 0.92", rate)
	}
	return r, nil
}

func whoSets(by string) (string, error) {
	if by != "" {
		return by, nil
	}
	me, err := user.Current()
	if err != nil {
		return "", errors.New("this machine does not know who you are; say it with --by")
	}
	return cmp.Or(me.Username, me.Uid), nil
}

func describeRate(r fx.TableRate, now time.Time, maxAge time.Duration) string {
	state := "valid until " + r.SetAt.Add(maxAge).UTC().Format(time.DateTime)
	if now.After(r.SetAt.Add(maxAge)) {
		state = "out of date since " + r.SetAt.Add(maxAge).UTC().Format(time.DateTime)
	}
	return fmt.Sprintf("1 %s = %s %s  set %s by %s, %s", r.From, r.Rate, r.To, r.SetAt.UTC().Format(time.DateTime), r.SetBy, state)
}

// onRates works on the rates of the configured database.
func onRates(cmd *cobra.Command, do func(ctx context.Context, table fx.TableRepository, maxAge time.Duration) error) error {
	c, _, err := existing(cmd)
	if err != nil {
		return err
	}
	s, err := app.OpenStore(cmd.Context(), c, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return do(cmd.Context(), s.FX(), c.FX.MaxAge)
}

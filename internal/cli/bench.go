package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/bench"
	"paymenthub/internal/clock"
	"paymenthub/internal/datadir"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

func benchCommand() *cobra.Command {
	var duration time.Duration
	var concurrency int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "bench", Short: "Measure throughput and latency beside what Temporal alone costs", Args: cobra.NoArgs,
		Long: `Measure, on one embedded Temporal server in one run, the floor (a workflow with
one local activity that does nothing) and payments over HTTP. Every figure is
also given as a ratio to the floor, since absolute ones depend on the machine.

Then measure webhooks, to a receiver in the same process: what one endpoint takes from
one-shot payments, in turns with payments of a merchant without; and how many events
reach 1, 10 and 1,000 endpoints, and how soon, also where a tenth of them fail. Those
events are creations of payments that the store writes without their workflows.`,
		Example: "  paymenthub bench\n  paymenthub bench --duration 5s --concurrency 1 --json\n  paymenthub bench --database-url postgres://…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if duration < time.Second || concurrency < 1 || concurrency > 256 {
				return fmt.Errorf("--duration must be at least 1s and --concurrency 1 to 256")
			}
			report, err := runBench(cmd, duration, concurrency)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return printReport(cmd.OutOrStdout(), report)
		},
	}
	cmd.Flags().DurationVar(&duration, "duration", 10*time.Second, "how long each shape is measured")
	cmd.Flags().IntVar(&concurrency, "concurrency", 16, "how many callers at once, 1 to 256")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON and nothing else on standard output")
	cmd.Flags().String("database-url", "", "Postgres URL (an empty database) instead of SQLite")
	return cmd
}

// runBench measures a hub of its own, in a folder that is removed afterwards.
func runBench(cmd *cobra.Command, duration time.Duration, concurrency int) (bench.Report, error) {
	folder, err := os.MkdirTemp("", "paymenthub-bench-")
	if err != nil {
		return bench.Report{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	c, _, err := load(cmd)
	if err != nil {
		return bench.Report{}, err
	}
	dir := datadir.At(folder)
	c.Server.Addr = "127.0.0.1:0"
	c.Webhooks.AllowLoopback = true
	c.RateLimits.Hub.PerMinute, c.RateLimits.Hub.Burst = 1_000_000, 1_000_000
	c.RateLimits.Acquiring.PaymentsPerSecond, c.RateLimits.Acquiring.PaymentsPerHour = 1_000_000, 1_000_000
	if c.Database.URL == "" {
		c.Database.SQLiteFile = dir.HubDatabase()
	}
	s := &stack{dir: dir, config: c, log: zap.NewNop(), simulated: []string{stripe.Name}, temporalOptions: temporalOptions{address: "127.0.0.1:0"}}
	defer s.stop()
	if err := startStack(cmd.Context(), s); err != nil {
		return bench.Report{}, err
	}
	if err := s.prepareDemo(cmd.Context()); err != nil {
		return bench.Report{}, err
	}
	routed, err := s.anotherMerchant(cmd.Context(), "Routed Shop")
	if err != nil {
		return bench.Report{}, err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.serve(ctx); err != nil {
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), err)
		}
	})
	defer func() { cancel(); serving.Wait() }()
	return bench.Run(ctx, bench.Options{
		Duration: duration, Concurrency: concurrency, API: s.info.API, Key: s.info.Keys.SandboxSecret, RoutedKey: routed, Temporal: s.hub.Temporal(),
		Hub: bench.Hub{Merchants: s.hub.Store().Merchants(), Payments: s.hub.Store().Payments(), Endpoints: s.hub.Webhooks()},
		Progress: func(shape string, round, of int) {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "\rround %d of %d: %-14s", round, of, shape)
		},
	})
}

// anotherMerchant makes a merchant and returns its sandbox secret key.
func (s *stack) anotherMerchant(ctx context.Context, name string) (key string, err error) {
	repo := s.hub.Store().Merchants()
	m := merchant.Merchant{ID: id.New(id.Merchant), Name: name, CreatedAt: clock.System{}.Now()}
	if err := repo.CreateMerchant(ctx, m); err != nil {
		return "", err
	}
	_, key, err = merchant.NewKeys(repo, clock.System{}).Create(ctx, merchant.Scope{MerchantID: m.ID, Environment: merchant.Sandbox}, merchant.SecretKey, "bench", nil)
	return key, err
}

func printReport(out io.Writer, r bench.Report) error {
	const row = "%-14s %10s %8s %9s %9s %9s %7s\n"
	if _, err := fmt.Fprintf(out, "\n"+row, "shape", "per second", "ratio", "p50 ms", "p95 ms", "p99 ms", "errors"); err != nil {
		return err
	}
	f := r.Floor
	if _, err := fmt.Fprintf(out, row, "floor", number(f.PerSecond), "1.00", number(f.P50), number(f.P95), number(f.P99), "0"); err != nil {
		return err
	}
	for _, name := range bench.Shapes {
		s := r.Shapes[name]
		_, err := fmt.Fprintf(out, row, name, number(s.PerSecond), number(s.Ratio), number(s.P50), number(s.P95), number(s.P99), fmt.Sprint(s.Errors))
		if err != nil {
			return err
		}
		if s.FirstError != "" {
			if _, err := fmt.Fprintf(out, "  first error: %s\n", s.FirstError); err != nil {
				return err
			}
		}
	}
	return printWebhooks(out, r)
}

// printWebhooks prints what webhooks cost and how they arrive.
func printWebhooks(out io.Writer, r bench.Report) error {
	c := r.WebhookCost
	_, err := fmt.Fprintf(out, "\nwebhook_cost: one_shot with an endpoint that is told of everything, to one_shot without: %s\n(%s and %s per second, %s and %s ms of processor time each, %d and %d errors)\n",
		number(c.Ratio), number(c.With.PerSecond), number(c.Without.PerSecond), number(c.With.CPU), number(c.Without.CPU), c.With.Errors, c.Without.Errors)
	if err != nil {
		return err
	}
	const row = "%-24s %10s %11s %9s %9s %9s %9s %8s\n"
	if _, err := fmt.Fprintf(out, "\n"+row, "webhook endpoints", "events/s", "delivered/s", "half p50", "p95 ms", "idle p50", "p95 ms", "missing"); err != nil {
		return err
	}
	for _, d := range r.Webhooks {
		name := fmt.Sprintf("%d", d.Endpoints)
		if d.Failing > 0 {
			name += fmt.Sprintf(", %d failing", d.Failing)
		}
		_, err := fmt.Fprintf(out, row, name, number(d.Events), number(d.PerSecond), number(d.Half.P50), number(d.Half.P95), number(d.Idle.P50), number(d.Idle.P95), fmt.Sprint(d.Missing))
		if err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, "\nEvents are written by the store, without workflows; ms are from before their transaction to a first attempt's\narrival, with half as many events as go at most, and with some twenty deliveries a second.")
	return err
}

func number(f float64) string { return fmt.Sprintf("%.2f", f) }

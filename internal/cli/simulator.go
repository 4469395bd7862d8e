package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/datadir"
	"paymenthub/internal/gateway/stripe"
	"paymenthub/internal/merchant"
	"paymenthub/internal/simulator/chassis"
)

func simulatorCommand() *cobra.Command {
	var name, addr, path, webhookURL, webhookSecret string
	var latency time.Duration
	cmd := &cobra.Command{
		Use: "simulator", Short: "Run a provider simulator alone", Args: cobra.NoArgs,
		Example: "  paymenthub simulator --addr 127.0.0.1:12111 --data-dir /tmp/sim\n" +
			"  paymenthub simulator --latency 200ms --webhook-url http://127.0.0.1:8080/webhooks/stripe/sandbox --webhook-secret whsec_…\n" +
			"  paymenthub simulator --provider adyen --webhook-url http://127.0.0.1:8080/webhooks/adyen/sandbox",
		RunE: func(cmd *cobra.Command, _ []string) error {
			kind, err := kindOf(name, "--provider")
			if err != nil {
				return err
			}
			if webhookSecret != "" && kind.provider != stripe.Name {
				return fmt.Errorf("--webhook-secret is of Stripe's; %s's simulator signs with what it prints", kind.title)
			}
			dir := datadir.At(path)
			if err := dir.Create(); err != nil {
				return err
			}
			listener, err := listen(cmd.Context(), cmp.Or(addr, fmt.Sprintf("127.0.0.1:%d", kind.port)), "--addr")
			if err != nil {
				return err
			}
			options := chassis.Options{DataFile: dir.SimulatorDatabase(kind.provider), Latency: latency, Logger: zap.NewNop()}
			if webhookURL != "" {
				options.Webhooks = []chassis.Webhook{{URL: webhookURL, Credentials: kind.webhookOf(webhookSecret)}}
			}
			sim, err := kind.start(listener, options)
			if err != nil {
				return err
			}
			if err := kind.introduce(cmd.OutOrStdout(), listener.Addr().String()); err != nil {
				return errors.Join(err, sim.stop())
			}
			<-cmd.Context().Done()
			return sim.stop()
		},
	}
	cmd.Flags().StringVar(&name, "provider", stripe.Name, "whose: "+strings.Join(simulatorNames(), ", "))
	cmd.Flags().StringVar(&addr, "addr", "", "address of the simulator, host:port (127.0.0.1:12111 for Stripe's, others the ports after it)")
	cmd.Flags().StringVar(&path, "data-dir", datadir.Default, "folder of its data file, simulator.db, or simulator.<provider>.db")
	cmd.Flags().DurationVar(&latency, "latency", 0, "added to every provider call")
	cmd.Flags().StringVar(&webhookURL, "webhook-url", "", "where signed events are sent; empty: nowhere")
	cmd.Flags().StringVar(&webhookSecret, "webhook-secret", "", "secret that Stripe's events are signed with")
	return cmd
}

// webhookOf are the credentials of the account that is told of its events: of
// Stripe's simulator all accounts with the secret, of another the sandbox's.
func (k simulatorKind) webhookOf(secret string) map[string]string {
	if k.provider == stripe.Name {
		return map[string]string{"webhook_secret": secret}
	}
	return k.credentials(string(merchant.Sandbox))
}

// introduce prints where the simulator is, and what connects a hub to it. Stripe's
// takes any key.
func (k simulatorKind) introduce(out io.Writer, addr string) error {
	if _, err := fmt.Fprintf(out, "%s-shaped simulator: http://%s\n", k.title, addr); err != nil || k.provider == stripe.Name {
		return err
	}
	credentials := k.credentials(string(merchant.Sandbox))
	variable := "PAYMENTHUB_GATEWAYS_SANDBOX_" + strings.ToUpper(k.provider) + "_"
	lines := variable + "BASE_URL=http://" + addr + "\n"
	for _, name := range slices.Sorted(maps.Keys(credentials)) {
		lines += variable + strings.ToUpper(name) + "=" + credentials[name] + "\n"
	}
	_, err := io.WriteString(out, lines)
	return err
}

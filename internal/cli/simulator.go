package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/datadir"
	"paymenthub/internal/simulator/stripe"
)

func simulatorCommand() *cobra.Command {
	var addr, path, webhookURL, webhookSecret string
	var latency time.Duration
	cmd := &cobra.Command{
		Use: "simulator", Short: "Run the Stripe-shaped provider simulator alone", Args: cobra.NoArgs,
		Example: "  paymenthub simulator --addr 127.0.0.1:12111 --data-dir /tmp/sim\n" +
			"  paymenthub simulator --latency 200ms --webhook-url http://127.0.0.1:8080/webhooks/stripe --webhook-secret whsec_…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := datadir.At(path)
			if err := dir.Create(); err != nil {
				return err
			}
			listener, err := listen(cmd.Context(), addr, "--addr")
			if err != nil {
				return err
			}
			options := stripe.Options{
				DataFile: dir.SimulatorDatabase(), Latency: latency, BaseURL: "http://" + listener.Addr().String(), Logger: zap.NewNop(),
			}
			if webhookURL != "" {
				options.Webhooks = []stripe.Webhook{{URL: webhookURL, Secret: webhookSecret}}
			}
			sim, err := startSimulator(listener, options)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "Stripe-shaped simulator: http://%s\n", listener.Addr()); err != nil {
				return errors.Join(err, sim.stop())
			}
			<-cmd.Context().Done()
			return sim.stop()
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:12111", "address of the simulator, host:port")
	cmd.Flags().StringVar(&path, "data-dir", datadir.Default, "folder of its data file, simulator.db")
	cmd.Flags().DurationVar(&latency, "latency", 0, "added to every provider call")
	cmd.Flags().StringVar(&webhookURL, "webhook-url", "", "where signed events are sent; empty: nowhere")
	cmd.Flags().StringVar(&webhookSecret, "webhook-secret", "", "secret that events are signed with")
	return cmd
}

// simulator is a provider simulator that answers on a listener.
type simulator struct {
	provider *stripe.Simulator
	server   *http.Server
}

func startSimulator(listener net.Listener, o stripe.Options) (*simulator, error) {
	provider, err := stripe.Open(o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &simulator{provider: provider, server: &http.Server{Handler: provider.Handler(), ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = s.server.Serve(listener) }() // ends with stop
	return s, nil
}

// stop refuses new calls, lets running ones end briefly, and closes the file.
func (s *simulator) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close() // calls that hang are cut off
	}
	return s.provider.Close()
}

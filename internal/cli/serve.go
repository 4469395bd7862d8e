package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/app"
	"paymenthub/internal/datadir"
)

// serverFlags are the flags of commands that run the hub.
func serverFlags(flags *pflag.FlagSet) {
	stateFlags(flags)
	flags.String("temporal-address", "", "Temporal frontend that already runs, host:port")
}

// tlsFlags are the flags of commands that answer HTTP.
func tlsFlags(flags *pflag.FlagSet) {
	flags.String("addr", "127.0.0.1:8080", "address of the API, host:port")
	flags.String("tls-cert", "", "certificate chain (PEM) to serve TLS with, 1.2 or newer")
	flags.String("tls-key", "", "private key (PEM) of the certificate")
}

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the API and a worker in one process", Args: cobra.NoArgs,
		Long: `Run the API and a worker in one process, against a database and a Temporal
cluster that are there. The database must be migrated (paymenthub migrate up).`,
		Example: "  paymenthub serve --config production.yaml\n" +
			"  paymenthub serve --addr 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem --database-url postgres://… --temporal-address temporal:7233",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHub(cmd, func(ctx context.Context, c config.Config, hub *app.Hub, log *zap.Logger) error {
				listener, err := listen(ctx, c.Server.Addr, "--addr")
				if err != nil {
					return err
				}
				handler, err := hub.Handler(nil)
				if err != nil {
					return err
				}
				stop, err := hub.StartWorker()
				if err != nil {
					return err
				}
				defer stop()
				log.Info("serving", zap.String("addr", listener.Addr().String()))
				return hub.Serve(ctx, listener, handler)
			})
		},
	}
	serverFlags(cmd.Flags())
	tlsFlags(cmd.Flags())
	return cmd
}

func workerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "worker", Short: "Run a worker alone, beside a hub that serves", Args: cobra.NoArgs,
		Example: "  paymenthub worker --config production.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHub(cmd, func(ctx context.Context, _ config.Config, hub *app.Hub, log *zap.Logger) error {
				stop, err := hub.StartWorker()
				if err != nil {
					return err
				}
				defer stop()
				log.Info("working")
				<-ctx.Done()
				return nil
			})
		},
	}
	serverFlags(cmd.Flags())
	return cmd
}

// runHub opens the configured hub for a command. With the keys of a data
// folder, when none are configured.
func runHub(cmd *cobra.Command, run func(context.Context, config.Config, *app.Hub, *zap.Logger) error) error {
	c, dir, err := existing(cmd)
	if err != nil {
		return err
	}
	if err := useKeysOf(dir, &c); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return err
	}
	log, err := logger(c, os.Stderr)
	if err != nil {
		return err
	}
	hub, err := app.Open(cmd.Context(), c, Version, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := hub.Close(); err != nil {
			log.Warn("not everything was closed", zap.Error(err))
		}
	}()
	endAtSecondSignal(cmd.Context())
	return run(cmd.Context(), c, hub, log)
}

// endAtSecondSignal lets the process end at once when it is asked again while it
// is already stopping: what is cut off is taken up by the next start.
func endAtSecondSignal(stopping context.Context) {
	context.AfterFunc(stopping, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
}

// useKeysOf takes the keys of a data folder when none are configured.
func useKeysOf(dir datadir.Dir, c *config.Config) (err error) {
	if c.Keys.Fingerprint == "" && exists(dir.Keys()) {
		c.Keys, err = config.DevKeys(dir.Keys())
	}
	return err
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// listen opens an address, or says which flag to change.
func listen(ctx context.Context, addr, flag string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w); choose another address with %s", addr, err, flag)
	}
	return listener, nil
}

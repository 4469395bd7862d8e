// Package cli is the command line of the hub: one file per command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"paymenthub/config"
	"paymenthub/internal/app"
	"paymenthub/internal/datadir"
	"paymenthub/internal/telemetry"
)

// Version is set by release builds (-ldflags "-X paymenthub/internal/cli.Version=…").
var Version = "dev"

// Execute runs the command line and returns the process's exit status.
func Execute() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	if !errors.Is(err, errSilent) {
		fmt.Fprintln(os.Stderr, "paymenthub:", err)
	}
	return 1
}

// gcPercent lets the heap grow further between collections than Go does by
// itself: a hub's live heap is small, and its memory cheaper than its latency.
// GOGC overrides it.
const gcPercent = 400

// errSilent ends a command with status 1 after it has said all there is to say.
var errSilent = errors.New("silent")

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "paymenthub",
		Short: "Payment Hub: one engine over every payment provider",
		Long: `Payment Hub takes payments through any provider: merchants call its REST API,
Temporal runs the life of every payment, and a double-entry ledger keeps the books.

To try it: paymenthub dev`,
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.PersistentFlags().String("config", "", "configuration file (YAML); every setting is also a PAYMENTHUB_* variable")
	cmd.AddCommand(devCommand(), serveCommand(), workerCommand(), migrateCommand(), simulatorCommand(), temporalCommand(),
		merchantCommand(), keyCommand(), benchCommand(), verifyCommand(), attentionCommand(), resolveCommand(), gatewayCommand(), fxCommand(),
		eventsCommand(), listenCommand(), chaosCommand(), configCommand(), versionCommand())
	return cmd
}

// stateFlags are the flags of commands that touch the hub's state.
func stateFlags(flags *pflag.FlagSet) {
	flags.String("data-dir", datadir.Default, "data folder of development mode, used unless a database is configured")
	flags.String("database-url", "", "Postgres URL, postgres://user:password@host:5432/name")
}

// load reads the configuration of a command. Without a configured database it
// means the data folder's; without configured keys it means the data folder's too.
func load(cmd *cobra.Command) (config.Config, datadir.Dir, error) {
	return loadOver(cmd, config.Default())
}

// loadOver is load with other defaults.
func loadOver(cmd *cobra.Command, base config.Config) (config.Config, datadir.Dir, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return config.Config{}, datadir.Dir{}, err
	}
	base.Gateways.Catalogue = app.Providers()
	c, err := config.Load(config.Sources{Base: &base, File: file, Flags: cmd.Flags()})
	if err != nil {
		return config.Config{}, datadir.Dir{}, err
	}
	path := datadir.Default
	if flag := cmd.Flags().Lookup("data-dir"); flag != nil {
		path = flag.Value.String()
	}
	dir := datadir.At(path)
	if c.Database.URL == "" && c.Database.SQLiteFile == "" {
		c.Database.SQLiteFile = dir.HubDatabase()
	}
	return c, dir, nil
}

// existing is load for commands that work on state that must be there.
func existing(cmd *cobra.Command) (config.Config, datadir.Dir, error) {
	c, dir, err := load(cmd)
	if err != nil {
		return c, dir, err
	}
	if c.Database.URL == "" {
		if _, err := os.Stat(c.Database.SQLiteFile); err != nil {
			return c, dir, fmt.Errorf("there is no hub database at %s; start the hub once, or name its folder with --data-dir or its database with --database-url", c.Database.SQLiteFile)
		}
	}
	return c, dir, nil
}

// logger makes the configured logger on w.
func logger(c config.Config, w io.Writer) (*zap.Logger, error) {
	l, err := telemetry.NewLogger(c.Log.Level, c.Log.Format, w)
	if err == nil {
		telemetry.TakeStandardLog(l)
	}
	return l, err
}

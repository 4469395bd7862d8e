package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"paymenthub/config"
	"paymenthub/internal/clock"
	"paymenthub/internal/datadir"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// stopLimit is when development mode ends even if a part does not.
const stopLimit = 4500 * time.Millisecond

func devCommand() *cobra.Command {
	var fresh bool
	var simulators []string
	var temporal temporalOptions
	cmd := &cobra.Command{
		Use: "dev", Short: "Run everything on this machine, in one process", Args: cobra.NoArgs,
		Long: `Run everything on this machine, in one process: Temporal with its UI, the hub's
database, the API, a worker, simulators of the payment providers and a demo merchant
with keys. State is kept in the data folder.`,
		Example: "  paymenthub dev\n  paymenthub dev --fresh\n  paymenthub dev --simulators stripe,adyen\n  paymenthub dev --database-url postgres://… --temporal-address localhost:7233",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd, temporal, simulators, fresh)
		},
	}
	serverFlags(cmd.Flags())
	tlsFlags(cmd.Flags())
	temporalFlags(cmd.Flags(), &temporal)
	cmd.Flags().StringSliceVar(&simulators, "simulators", simulatorNames(), "the providers whose simulators run")
	cmd.Flags().BoolVar(&fresh, "fresh", false, "begin with empty state: removes what the data folder holds")
	return cmd
}

func runDev(cmd *cobra.Command, temporal temporalOptions, simulators []string, fresh bool) error {
	for _, name := range simulators {
		if _, err := kindOf(name, "--simulators"); err != nil {
			return err
		}
	}
	syscall.Umask(0o077) // what the parts write in the data folder is for its owner alone
	base := config.Default()
	base.Log = config.Log{Level: "warn", Format: "console"} // a person reads it
	base.Server.DrainTimeout = drained
	base.Webhooks.AllowLoopback = true // a developer's server is on this machine
	c, dir, err := loadOver(cmd, base)
	if err != nil {
		return err
	}
	if err := dir.Create(); err != nil {
		return err
	}
	lock, err := dir.Lock()
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }()
	if fresh {
		if err := dir.Clear(); err != nil {
			return err
		}
	}
	log, err := logger(c, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	s := &stack{dir: dir, config: c, log: log, simulated: simulators, temporalOptions: temporal}
	if s.info, _, err = dir.ReadInfo(); err != nil {
		return err
	}
	progress(out, "Starting Temporal, the database and the provider simulators in "+dir.Path()+" …")
	defer s.stop()
	if err := startStack(cmd.Context(), s); err != nil {
		return err
	}
	if err := s.prepareDemo(cmd.Context()); err != nil {
		return err
	}
	if err := dir.WriteInfo(s.info); err != nil {
		return err
	}
	progress(out, banner(s.info))
	err = s.serve(cmd.Context())
	progress(out, "\nStopping …")
	time.AfterFunc(stopLimit-drained, func() {
		log.Error("stopping took too long; ending now, state is safe")
		os.Exit(1)
	})
	return err
}

// drained is the part of stopLimit that letting requests end may have taken.
const drained = 2 * time.Second

func progress(out io.Writer, text string) { _, _ = fmt.Fprintln(out, text) }

// prepareDemo makes sure that the demo merchant and its keys are there, and
// fills in what dev.json tells.
func (s *stack) prepareDemo(ctx context.Context) error {
	s.info.API = s.baseURL()
	s.info.Temporal, s.info.TemporalNamespace = s.config.Temporal.Address, s.config.Temporal.Namespace
	if s.temporal != nil && s.temporal.UIAddress() != "" {
		s.info.TemporalUI = "http://" + s.temporal.UIAddress()
	}
	repo := s.hub.Store().Merchants()
	if known, err := s.demoIsThere(ctx, repo); err != nil || known {
		return err
	}
	m := merchant.Merchant{ID: id.New(id.Merchant), Name: "Demo Shop", CreatedAt: clock.System{}.Now()}
	if err := repo.CreateMerchant(ctx, m); err != nil {
		return err
	}
	s.info.MerchantID = m.ID
	keys := merchant.NewKeys(repo, clock.System{})
	for _, k := range []struct {
		env  merchant.Environment
		kind merchant.KeyKind
		into *string
	}{
		{merchant.Sandbox, merchant.SecretKey, &s.info.Keys.SandboxSecret},
		{merchant.Sandbox, merchant.PublishableKey, &s.info.Keys.SandboxPublishable},
		{merchant.Live, merchant.SecretKey, &s.info.Keys.LiveSecret},
		{merchant.Live, merchant.PublishableKey, &s.info.Keys.LivePublishable},
	} {
		_, clear, err := keys.Create(ctx, merchant.Scope{MerchantID: m.ID, Environment: k.env}, k.kind, "demo", nil)
		if err != nil {
			return err
		}
		*k.into = clear
	}
	return nil
}

// demoIsThere reports whether the keys of an earlier run are still good.
func (s *stack) demoIsThere(ctx context.Context, repo merchant.Repository) (bool, error) {
	auth := merchant.NewAuthenticator(repo, clock.System{})
	for _, key := range []string{s.info.Keys.SandboxSecret, s.info.Keys.SandboxPublishable, s.info.Keys.LiveSecret, s.info.Keys.LivePublishable} {
		if _, err := auth.Authenticate(ctx, key); fault.Is(err, fault.Unauthenticated) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

func banner(info datadir.Info) string {
	lines := []string{
		"", "Payment Hub is running.", "",
		"  API            " + info.API,
		"  API docs       " + info.API + "/docs",
	}
	if address, err := url.Parse(info.API); err == nil && webhook.Loopback(address.Hostname()) { // nobody else is shown them
		lines = append(lines, "  Webhooks       "+info.API+"/console/webhooks")
	}
	if info.TemporalUI != "" {
		lines = append(lines, "  Temporal UI    "+info.TemporalUI)
	}
	lines = append(lines,
		"  Simulators     "+simulatorLine(info.Simulators), "",
		"  Secret key     "+info.Keys.SandboxSecret,
		"  Client key     "+info.Keys.SandboxPublishable,
		"  Live keys      in dev.json, in the data folder", "",
		"Take a first payment:", "",
		"  curl -s "+info.API+"/v3/payments/intents \\",
		"    -H 'Authorization: Bearer "+info.Keys.SandboxSecret+"' \\",
		"    -H 'Content-Type: application/json' \\",
		`    -d '{"amount":12000,"currency":"AED","confirm":true,"payment_method":{"type":"card","card":{"number":"4242424242424242","exp_month":12,"exp_year":2030,"cvc":"123","holder_name":"Ada Lovelace"}}}'`,
		"", "Send a shopper to the hosted checkout (open the checkout_url of the answer):", "",
		"  curl -s "+info.API+"/api/v1/payment-intents \\",
		"    -H 'X-API-Key: "+info.Keys.SandboxSecret+"' \\",
		"    -H 'Content-Type: application/json' \\",
		`    -d '{"amount":4990,"currency":"EUR","description":"Two concert tickets","success_url":"`+info.API+`/docs"}'`,
		"", "Ctrl-C stops it; state is kept.")
	return strings.Join(lines, "\n")
}

// simulatorLine names the simulators and where they are.
func simulatorLine(simulators map[string]string) string {
	var found []string
	for _, name := range simulatorNames() {
		if url, runs := simulators[name]; runs {
			found = append(found, name+" "+strings.TrimPrefix(url, "http://"))
		}
	}
	return strings.Join(found, ", ")
}

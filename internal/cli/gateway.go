package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"paymenthub/config"
	"paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/datadir"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
)

func gatewayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "gateway", Short: "See how gateways are, and switch them off and on",
		Long: `See how gateways are, and switch them off and on while hubs run. What an operator
says goes before what the hub has seen, in every process within seconds. A gateway
that is off gets no new payments; those that it took are captured and refunded.`,
	}
	stateFlags(cmd.PersistentFlags())
	cmd.AddCommand(gatewayListCommand(),
		gatewayForceCommand("disable", "Send a gateway no new payments", routing.ForcedDown),
		gatewayForceCommand("enable", "Let a gateway have payments again, as its health allows", routing.NotForced),
		gatewayForceCommand("insist", "Send a gateway payments, whatever its health is", routing.ForcedUp))
	return cmd
}

// gatewayLine is a gateway of an environment as operators see it.
type gatewayLine struct {
	Environment merchant.Environment `json:"environment"`
	Gateway     string               `json:"gateway"`
	Health      routing.State        `json:"health"`
	Operator    routing.Forced       `json:"operator,omitempty"` // "up" or "down", where an operator has said so
	Since       time.Time            `json:"since,omitzero"`     // of the health
	Why         string               `json:"why,omitempty"`
}

func gatewayListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the operator's gateways, and merchants' own that something is known of", Args: cobra.NoArgs,
		Example: "  paymenthub gateway list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, dir, err := existing(cmd)
			if err != nil {
				return err
			}
			return onRecords(cmd, func(ctx context.Context, s *store.Store, _ config.Config) error {
				known, err := s.Routing().Health(ctx)
				if err != nil {
					return err
				}
				set, err := setUp(c, dir)
				if err != nil {
					return err
				}
				return printGateways(cmd.OutOrStdout(), gatewayLines(set, known), asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// setUp lists the operator's accounts, those at the simulators of development mode
// among them.
func setUp(c config.Config, dir datadir.Dir) ([]routing.Account, error) {
	info, _, err := dir.ReadInfo()
	if err != nil {
		return nil, err
	}
	var accounts []routing.Account
	for _, of := range []struct {
		env      merchant.Environment
		accounts config.Accounts
	}{{merchant.Live, c.Gateways.Live}, {merchant.Sandbox, c.Gateways.Sandbox}} {
		names := c.Gateways.Connected(of.accounts)
		for _, simulated := range simulatorNames() {
			if _, runs := info.Simulators[simulated]; runs && !slices.Contains(names, simulated) {
				names = append(names, simulated)
			}
		}
		for _, name := range names {
			accounts = append(accounts, routing.Account{Environment: of.env, Gateway: name})
		}
	}
	return accounts, nil
}

// gatewayLines are the accounts in their order, and after them what is known of others.
func gatewayLines(accounts []routing.Account, known []routing.HealthRecord) []gatewayLine {
	for _, r := range known {
		if !slices.Contains(accounts, r.Account) {
			accounts = append(accounts, r.Account)
		}
	}
	lines := make([]gatewayLine, 0, len(accounts))
	for _, a := range accounts {
		line := gatewayLine{Environment: a.Environment, Gateway: a.Gateway, Health: routing.Closed}
		for _, r := range known {
			if r.Account == a {
				line.Health, line.Operator, line.Since, line.Why = r.Breaker.State, r.Forced, r.Breaker.Since, r.Breaker.Why
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// healthWords say the states of a circuit breaker for people.
var healthWords = map[routing.State]string{routing.Closed: "works", routing.Open: "broken", routing.HalfOpen: "on trial"}

func printGateways(out io.Writer, lines []gatewayLine, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		for _, line := range lines {
			if err := encoder.Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		said := ""
		if line.Operator != routing.NotForced {
			said = "operator says " + string(line.Operator)
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", line.Environment, line.Gateway, healthWords[line.Health], said, line.Why); err != nil {
			return err
		}
	}
	return table.Flush()
}

// gatewayForceCommand makes the command of what an operator can decide.
func gatewayForceCommand(verb, short string, forced routing.Forced) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: verb + " GATEWAY", Short: short, Args: cobra.ExactArgs(1),
		Example: "  paymenthub gateway " + verb + " adyen --environment live",
		RunE: func(cmd *cobra.Command, args []string) error {
			a := routing.Account{Environment: merchant.Environment(environment), Gateway: args[0]}
			if !a.Environment.Valid() {
				return fmt.Errorf("--environment must be sandbox or live, not %q", environment)
			}
			return onRecords(cmd, func(ctx context.Context, s *store.Store, c config.Config) error {
				if err := checkGateway(ctx, s, c, a); err != nil {
					return err
				}
				return s.Routing().Force(ctx, a, forced, clock.System{}.Now())
			})
		},
	}
	cmd.Flags().StringVar(&environment, "environment", "", "sandbox or live (required)")
	_ = cmd.MarkFlagRequired("environment")
	return cmd
}

// checkGateway refuses a name that no account can have: a misspelt one would change
// nothing, and nobody would know.
func checkGateway(ctx context.Context, s *store.Store, c config.Config, a routing.Account) error {
	if slices.ContainsFunc(c.Gateways.Catalogue, func(p config.Provider) bool { return p.Name == a.Gateway }) {
		return nil
	}
	if account.ValidName(a.Gateway) {
		found, err := s.GatewayAccounts().Find(ctx, a.Gateway)
		if err == nil && found.Scope.Environment == a.Environment {
			return nil
		}
	}
	return fmt.Errorf("there is no gateway %q in %s", a.Gateway, a.Environment)
}

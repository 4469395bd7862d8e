package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"paymenthub/internal/app"
	"paymenthub/internal/datadir"
	"paymenthub/internal/simulator/chassis"
	"paymenthub/internal/verify"
)

func verifyCommand() *cobra.Command {
	var simulators []string
	var wait time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that money agrees: hub, ledger, events and the providers' own records", Args: cobra.NoArgs,
		Long: `Read the hub's database and, where there are simulators, their own records, and
check every invariant. Each violation is one line on standard output (rule, object,
what is wrong), and the exit status is 1 when there is any. What waits for an
operator is counted, and is no violation. It only reads and works beside a running
hub.

The simulators of development mode are found through the data folder's dev.json.
When the hub that ran them is stopped, their file is read instead.

The invariants:
` + describeRules(),
		Example: "  paymenthub verify\n  paymenthub verify --wait 30s --json\n" +
			"  paymenthub verify --database-url postgres://… --simulator stripe=http://127.0.0.1:12111",
		RunE: func(cmd *cobra.Command, _ []string) error {
			witnesses, err := parseWitnesses(simulators)
			if err != nil {
				return err
			}
			report, err := runVerify(cmd, witnesses, wait)
			if errors.Is(err, context.Canceled) {
				// Not passed on: an interrupted check must not end like a clean one.
				return errors.New("interrupted before everything was checked")
			}
			if err != nil {
				return err
			}
			return printVerified(cmd, report, asJSON)
		},
	}
	stateFlags(cmd.Flags())
	cmd.Flags().StringArrayVar(&simulators, "simulator", nil, "a gateway and its simulator's address, stripe=http://127.0.0.1:12111; may be repeated")
	cmd.Flags().DurationVar(&wait, "wait", 0, "first wait until no gateway call is under way and no notification waits, at most this long")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document and nothing else on standard output")
	return cmd
}

func describeRules() string {
	var text strings.Builder
	for _, d := range verify.Rules {
		fmt.Fprintf(&text, "  %-24s %s\n", d.Rule, d.Protects)
	}
	return strings.TrimRight(text.String(), "\n")
}

func parseWitnesses(simulators []string) ([]verify.Witness, error) {
	var witnesses []verify.Witness
	for _, text := range simulators {
		name, url, ok := strings.Cut(text, "=")
		if !ok || name == "" || !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
			return nil, fmt.Errorf("--simulator must look like stripe=http://127.0.0.1:12111, not %q", text)
		}
		witnesses = append(witnesses, verify.Witness{Name: name, URL: url})
	}
	return witnesses, nil
}

func runVerify(cmd *cobra.Command, witnesses []verify.Witness, wait time.Duration) (verify.Report, error) {
	ctx := cmd.Context()
	c, dir, err := existing(cmd)
	if err != nil {
		return verify.Report{}, err
	}
	// With a database from elsewhere, the folder's simulators are its hub's only
	// if the folder was named as well.
	if len(witnesses) == 0 && (c.Database.SQLiteFile == dir.HubDatabase() || cmd.Flags().Changed("data-dir")) {
		found, stop, err := findWitnesses(ctx, dir, cmd.ErrOrStderr())
		if err != nil {
			return verify.Report{}, err
		}
		defer stop()
		witnesses = found
	}
	db, err := app.OpenStore(ctx, c, zap.NewNop())
	if err != nil {
		return verify.Report{}, err
	}
	defer func() { _ = db.Close() }()
	if wait > 0 {
		quiet, err := verify.AwaitQuiet(ctx, db, wait)
		if err != nil {
			return verify.Report{}, err
		}
		if !quiet {
			say(cmd.ErrOrStderr(), "gateway calls are still under way, or notifications wait, after %s", wait)
		}
	}
	progress, finish := progressOn(cmd.ErrOrStderr())
	defer finish()
	return verify.Run(ctx, verify.Options{Store: db, Witnesses: witnesses, Progress: progress, Patience: webhookPatience})
}

// webhookPatience is what a provider's webhook takes at most until the hub has
// written down what it tells, when both are well.
const webhookPatience = 6 * time.Second

// say tells the operator something; standard output is for findings alone.
func say(w io.Writer, message string, args ...any) { _, _ = fmt.Fprintf(w, message+"\n", args...) }

// findWitnesses returns the simulators that the data folder's hub runs, or ran:
// those of a stopped hub are started from their files until stop is called.
func findWitnesses(ctx context.Context, dir datadir.Dir, stderr io.Writer) (found []verify.Witness, stop func(), err error) {
	stop = func() {}
	info, ok, err := dir.ReadInfo()
	if err != nil || !ok {
		return nil, stop, err
	}
	var silent []simulatorKind
	for _, name := range slices.Sorted(maps.Keys(info.Simulators)) {
		url := info.Simulators[name]
		if answers(ctx, name, url) {
			found = append(found, verify.Witness{Name: name, URL: url})
			continue
		}
		say(stderr, "the %s simulator does not answer at %s", name, url)
		if kind, err := kindOf(name, "dev.json"); err == nil {
			silent = append(silent, kind)
		}
	}
	if len(silent) == 0 {
		return found, stop, nil
	}
	// The folder is locked meanwhile, so that no hub starts a second one on a file.
	lock, err := dir.Lock()
	if err != nil {
		say(stderr, "and its file cannot be read, so what was charged there is not compared: %v", err)
		return found, stop, nil
	}
	var revived []*simulator
	for _, kind := range silent {
		file := dir.SimulatorDatabase(kind.provider)
		sim, url, err := kind.revive(ctx, file)
		if err != nil {
			say(stderr, "and its file cannot be read, so what was charged there is not compared: %v", err)
			continue
		}
		say(stderr, "reading its file %s instead", file)
		found, revived = append(found, verify.Witness{Name: kind.provider, URL: url}), append(revived, sim)
	}
	return found, func() {
		_ = stopAll(revived)
		_ = lock.Release()
	}, nil
}

// answers reports whether the provider's simulator is at the address: a port of
// yesterday's may be somebody else's today.
func answers(ctx context.Context, provider, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_sim/health", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	var health struct {
		Provider string `json:"provider"`
	}
	return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(&health) == nil && health.Provider == provider
}

// revive starts a simulator that does nothing by itself on its file, at an address of
// its own.
func (k simulatorKind) revive(ctx context.Context, file string) (*simulator, string, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, "", err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	sim, err := k.start(listener, chassis.Options{DataFile: file, Frozen: true, Logger: zap.NewNop()})
	return sim, "http://" + listener.Addr().String(), err
}

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"paymenthub/config"
	"paymenthub/internal/chaos"
	"paymenthub/internal/datadir"
)

// maxParallel bounds the worlds that run at a time: each is four processes.
const maxParallel = 64

func chaosCommand() *cobra.Command {
	var seed uint64
	var seeds, database string
	var steps, parallel int
	var keep, plan, asJSON bool
	cmd := &cobra.Command{
		Use: "chaos", Short: "Break a hub on purpose and hold it to what it told its clients", Args: cobra.NoArgs,
		Long: `Let several clients pay, refund and cancel at a hub of its own while its processes
are killed, its provider loses answers, its webhooks come twice, late or never, its
database restarts and its clock steps. Then heal everything and check that every
promise made to a client holds: at the hub, at the provider, and in the books.

A seed decides what happens; the same seed is the same plan (--plan prints it). A
seed that fails says what was broken, how to replay it and where its logs are, and
the exit status is 1.`,
		Example: "  paymenthub chaos --seed 7\n  paymenthub chaos --seed 7 --plan\n" +
			"  paymenthub chaos --seeds 1-200 --parallel 4 --database postgres",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := chaos.Options{First: seed, Last: seed, Steps: steps, Database: chaos.Database(database), Parallel: parallel, Keep: keep}
			if err := checkChaos(&o, seeds); err != nil {
				return err
			}
			if plan {
				for n := o.First; n <= o.Last; n++ {
					if err := chaos.New(n, o.Steps, o.Database).Print(cmd.OutOrStdout()); err != nil {
						return err
					}
				}
				return nil
			}
			return runChaos(cmd, o, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&seed, "seed", 1, "the seed to try")
	flags.StringVar(&seeds, "seeds", "", "seeds to try instead, first-last")
	flags.IntVar(&steps, "steps", 60, "operations and faults of a seed")
	flags.StringVar(&database, "database", string(chaos.SQLite), "sqlite, or postgres (from the binaries on this machine)")
	flags.IntVar(&parallel, "parallel", 1, "seeds at a time")
	flags.BoolVar(&keep, "keep", false, "keep the folder of every seed, not only of those that fail")
	flags.BoolVar(&plan, "plan", false, "print what would happen, and do nothing")
	flags.BoolVar(&asJSON, "json", false, "print one JSON line per seed, and nothing else on standard output")
	return cmd
}

// checkChaos reads the seeds and says which flag is wrong.
func checkChaos(o *chaos.Options, seeds string) error {
	if seeds != "" {
		first, last, ok := strings.Cut(seeds, "-")
		var errs [2]error
		o.First, errs[0] = strconv.ParseUint(first, 10, 64)
		o.Last, errs[1] = strconv.ParseUint(last, 10, 64)
		if !ok || errors.Join(errs[:]...) != nil || o.Last < o.First || o.Last-o.First >= 1_000_000 {
			return fmt.Errorf("--seeds must look like 1-200, not %q", seeds)
		}
	}
	switch {
	case o.Steps < 1 || o.Steps > chaos.MaxSteps:
		return fmt.Errorf("--steps must be 1 to %d", chaos.MaxSteps)
	case o.Database != chaos.SQLite && o.Database != chaos.Postgres:
		return fmt.Errorf("--database must be sqlite or postgres, not %q", o.Database)
	case o.Parallel < 1 || o.Parallel > maxParallel:
		return fmt.Errorf("--parallel must be 1 to %d", maxParallel)
	}
	return nil
}

func runChaos(cmd *cobra.Command, o chaos.Options, asJSON bool) error {
	out, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
	var err error
	if o.Binary, err = os.Executable(); err != nil {
		return err
	}
	o.Prepare = prepareChaos
	if o.First == o.Last {
		o.Stage = func(seed uint64, stage string) { say(stderr, "seed %d: %s …", seed, stage) }
	}
	o.Done = func(r chaos.Result, done, of int) {
		if asJSON {
			_ = json.NewEncoder(out).Encode(r)
		} else {
			printBroken(out, r)
		}
		say(stderr, "[%d/%d] %s", done, of, describeResult(r))
	}
	began := time.Now()
	results, err := chaos.Run(cmd.Context(), o)
	if errors.Is(err, chaos.ErrNoPostgres) {
		return errors.New("--database postgres needs the Postgres server's programs (initdb and postgres) on this machine; Debian has them in the package postgresql")
	}
	if cmd.Context().Err() != nil {
		// Not passed on: an interrupted campaign must not end like a clean one.
		err = errors.New("interrupted before every seed was tried")
	}
	if !asJSON && len(results) > 1 {
		if printErr := printCampaign(out, results, time.Since(began)); printErr != nil {
			return printErr
		}
	}
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Failed() {
			return errSilent
		}
	}
	return nil
}

// prepareChaos makes the data folder of a seed's hub, with keys.
func prepareChaos(folder string) error {
	dir := datadir.At(folder)
	if err := dir.Create(); err != nil {
		return err
	}
	_, err := config.DevKeys(dir.Keys())
	return err
}

// printBroken says what a seed broke, and how to see it again.
func printBroken(out io.Writer, r chaos.Result) {
	for _, v := range r.Violations {
		_, _ = fmt.Fprintf(out, "seed %d: %s %s: %s\n", r.Seed, v.Rule, v.Object, v.What)
	}
	if r.Error != "" {
		_, _ = fmt.Fprintf(out, "seed %d: could not be tried: %s\n", r.Seed, r.Error)
	}
	if r.Failed() {
		_, _ = fmt.Fprintf(out, "  replay: paymenthub chaos --seed %d --steps %d --database %s\n", r.Seed, r.Steps, r.Database)
	}
	if r.Folder != "" {
		_, _ = fmt.Fprintf(out, "  logs: %s\n", r.Folder)
	}
}

func describeResult(r chaos.Result) string {
	verdict := "every promise held"
	switch {
	case r.Error != "":
		verdict = "COULD NOT BE TRIED"
	case r.Failed():
		verdict = fmt.Sprintf("FAILED, %d promises broken", len(r.Violations))
	}
	return fmt.Sprintf("seed %d on %s: %s (%d payments, %d operations, %d requests resent, %d kills, %d restarts, %d faults, %.1f s)",
		r.Seed, r.Database, verdict, r.Payments, r.Operations, r.Resent, r.Kills, r.Restarts, r.Faults, r.Seconds)
}

// printCampaign sums the seeds up.
func printCampaign(out io.Writer, results []chaos.Result, took time.Duration) error {
	var sum chaos.Result
	failures := 0
	for _, r := range results {
		sum.Payments += r.Payments
		sum.Operations += r.Operations
		sum.Resent += r.Resent
		sum.Kills += r.Kills
		sum.Restarts += r.Restarts
		sum.Faults += r.Faults
		sum.Webhooks += r.Webhooks
		if r.Failed() {
			failures++
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "seeds\tpayments\toperations\tresent\tkills\trestarts\tfaults\twebhooks\tfailures\ttime\t")
	_, _ = fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t\n", len(results), sum.Payments, sum.Operations, sum.Resent,
		sum.Kills, sum.Restarts, sum.Faults, sum.Webhooks, failures, took.Round(time.Second))
	return table.Flush()
}

package cli

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/datadir"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	stripesim "paymenthub/internal/simulator/stripe"
	"paymenthub/internal/store"
	"paymenthub/internal/verify"
)

// stoppedHub is the data folder of a hub that is not running, with one payment.
func stoppedHub(t *testing.T) (datadir.Dir, payment.Intent) {
	ctx := context.Background()
	dir := datadir.At(t.TempDir())
	db, err := store.Open(ctx, store.Options{SQLiteFile: dir.HubDatabase()})
	require.NoError(t, err)
	require.NoError(t, db.Migrate(ctx))
	now := clock.System{}.Now()
	shop := merchant.Merchant{ID: id.New(id.Merchant), Name: "Shop", CreatedAt: now}
	require.NoError(t, db.Merchants().CreateMerchant(ctx, shop))
	opened, err := payment.Open(payment.New{
		ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: shop.ID, Environment: merchant.Sandbox},
		Amount: 500, Currency: "EUR", CaptureMethod: payment.CaptureAutomatic, Routing: "auto", Gateway: "stripe",
	}, now)
	require.NoError(t, err)
	require.NoError(t, db.Payments().Insert(ctx, opened))
	require.NoError(t, db.Close())

	nobody := "http://127.0.0.1:1" // answers there
	require.NoError(t, dir.WriteInfo(datadir.Info{Simulators: map[string]string{"stripe": nobody}}))
	sim, err := stripesim.Open(stripesim.Options{DataFile: dir.SimulatorDatabase("stripe")})
	require.NoError(t, err)
	require.NoError(t, sim.Close())
	return dir, opened.Intent
}

func runVerifyCommand(ctx context.Context, arguments ...string) (stdout, stderr string, err error) {
	cmd := &cobra.Command{Use: "paymenthub", SilenceUsage: true, SilenceErrors: true}
	cmd.PersistentFlags().String("config", "", "")
	cmd.AddCommand(verifyCommand())
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(append([]string{"verify"}, arguments...))
	err = cmd.ExecuteContext(ctx)
	return out.String(), errs.String(), err
}

func TestVerifyReadsAStoppedHub(t *testing.T) {
	ctx := context.Background()
	dir, intent := stoppedHub(t)
	stdout, stderr, err := runVerifyCommand(ctx, "--data-dir", dir.Path())
	require.NoError(t, err)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "reading its file")
	require.Contains(t, stderr, "1 payments, 0 provider charges, 0 provider refunds and 0 provider disputes checked: 0 violations")
	require.NotContains(t, stderr, "operator")
	lock, err := dir.Lock()
	require.NoError(t, err, "the folder is free again")

	stdout, stderr, err = runVerifyCommand(ctx, "--data-dir", dir.Path(), "--json")
	require.NoError(t, err)
	require.Contains(t, stderr, "its file cannot be read", "a running hub holds the folder")
	var report verify.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.EqualValues(t, 1, report.Payments)
	require.NotNil(t, report.Violations)
	require.NoError(t, lock.Release())

	behind, err := sql.Open("sqlite", dir.HubDatabase())
	require.NoError(t, err)
	_, err = behind.Exec("DELETE FROM events")
	require.NoError(t, err)
	require.NoError(t, behind.Close())
	stdout, _, err = runVerifyCommand(ctx, "--data-dir", dir.Path())
	require.ErrorIs(t, err, errSilent)
	require.Equal(t, "payment_events "+intent.ID+": status requires_confirmation with 0 payment_intent.created events instead of 1\n", stdout)
}

func TestVerifySaysWhatIsWrong(t *testing.T) {
	dir, _ := stoppedHub(t)
	_, _, err := runVerifyCommand(context.Background(), "--data-dir", t.TempDir())
	require.ErrorContains(t, err, "there is no hub database")
	_, _, err = runVerifyCommand(context.Background(), "--data-dir", dir.Path(), "--simulator", "http://127.0.0.1:1")
	require.ErrorContains(t, err, "must look like stripe=http://")
	_, _, err = runVerifyCommand(context.Background(), "--data-dir", dir.Path(), "--simulator", "stripe=http://127.0.0.1:1")
	require.ErrorContains(t, err, "connection refused", "a witness that was named must answer")

	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = runVerifyCommand(canceled, "--data-dir", dir.Path())
	require.Error(t, err)
	require.NotErrorIs(t, err, context.Canceled, "which would end with status 0")
}

// TestVerifyPrintsOneLinePerViolation: also when a provider's words are quoted.
func TestVerifyPrintsOneLinePerViolation(t *testing.T) {
	report := verify.Report{Total: 3, Violations: []verify.Violation{
		{Rule: verify.ProviderChargeKnown, ObjectID: "ch_1\nledger_balanced", Message: "of 5 usd\r\x1b[2J"},
		{Rule: verify.OneCharge, ObjectID: "pi_1", Message: "two: ä"},
	}, NeedsOperator: verify.NeedsOperator{Payments: 1, Notifications: 2}, Payments: 7, Unsettled: 4}
	var out, errs bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	require.ErrorIs(t, printVerified(cmd, report, false), errSilent)
	require.Equal(t, "provider_charge_known ch_1�ledger_balanced: of 5 usd��[2J\none_charge pi_1: two: ä\n", out.String())
	require.Equal(t, "… and 1 more\nan operator must look at 1 payments, 0 refunds, 0 payment methods and 2 notifications\n"+
		"7 payments, 0 provider charges, 0 provider refunds and 0 provider disputes checked: 3 violations, 4 payments not settled yet\n", errs.String())

	out.Reset()
	require.ErrorIs(t, printVerified(cmd, report, true), errSilent)
	var same verify.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &same))
	require.Equal(t, report, same)
}

func TestVerifyTellsItsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		progress, finish := progressOn(&log)
		progress("payments", 250, 1000)
		finish()
		require.Empty(t, log.String(), "nothing of what is over soon")

		progress = progressLines(&log, 0)
		progress("rows of the providers' records", 500, 0)
		progress("payments", 250, 1000)
		progress("balances", 0, 0)
		require.Equal(t, "reading rows of the providers' records: 500\nchecking payments: 250 of 1000\nchecking balances\n", log.String())
	})
}

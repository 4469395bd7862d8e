package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
)

// askedOf notes what is asked of it.
type askedOf struct {
	told []string
	err  error
}

func (a *askedOf) Revive(_ context.Context, s payment.Snapshot) error {
	a.told = append(a.told, "revive "+s.PaymentID)
	return a.err
}

func (a *askedOf) LookUp(_ context.Context, s payment.Snapshot, _ string) error {
	a.told = append(a.told, "look up "+s.PaymentID)
	return a.err
}

func (a *askedOf) LookUpRefund(_ context.Context, r payment.Refund, _ string) error {
	a.told = append(a.told, "look up "+r.ID)
	return a.err
}

// recordsOf is a database with one payment that waits for its confirmation, and
// n whose gateway call is under way. It returns their ids.
func recordsOf(t *testing.T, n int) (*store.Store, []string) {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(ctx))
	now := clock.System{}.Now()
	shop := merchant.Merchant{ID: id.New(id.Merchant), Name: "Shop", CreatedAt: now}
	require.NoError(t, db.Merchants().CreateMerchant(ctx, shop))
	var processing []string
	for i := range n + 1 {
		opened, err := payment.Open(payment.New{
			ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: shop.ID, Environment: merchant.Sandbox},
			Amount: 500, Currency: "EUR", CaptureMethod: payment.CaptureAutomatic, Routing: "auto", Gateway: "stripe",
		}, now)
		require.NoError(t, err)
		require.NoError(t, db.Payments().Insert(ctx, opened))
		if i == 0 {
			continue
		}
		begun, err := opened.Intent.BeginAttempt(payment.Confirmation{OperationID: id.NewSuffix()}, routing.Decision{Strategy: routing.Named, Choices: []routing.Choice{{Gateway: "stripe"}}}, risk.Assessment{Action: risk.Allow}, now)
		require.NoError(t, err)
		require.NoError(t, db.Payments().Apply(ctx, begun))
		processing = append(processing, opened.Intent.ID)
	}
	return db, processing
}

func TestResolveAsksForAllThatIsUnknown(t *testing.T) {
	n := rowsAtATime + 5
	db, processing := recordsOf(t, n)
	ask, progress := &askedOf{}, &bytes.Buffer{}
	r := resolver{
		list: db.Payments(), ask: ask, told: db.Notifications().Unresolved, now: time.Now, progress: progress,
		apply: func(context.Context, notification.Notification) error { return errors.New("there is none") },
	}
	require.NoError(t, r.all(context.Background()))
	var want []string
	for _, paymentID := range processing {
		want = append(want, "revive "+paymentID, "look up "+paymentID)
	}
	require.ElementsMatch(t, want, ask.told, "and not for the one that waits for its merchant")
	require.Equal(t, fmt.Sprintf("asked for %d payments and 0 refunds, applied 0 webhooks", n), r.asked.String())
	require.Contains(t, progress.String(), "asked for 1 payments")
}

func TestResolveStopsWhereItCannotGoOn(t *testing.T) {
	db, _ := recordsOf(t, 3)
	away := errors.New("Temporal is away")
	r := resolver{list: db.Payments(), ask: &askedOf{err: away}, now: time.Now, progress: &bytes.Buffer{}, every: time.Hour}
	require.ErrorIs(t, r.all(context.Background()), away)
	require.Zero(t, r.asked)
}

func TestChaosFlags(t *testing.T) {
	for _, test := range []struct{ flag, value, says string }{
		{"--seeds", "7", "--seeds must look like 1-200"}, {"--seeds", "9-7", "--seeds must look like 1-200"},
		{"--steps", "0", "--steps must be"}, {"--database", "mysql", "sqlite or postgres"}, {"--parallel", "0", "--parallel must be"},
	} {
		cmd := chaosCommand()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs([]string{test.flag, test.value})
		require.ErrorContains(t, cmd.Execute(), test.says)
	}
	cmd := chaosCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--seeds", "3-4", "--plan"})
	require.NoError(t, cmd.Execute())
	require.Contains(t, out.String(), "seed 3, 60 steps, sqlite")
	require.Contains(t, out.String(), "seed 4, ")
}

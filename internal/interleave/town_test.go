package interleave_test

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"paymenthub/internal/clock"
	"paymenthub/internal/id"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
	"paymenthub/internal/store/pgtest"
	"paymenthub/internal/vault"
	"paymenthub/internal/verify"
)

// start is when every race begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// town is a database in which races are run, one after another, and the
// provider that is the witness of them all.
type town struct {
	db       *store.Store
	provider *interleave.Provider
	scope    merchant.Scope
	races    map[string]string // the race of each payment, for what verify finds
}

func newTown(t *testing.T, o store.Options) *town {
	t.Helper()
	o.Logger = zap.NewNop()
	db, err := store.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	w := &town{
		db: db, provider: interleave.NewProvider("stripe"), races: map[string]string{},
		scope: merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox},
	}
	require.NoError(t, db.Merchants().CreateMerchant(t.Context(), merchant.Merchant{ID: w.scope.MerchantID, Name: "Test", CreatedAt: start}))
	return w
}

func sqlite(t *testing.T) store.Options {
	return store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db")}
}

func postgres(t *testing.T) store.Options { return store.Options{URL: pgtest.NewDatabase(t)} }

// verified proves the books of all races against the provider's record.
func (w *town) verified(t *testing.T) {
	t.Helper()
	witness := httptest.NewServer(w.provider)
	defer witness.Close()
	report, err := verify.Run(t.Context(), verify.Options{
		Store: w.db, Clock: clock.NewManual(start.Add(5 * time.Minute)), Witnesses: []verify.Witness{{Name: w.provider.Provider(), URL: witness.URL}},
	})
	require.NoError(t, err)
	for _, v := range report.Violations {
		t.Errorf("%s: %s %s: %s", w.races[v.ObjectID], v.Rule, v.ObjectID, v.Message)
	}
	t.Logf("%d payments, %d charges, %d refunds and %d disputes at the provider, %d unsettled; %d outcomes concluded from webhooks",
		report.Payments, report.Charges, report.Refunds, report.Disputes, report.Unsettled, w.provider.Concluded())
}

func newVault(t testing.TB, s vault.Store, c clock.Clock) *vault.Vault {
	t.Helper()
	v, err := vault.New(s, vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, c)
	require.NoError(t, err)
	return v
}

func raceName(scenario string, seed int) string { return fmt.Sprintf("%s/%d", scenario, seed) }

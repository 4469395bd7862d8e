package cli

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/datadir"
	"paymenthub/internal/fx"
	"paymenthub/internal/store"
)

func TestRatesAreSetAndListed(t *testing.T) {
	t.Parallel()
	dir := datadir.At(filepath.Join(t.TempDir(), "data"))
	require.NoError(t, dir.Create())
	db, err := store.Open(t.Context(), store.Options{SQLiteFile: dir.HubDatabase()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := root()
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(append(append([]string{"fx"}, args...), "--data-dir", dir.Path()))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	out, err := run("list")
	require.NoError(t, err)
	require.Equal(t, "No rate is set.\n", out)
	out, err = run("set", "usd", "EUR", "0.92", "--by", "treasury desk")
	require.NoError(t, err)
	require.Regexp(t, `^1 USD = 0\.92 EUR  set .* by treasury desk, valid until `, out)
	listed, err := run("list")
	require.NoError(t, err)
	require.Equal(t, out, listed)
	_, err = run("set", "EUR", "JPY", "163.62")
	require.NoError(t, err, "by who runs it")

	for wrong, args := range map[string][]string{
		`"USDX" is no ISO 4217 currency code`: {"set", "USDX", "EUR", "1"}, `"eu" is no ISO`: {"set", "USD", "eu", "1"},
		"no rate in itself": {"set", "USD", "usd", "1"}, `"0,92" is no rate`: {"set", "USD", "EUR", "0,92"}, `"0" is no rate`: {"set", "USD", "EUR", "0"},
	} {
		_, err := run(args...)
		require.ErrorContains(t, err, wrong)
	}
	rates, err := db.FX().Rates(t.Context())
	require.NoError(t, err)
	require.Len(t, rates, 2)
}

func TestARateSaysHowLongItHolds(t *testing.T) {
	set := time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC)
	r := fx.TableRate{From: "USD", To: "EUR", Rate: fx.MustRate("0.92"), SetBy: "ada", SetAt: set}
	require.Equal(t, "1 USD = 0.92 EUR  set 2026-04-21 09:30:00 by ada, valid until 2026-04-25 09:30:00", describeRate(r, set.Add(96*time.Hour), 96*time.Hour))
	require.Contains(t, describeRate(r, set.Add(97*time.Hour), 96*time.Hour), "out of date since 2026-04-25 09:30:00")
}

package fx_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/fx"
	"paymenthub/internal/money"
)

var day = time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC)

// published is a source of one pair.
type published struct {
	name     string
	from, to money.Currency
	rate     string
	asOf     time.Time
	err      error
}

func (p published) Name() string { return p.name }

func (p published) Mid(_ context.Context, from, to money.Currency) (fx.Mid, error) {
	if p.err != nil {
		return fx.Mid{}, p.err
	}
	if from != p.from || to != p.to {
		return fx.Mid{}, fx.ErrNoRate
	}
	return fx.Mid{Ratio: fx.NewRatio(fx.MustRate(p.rate), fx.One()), Source: p.name, AsOf: p.asOf}, nil
}

func TestTheFirstFreshSourceCounts(t *testing.T) {
	fresh, old := day.Add(-time.Hour), day.Add(-97*time.Hour)
	usd := func(name, rate string, asOf time.Time) published {
		return published{name: name, from: "USD", to: "EUR", rate: rate, asOf: asOf}
	}
	broken := published{err: errors.New("the database is away")}
	for name, c := range map[string]struct {
		sources []fx.Source
		want    string
		err     error
	}{
		"the first":                 {[]fx.Source{usd("a", "0.9", fresh), usd("b", "0.8", fresh)}, "a", nil},
		"the next, of a stale one":  {[]fx.Source{usd("a", "0.9", old), usd("b", "0.8", fresh)}, "b", nil},
		"the next, of another pair": {[]fx.Source{published{name: "a", from: "USD", to: "GBP"}, usd("b", "0.8", fresh)}, "b", nil},
		"to the second fresh":       {[]fx.Source{usd("a", "0.9", day.Add(-96*time.Hour))}, "a", nil},
		"only stale":                {[]fx.Source{usd("a", "0.9", old), usd("b", "0.8", old)}, "", fx.ErrStale},
		"of tomorrow's tomorrow":    {[]fx.Source{usd("a", "0.9", day.Add(25*time.Hour))}, "", fx.ErrStale},
		"of today, ahead of UTC":    {[]fx.Source{usd("a", "0.9", day.Add(23*time.Hour))}, "a", nil},
		"none":                      {nil, "", fx.ErrNoRate},
		"one that cannot be asked":  {[]fx.Source{broken, usd("b", "0.8", fresh)}, "", broken.err},
	} {
		mid, err := fx.NewRates(c.sources, 96*time.Hour, clock.NewManual(day)).Mid(t.Context(), "USD", "EUR")
		require.ErrorIs(t, err, c.err, name)
		require.Equal(t, c.want, mid.Source, name)
		require.Equal(t, errors.Is(err, fx.ErrStale), fault.Is(err, fault.Unavailable), name)
	}
}

// table is what an operator has set, by pair.
type table map[money.Currency]map[money.Currency]fx.TableRate

func (t table) SetRate(context.Context, fx.TableRate) error   { return nil }
func (t table) Rates(context.Context) ([]fx.TableRate, error) { return nil, nil }
func (t table) Rate(_ context.Context, from, to money.Currency) (fx.TableRate, error) {
	if r, ok := t[from][to]; ok {
		return r, nil
	}
	return fx.TableRate{}, fault.New(fault.NotFound, "none")
}

func TestTheTableKnowsItsInverse(t *testing.T) {
	set := fx.NewTable(table{"USD": {"EUR": {Rate: fx.MustRate("0.8"), SetAt: day}, "GBP": {Rate: fx.MustRate("0.75"), SetAt: day}}, "GBP": {"USD": {Rate: fx.MustRate("1.3"), SetAt: day}}})
	for _, c := range []struct {
		from, to money.Currency
		want     string
	}{{"USD", "EUR", "0.8"}, {"EUR", "USD", "1.25"}, {"USD", "GBP", "0.75"}, {"GBP", "USD", "1.3"}} {
		mid, err := set.Mid(t.Context(), c.from, c.to)
		require.NoError(t, err)
		require.Equal(t, c.want, mid.Ratio.Less(0).String(), "%s in %s", c.from, c.to)
		require.Equal(t, fx.TableSource, mid.Source)
		require.Equal(t, day, mid.AsOf)
	}
	_, err := set.Mid(t.Context(), "EUR", "GBP")
	require.ErrorIs(t, err, fx.ErrNoRate, "nothing goes by way of a third currency")
}

package routing

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
)

type ctx = context.Context

func TestProcessesShareWhatTheySee(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	one, two := newHub(t, b, at, "one"), newHub(t, b, at, "two")
	cell := Cell{Scope: ordinary().Scope, Gateway: "a", Currency: "EUR", Region: EEA, Kind: "visa"}
	measure := func(h *hub) Measure {
		m, _ := h.watch.Outcomes.Measure(cell, at.Now())
		return m
	}
	one.exchange()
	two.exchange()
	seen(one.Engine, "a", 30, 40)
	require.EqualValues(t, 40, measure(one).Samples)
	require.Zero(t, measure(two))
	for range 3 { // said and heard again and again, counted once
		at.Advance(time.Second)
		one.exchange()
		two.exchange()
	}
	require.Equal(t, measure(one), measure(two))
	require.EqualValues(t, 7500, measure(two).Rate)
	seen(two.Engine, "a", 10, 10)
	seen(one.Engine, "a", 10, 10)
	at.Advance(time.Second)
	two.exchange()
	one.exchange()
	two.exchange()
	require.EqualValues(t, 60, measure(one).Samples)
	require.EqualValues(t, 60, measure(two).Samples)

	at.Advance(20 * time.Minute)
	three := newHub(t, b, at, "three")
	for range 2 {
		three.exchange()
	}
	require.Equal(t, measure(one).Samples, measure(three).Samples, "one that starts reads what was before")
	require.InDelta(t, measure(one).Rate, measure(three).Rate, 100)
	seen(three.Engine, "a", 0, 20)
	at.Advance(time.Second)
	three.exchange()
	one.exchange()
	require.Equal(t, measure(three).Samples, measure(one).Samples)
	require.InDelta(t, 80, measure(one).Samples, 1)

	at.Advance(48 * time.Hour)
	one.exchange()
	require.Empty(t, b.buckets, "what is older than a day is deleted")
}

func TestWhatIsNobodysFaultIsNotCounted(t *testing.T) {
	e, at := plainEngine()
	cell := Cell{Scope: ordinary().Scope, Gateway: "a"}
	for range 50 {
		e.Observe(Observation{Cell: cell, Verdict: Neither, Called: true, Latency: time.Second})
		e.Observe(Observation{Cell: cell, Verdict: Failed, Probe: true})
	}
	_, known := e.options.Outcomes.Measure(cell, at.Now())
	require.False(t, known)
	for range 20 {
		e.Observe(Observation{Cell: cell, Verdict: Approved, Probe: true})
	}
	m, known := e.options.Outcomes.Measure(cell, at.Now())
	require.True(t, known)
	require.EqualValues(t, whole, m.Rate)
}

func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		good, all int64
		want      [3]int64
	}{
		{93, 100, [3]int64{9300, 8625, 9657}}, {0, 10, [3]int64{0, 0, 2775}}, {10, 10, [3]int64{whole, 7225, whole}}, {1, 1, [3]int64{whole, 2065, whole}},
		{9300, 10_000, [3]int64{9300, 9248, 9348}},
	} {
		r := newRate(Bucket{Counts: Counts{Approved: c.good, Declined: c.all - c.good}})
		require.Equal(t, c.want, [3]int64{*r.Rate, *r.Low, *r.High}, "%d of %d", c.good, c.all)
	}
	require.Nil(t, newRate(Bucket{Counts: Counts{Calls: 5}}).Rate)
}

func TestStatsShowOnlyWhatTheMerchantUses(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	h := newHub(t, b, at, "one")
	h.call("b", true)
	h.call("somebody's own", true)
	reports := Reports{Repository: b, Health: h.watch.Health, Clock: at, Gateways: func(ctx, merchant.Scope) ([]string, error) { return []string{"a", "b"}, nil }}
	seen(h.Engine, "b", 3, 4)
	h.exchange()
	stats, err := reports.Stats(t.Context(), ordinary().Scope, time.Hour)
	require.NoError(t, err)
	require.Len(t, stats.Rates, 3)
	require.Equal(t, []Reading{
		{Account: Account{merchant.Sandbox, "a"}, Breaker: Breaker{State: Closed}},
		{Account: Account{merchant.Sandbox, "b"}, Breaker: Breaker{State: Closed}, Signals: Signals{Calls: 1, Errors: 1}},
	}, stats.Health)
	require.Equal(t, begin, stats.To)
	other, err := reports.Stats(t.Context(), merchant.Scope{MerchantID: "mch_2", Environment: merchant.Sandbox}, time.Hour)
	require.NoError(t, err)
	require.Empty(t, other.Rates)
}

// tried answers how often cards were declined.
type tried map[string]int

func (d tried) DeclinedAttempts(_ context.Context, _ merchant.Scope, fingerprint string, since time.Time, limit int) (int, error) {
	if since != begin.Add(-30*24*time.Hour) {
		return 0, context.Canceled
	}
	return min(d[fingerprint], limit), nil
}

func TestCardsAreNotTriedMoreOftenThanTheirNetworkAllows(t *testing.T) {
	r := Retries{Caps: StandardRetryCaps(), Clock: clock.NewManual(begin), Declines: tried{"14": 14, "15": 15, "34": 34, "35": 35}}
	for _, c := range []struct {
		brand, fingerprint string
		allowed            bool
	}{
		{"visa", "14", true}, {"visa", "15", false}, {"visa", "35", false}, {"mastercard", "15", true}, {"mastercard", "34", true}, {"mastercard", "35", false},
		{"amex", "35", true}, {"visa", "new", true}, {"visa", "", true},
	} {
		allowed, err := r.Allowed(t.Context(), ordinary().Scope, c.brand, c.fingerprint)
		require.NoError(t, err)
		require.Equal(t, c.allowed, allowed, "%+v", c)
	}
}

package routing

import (
	"context"
	"math"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
)

// MaxStatsWindow is how far statistics reach back at most.
const MaxStatsWindow = retention

// StatsRepository sums up what was seen; store.Routing is it.
type StatsRepository interface {
	// Totals sums up a scope's buckets from a minute on, by cell, in a fixed order.
	Totals(ctx context.Context, scope merchant.Scope, from int64) ([]Bucket, error)
}

// Stats says how a merchant's payments did, and how the gateways are.
type Stats struct {
	From, To time.Time
	Rates    []Rate
	Health   []Reading // of the gateways that the merchant can use, in the operator's order
}

// Rate is how payments of a cell did.
type Rate struct {
	Cell
	Counts
	// Rate, Low and High are the share of approvals and the bounds that hold it with a
	// probability of 95 %, in ten-thousandths; nil where nothing was judged.
	Rate, Low, High *int64
}

// Reports makes statistics.
type Reports struct {
	Repository StatsRepository
	Health     *Health
	Gateways   Names
	Clock      clock.Clock
}

// Stats returns the statistics of a scope's last minutes, of at most MaxStatsWindow.
func (r *Reports) Stats(ctx context.Context, scope merchant.Scope, window time.Duration) (Stats, error) {
	now := r.Clock.Now()
	from := minuteOf(now.Add(-window)) + 1
	totals, err := r.Repository.Totals(ctx, scope, from)
	if err != nil {
		return Stats{}, err
	}
	names, err := r.Gateways(ctx, scope)
	if err != nil {
		return Stats{}, err
	}
	stats := Stats{From: time.Unix(from*60, 0).UTC(), To: now}
	for _, t := range totals {
		stats.Rates = append(stats.Rates, newRate(t))
	}
	known := map[Account]Reading{}
	for _, reading := range r.Health.Read(now) {
		known[reading.Account] = reading
	}
	for _, name := range names {
		reading := Reading{Account: Account{scope.Environment, name}, Breaker: Breaker{State: Closed}}
		if k, ok := known[reading.Account]; ok {
			reading = k
		}
		stats.Health = append(stats.Health, reading)
	}
	return stats, nil
}

func newRate(b Bucket) Rate {
	r := Rate{Cell: b.Cell, Counts: b.Counts}
	if n := b.Judged(); n > 0 {
		share := float64(b.Approved) / float64(n)
		rate := int64(math.Round(whole * share))
		low, high := wilson(share, float64(n))
		r.Rate, r.Low, r.High = &rate, &low, &high
	}
	return r
}

// confidence is the quantile of the normal distribution for a probability of 95 %.
const confidence = 1.959964

// wilson bounds a share of which n were seen, in ten-thousandths (Wilson's score
// interval: it holds for few and for extreme ones, too).
func wilson(share, n float64) (low, high int64) {
	z2 := confidence * confidence
	center := share + z2/(2*n)
	spread := confidence * math.Sqrt(share*(1-share)/n+z2/(4*n*n))
	scale := whole / (1 + z2/n)
	return int64(math.Round(max(center-spread, 0) * scale)), int64(math.Round(min((center+spread)*scale, whole)))
}

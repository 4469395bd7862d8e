package routing

import (
	"math"
	"time"

	"paymenthub/internal/merchant"
)

// How long what a gateway has shown counts.
const (
	// halfLife is after what time a payment counts half in a rate.
	halfLife = 30 * time.Minute
	// memory is the same for what says whether there are enough payments to go by, and
	// for the rate that a rate of few recent payments leans to. A gateway that gets
	// little traffic, because it did badly, is not forgotten for that.
	memory = 12 * time.Hour
	// minSamples is how many payments there must be to go by.
	minSamples = 20
	// lean is how many payments the older rate weighs beside the recent ones.
	lean = 5
)

// Level says which payments a rate is made of.
type Level string

// The levels, from the nearest. The first with enough payments is taken.
const (
	LevelCell     Level = "cell"     // of this gateway, currency, region and brand
	LevelCurrency Level = "currency" // of this gateway and currency
	LevelGateway  Level = "gateway"  // of this gateway
)

var levels = []Level{LevelCell, LevelCurrency, LevelGateway}

// Cell is what payments must have in common to be counted together.
type Cell struct {
	Scope    merchant.Scope
	Gateway  string
	Currency string
	Region   Region // "" when not known
	Kind     string // the card's brand, or the method where that is no card
}

// at returns the cell without what a level does not look at.
func (c Cell) at(l Level) tallied {
	switch l {
	case LevelGateway:
		c.Currency = ""
		fallthrough
	case LevelCurrency:
		c.Region, c.Kind = "", ""
	}
	return tallied{c, l}
}

// tallied names a tally.
type tallied struct {
	Cell
	level Level
}

// tally counts payments so that older ones count less. Its counts are weights, not
// money: they are compared, and never added to anything.
type tally struct {
	at            time.Time // to which the weights are worn down
	recent, older weights
}

type weights struct{ good, all float64 }

// wear lets time pass.
func (w *weights) wear(passed, half time.Duration) {
	factor := math.Exp2(-float64(passed) / float64(half))
	w.good *= factor
	w.all *= factor
}

// add counts payments of a time. Those from before the tally's own time have worn
// down by then.
func (t *tally) add(approved, all int64, at time.Time) {
	if at.After(t.at) {
		if !t.at.IsZero() {
			t.recent.wear(at.Sub(t.at), halfLife)
			t.older.wear(at.Sub(t.at), memory)
		}
		t.at = at
	}
	recent := weights{float64(approved), float64(all)}
	older := recent
	recent.wear(t.at.Sub(at), halfLife)
	older.wear(t.at.Sub(at), memory)
	t.recent.good += recent.good
	t.recent.all += recent.all
	t.older.good += older.good
	t.older.all += older.all
}

// samples is how many payments are remembered at a time.
func (t *tally) samples(now time.Time) int64 {
	older := t.older
	older.wear(max(now.Sub(t.at), 0), memory)
	return int64(math.Round(older.all))
}

// rate is the share of approvals; there must be samples. With it comes on how many
// payments it stands.
func (t *tally) rate(now time.Time) (rate, payments float64) {
	recent := t.recent
	recent.wear(max(now.Sub(t.at), 0), halfLife)
	payments = recent.all + lean
	return (recent.good + lean*t.older.good/t.older.all) / payments, payments
}

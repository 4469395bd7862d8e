package fx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/money"
)

// Mid is a source's rate between buying and selling, exactly.
type Mid struct {
	Ratio  Ratio
	Source string    // the source's name
	AsOf   time.Time // when it held
}

var (
	// ErrNoRate: a source has no rate for a pair of currencies.
	ErrNoRate = errors.New("fx: no rate for these currencies")
	// ErrStale: the rates of a pair are too old to count.
	ErrStale = errors.New("fx: the rates are out of date")
)

// Source knows rates.
type Source interface {
	// Name is what quotes call the source, "ecb".
	Name() string
	// Mid returns what one unit of from is in units of to. Errors: ErrNoRate.
	Mid(ctx context.Context, from, to money.Currency) (Mid, error)
}

// aheadOfTime is how far in the future rates may be dated: clocks differ, and dates
// have no time zone.
const aheadOfTime = 24 * time.Hour

// Rates asks sources in their order.
type Rates struct {
	sources []Source
	maxAge  time.Duration
	clock   clock.Clock
}

// NewRates makes rates of sources, best first, of which none counts when it is older
// than maxAge.
func NewRates(sources []Source, maxAge time.Duration, c clock.Clock) *Rates {
	return &Rates{sources: sources, maxAge: maxAge, clock: c}
}

// Mid returns the rate of the first source that has one that is not stale.
//
// Errors: ErrNoRate when no source knows the pair; ErrStale, which is fault.Unavailable
// too, when the rates of all that do are stale.
func (r *Rates) Mid(ctx context.Context, from, to money.Currency) (Mid, error) {
	now := r.clock.Now()
	stale := []error{ErrStale}
	for _, s := range r.sources {
		mid, err := s.Mid(ctx, from, to)
		switch age := now.Sub(mid.AsOf); {
		case errors.Is(err, ErrNoRate):
			continue
		case err != nil:
			return Mid{}, err
		case age > r.maxAge || age < -aheadOfTime:
			stale = append(stale, fmt.Errorf("%s has one for %s in %s as of %s", mid.Source, from, to, mid.AsOf.UTC().Format(time.RFC3339)))
		default:
			return mid, nil
		}
	}
	if len(stale) == 1 {
		return Mid{}, ErrNoRate
	}
	return Mid{}, fault.New(fault.Unavailable, "The exchange rate of %s in %s is out of date; conversion goes on when a newer one is known.", from, to).
		Because(errors.Join(stale...)).After(staleRetry)
}

// staleRetry is when it makes sense to ask again for a rate that was out of date.
const staleRetry = time.Minute

// TableRate is a rate that an operator has set.
type TableRate struct {
	ID    string         `json:"id"` // fxr_…
	From  money.Currency `json:"from"`
	To    money.Currency `json:"to"`
	Rate  Rate           `json:"rate"` // units of To for one of From
	SetBy string         `json:"set_by"`
	SetAt time.Time      `json:"set_at"`
}

// TableRepository keeps the rates that operators set. None is ever changed: the newest
// of a pair counts.
type TableRepository interface {
	// SetRate stores a rate.
	SetRate(ctx context.Context, r TableRate) error
	// Rate returns the newest rate of a pair. Errors: fault.NotFound.
	Rate(ctx context.Context, from, to money.Currency) (TableRate, error)
	// Rates lists the newest rate of each pair, by currencies.
	Rates(ctx context.Context) ([]TableRate, error)
}

// Table is the source of rates that operators set.
type Table struct{ repo TableRepository }

// TableSource is the name of Table.
const TableSource = "table"

// NewTable makes the source.
func NewTable(repo TableRepository) Table { return Table{repo} }

// Name implements Source.
func (Table) Name() string { return TableSource }

// Mid implements Source. A pair that was set in one direction alone has the inverse in
// the other; no rate is made by way of a third currency.
func (t Table) Mid(ctx context.Context, from, to money.Currency) (Mid, error) {
	set, err := t.repo.Rate(ctx, from, to)
	if err == nil {
		return Mid{Ratio: NewRatio(set.Rate, One()), Source: TableSource, AsOf: set.SetAt}, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return Mid{}, err
	}
	inverse, err := t.repo.Rate(ctx, to, from)
	if fault.Is(err, fault.NotFound) {
		return Mid{}, ErrNoRate
	}
	return Mid{Ratio: NewRatio(One(), inverse.Rate), Source: TableSource, AsOf: inverse.SetAt}, err
}

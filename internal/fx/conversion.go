package fx

import (
	"math/big"
	"time"

	"paymenthub/internal/money"
)

// Conversion is the rate that a payment was promised, and what came of it. The promise
// holds for as long as the payment lives: a quote's end limits only when a payment may
// still take it up.
type Conversion struct {
	QuoteID   string         `json:"quote_id"`
	To        money.Currency `json:"settlement_currency"`
	Rate      Rate           `json:"rate"`
	Mid       Rate           `json:"mid_rate"`
	MarginBPS int64          `json:"margin_bps"`
	Source    string         `json:"source"`
	AsOf      time.Time      `json:"rates_as_of"`
	// Captured is what was captured, in minor units of the payment's currency, and
	// Position what it was exchanged into in the books: at the promised rate, or as the
	// gateway told where that is a third currency. nil before the capture.
	Captured int64        `json:"captured,omitempty"`
	Position *money.Money `json:"position,omitempty"`
	// Returned is the part of Position that refunds have taken back, in its minor units.
	Returned int64 `json:"returned,omitempty"`
}

// ConversionOf is the conversion that a quote promises.
func ConversionOf(q Quote) Conversion {
	return Conversion{QuoteID: q.ID, To: q.To, Rate: q.Rate, Mid: q.Mid, MarginBPS: q.MarginBPS, Source: q.Source, AsOf: q.AsOf}
}

// Share is the part of Position that belongs to a part of what was captured, rounded
// half to even: all of it to all of that.
func (c Conversion) Share(captured int64) money.Money {
	if c.Position == nil || c.Captured == 0 {
		return money.New(0, c.To)
	}
	product := new(big.Int).Mul(big.NewInt(c.Position.Minor), big.NewInt(captured))
	whole, rest := new(big.Int).QuoRem(product, big.NewInt(c.Captured), new(big.Int))
	switch twice := rest.Lsh(rest, 1); twice.Cmp(big.NewInt(c.Captured)) {
	case 1:
		whole.Add(whole, big.NewInt(1))
	case 0:
		whole.Add(whole, new(big.Int).And(whole, big.NewInt(1)))
	}
	return money.New(whole.Int64(), c.Position.Currency)
}

// Exchange is what a refund of a converted payment takes back in the currency that the
// payment was converted into.
type Exchange struct {
	Rate     Rate           `json:"rate"`   // of the day on which the refund was asked for
	Source   string         `json:"source"` // Locked where no fresh rate was to be had
	AsOf     time.Time      `json:"rates_as_of"`
	Currency money.Currency `json:"currency"`
	// Share is the refund's part of what the payment was converted into, and Value what
	// the refund is worth at Rate, both in minor units of Currency; 0 until the refund
	// has succeeded. Value less Share is the loss.
	Share int64 `json:"share"`
	Value int64 `json:"value"`
}

// Locked is the source of an Exchange at the payment's own rate: without a result.
const Locked = "locked"

// LockedExchange is the exchange of a refund for which there is no rate of the day.
func (c Conversion) LockedExchange() Exchange {
	return Exchange{Rate: c.Rate, Source: Locked, AsOf: c.AsOf, Currency: c.Position.Currency}
}

// Settle fixes what a refund takes back, now that it has succeeded: its share brings
// the refunded total to the part of the conversion that belongs to it, so that
// refunds of everything take exactly everything back.
func (c Conversion) Settle(e Exchange, refund money.Money, refundedBefore int64) (Exchange, error) {
	e.Share = c.Share(refundedBefore+refund.Minor).Minor - c.Returned
	e.Value = e.Share
	if e.Source == Locked {
		return e, nil
	}
	worth, err := e.Rate.Convert(refund, e.Currency)
	e.Value = worth.Minor
	return e, err
}

package routing

import (
	"math"
	"math/bits"

	"paymenthub/internal/money"
)

// Rates converts between currencies by the day's rate; false when there is none.
type Rates func(m money.Money, to money.Currency) (money.Money, bool)

// International matches in a price list every card that is not from the region that
// other rows name: it belongs after them.
const International = "international"

// matches reports whether the row is about the payment. A region that is not known
// matches only rows for all regions.
func (f Fee) matches(q *Question, region Region) bool {
	return (f.Method == "" || f.Method == q.Method) &&
		(f.Currency == "" || f.Currency == q.Amount.Currency) &&
		(f.Brand == "" || f.Brand == q.Brand) &&
		(f.Region == "" || f.Region == string(region) || f.Region == International && region != "")
}

// cost is what the payment costs by the price list, in minor units of its currency;
// nil when no row is about it, or when a part in another currency has no rate.
func (l Fees) cost(q *Question, region Region, rates Rates) *int64 {
	for _, row := range l {
		if !row.matches(q, region) {
			continue
		}
		share, err := q.Amount.BasisPoints(row.BasisPoints)
		if err != nil {
			return nil
		}
		fixed := row.Fixed
		if fixed.Minor == 0 {
			return &share.Minor
		}
		if fixed.Currency != q.Amount.Currency {
			converted := false
			if rates != nil {
				fixed, converted = rates(fixed, q.Amount.Currency)
			}
			if !converted {
				return nil
			}
		}
		whole, err := share.Add(fixed)
		if err != nil {
			return nil
		}
		return &whole.Minor
	}
	return nil
}

// whole is a rate of one, in ten-thousandths.
const whole = 10_000

// expected is what is left of an amount on average: (amount − cost) × rate, in minor
// units, rounded towards zero.
func expected(amount, cost, rate int64) int64 {
	left := amount - cost
	negative := left < 0
	magnitude := uint64(left)
	if negative {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, uint64(rate))
	if hi >= whole {
		return math.MaxInt64 // no amount that the hub takes comes here
	}
	quotient, _ := bits.Div64(hi, lo, whole)
	if negative {
		return -int64(quotient)
	}
	return int64(quotient)
}

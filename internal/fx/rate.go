// Package fx is what currencies are worth in each other: rates and where they come
// from, quotes that promise one for a while, and the conversion that a payment was
// promised. The hub exchanges no money itself: it says at which rate an amount is
// expected in another currency, and keeps the books of what came of that.
package fx

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/shopspring/decimal"

	"paymenthub/internal/money"
)

// Digits is how many significant digits a rate has at most. The largest amount,
// 2^53−1 minor units, has 16: what is cut off moves no amount by more than a
// twentieth of a minor unit.
const Digits = 18

// Rate is how many units of one currency are given for one unit of another: an
// exact decimal above zero. Its zero value is no rate.
type Rate struct{ d decimal.Decimal }

// ErrRate is returned for text that is no rate.
var ErrRate = errors.New("fx: a rate is a decimal number above zero with at most 12 digits before its point and 12 after it")

var rateText = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,12})?$`)

// ParseRate reads what a person or a file gives as a rate, "0.9213".
// Errors: ErrRate.
func ParseRate(text string) (Rate, error) {
	if !rateText.MatchString(text) {
		return Rate{}, ErrRate
	}
	d, err := decimal.NewFromString(text)
	if err != nil || !d.IsPositive() {
		return Rate{}, ErrRate
	}
	return Rate{d}, nil
}

// MustRate is ParseRate for rates that are written in the source.
func MustRate(text string) Rate {
	r, err := ParseRate(text)
	if err != nil {
		panic(err)
	}
	return r
}

// IsZero reports whether r is no rate.
func (r Rate) IsZero() bool { return r.d.IsZero() }

// String writes the rate in full, without an exponent.
func (r Rate) String() string { return r.d.String() }

// Equal reports whether two rates are the same number.
func (r Rate) Equal(s Rate) bool { return r.d.Equal(s.d) }

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// keptText is what String can write: up to Digits significant digits anywhere.
var keptText = regexp.MustCompile(`^[0-9]{1,40}(\.[0-9]{1,40})?$`)

// UnmarshalText implements encoding.TextUnmarshaler; it reads what MarshalText wrote.
func (r *Rate) UnmarshalText(text []byte) error {
	if !keptText.Match(text) {
		return fmt.Errorf("fx: %q is no rate", text)
	}
	return r.d.UnmarshalText(text)
}

// Convert returns what an amount is in another currency, rounded half to even, once,
// to its minor unit. It may be 0. Errors: money.ErrOverflow.
func (r Rate) Convert(m money.Money, to money.Currency) (money.Money, error) {
	exact := decimal.NewFromInt(m.Minor).Mul(r.d).Shift(int32(to.Exponent() - m.Currency.Exponent()))
	whole := exact.RoundBank(0).BigInt()
	if !whole.IsInt64() {
		return money.Money{}, money.ErrOverflow
	}
	return money.New(whole.Int64(), to), nil
}

// Least returns the smallest amount of a currency that converts to wanted or more.
// Errors: money.ErrOverflow when that is more than money.MaxAmount.
func (r Rate) Least(wanted money.Money, from money.Currency) (money.Money, error) {
	perMinor := r.d.Shift(int32(wanted.Currency.Exponent() - from.Exponent()))
	// Half a minor unit less than what is wanted is the least that may round up to it.
	half := decimal.NewFromInt(wanted.Minor).Sub(decimal.New(5, -1))
	whole, rest := half.QuoRem(perMinor, 0)
	if !rest.IsZero() {
		whole = whole.Add(decimal.NewFromInt(1))
	}
	for ; whole.LessThanOrEqual(decimal.NewFromInt(money.MaxAmount)); whole = whole.Add(decimal.NewFromInt(1)) {
		given := money.New(whole.IntPart(), from)
		if got, err := r.Convert(given, wanted.Currency); err != nil || got.Minor >= wanted.Minor {
			return given, err
		}
	}
	return money.Money{}, money.ErrOverflow
}

// Ratio is a rate before it is rounded: one number over another, exactly.
type Ratio struct{ over, under decimal.Decimal }

// NewRatio makes the ratio over / under of two rates of the same base.
func NewRatio(over, under Rate) Ratio { return Ratio{over.d, under.d} }

// One is the rate of a base to itself.
func One() Rate { return Rate{decimal.NewFromInt(1)} }

// basisPoints are the ten-thousandths of a whole.
const basisPoints = 10_000

// Less returns the ratio as a rate, less a margin in basis points (0 to 9,999),
// rounded half to even, once, to Digits significant digits.
func (q Ratio) Less(marginBPS int64) Rate {
	over := q.over.Mul(decimal.NewFromInt(basisPoints - marginBPS))
	under := q.under.Mul(decimal.NewFromInt(basisPoints))
	magnitude := int32(over.NumDigits()-under.NumDigits()) + over.Exponent() - under.Exponent()
	if over.LessThan(under.Shift(magnitude)) {
		magnitude--
	}
	places := Digits - 1 - magnitude
	result, rest := over.QuoRem(under, places)
	unit := decimal.New(1, -places)
	switch rest.Mul(decimal.NewFromInt(2)).Cmp(under.Mul(unit)) {
	case 1:
		result = result.Add(unit)
	case 0:
		result = result.Add(unit.Mul(result.Shift(places).Mod(decimal.NewFromInt(2))))
	}
	return Rate{trimmed(result)}
}

// trimmed takes away zeros that say nothing, so that equal rates are written alike.
func trimmed(d decimal.Decimal) decimal.Decimal {
	short, err := decimal.NewFromString(d.String())
	if err != nil {
		panic(err) // a decimal reads what it wrote
	}
	return short
}

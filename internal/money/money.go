// Package money holds amounts as integers in the minor unit of an ISO 4217
// currency. Amounts of different currencies cannot be combined, nothing is
// rounded silently and no float is ever involved.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// MaxAmount is the largest amount accepted from outside, 2^53−1 minor units:
// the largest integer that every JSON reader holds exactly (RFC 8259, §6).
const MaxAmount = 1<<53 - 1

var (
	// ErrCurrencyMismatch is returned when two currencies would be mixed.
	ErrCurrencyMismatch = errors.New("money: currencies differ")
	// ErrOverflow is returned when a result does not fit in 64 bits.
	ErrOverflow = errors.New("money: amount out of range")
)

// Money is an amount of one currency. Its zero value has no currency and can
// be combined with nothing.
type Money struct {
	Minor    int64    `json:"amount"`   // minor units, may be negative
	Currency Currency `json:"currency"` // ISO 4217 alphabetic code
}

// New makes an amount of minor units.
func New(minor int64, currency Currency) Money {
	return Money{Minor: minor, Currency: currency}
}

// Add returns m + n.
// Errors: ErrCurrencyMismatch, ErrOverflow.
func (m Money) Add(n Money) (Money, error) {
	if m.Currency != n.Currency || m.Currency == "" {
		return Money{}, ErrCurrencyMismatch
	}
	sum := m.Minor + n.Minor
	if (n.Minor > 0 && sum < m.Minor) || (n.Minor < 0 && sum > m.Minor) {
		return Money{}, ErrOverflow
	}
	return Money{Minor: sum, Currency: m.Currency}, nil
}

// Sub returns m − n.
// Errors: ErrCurrencyMismatch, ErrOverflow.
func (m Money) Sub(n Money) (Money, error) {
	if n.Minor == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{Minor: -n.Minor, Currency: n.Currency})
}

// BasisPoints returns bps ten-thousandths of m, rounded half up (away from
// zero) to a minor unit; bps may be 0 to 10,000.
// Errors: ErrOverflow when bps is out of that range.
func (m Money) BasisPoints(bps int64) (Money, error) {
	if bps < 0 || bps > 10_000 {
		return Money{}, ErrOverflow
	}
	negative := m.Minor < 0
	magnitude := uint64(m.Minor)
	if negative {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, uint64(bps))
	lo, carry := bits.Add64(lo, 5_000, 0)
	quotient, _ := bits.Div64(hi+carry, lo, 10_000)
	result := int64(quotient)
	if negative {
		result = -result
	}
	return Money{Minor: result, Currency: m.Currency}, nil
}

// String prints the amount with its currency's decimals, for logs and
// operators: "USD 12.50", "JPY 300".
func (m Money) String() string { return string(m.Currency) + " " + m.Decimal() }

// Decimal writes the amount alone, with exactly its currency's decimals: "12.50",
// "300". Of an unknown currency it writes the minor units.
func (m Money) Decimal() string {
	digits := m.Currency.Exponent()
	if digits == 0 {
		return strconv.FormatInt(m.Minor, 10)
	}
	sign, magnitude := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, magnitude = "-", -magnitude
	}
	scale := pow10(digits)
	return fmt.Sprintf("%s%d.%0*d", sign, magnitude/scale, digits, magnitude%scale)
}

func pow10(digits int) uint64 {
	scale := uint64(1)
	for range digits {
		scale *= 10
	}
	return scale
}

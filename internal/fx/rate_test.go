package fx_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/fx"
	"paymenthub/internal/money"
)

var currencies = []money.Currency{"JPY", "USD", "EUR", "KWD", "CLF", "VND"}

// most is the largest amount that is drawn: at the highest rate, of yen in CLF with its
// four decimals, it still fits in 64 bits.
const most = 900_000_000

// drawn rates lie between a millionth and a million.
func drawRate(t *rapid.T, label string) fx.Rate {
	whole := rapid.Int64Range(0, 999_999).Draw(t, label)
	part := rapid.Int64Range(1, 999_999).Draw(t, label+" decimals")
	return fx.MustRate(fmt.Sprintf("%d.%06d", whole, part))
}

func exactly(t require.TestingT, r fx.Rate) *big.Rat {
	x, ok := new(big.Rat).SetString(r.String())
	require.True(t, ok, r)
	return x
}

// shifted is how many minor units of `to` one minor unit of `from` is worth.
func shifted(t require.TestingT, r fx.Rate, from, to money.Currency) *big.Rat {
	scale := func(c money.Currency) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Exponent())), nil))
	}
	x := new(big.Rat).Mul(exactly(t, r), scale(to))
	return x.Quo(x, scale(from))
}

func TestRatesAreReadStrictly(t *testing.T) {
	for _, text := range []string{"0.92", "1", "1000000.000001", "0.000000000001", "00.5"} {
		_, err := fx.ParseRate(text)
		require.NoError(t, err, text)
	}
	for _, text := range []string{"", "0", "0.000", "-1", "+1", "1e3", ".5", "1.", "1,5", "NaN", "1234567890123", "0.1234567890123", " 1", "1\n"} {
		_, err := fx.ParseRate(text)
		require.ErrorIs(t, err, fx.ErrRate, "%q", text)
	}
}

func TestConvertRoundsHalfToEvenOnce(t *testing.T) {
	for _, c := range []struct {
		amount money.Money
		rate   string
		want   money.Money
	}{
		{money.New(12_000, "AED"), "0.272294", money.New(3268, "USD")},
		{money.New(1, "USD"), "0.5", money.New(0, "EUR")}, // half, down to even
		{money.New(3, "USD"), "0.5", money.New(2, "EUR")}, // half, up to even
		{money.New(5, "USD"), "0.5", money.New(2, "EUR")}, // half, down to even
		{money.New(-3, "USD"), "0.5", money.New(-2, "EUR")},
		{money.New(1000, "JPY"), "0.0067", money.New(670, "USD")},
		{money.New(670, "USD"), "149.25", money.New(1000, "JPY")},
		{money.New(1, "USD"), "0.3077", money.New(3, "KWD")},
		{money.New(1, "VND"), "0.00004", money.New(0, "USD")},
	} {
		got, err := fx.MustRate(c.rate).Convert(c.amount, c.want.Currency)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s at %s", c.amount, c.rate)
	}
	_, err := fx.MustRate("999999999999").Convert(money.New(money.MaxAmount, "USD"), "JPY")
	require.ErrorIs(t, err, money.ErrOverflow)
}

// TestNoCentIsCreated: a conversion is within half a minor unit of the exact product.
func TestNoCentIsCreated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := drawRate(t, "rate")
		from, to := rapid.SampledFrom(currencies).Draw(t, "from"), rapid.SampledFrom(currencies).Draw(t, "to")
		amount := money.New(rapid.Int64Range(1, most).Draw(t, "amount"), from)
		got, err := rate.Convert(amount, to)
		require.NoError(t, err)
		exact := new(big.Rat).Mul(new(big.Rat).SetInt64(amount.Minor), shifted(t, rate, from, to))
		off := new(big.Rat).Sub(new(big.Rat).SetInt64(got.Minor), exact)
		require.LessOrEqual(t, off.Abs(off).Cmp(big.NewRat(1, 2)), 0, "%s at %s is %s", amount, rate, got)
	})
}

// TestConvertIsMonotone: who gives more never gets less.
func TestConvertIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := drawRate(t, "rate")
		less := rapid.Int64Range(0, 1_000_000_000).Draw(t, "less")
		more := less + rapid.Int64Range(0, 1000).Draw(t, "by")
		a, err := rate.Convert(money.New(less, "JPY"), "KWD")
		require.NoError(t, err)
		b, err := rate.Convert(money.New(more, "JPY"), "KWD")
		require.NoError(t, err)
		require.LessOrEqual(t, a.Minor, b.Minor)
	})
}

// TestThereAndBack: through a rate and its inverse an amount loses at most half a
// minor unit on each side.
func TestThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := drawRate(t, "rate")
		from, to := rapid.SampledFrom(currencies).Draw(t, "from"), rapid.SampledFrom(currencies).Draw(t, "to")
		amount := money.New(rapid.Int64Range(1, most).Draw(t, "amount"), from)
		there, err := rate.Convert(amount, to)
		require.NoError(t, err)
		back, err := fx.NewRatio(fx.One(), rate).Less(0).Convert(there, from)
		require.NoError(t, err)
		bound := new(big.Rat).Inv(shifted(t, rate, from, to)) // of one minor unit there
		bound.Add(bound.Mul(bound, big.NewRat(1, 2)), big.NewRat(51, 100))
		off := new(big.Rat).SetInt64(back.Minor - amount.Minor)
		require.LessOrEqual(t, off.Abs(off).Cmp(bound), 0, "%s at %s is %s and %s again", amount, rate, there, back)
	})
}

// TestLeastIsLeast: it reaches what is wanted, and a minor unit less does not.
func TestLeastIsLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := drawRate(t, "rate")
		from, to := rapid.SampledFrom(currencies).Draw(t, "from"), rapid.SampledFrom(currencies).Draw(t, "to")
		wanted := money.New(rapid.Int64Range(1, 1_000_000_000).Draw(t, "wanted"), to)
		least, err := rate.Least(wanted, from)
		if err != nil {
			require.ErrorIs(t, err, money.ErrOverflow)
			return
		}
		require.Positive(t, least.Minor)
		reached, err := rate.Convert(least, to)
		require.NoError(t, err)
		require.GreaterOrEqual(t, reached.Minor, wanted.Minor)
		short, err := rate.Convert(money.New(least.Minor-1, from), to)
		require.NoError(t, err)
		require.Less(t, short.Minor, wanted.Minor)
	})
}

// TestRatiosAreRoundedOnce holds crosses and margins against exact arithmetic: to
// Digits significant digits, never off by more than half of the last.
func TestRatiosAreRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		over, under := drawRate(t, "over"), drawRate(t, "under")
		bps := rapid.Int64Range(0, 1000).Draw(t, "bps")
		got := exactly(t, fx.NewRatio(over, under).Less(bps))
		want := new(big.Rat).Quo(exactly(t, over), exactly(t, under))
		want.Mul(want, big.NewRat(10_000-bps, 10_000))
		off := new(big.Rat).Sub(got, want)
		off.Quo(off.Abs(off), want)
		limit := new(big.Rat).SetFrac(big.NewInt(5), new(big.Int).Exp(big.NewInt(10), big.NewInt(fx.Digits), nil))
		require.LessOrEqual(t, off.Cmp(limit), 0)
	})
	require.Equal(t, "1.17647058823529412", fx.NewRatio(fx.One(), fx.MustRate("0.85")).Less(0).String())
	require.Equal(t, "0.9108", fx.NewRatio(fx.MustRate("0.92"), fx.One()).Less(100).String())
	require.Equal(t, "1", fx.NewRatio(fx.MustRate("0.92"), fx.MustRate("0.92")).Less(0).String())
}

func TestRatesKeepTheirDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := fx.NewRatio(drawRate(t, "over"), drawRate(t, "under")).Less(0)
		raw, err := json.Marshal(rate)
		require.NoError(t, err)
		var back fx.Rate
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Equal(t, rate, back)
	})
	var r fx.Rate
	require.Error(t, json.Unmarshal([]byte(`"1e900000000"`), &r))
}

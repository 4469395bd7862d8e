package money_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/money"
)

// FuzzParseCurrency holds that a code is three ASCII letters in any case and
// nothing else, and that it reads back as itself.
func FuzzParseCurrency(f *testing.F) {
	for _, seed := range []string{"USD", "aed", "KwD", "ZZZ", "", "US", "USDX", "U$D", "ıUS", "K\u212aD", "\xff\xff\xff", "US\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		c, err := money.ParseCurrency(code)
		if err != nil {
			require.ErrorIs(t, err, money.ErrUnknownCurrency)
			require.Empty(t, c)
			return
		}
		require.Regexp(t, `^[A-Z]{3}$`, string(c))
		require.Regexp(t, `^[A-Za-z]{3}$`, code)
		require.Equal(t, strings.ToUpper(code), string(c))
		require.Contains(t, []int{0, 2, 3, 4}, c.Exponent(), c)
		again, err := money.ParseCurrency(c.Lower())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

// FuzzMoneyPrintsItself holds that the printed decimals are the amount, exactly.
func FuzzMoneyPrintsItself(f *testing.F) {
	for _, seed := range []int64{0, 1, -1, 5, -5, 99, 100, 1<<53 - 1, 1<<63 - 1, -1 << 63} {
		for _, code := range []string{"JPY", "USD", "KWD"} {
			f.Add(seed, code)
		}
	}
	f.Fuzz(func(t *testing.T, minor int64, code string) {
		c, err := money.ParseCurrency(code)
		if err != nil {
			return
		}
		number, found := strings.CutPrefix(money.New(minor, c).String(), string(c)+" ")
		require.True(t, found)
		whole, decimals, _ := strings.Cut(number, ".")
		require.Len(t, decimals, c.Exponent())
		read, ok := new(big.Int).SetString(whole+decimals, 10)
		require.True(t, ok, number)
		require.Equal(t, big.NewInt(minor).String(), read.String(), number)
	})
}

// FuzzBasisPoints holds the rounding against exact arithmetic.
func FuzzBasisPoints(f *testing.F) {
	f.Add(int64(1999), int64(250))
	f.Add(int64(-1<<63), int64(10_000))
	f.Add(int64(1<<63-1), int64(1))
	f.Add(int64(5), int64(-1))
	f.Fuzz(func(t *testing.T, minor, bps int64) {
		got, err := money.New(minor, "USD").BasisPoints(bps)
		if bps < 0 || bps > 10_000 {
			require.ErrorIs(t, err, money.ErrOverflow)
			return
		}
		require.NoError(t, err)
		exact := new(big.Int).Mul(new(big.Int).Abs(big.NewInt(minor)), big.NewInt(bps))
		exact.Quo(exact.Add(exact, big.NewInt(5_000)), big.NewInt(10_000))
		if minor < 0 {
			exact.Neg(exact)
		}
		require.Equal(t, exact.String(), big.NewInt(got.Minor).String())
	})
}

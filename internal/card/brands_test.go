package card_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/card"
)

// Both sides of the ends of ranges.
func TestRangesEndWhereTheyArePublished(t *testing.T) {
	for code, beginnings := range map[string]string{
		card.Visa:       "4 40 401177 401180 431273 438936 451417 457392 457394 457633 49",
		card.Mastercard: "51 510000 55 559999 2221 222100 2300 2700 2720 272099",
		card.Amex:       "34 349999 37 370000",
		card.Discover:   "6011 601100 601199 644 6440 649 6499 65 650000 650030 650034 650052 650404 650440 655020 655059 659999",
		card.Diners:     "300 3000 305 3059 3095 36 369999 38 39 399999",
		card.JCB:        "3528 352800 3589 358999 3088 3094 3096 3102 3112 3120 3158 3159 3337 3349",
		card.UnionPay:   "62 620000 622126 622925 627779 627781 629999 81 8100 8171",
		card.Maestro:    "50 500000 504174 504176 506698 506779 508999 56 58 589999 60 6010 6012 606281 606283 61 63 636296 636298 636367 643 6439 66 67 69 699999",
		card.Mir:        "2200 220000 2204 220499",
		card.Elo:        "401178 401179 431274 438935 451416 457393 457631 457632 504175 506699 506778 509000 509999 627780 636297 636368 650031 650051 650405 655000 655019 655021 655058",
		card.Hipercard:  "606282",
		card.Unknown:    "0 1 2199 2205 2220 222099 2721 272100 306 3087 3103 3111 3121 3157 3160 3336 3350 3527 3590 33 590000 599999 7 80 82 9 6 3 2 5",
	} {
		for _, beginning := range strings.Fields(beginnings) {
			require.Equal(t, code, card.BrandOf(beginning).Code, beginning)
			if len(beginning) == 6 {
				require.Equal(t, code, card.BrandOf(beginning+"0000000000").Code, beginning)
				require.Equal(t, code, card.BrandOf(beginning+"9999999999999").Code, beginning)
			}
		}
	}
}

// Of ranges that hold a number the one with more digits counts; so no two with
// the same number of digits may overlap.
func TestNoNumberIsOfTwoBrands(t *testing.T) {
	whose := map[string]string{}
	for _, brand := range card.Brands() {
		for _, r := range brand.Ranges {
			require.Len(t, r.High, len(r.Low), brand.Code)
			require.LessOrEqual(t, r.Low, r.High, brand.Code)
			require.Regexp(t, `\A[0-9]{1,8}\z`, r.Low)
			require.Regexp(t, `\A[0-9]{1,8}\z`, r.High)
			for at := number(r.Low); at <= number(r.High); at++ {
				beginning := fmt.Sprintf("%0*d", len(r.Low), at)
				require.Empty(t, whose[beginning], "%s is in two ranges, of %s too", beginning, brand.Code)
				whose[beginning] = brand.Code
			}
		}
	}
	// BrandOf against the book: the longest beginning that is anybody's.
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SampledFrom(card.Brands()[:len(card.Brands())-1]).Draw(t, "brand")
		beginning := rapid.SampledFrom(some.Ranges).Draw(t, "range")
		whole := rapid.SampledFrom([]string{beginning.Low, beginning.High, ""}).Draw(t, "end") + rapid.StringMatching(`[0-9]{8,18}`).Draw(t, "rest")
		want := card.Unknown
		for width := 1; width <= 8; width++ {
			if code := whose[whole[:width]]; code != "" {
				want = code
			}
		}
		if got := card.BrandOf(whole).Code; got != want {
			t.Fatalf("%s is %s, not %s", whole, want, got)
		}
	})
}

func number(digits string) (n int) {
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

func TestBrandsAreWhole(t *testing.T) {
	all := card.Brands()
	require.Equal(t, card.Unknown, all[len(all)-1].Code)
	codes := map[string]bool{}
	for i, brand := range all {
		require.False(t, codes[brand.Code], brand.Code)
		codes[brand.Code] = true
		require.NotEmpty(t, brand.Name)
		require.Equal(t, i == len(all)-1, len(brand.Ranges) == 0, brand.Code)
		require.True(t, slices.IsSorted(brand.Lengths), brand.Code)
		require.GreaterOrEqual(t, brand.Lengths[0], 12, brand.Code)
		require.LessOrEqual(t, brand.Lengths[len(brand.Lengths)-1], 19, brand.Code)
		printed := 0
		for _, group := range brand.Groups {
			printed += group
		}
		require.True(t, brand.Allows(printed), "%s prints a number of its own", brand.Code)
	}
	all[0] = card.Brand{}
	require.NotEmpty(t, card.Brands()[0].Code, "the list is the caller's")
}

// The checkout page's script reads the table as JSON.
func TestBrandsAsJSON(t *testing.T) {
	written, err := json.Marshal(card.BrandOf("378282246310005"))
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"amex","name":"American Express","ranges":[{"low":"34","high":"34"},{"low":"37","high":"37"}],
		"lengths":[15],"code_length":4,"code_optional":false,"groups":[4,6,5]}`, string(written))
	written, err = json.Marshal(card.BrandOf(""))
	require.NoError(t, err)
	require.Contains(t, string(written), `"code":"unknown","name":"Card","ranges":[],`)
}

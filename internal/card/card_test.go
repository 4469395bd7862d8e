package card_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/card"
)

// Numbers that networks, gateways and acquirers publish for tests.
var published = map[string][]string{
	card.Visa:       {"4242424242424242", "4111111111111111", "4000056655665556", "4222222222222", "4917610000000000003"},
	card.Mastercard: {"5555555555554444", "5200828282828210", "5105105105105100", "2223003122003222", "2223000048410010"},
	card.Amex:       {"378282246310005", "371449635398431", "343434343434343"},
	card.Discover:   {"6011111111111117", "6011000990139424", "6011981111111113", "6445644564456445"},
	card.Diners:     {"3056930009020004", "36227206271667", "30569309025904", "38520000023237"},
	card.JCB:        {"3566002020360505", "3530111333300000", "3569990010095841", "3088000000000009"},
	card.UnionPay:   {"6200000000000005", "6200000000000047", "6205500000000000004", "6243030000000001", "8171999927660000"},
	card.Maestro:    {"6759649826438453", "6771798021000008", "6304000000000000", "50339619890917", "586824160825533338", "6759411100000008"},
	card.Mir:        {"2200000000000004", "2201382000000013"},
	card.Elo:        {"6362970000457013", "5066991111111118", "6550000000000001"},
	card.Hipercard:  {"6062825624254001", "6062828888666688"},
	card.Unknown:    {"1111111111111117", "9792030394440796", "135412345678911"},
}

func TestPublishedTestNumbers(t *testing.T) {
	require.Len(t, published, len(card.Brands()), "every brand has numbers here")
	for code, numbers := range published {
		for _, number := range numbers {
			brand := card.BrandOf(number)
			require.Equal(t, code, brand.Code, number)
			require.True(t, brand.Allows(len(number)), number)
			require.True(t, card.Luhn(number), number)
		}
	}
}

func TestNumbersAreOfTheirBrandsLength(t *testing.T) {
	allowed := map[string]string{
		card.Visa: "13 16 19", card.Mastercard: "16", card.Amex: "15", card.Discover: "16 17 18 19", card.Diners: "14 15 16 17 18 19",
		card.JCB: "16 17 18 19", card.UnionPay: "16 17 18 19", card.Maestro: "12 13 14 15 16 17 18 19", card.Mir: "16 17 18 19",
		card.Elo: "16", card.Hipercard: "16", card.Unknown: "12 13 14 15 16 17 18 19",
	}
	for _, brand := range card.Brands() {
		var lengths []string
		for length := range 30 {
			if brand.Allows(length) {
				lengths = append(lengths, strconv.Itoa(length))
			}
		}
		require.Equal(t, allowed[brand.Code], strings.Join(lengths, " "), brand.Code)
	}
}

func TestCodesAreOfTheirBrandsLength(t *testing.T) {
	for _, brand := range card.Brands() {
		require.Equal(t, brand.Code != card.Amex, brand.AllowsCode("917"), brand.Code)
		require.Equal(t, brand.Code == card.Amex, brand.AllowsCode("9170"), brand.Code)
		require.Equal(t, brand.Code == card.Maestro, brand.AllowsCode(""), brand.Code)
		for _, wrong := range []string{"91", "91703", "91a", "917a", " 917", "-917", "٩١٧"} {
			require.False(t, brand.AllowsCode(wrong), "%s %q", brand.Code, wrong)
		}
	}
}

func TestLuhn(t *testing.T) {
	for number, right := range map[string]bool{
		"4242424242424242": true, "4242424242424241": false, "79927398713": true, "79927398710": false, "0": true, "18": true,
		"": false, "4242 4242 4242 4242": false, "424242424242424a": false, "٤٢": false, "-18": false,
	} {
		require.Equal(t, right, card.Luhn(number), number)
	}
}

func TestLuhnFindsEveryWrongDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := withCheckDigit(rapid.StringMatching(`[0-9]{11,18}`).Draw(t, "number"))
		at := rapid.IntRange(0, len(number)-1).Draw(t, "at")
		off := rapid.IntRange(1, 9).Draw(t, "off")
		wrong := []byte(number)
		wrong[at] = '0' + (wrong[at]-'0'+byte(off))%10
		if card.Luhn(string(wrong)) {
			t.Fatalf("%s for %s is not found", wrong, number)
		}
	})
}

// Swapped neighbours are found, but for 09 and 90 (ISO/IEC 7812-1, annex B).
func TestLuhnFindsSwappedDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := withCheckDigit(rapid.StringMatching(`[0-9]{11,18}`).Draw(t, "number"))
		at := rapid.IntRange(0, len(number)-2).Draw(t, "at")
		pair := number[at : at+2]
		swapped := number[:at] + pair[1:] + pair[:1] + number[at+2:]
		if same := pair[0] == pair[1] || pair == "09" || pair == "90"; card.Luhn(swapped) != same {
			t.Fatalf("%s for %s", swapped, number)
		}
	})
}

// withCheckDigit completes a number by the only digit that is right.
func withCheckDigit(number string) string {
	var right []string
	for _, digit := range "0123456789" {
		if whole := number + string(digit); card.Luhn(whole) {
			right = append(right, whole)
		}
	}
	if len(right) != 1 {
		panic("one check digit must be right")
	}
	return right[0]
}

func TestBINIsWhatMayBeKept(t *testing.T) {
	for number, bin := range map[string]string{
		"4242424242424242": "42424242", "4917610000000000003": "49176100", "378282246310005": "378282", "36227206271667": "362272", "4222222222222": "", "500000000009": "",
		"": "", "42424242": "", "42424242424": "", "42424242424242424242": "", "4242 4242 4242 4242": "", "424242424242424x": "",
	} {
		require.Equal(t, bin, card.BIN(number), number)
	}
}

func TestNormalize(t *testing.T) {
	require.Equal(t, "4242424242424242", card.Normalize(" 4242-4242 4242  4242"))
	require.Equal(t, "4242.4242\u00a04242", card.Normalize("4242.4242\u00a04242"))
}

// A card is good at every moment that falls, in some timezone, into its month.
func TestACardIsGoodThroughItsMonthEverywhere(t *testing.T) {
	for _, month := range []struct{ year, month, days int }{{2026, 12, 31}, {2026, 4, 30}, {2027, 2, 28}, {2028, 2, 29}} {
		for hours := -12; hours <= 14; hours++ {
			zone := time.FixedZone("", hours*60*60)
			last := time.Date(month.year, time.Month(month.month), month.days, 23, 59, 59, 999_999_999, zone)
			require.False(t, card.ExpiredAt(month.month, month.year, last), last)
			require.Equal(t, hours == -12, card.ExpiredAt(month.month, month.year, last.Add(1)), "it is over where days end last, %s", last)
		}
		over := time.Date(month.year, time.Month(month.month), month.days+1, 12, 0, 0, 0, time.UTC)
		require.False(t, card.ExpiredAt(month.month, month.year, over.Add(-1)))
		require.True(t, card.ExpiredAt(month.month, month.year, over))
		require.True(t, card.ExpiredAt(month.month, month.year, over.AddDate(1, 0, 0)))
		require.False(t, card.ExpiredAt(month.month, month.year+1, over))
	}
}

package routing

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

func ordinary() Question {
	return Question{
		Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, PaymentID: "pi_1", Amount: money.New(12_000, "EUR"),
		Method: "card", Brand: "visa", BIN: "42424242", CardCountry: "DE", BillingCountry: "FR", CustomerID: "cus_1",
		Metadata: map[string]string{"channel": "app"}, At: time.Date(2026, 11, 27, 23, 30, 0, 0, time.FixedZone("east", 7200)),
	}
}

func TestConditions(t *testing.T) {
	q := ordinary()
	facts := q.facts()
	for text, want := range map[string]bool{
		`true`:                                  true,
		`amount >= 12000`:                       true,
		`amount > 10_000 and currency == "EUR"`: true,
		`currency in ["USD", "GBP"]`:            false,
		`bin startsWith "424242"`:               true,
		`bin startsWith "5"`:                    false,
		`brand == "visa" && card_country == "DE" && billing_country != country`: true,
		`region == "eea"`: true,
		`method == "card" and environment == "sandbox" and customer == "cus_1"`: true,
		`metadata.channel == "app"`:                                                 true,
		`metadata["channel"] matches "^a.p$"`:                                       true,
		`metadata.unheard == ""`:                                                    true,
		`"channel" in metadata and not ("other" in metadata)`:                       true,
		`hour == 21 and weekday == 5 and date == "2026-11-27"`:                      true,
		`hour in 8..17`:                                                             false,
		`weekday in 1..5 and hour >= 20`:                                            true,
		`len(bin) == 8 and upper(brand) == "VISA" and max(amount, 5) == 12000`:      true,
		`amount % 2 == 0 ? hour > 12 : false`:                                       true,
		`let large = amount > 100; large`:                                           true,
		`(metadata?.channel ?? "") == "app"`:                                        true,
		`let c = metadata.channel; let n = len(c) + 1; c == "app" and n == 4`:       true,
		`amount + 1 > 12_000 and hour + 0.5 < 22`:                                   true,
		`metadata.channel matches "(?i)^(APP|ÜBER)$" and brand matches "\\p{L}{4}"`: true,
		"amount > 1 // a comment\n and true":                                        true,
	} {
		c, err := compile(text)
		require.NoError(t, err, text)
		got, err := c.holds(new(vm.VM), &facts)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestWhatIsWrongWithAConditionIsShown(t *testing.T) {
	for text, want := range map[string]string{
		`amout > 5`:                                 "unknown name amout (line 1, column 1)\n | amout > 5\n | ^",
		"amount > 5 and\n  brnad == 1":              "unknown name brnad (line 2, column 3)\n |   brnad == 1\n | ..^",
		`amount > "5"`:                              "(mismatched types int64 and string) (line 1, column 8)",
		`amount`:                                    "expected bool, but got int64",
		`metadata.a`:                                "expected bool, but got string",
		`brand ==`:                                  "unexpected token EOF (line 1, column 8)",
		`amount > 5 {`:                              "(line 1, column 12)",
		`bin.country == "x"`:                        "(line 1, column 5)",
		``:                                          "must be an expression",
		" \n":                                       "must be an expression",
		`now().Year() > 5`:                          "(line 1, column 1)",
		`any([1,2], # == 1)`:                        "(line 1, column",
		`all(1..1000000, true)`:                     "(line 1, column",
		`reduce(1..9, #acc + #) > 1`:                "(line 1, column",
		`map([1], 1) == [1]`:                        "(line 1, column",
		`repeat("a", 1000000) == ""`:                "(line 1, column 1)",
		`date("2020-01-01") == 1`:                   "(line 1, column 1)",
		`toJSON(metadata) == ""`:                    "(line 1, column 1)",
		`$env == nil`:                               "(line 1, column 1)",
		`hour in 1..amount`:                         "a range must be written out, as 8..17 (line 1, column 10)",
		`hour in 1..1000000`:                        "a range must be written out",
		`brand matches metadata.x`:                  "a pattern must be written out, not computed",
		`brand matches "("`:                         "(line 1, column",
		`amount ** 5 > 1`:                           "powers are not available",
		`brand + bin == "x"`:                        "only numbers can be added in conditions (line 1, column 7)",
		`["a", 1][0] + ["b", 2][0] == "a"`:          "only numbers can be added",
		`let a = [1, 2]; a == [a, a]`:               "let can name a number, a text, true or false, and nothing else (line 1, column 5)",
		`let a = {b: 1}; a == {b: a}`:               "let can name a number",
		`let a = metadata; a == a`:                  "let can name a number",
		strings.Repeat(" ", 2000) + "true":          "at most 2000 characters, not 2004",
		strings.Repeat("hour==1 or ", 180) + "true": "maximum allowed nodes",
	} {
		_, err := compile(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestNoOtherFunctionIsThere(t *testing.T) {
	for _, f := range builtin.Builtins {
		if slices.Contains(functions, f.Name) {
			continue
		}
		for _, arguments := range []string{"", "brand", "[1]", "[1], 1", "[1], # == 1", "brand, 1", "[[1]]", "metadata", "[1], #acc, 0"} {
			for _, text := range []string{f.Name + "(" + arguments + ") == 1", f.Name + "(" + arguments + ")", "len(" + f.Name + "(" + arguments + ")) == 1"} {
				_, err := compile(text)
				require.Error(t, err, text)
			}
		}
	}
}

func TestWhatCannotBeEvaluatedDoesNotHold(t *testing.T) {
	facts := Facts{}
	c, err := compile(`[1, 2][amount - 9] == 1`)
	require.NoError(t, err)
	_, err = c.holds(new(vm.VM), &facts)
	require.Error(t, err)
}

func TestRegionsHoldEveryCountryOnce(t *testing.T) {
	seen := map[string]Region{}
	for region, countries := range regions {
		for country := range strings.FieldsSeq(countries) {
			require.Regexp(t, "^[A-Z]{2}$", country)
			require.NotContains(t, seen, country)
			seen[country] = region
		}
	}
	require.Len(t, seen, 249) // of ISO 3166-1
	require.Equal(t, EEA, RegionOf("DE"))
	require.Equal(t, GB, RegionOf("GB"))
	require.Equal(t, Region(""), RegionOf("XX"))
	require.Equal(t, Region(""), RegionOf(""))
}

package routing_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/card"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

func saved(when string) error {
	rules := routing.RuleSet{
		Rules:   []routing.Rule{{Name: "x", When: when, Use: []string{"stripe"}}},
		Default: routing.Default{Strategy: routing.Order},
	}
	return rules.Check([]string{"stripe"})
}

func TestLiteralsThatAFactNeverHasAreShown(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]string{
		`currency == "eur"`:                                   "Field 'rules[0].when' currency is written \"EUR\" (line 1, column 13)\n | currency == \"eur\"\n | ............^",
		`currency == "EU"`:                                    `currency is never this; it is an ISO 4217 code in upper case, as "EUR" (line 1, column 13)`,
		`currency == "XYZ"`:                                   `it is an ISO 4217 code`,
		`currency == ""`:                                      `it is an ISO 4217 code`,
		`currency != "eur"`:                                   `currency is written "EUR" (line 1, column 13)`,
		`"eur" == currency`:                                   `currency is written "EUR" (line 1, column 1)`,
		`currency in ["EUR", "usd"]`:                          `currency is written "USD" (line 1, column 21)`,
		`currency not in ["EUR", "usd"]`:                      `currency is written "USD" (line 1, column 25)`,
		`currency in ["EUR", 978]`:                            `it is an ISO 4217 code`,
		`"eur" in [currency, metadata.currency]`:              `currency is written "EUR" (line 1, column 1)`,
		"amount > 5 and\n  not (currency == \"eur\" or true)": `currency is written "EUR" (line 2, column 20)`,
		`amount > 5 ? currency == "eur" : false`:              `currency is written "EUR"`,
		`let big = currency == "eur"; big`:                    `currency is written "EUR"`,
		`card_country == "GBR"`:                               `card_country is never this; it is two upper-case letters (ISO 3166-1 alpha-2), or "" (line 1, column 17)`,
		`card_country == "gb"`:                                `card_country is written "GB"`,
		`billing_country in ["DE", "fr"]`:                     `billing_country is written "FR"`,
		`country == "Germany"`:                                `country is never this`,
		`region == "EU"`:                                      `region is never this; it is "africa", "asia_pacific", "ca", "eea", "europe", "gb", "latin_america", "middle_east", "us" or "" (line 1, column 11)`,
		`region == "EEA"`:                                     `region is written "eea"`,
		`brand == "Visa"`:                                     `brand is written "visa" (line 1, column 10)`,
		`brand == " visa"`:                                    `brand is written "visa"`,
		`brand == "American Express"`:                         `brand is never this; it is "visa", "mastercard", "amex", `,
		`brand == "  "`:                                       `"unknown" or ""`,
		`brand == nil`:                                        `brand is never this`,
		`method == "pix"`:                                     `method is never this; it is "card", "paypal", "ideal", "bancontact" or "" (line 1, column 11)`,
		`method == "PayPal"`:                                  `method is written "paypal"`,
		`environment == "test"`:                               `environment is never this; it is "sandbox" or "live" (line 1, column 16)`,
		`environment == ""`:                                   `environment is never this`,
		`weekday == 9`:                                        `weekday is never this; it is 1 (Monday) to 7 (Sunday) (line 1, column 12)`,
		`weekday == 0`:                                        `weekday is never this`,
		`weekday == -1`:                                       `weekday is never this`,
		`weekday == +8`:                                       `weekday is never this`,
		`weekday in [6, 7, 8]`:                                `weekday is never this; it is 1 (Monday) to 7 (Sunday) (line 1, column 19)`,
		`weekday in 0..4`:                                     `(line 1, column 12)`,
		`hour == 24`:                                          `hour is never this; it is 0 to 23 (line 1, column 9)`,
		`hour == 9.5`:                                         `hour is never this`,
		`hour == 1e300`:                                       `hour is never this`,
		`hour in 20..24`:                                      `hour is never this; it is 0 to 23 (line 1, column 13)`,
		`hour in 22..6`:                                       `no number is in 22..6; say (hour >= 22 or hour <= 6) (line 1, column 11)`,
	} {
		require.ErrorContains(t, saved(when), want, when)
	}
}

func TestLiteralsThatAFactCanHaveAreTaken(t *testing.T) {
	t.Parallel()
	lawful := []string{
		`currency == "EUR" or "JPY" == currency or currency in ["USD", "KWD"]`,
		`card_country == "GB" and billing_country != "FR" and country in ["DE", "XK", ""]`,
		`region == "" or region in ["gb", "us"]`,
		`brand == "" or brand == "unknown"`,
		`method == "" and environment in ["sandbox", "live"]`,
		`weekday in 1..7 and hour in 0..23 and hour in 5..5 and weekday in [1, 7]`,
		`hour == 9.0 or hour == +9 or hour == -0`,
		`hour < 24 and weekday <= 9`,
		// Computed, between names, or of something else:
		`currency == metadata.currency and card_country == billing_country`,
		`lower(currency) == "eur" and upper(brand) == "VISA" and (hour + 1) % 24 == 24`,
		`metadata.currency == "eur" and metadata["brand"] == "Visa" and bin == "x"`,
		`let c = currency; c == "eur"`,
		`brand == (amount > 5 ? "Visa" : "amex") and brand startsWith "V" and brand in metadata`,
		`len(bin) in 10..8 or amount in [-1]`,
	}
	for _, m := range payment.MethodTypes {
		lawful = append(lawful, fmt.Sprintf(`method == %q`, m))
	}
	for _, b := range card.Brands() {
		lawful = append(lawful, fmt.Sprintf(`brand == %q`, b.Code))
	}
	for _, r := range []routing.Region{
		routing.EEA, routing.GB, routing.US, routing.Canada, routing.RestOfEurope, routing.LatinAmerica, routing.AsiaPacific, routing.MiddleEast, routing.Africa,
	} {
		lawful = append(lawful, fmt.Sprintf(`region == %q`, r))
	}
	for _, when := range lawful {
		require.NoError(t, saved(when), when)
	}
}

func TestNoNameStandsForAFact(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, saved(`let hour = 30; hour == 30`), "redeclare")
}

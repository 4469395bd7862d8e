package country

// Test cards that Stripe documents by country (docs.stripe.com/testing, "Test
// cards by country"): 4000 00, then the three digits of the country by ISO 3166-1.
// A BIN of 8 digits holds the first two of them; where cards of several countries
// begin alike (Argentina 032 and Australia 036), the country is not known.
var testCountries = map[string]string{
	"032": "AR", "036": "AU", "040": "AT", "056": "BE", "076": "BR", "100": "BG", "112": "BY", "124": "CA", "152": "CL",
	"156": "CN", "158": "TW", "170": "CO", "188": "CR", "191": "HR", "196": "CY", "203": "CZ", "208": "DK", "218": "EC",
	"233": "EE", "246": "FI", "250": "FR", "276": "DE", "292": "GI", "300": "GR", "344": "HK", "348": "HU", "356": "IN",
	"372": "IE", "380": "IT", "392": "JP", "428": "LV", "438": "LI", "440": "LT", "442": "LU", "458": "MY", "470": "MT",
	"484": "MX", "528": "NL", "554": "NZ", "578": "NO", "591": "PA", "600": "PY", "604": "PE", "616": "PL", "620": "PT",
	"642": "RO", "682": "SA", "702": "SG", "703": "SK", "705": "SI", "724": "ES", "752": "SE", "756": "CH", "764": "TH",
	"784": "AE", "826": "GB", "858": "UY",
}

// testBINs are test cards whose numbers do not say their country.
var testBINs = map[string]string{
	"424242": "US", "555555": "US", "40000582": "GB", "55555582": "GB",
}

func testCards() []span {
	byBIN := map[string]string{}
	for numeric, country := range testCountries {
		bin := "400000" + numeric[:2]
		if _, shared := byBIN[bin]; shared {
			country = ""
		}
		byBIN[bin] = country
	}
	for bin, country := range testBINs {
		byBIN[bin] = country
	}
	var all []span
	for bin, country := range byBIN {
		low, high, _ := bounds(bin)
		all = append(all, span{from: low, to: high, country: country})
	}
	return all
}

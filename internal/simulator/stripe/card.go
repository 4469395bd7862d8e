package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"
)

// brandRange is a card brand's numbers: those that begin with From to To.
type brandRange struct {
	From, To string
	Brand    string
	Lengths  []int
	CVC      int
}

// The ranges of ISO/IEC 7812 that matter here, the most specific first.
var brandRanges = []brandRange{
	{"34", "34", "amex", []int{15}, 4},
	{"37", "37", "amex", []int{15}, 4},
	{"300", "305", "diners", []int{14, 16}, 3},
	{"36", "36", "diners", []int{14, 16}, 3},
	{"38", "39", "diners", []int{14, 16}, 3},
	{"3528", "3589", "jcb", []int{16}, 3},
	{"4", "4", "visa", []int{13, 16, 19}, 3},
	{"51", "55", "mastercard", []int{16}, 3},
	{"2221", "2720", "mastercard", []int{16}, 3},
	{"6011", "6011", "discover", []int{16}, 3},
	{"644", "649", "discover", []int{16}, 3},
	{"65", "65", "discover", []int{16}, 3},
	{"62", "62", "unionpay", []int{16, 17, 18, 19}, 3},
}

func brandOf(number string) brandRange {
	for _, r := range brandRanges {
		if len(number) < len(r.From) {
			continue
		}
		if head := number[:len(r.From)]; head >= r.From && head <= r.To {
			return r
		}
	}
	return brandRange{Brand: "unknown", Lengths: []int{12, 13, 14, 15, 16, 17, 18, 19}, CVC: 3}
}

// readCard reads the card below prefix ("card") and checks it as Stripe does.
// The number and the CVC go no further than this function.
func (c *call) readCard(prefix string) (card, testOutcome) {
	f := c.form
	number := strings.NewReplacer(" ", "", "-", "").Replace(f.required(prefix + "[number]"))
	brand := brandOf(number)
	if !plausible(number, brand.Lengths) {
		f.fail(cardInvalid("incorrect_number", prefix+"[number]", "Your card number is incorrect."))
		return card{}, approved
	}
	month, year := f.integer(prefix+"[exp_month]", 0), f.integer(prefix+"[exp_year]", 0)
	c.checkExpiry(prefix, month, &year)
	checks := cardChecks{}
	if cvc := f.optional(prefix + "[cvc]"); cvc != nil {
		if len(*cvc) != brand.CVC && !(brand.Brand == "unknown" && len(*cvc) == 4) || !digitsOnly(*cvc) {
			f.fail(cardInvalid("invalid_cvc", prefix+"[cvc]", "Your card's security code is invalid."))
		}
		checks.CVC = pointer("pass")
	}
	result := outcomeOf(number)
	if result.code == "incorrect_cvc" {
		checks.CVC = pointer("fail")
	}
	return card{
		Brand: brand.Brand, Checks: checks, Country: "US", DisplayBrand: displayBrand[brand.Brand],
		ExpMonth: month, ExpYear: year, Fingerprint: c.sim.fingerprint(number), Funding: "credit",
		Last4: number[len(number)-4:], Networks: networks{Available: []string{brand.Brand}},
		ThreeDSecureUsage: threeDSUsage{Supported: brand.Brand != "unknown"},
	}, result
}

var displayBrand = map[string]string{
	"amex": "american_express", "diners": "diners_club", "discover": "discover", "jcb": "jcb",
	"mastercard": "mastercard", "unionpay": "union_pay", "visa": "visa", "unknown": "other",
}

// checkExpiry accepts a card until the end of its month, and years of two digits.
func (c *call) checkExpiry(prefix string, month int64, year *int64) {
	if *year >= 0 && *year < 100 && c.form.has(prefix+"[exp_year]") {
		*year += 2000
	}
	now := c.sim.now().UTC()
	switch {
	case month < 1 || month > 12:
		c.form.fail(cardInvalid("invalid_expiry_month", prefix+"[exp_month]", "Your card's expiration month is invalid."))
	case *year < int64(now.Year()) || *year > int64(now.Year())+50:
		c.form.fail(cardInvalid("invalid_expiry_year", prefix+"[exp_year]", "Your card's expiration year is invalid."))
	case *year == int64(now.Year()) && time.Month(month) < now.Month():
		c.form.fail(cardInvalid("invalid_expiry_month", prefix+"[exp_month]", "Your card's expiration month is invalid."))
	}
}

func plausible(number string, lengths []int) bool {
	if !digitsOnly(number) || !luhn(number) {
		return false
	}
	for _, length := range lengths {
		if len(number) == length {
			return true
		}
	}
	return false
}

func digitsOnly(text string) bool {
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return text != ""
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// fingerprint tells cards apart without giving their numbers away.
func (s *Simulator) fingerprint(number string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("card " + number))
	sum := mac.Sum(nil)
	text := make([]byte, 16)
	for i := range text {
		text[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(text)
}

func pointer[T any](value T) *T { return &value }

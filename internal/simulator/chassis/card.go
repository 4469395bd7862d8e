package chassis

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
)

// Card is what a simulator keeps of a card, and what its issuer will say.
type Card struct {
	Brand       string   `json:"brand"` // visa, mastercard, amex, diners, discover, jcb, unionpay or unknown
	BIN         string   `json:"bin"`   // the first six digits
	Last4       string   `json:"last4"`
	ExpMonth    int      `json:"exp_month"`
	ExpYear     int      `json:"exp_year"` // of four digits
	Fingerprint string   `json:"fingerprint"`
	Issuer      TestCard `json:"issuer"`
}

// CardError says which part of a card cannot be: number, expiry or cvc.
type CardError struct{ Part string }

// Error implements error.
func (e *CardError) Error() string { return "the card's " + e.Part + " is invalid" }

// The parts of a card that a CardError names.
const (
	PartNumber = "number"
	PartExpiry = "expiry"
	PartCVC    = "cvc"
)

// ReadCard checks a card as providers do before they ask its issuer. A year of two
// digits is one of this century; an empty CVC is none that was given. The number
// and the CVC go no further than this function. Errors: *CardError.
func (c *Chassis) ReadCard(number string, month, year int, cvc string) (Card, error) {
	number = strings.NewReplacer(" ", "", "-", "").Replace(number)
	brand := brandOf(number)
	if !digitsOnly(number) || !luhn(number) || !slices.Contains(brand.lengths, len(number)) {
		return Card{}, &CardError{PartNumber}
	}
	if year >= 0 && year < 100 {
		year += 2000
	}
	now := c.now().UTC()
	if month < 1 || month > 12 || year < now.Year() || year > now.Year()+50 || year == now.Year() && month < int(now.Month()) {
		return Card{}, &CardError{PartExpiry}
	}
	if cvc != "" && (len(cvc) != brand.cvc || !digitsOnly(cvc)) {
		return Card{}, &CardError{PartCVC}
	}
	return Card{
		Brand: brand.name, BIN: number[:6], Last4: number[len(number)-4:], ExpMonth: month, ExpYear: year,
		Fingerprint: c.fingerprint(number), Issuer: testCardOf(number),
	}, nil
}

// fingerprint tells cards apart without giving their numbers away.
func (c *Chassis) fingerprint(number string) string {
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte("card " + number))
	return spell(mac.Sum(nil), Base62)
}

// brandRange is a card brand's numbers: those that begin with from to to.
type brandRange struct {
	from, to string
	name     string
	lengths  []int
	cvc      int
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
		if len(number) < len(r.from) {
			continue
		}
		if head := number[:len(r.from)]; head >= r.from && head <= r.to {
			return r
		}
	}
	return brandRange{name: "unknown", lengths: []int{12, 13, 14, 15, 16, 17, 18, 19}, cvc: 3}
}

func digitsOnly(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
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

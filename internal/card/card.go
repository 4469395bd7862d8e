// Package card is what is publicly known of payment cards: which brand a number
// belongs to, how long its numbers and codes are, the check digit, how much of a
// number may be kept, and until when a card is good. It holds no card data.
package card

import (
	"slices"
	"strings"
	"time"
)

// The brands' codes, as the hub writes them wherever a card's brand is shown.
const (
	Visa       = "visa"
	Mastercard = "mastercard"
	Amex       = "amex"
	Discover   = "discover"
	Diners     = "diners"
	JCB        = "jcb"
	UnionPay   = "unionpay"
	Maestro    = "maestro"
	Mir        = "mir"
	Elo        = "elo"
	Hipercard  = "hipercard"
	Unknown    = "unknown" // every number that is in no brand's ranges
)

// Range is an inclusive range of leading digits. Low and High have the same
// number of digits, at most 8 (ISO/IEC 7812-1:2017).
type Range struct {
	Low  string `json:"low"`
	High string `json:"high"`
}

// Brand is a card network's brand. Its slices are shared by all that hold the
// brand and must not be changed.
type Brand struct {
	Code         string  `json:"code"`
	Name         string  `json:"name"`          // as the network writes it
	Ranges       []Range `json:"ranges"`        // where ranges of several brands hold a number, the one with more digits counts
	Lengths      []int   `json:"lengths"`       // digits of a number, ascending
	CodeLength   int     `json:"code_length"`   // digits of the card verification code
	CodeOptional bool    `json:"code_optional"` // some of its cards have no code
	Groups       []int   `json:"groups"`        // how a number is printed; one that is longer than the groups together, in fours
}

// Allows reports whether the brand has numbers of this many digits.
func (b Brand) Allows(length int) bool { return slices.Contains(b.Lengths, length) }

// AllowsCode reports whether code can be on a card of the brand: digits, as many
// as the brand prints, or none at all where it has cards without one.
func (b Brand) AllowsCode(code string) bool {
	if code == "" {
		return b.CodeOptional
	}
	return len(code) == b.CodeLength && digits(code)
}

// Brands returns every brand. The last is Unknown, which has no ranges and
// stands for every other number.
func Brands() []Brand { return append(slices.Clone(brands), unknown) }

// BrandOf returns the brand of a number, digits only, by its leading digits: of
// the published ranges that hold them, the one with the most digits counts.
// A number that is not yet written out in full has the brand of what is there.
func BrandOf(number string) Brand {
	for _, s := range spans {
		if width := len(s.Low); len(number) >= width && number[:width] >= s.Low && number[:width] <= s.High {
			return *s.brand
		}
	}
	return unknown
}

// Normalize takes the spaces and dashes out that people write between groups.
func Normalize(written string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(written)
}

// Luhn reports whether number is digits alone and its check digit is right
// (ISO/IEC 7812-1, annex B). The check finds every wrong digit.
func Luhn(number string) bool {
	if !digits(number) {
		return false
	}
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

// BIN returns the leading digits of a card number that may be kept beside its
// last four: 8 of numbers of 16 digits and more, 6 of those of 14 and 15 (PCI SSC
// FAQ 1091). It is empty for shorter ones, of which too little would stay hidden,
// and for what is no card number.
func BIN(number string) string {
	switch {
	case !digits(number) || !unknown.Allows(len(number)) || len(number) < 14:
		return ""
	case len(number) >= 16:
		return number[:8]
	default:
		return number[:6]
	}
}

// ExpiredAt reports whether a card's month, 1 to 12 of a year of four digits, is
// over everywhere on earth at t: cards are good through the last day of the month
// printed on them, and days end last at UTC−12.
func ExpiredAt(month, year int, t time.Time) bool {
	end := time.Date(year, time.Month(month)+1, 1, 12, 0, 0, 0, time.UTC)
	return !t.Before(end)
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

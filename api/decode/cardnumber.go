package decode

import (
	"regexp"
	"strings"

	"paymenthub/internal/card"
)

// maxDigits is the length of the longest card numbers (ISO/IEC 7812-1).
const maxDigits = 19

// uuid is RFC 9562's text form. Its groups are digits often enough to pass for a
// card number now and then.
var uuid = regexp.MustCompile(`\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b`)

// HoldsCardNumber reports whether text holds what must be taken for a card
// number: a number of a network's length and leading digits whose check digit
// is right, written plainly or in groups of any size with spaces or dashes
// between them. Words that mix letters and digits, as hashes, ULIDs and UUIDs
// do, are not looked at. Of other numbers of such a length and beginning, one in
// ten passes for a card.
func HoldsCardNumber(text string) bool {
	text = uuid.ReplaceAllStringFunc(text, func(found string) string {
		if strings.ContainsAny(found, "abcdefABCDEF") {
			return "(uuid)"
		}
		return found
	})
	for i := 0; i < len(text); {
		if !digit(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && (digit(text[end]) || separates(text, end)) {
			end++
		}
		if holdsCard(groups(text, i, end)) {
			return true
		}
		i = end
	}
	return false
}

// maxSeparators is how many spaces and dashes may stand between two groups.
const maxSeparators = 3

// separates reports whether text[i], behind a digit or a separator, is a space
// or dash that a digit follows soon.
func separates(text string, i int) bool {
	for n := 0; i < len(text) && n < maxSeparators; i, n = i+1, n+1 {
		if text[i] != ' ' && text[i] != '-' {
			return false
		}
		if i+1 < len(text) && digit(text[i+1]) {
			return true
		}
	}
	return false
}

// groups returns the groups of digits in text[from:to], without those at its
// ends that are part of a word in which letters and digits alternate.
func groups(text string, from, to int) []string {
	all := strings.FieldsFunc(text[from:to], func(r rune) bool { return r == ' ' || r == '-' })
	left, right := from, to
	for left > 0 && letter(text[left-1]) {
		left--
	}
	for right < len(text) && letter(text[right]) {
		right++
	}
	if right > to && right < len(text) && digit(text[right]) {
		all = all[:len(all)-1]
	}
	if len(all) > 0 && left < from && left > 0 && digit(text[left-1]) {
		all = all[1:]
	}
	return all
}

// holdsCard looks for a card number that some groups make together.
func holdsCard(groups []string) bool {
	for first := range groups {
		number := ""
		for _, group := range groups[first:] {
			if number += group; len(number) > maxDigits {
				break
			}
			if card.Luhn(number) && ofNetwork(number) {
				return true
			}
		}
	}
	return false
}

// minMaestro is the length from which a number is taken for one of Maestro,
// which has shorter ones too: its leading digits are those of too many others.
const minMaestro = 16

// ofNetwork reports whether a network issues numbers of this length and beginning.
func ofNetwork(number string) bool {
	switch brand := card.BrandOf(number); brand.Code {
	case card.Unknown:
		return false
	case card.Maestro:
		return len(number) >= minMaestro && brand.Allows(len(number))
	default:
		return brand.Allows(len(number))
	}
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

package decode

import (
	"strings"

	"paymenthub/internal/vault"
)

// maxDigits is the length of the longest card numbers (ISO/IEC 7812-1).
const maxDigits = 19

// HoldsCardNumber reports whether text holds what must be taken for a card
// number: a number of a network's length and leading digits whose check digit
// is right, written plainly or in groups as on the card. Words that mix letters
// and digits, as hashes and ULIDs do, are not looked at. Of other numbers of
// such a length and beginning, one in ten passes for a card.
func HoldsCardNumber(text string) bool {
	for i := 0; i < len(text); {
		if !digit(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && (digit(text[end]) || grouped(text, end)) {
			end++
		}
		if !mixed(text, i, end) && holdsCard(text[i:end]) {
			return true
		}
		i = end
	}
	return false
}

// mixed reports whether the digits text[from:to] stand in a word in which
// letters and digits alternate.
func mixed(text string, from, to int) bool {
	left, right := from, to
	for left > 0 && letter(text[left-1]) {
		left--
	}
	for right < len(text) && letter(text[right]) {
		right++
	}
	return left < from && left > 0 && digit(text[left-1]) || right > to && right < len(text) && digit(text[right])
}

// grouped reports whether text[i] is a space or dash between two digits.
func grouped(text string, i int) bool {
	return (text[i] == ' ' || text[i] == '-') && i > 0 && digit(text[i-1]) && i+1 < len(text) && digit(text[i+1])
}

// holdsCard looks for a card number in a run of digits, spaces and dashes: a
// group of its own, or written in groups of four, or 4-6-5 and 4-6-4 as on
// American Express and Diners cards.
func holdsCard(run string) bool {
	groups := strings.FieldsFunc(run, func(r rune) bool { return r == ' ' || r == '-' })
	for first := range groups {
		number := ""
		for i, group := range groups[first:] {
			number += group
			if ofNetwork(number) && vault.Luhn(number) {
				return true
			}
			if len(number) > maxDigits || len(group) != 4 && !(i == 1 && len(group) == 6) {
				break
			}
		}
	}
	return false
}

// ofNetwork reports whether a network issues numbers of this length and beginning.
func ofNetwork(number string) bool {
	switch (vault.Card{Number: vault.Secret(number)}).Brand() {
	case "visa":
		return len(number) == 13 || len(number) == 16 || len(number) == 19
	case "mastercard":
		return len(number) == 16
	case "amex":
		return len(number) == 15
	case "diners":
		return len(number) >= 14 && len(number) <= maxDigits
	case "unknown":
		return false
	default:
		return len(number) >= 16 && len(number) <= maxDigits
	}
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

package card

import (
	"regexp"
	"strings"
)

// maxDigits is the length of the longest card numbers (ISO/IEC 7812-1).
const maxDigits = 19

// uuid is RFC 9562's text form. Its groups are digits often enough to pass for a
// card number now and then.
var uuid = regexp.MustCompile(`\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b`)

const dashesOfUUID = 4

// HoldsNumber reports whether text holds what must be taken for a card
// number: a number of a network's length and leading digits whose check digit
// is right, written plainly or in groups of any size with spaces or dashes
// between them. Words that mix letters and digits, as hashes, ULIDs and UUIDs
// do, are not looked at. Of other numbers of such a length and beginning, one in
// ten passes for a card.
func HoldsNumber(text string) bool {
	return len(find(withoutIDs(text), maxSeparators)) > 0
}

// bullet stands for a digit that is not shown.
const bullet = "•"

// Mask returns text with a bullet for every digit but the last four (PCI DSS 3.4) of what
// HoldsNumber finds, and of what it would find if numbers were written plainly: see plain.
// What it returns holds no card number, and is never shorter.
func Mask(text string) string {
	for { // what is left of one number may make another with what follows
		shown := withoutIDs(text)
		numbers := find(shown, maxSeparators)
		if len(numbers) == 0 {
			shown = plain(shown)
			numbers = find(shown, maxBlanks)
		}
		if len(numbers) == 0 {
			return text
		}
		var b strings.Builder
		from := 0
		for _, number := range numbers {
			b.WriteString(text[from:number.from])
			mask(&b, text[number.from:number.to], shown[number.from:number.to])
			from = number.to
		}
		b.WriteString(text[from:])
		text = b.String()
	}
}

// mask writes a written number with a bullet for every digit but the last four. shown
// has a digit where a digit of the number is.
func mask(b *strings.Builder, written, shown string) {
	hidden := -4
	for i := range len(shown) {
		if digit(shown[i]) {
			hidden++
		}
	}
	for i := range len(written) {
		if digit(shown[i]) && hidden > 0 {
			b.WriteString(bullet)
			hidden--
			continue
		}
		b.WriteByte(written[i])
	}
}

// place is where text has something: text[from:to].
type place struct{ from, to int }

// withoutIDs returns text, as long as it was, without its UUIDs that have letters.
func withoutIDs(text string) string {
	if strings.Count(text, "-") < dashesOfUUID {
		return text
	}
	return uuid.ReplaceAllStringFunc(text, func(found string) string {
		if strings.ContainsAny(found, "abcdefABCDEF") {
			return strings.Repeat("(", len(found)) // neither a word's nor a number's
		}
		return found
	})
}

// find returns where card numbers are written in text, first things first, with up to
// most spaces and dashes between two groups.
func find(text string, most int) []place {
	var numbers []place
	for i := 0; i < len(text); {
		if !digit(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && (digit(text[end]) || separates(text, end, most)) {
			end++
		}
		for run := groups(text, i, end); len(run) > 0; {
			if taken := leading(text, run); taken > 0 {
				numbers = append(numbers, place{run[0].from, run[taken-1].to})
				run = run[taken:]
			} else {
				run = run[1:]
			}
		}
		i = end
	}
	return numbers
}

// maxSeparators is how many spaces and dashes may stand between two groups.
const maxSeparators = 3

// separates reports whether text[i], behind a digit or a separator, is a space
// or dash that a digit follows soon.
func separates(text string, i, most int) bool {
	for n := 0; i < len(text) && n < most; i, n = i+1, n+1 {
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
func groups(text string, from, to int) []place {
	var all []place
	for i := from; i < to; i++ {
		switch {
		case !digit(text[i]):
		case i > from && digit(text[i-1]):
			all[len(all)-1].to++
		default:
			all = append(all, place{i, i + 1})
		}
	}
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

// leading returns how many of the first groups of text make a card number together; 0
// when none do.
func leading(text string, groups []place) int {
	number := ""
	for i, group := range groups {
		if number += text[group.from:group.to]; len(number) > maxDigits {
			break
		}
		if Luhn(number) && ofNetwork(number) {
			return i + 1
		}
	}
	return 0
}

// minMaestro is the length from which a number is taken for one of Maestro,
// which has shorter ones too: its leading digits are those of too many others.
const minMaestro = 16

// ofNetwork reports whether a network issues numbers of this length and beginning.
func ofNetwork(number string) bool {
	switch brand := BrandOf(number); brand.Code {
	case Unknown:
		return false
	case Maestro:
		return len(number) >= minMaestro && brand.Allows(len(number))
	default:
		return brand.Allows(len(number))
	}
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

package card

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestEscape is that of JSON, \u0020, and maxBlanks as many of them as there may be
// separators.
const (
	longestEscape = 6
	maxBlanks     = maxSeparators * longestEscape
)

// plain returns text, as long as it was, with spaces for what separates the groups of
// a number in other spellings: for tabs and ends of lines, '+', '.' and '_', for the
// spaces, dashes and invisible characters of Unicode, and for what stands for any of them
// in a URL (%20) or in JSON (\t, and \u with four digits, which are none of a number's).
func plain(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		n := separator(text[i:])
		if n == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString("      "[:n])
		i += n
	}
	return b.String()
}

// separator returns how many bytes of the beginning of text are one separator that is no
// space or dash of ASCII; 0: none is.
func separator(text string) int {
	switch c := text[0]; {
	case c == '\t', c == '\n', c == '\r', c == '+', c == '.', c == '_':
		return 1
	case c == '%':
		return inURL(text)
	case c == '\\':
		return inJSON(text)
	case c >= utf8.RuneSelf:
		if r, n := utf8.DecodeRuneInString(text); unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf) {
			return n
		}
	}
	return 0
}

// inURL is separator for an escape of a URL (RFC 3986). Others than these could be a
// percent sign before a number.
func inURL(text string) int {
	const escape = len("%20")
	if len(text) < escape {
		return 0
	}
	switch strings.ToLower(text[1:escape]) {
	case "20", "09", "0a", "0d", "2b", "2d", "2e", "5f":
		return escape
	}
	return 0
}

// inJSON is separator for an escape of a JSON string (RFC 8259).
func inJSON(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 't', 'n', 'r':
		return 2
	case 'u':
		if len(text) >= longestEscape && isHex(text[2:longestEscape]) {
			return longestEscape
		}
	}
	return 0
}

func isHex(text string) bool {
	return strings.Trim(text, "0123456789abcdefABCDEF") == ""
}

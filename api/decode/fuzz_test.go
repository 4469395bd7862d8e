package decode_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
)

// requireNoDigits holds that an error repeats no long run of digits, whatever
// stands between them.
func requireNoDigits(t *testing.T, err error) {
	t.Helper()
	digits := 0
	for _, r := range err.Error() {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r != ' ' && r != '-':
			digits = 0
		}
		require.Less(t, digits, 12, err.Error())
	}
}

// FuzzJSON holds that no bytes make the decoder panic, answer with something
// else than a fault.Invalid, or repeat a long run of digits; and that what it
// accepts, Go's own decoder reads the same.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"text":"4242424242424242"}`, `{"inner":{"count":4242424242424242.5}}`, `{"4242424242424242":{}}`, "\xff", `{"a":`, strings.Repeat("[", 100),
		`{"text":"é\ud83d\ude42","flag":true,"inner":{"count":9007199254740993,"names":[{"count":-0}]}}`, `{"4242 4242-4242 4242":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v, again outer
		if err := decode.JSON(body, &v, nil); err != nil {
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			requireNoDigits(t, err)
			return
		}
		require.True(t, utf8.Valid(body))
		if strings.Trim(string(body), " \t\r\n") == "" {
			return
		}
		require.NoError(t, json.Unmarshal(body, &again))
		require.Equal(t, again, v)
	})
}

// issued are beginnings and lengths of numbers that networks issue.
var issued = []struct {
	beginning string
	length    int
}{
	{"4", 13}, {"4", 16}, {"4", 19}, {"51", 16}, {"55", 16}, {"2221", 16}, {"2720", 16}, {"34", 15}, {"37", 15}, {"300", 14}, {"36", 14}, {"38", 16}, {"3528", 16}, {"3589", 19},
	{"6011", 16}, {"644", 16}, {"65", 19}, {"62", 16}, {"62", 19}, {"81", 17}, {"50", 16}, {"58", 18}, {"60", 19},
}

// cardNumber makes a number of a network, with the check digit that is right.
func cardNumber(network, digits uint64) string {
	kind := issued[network%uint64(len(issued))]
	number := kind.beginning
	for len(number) < kind.length-1 {
		number += string(rune('0' + digits%10))
		digits = digits/10 ^ digits<<7
	}
	for check := '0'; check <= '9'; check++ {
		if luhn(number + string(check)) {
			return number + string(check)
		}
	}
	panic("no digit is right")
}

// luhn is the check of ISO/IEC 7812-1, by the book: from the right, every second
// digit counts twice, and a sum of ten counts as its digits.
func luhn(number string) bool {
	twice := map[byte]int{'0': 0, '1': 2, '2': 4, '3': 6, '4': 8, '5': 1, '6': 3, '7': 5, '8': 7, '9': 9}
	sum := 0
	for i := range len(number) {
		if d := number[len(number)-1-i]; i%2 == 1 {
			sum += twice[d]
		} else {
			sum += int(d - '0')
		}
	}
	return sum%10 == 0
}

// FuzzCardNumbersAreFound holds that no card number is missed, however spaces
// and dashes group it and whatever stands around it.
func FuzzCardNumbersAreFound(f *testing.F) {
	f.Add("pay ", uint64(1), uint64(4242424242424242), uint64(0x100100100), " now")
	f.Add("a1b2 ", uint64(7), uint64(0), uint64(0), " 3d5")
	f.Add("12 34-", uint64(3), uint64(99), ^uint64(0), "-1")
	f.Add("8f7c1c7e-2b5e-4f1a-9c91-2d2e1c80a1f2 ", uint64(20), uint64(5), uint64(0x5555), "\xff")
	f.Fuzz(func(t *testing.T, before string, network, digits, gaps uint64, after string) {
		number, written := cardNumber(network, digits), ""
		for i, d := range number {
			written += string(d)
			if i < len(number)-1 {
				written += []string{"", "", "", "", " ", "-", "  ", " - "}[gaps>>(3*(i%21))&7]
			}
		}
		// What is next to the number must leave it a word of its own.
		before, after = before+[]string{" ", ":", "x ", "\n", "é", "=", " -", "("}[network%8], []string{" ", ".", " x", "\n", "é", ",", "- ", ")"}[digits%8]+after
		text := before + written + after
		require.True(t, decode.HoldsCardNumber(text), "%q holds %s", text, number)
		err := decode.Text("note", text, 1_000_000)
		require.True(t, fault.Is(err, fault.Invalid))
		requireNoDigits(t, err)
		require.NotContains(t, decode.SafeName(text), number)
	})
}

// FuzzCardNumbersAreThere holds that what is taken for a card number can be one:
// somewhere stand 13 to 19 digits whose check digit is right, with nothing but
// spaces and dashes between them.
func FuzzCardNumbersAreThere(f *testing.F) {
	for _, seed := range []string{"4242 4242 4242 4242", "+1 415 555 2671", "2026-04-21 09:30", "38 39 40 41 42 43 44", "8f7c1c7e-2b5e-4f1a-9c91-2d2e1c80a1f2", "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 || !decode.HoldsCardNumber(text) {
			return
		}
		for from := range text {
			number := ""
			for _, c := range []byte(text[from:]) {
				if c >= '0' && c <= '9' {
					number += string(rune(c))
				} else if c != ' ' && c != '-' {
					break
				}
				if len(number) >= 13 && len(number) <= 19 && luhn(number) {
					return
				}
			}
		}
		t.Fatalf("%q holds no number of a card", text)
	})
}

// FuzzQuery holds that a query is refused with a fault, or has nothing but what
// is allowed, once, and within its bounds.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"limit=10", "limit=%zz", "at=2026-01-01T00:00:00+02:00", "at=253402300799", "limit=1&limit=2", "limit=", "4242424242424242=1", "a;b", "limit=٣", "at=-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := decode.Query(&http.Request{URL: &url.URL{RawQuery: query}}, "limit", "at")
		if err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			requireNoDigits(t, err)
			return
		}
		for name, given := range values {
			require.Contains(t, []string{"limit", "at"}, name)
			require.Len(t, given, 1)
			require.NotEmpty(t, given[0])
		}
		if n, err := decode.Integer(values, "limit", 1, 100, 10); err == nil {
			require.True(t, n >= 1 && n <= 100)
		} else {
			requireNoDigits(t, err)
		}
		if at, err := decode.Time(values, "at"); err == nil {
			_, err = time.Parse(time.RFC3339, at.Format(time.RFC3339))
			require.True(t, err == nil && at.Location() == time.UTC, "%v", at)
		} else {
			requireNoDigits(t, err)
		}
	})
}

// FuzzURL holds that shoppers are sent to nothing but absolute addresses, over
// TLS unless they stay on their machine.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"https://shop.example/?a=b#c", "http://127.0.0.1:80/", "http://localhost.evil.example/", "javascript:alert(1)", "https://a:b@shop.example/", "https://[::1]/", "//x", "http://[::1%25eth0]/", "https://shop.example\\@evil.example/", "HTTPS://SHOP"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if err := decode.URL("return_url", address); err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			require.Equal(t, "return_url", fault.From(err).Param)
			return
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.NotEmpty(t, u.Hostname())
		require.Nil(t, u.User)
		require.LessOrEqual(t, utf8.RuneCountInString(address), 2048)
		require.NotContains(t, address, "\\")
		if u.Scheme != "https" {
			require.Equal(t, "http", u.Scheme)
			require.Regexp(t, `^(localhost|127\.\d+\.\d+\.\d+|::1|::ffff:.*|[0:]+1(%.*)?)`, u.Hostname())
		}
	})
}

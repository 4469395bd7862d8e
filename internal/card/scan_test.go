package card_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/card"
)

func TestHoldsNumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4242424242424242", "pay 4242 4242 4242 4242 now", "4242-4242-4242-4242", "no. 12 4242424242424242", "378282246310005", "3782 822463 10005",
		"x4242424242424242", "order_4242424242424242", "5555555555554444;", "30569309025904",
		"42424242 42424242", "424242-4242424242", "4242  4242 - 4242--4242", "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "a1b2 4242 4242 4242 4242", "4242 4242 4242 4242 3d5",
	} {
		require.True(t, card.HoldsNumber(text), text)
	}
	for _, text := range []string{
		"", "ord_998", "4242424242424241", "424242424242424", "+1 415 555 2671", "2026-04-21 09:30", "9007199254740991", "8f7c1c7e-2b5e-4f1a-9c91-2d2e1c80a1f2",
		"42424242424242424242", "a1b4242424242424242c3d",
		"42424242-4242-4242-8a1b-123456789012", "4242424 242424242x7", "4242    424242424242",
	} {
		require.False(t, card.HoldsNumber(text), text)
	}
	for range 20_000 {
		name := "pi_" + ulid.MustNew(ulid.Now(), ulid.DefaultEntropy()).String()
		require.False(t, card.HoldsNumber(name), name)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "",
		"ord_998 4242424242424241":          "ord_998 4242424242424241",
		"4242424242424242":                  "••••••••••••4242",
		`{"pan":"4242 4242 4242 4242"}`:     `{"pan":"•••• •••• •••• 4242"}`,
		"3782-822463-10005, then é":         "••••-••••••-•0005, then é",
		"no. 12 4242424242424242.":          "no. 12 ••••••••••••4242.",
		"5555555555554444 30569309025904":   "••••••••••••4444 ••••••••••5904",
		"4242424242424242\n378282246310005": "••••••••••••4242\n" + "•••••••••••0005",
		"\xff4242424242424242\x00":          "\xff••••••••••••4242\x00",
	} {
		require.Equal(t, want, card.Mask(text), text)
	}
}

// Numbers in spellings that HoldsNumber does not look for are kept no more than others.
func TestMaskKnowsOtherSpellings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"pan=4242+4242+4242+4242&x=1":               "pan=••••+••••+••••+4242&x=1",
		"pan=%204242%204242%204242%204242%20":       "pan=%20••••%20••••%20••••%204242%20",
		"4242%2D4242%2d4242%094242":                 "••••%2D••••%2d••••%094242",
		"4242\t4242\t4242\t4242":                    "••••\t••••\t••••\t4242",
		"4242\r\n4242\r\n4242\r\n4242":              "••••\r\n••••\r\n••••\r\n4242",
		"4242.4242.4242.4242":                       "••••.••••.••••.4242",
		"card_4242_4242_4242_4242":                  "card_••••_••••_••••_4242",
		"4242\u00a04242\u20114242\u200b4242":        "••••\u00a0••••\u2011••••\u200b4242",
		`{"note":"\u00204242424242424242"}`:         `{"note":"\u0020••••••••••••4242"}`,
		`{"note":"caf\u00e94242424242424242"}`:      `{"note":"caf\u00e9••••••••••••4242"}`,
		`{"note":"\u004a4242424242424242\u0039"}`:   `{"note":"\u004a••••••••••••4242\u0039"}`,
		`{"note":"4242\u00204242\u20134242\t4242"}`: `{"note":"••••\u0020••••\u2013••••\t4242"}`,
		`C:\u4242424242424242`:                      `C:\u••••••••••••4242`,
		"4242 + 4242 + 4242 + 4242":                 "•••• + •••• + •••• + 4242",
	} {
		require.Equal(t, want, card.Mask(text), text)
	}
	for _, text := range []string{
		`4.2.4`, `\u0020`, `\u00`, `\`, `4\`, `%`, `4%2`, "4242,4242,4242,4242", "4242%414242%4142424242", "pi_01hx4242424242424242abcd9", "4242•4242•4242•4242",
	} {
		require.Equal(t, text, card.Mask(text))
	}
}

// separators are spellings of what may stand between the groups of a number.
var separators = []string{"", " ", "-", "\n", " - ", "\t", "+", ".", "_", "%20", "%2D", `\u0020`, `\u00e9`, `\t`, "\u00a0", "–", "\r\n", " + "}

// What Mask returns can be kept: nothing of it is a card number, and what is none stays.
func TestMaskedTextHoldsNoNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(
			rapid.SampledFrom([]string{"4242424242424242", "4242", "42", "378282246310005", "30569309025904", "8f7c1c7e-2b5e-4f1a-9c91-2d2e1c80a1f2", "x", "é", "1"}),
			rapid.StringMatching(`[0-9]{1,8}`), rapid.StringMatching(`[0-9 -]{1,30}`), rapid.StringMatching(`[0-9.+_%u\\]{1,30}`), rapid.SampledFrom(separators),
		)
		text := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), rapid.SampledFrom(separators).Draw(t, "between"))
		masked := card.Mask(text)
		require.False(t, card.HoldsNumber(masked), masked)
		require.True(t, utf8.ValidString(masked))
		require.Equal(t, utf8.RuneCountInString(text), utf8.RuneCountInString(masked))
		require.GreaterOrEqual(t, len(masked), len(text))
		require.Equal(t, masked, card.Mask(masked), "all at once")
		hidden := []rune(masked)
		for i, r := range []rune(text) { // only digits are hidden, and nothing else changes
			if hidden[i] != r {
				require.True(t, hidden[i] == '•' && r >= '0' && r <= '9', masked)
			}
		}
	})
}

// A number is hidden whatever is between its groups, and whatever it is in the middle of.
func TestNumbersAreMaskedInEverySpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		between := rapid.SampledFrom(separators[1:])
		text := rapid.SampledFrom([]string{"", "pan=", "x", `{"a":"`, "%20", `\u0031`, `\u00aa`, "12.5 "}).Draw(t, "before") + "4242"
		for range 3 {
			text += between.Draw(t, "between") + "4242"
		}
		text += rapid.SampledFrom([]string{"", "&x=1", "x", `"}`, "%20", `\u0031`, `\u00aa`, ".99"}).Draw(t, "after")
		masked := card.Mask(text)
		require.NotRegexp(t, `(?s)4242.{0,18}4242`, masked, text)
	})
}

func BenchmarkMask(b *testing.B) {
	for name, text := range map[string]string{
		"json":   strings.Repeat(`{"id":"pi_01hx4242424242424242abcd","amount":12000,"note":"caf\u00e9"},`, 58),
		"digits": strings.Repeat("1.", 2048),
		"cards":  strings.Repeat("4242+", 820),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				card.Mask(text)
			}
		})
	}
}

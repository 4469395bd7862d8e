package checkout

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/web/asset"
)

func aPayment() *Payment {
	return &Payment{
		ID: "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", Secret: "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2_secret_5f1c", Test: true,
		Merchant: "Café <b>Atlas</b>", BrandColor: "#7a3b12", Amount: money.New(9999, "USD"), Description: "Beans & \"more\"", OrderID: "ord_998",
		Statement: "CAFE ATLAS", Cards: true, SuccessURL: "https://shop.example/thanks?a=1&payment_intent=pi_1", CancelURL: "https://shop.example/cart",
		ActionURL: "https://issuer.example/3ds?x=1&y=2", AttemptsLeft: 3, ExpiresIn: 59*time.Minute + 500*time.Millisecond,
	}
}

func states() []State {
	return []State{Form, Processing, Action, Paid, Declined, Canceled, Expired, Missing, Busy, Failed}
}

func draw(s State, l Locale, p *Payment) string {
	if s == Missing || s == Busy || s == Failed {
		p = nil
	}
	return string(Draw(View{State: s, Locale: l, Payment: p}).Body)
}

func TestEveryStateInEveryLanguage(t *testing.T) {
	heading := regexp.MustCompile(`<h1[^>]*>([^<]+)</h1>`)
	for _, name := range languages {
		l := Match(name, "")
		for _, s := range states() {
			page := draw(s, l, aPayment())
			require.Contains(t, page, fmt.Sprintf(`<html lang="%s" dir="%s">`, name, l.Direction()))
			require.Len(t, heading.FindAllString(page, -1), 1, "%s %s", name, s)
			require.NotContains(t, page, "{merchant}")
			require.NotContains(t, page, "{amount}")
			require.NotContains(t, page, "<b>Atlas", "a name is text")
			require.NotContains(t, page, "ZgotmplZ")
			told := strings.Contains(page, "ord_998")
			require.Equal(t, s != Missing && s != Busy && s != Failed, told, "%s: nothing of a payment without its secret", s)
			require.Equal(t, told, strings.Contains(page, aPayment().Secret))
			require.Equal(t, s == Form, strings.Contains(page, "<input"), s)
			if told {
				require.Equal(t, len(languages), strings.Count(page, `hreflang=`))
			}
		}
	}
}

func TestWhereEachStateLeads(t *testing.T) {
	back, on := "https://shop.example/cart", "https://shop.example/thanks?a=1&amp;payment_intent=pi_1"
	for s, leads := range map[State]string{
		Form: back, Paid: on, Declined: back, Canceled: back, Expired: back, Action: "https://issuer.example/3ds?x=1&amp;y=2",
	} {
		require.Contains(t, draw(s, Match("", ""), aPayment()), `href="`+leads+`"`, s)
	}
	require.Contains(t, draw(Action, Match("", ""), aPayment()), `href="`+back+`"`, "who does not want to go there goes back")
	homeless := aPayment()
	homeless.SuccessURL, homeless.CancelURL = "", ""
	for _, s := range []State{Form, Paid, Declined, Canceled, Expired} {
		require.NotContains(t, draw(s, Match("", ""), homeless), `href=""`)
	}
}

func TestDeclinesSayWhatToDoAndNothingOfFraud(t *testing.T) {
	l := Match("en", "")
	for code, want := range map[payment.DeclineCode]string{
		payment.DeclineInsufficientFunds: "not enough money", payment.DeclineExpiredCard: "has expired", payment.DeclineIncorrectCVC: "security code",
		payment.DeclineFraud: "Your card was declined", payment.DeclineLostOrStolen: "Your card was declined", "unheard_of": "Your card was declined",
	} {
		p := aPayment()
		p.LastDecline, p.AttemptsLeft = code, 1
		page := draw(Form, l, p)
		require.Regexp(t, `id="alert-text">[^<]*`+want, page, code)
		require.Contains(t, page, "You can try once more.")
		require.NotContains(t, strings.ToLower(page), "fraud")
		require.NotContains(t, page, "stolen")
	}
	require.Contains(t, draw(Form, l, aPayment()), `id="alert" tabindex="-1" hidden>`)
}

func TestThePageLoadsItsOwnFilesAlone(t *testing.T) {
	drawn := Draw(View{State: Form, Locale: Match("", ""), Payment: aPayment()})
	page := html.UnescapeString(string(drawn.Body))
	style := regexp.MustCompile(`<style>(.*)</style>`).FindStringSubmatch(page)[1]
	sum := sha256.Sum256([]byte(style))
	require.Contains(t, drawn.Policy, "style-src 'self' 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';")
	for _, directive := range []string{
		"default-src 'none'", "img-src 'self' data:", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'",
	} {
		require.Contains(t, drawn.Policy, directive)
	}
	require.NotContains(t, drawn.Policy, "unsafe")
	nonce := regexp.MustCompile(`script-src 'nonce-([A-Z2-7]{26})';`).FindStringSubmatch(drawn.Policy)
	require.NotNil(t, nonce, drawn.Policy)
	require.Equal(t, 1, strings.Count(page, `nonce="`+nonce[1]+`"`), "on the page's own script alone")
	require.NotContains(t, string(Draw(View{State: Form, Locale: Match("", ""), Payment: aPayment()}).Body), nonce[1])
	for _, a := range []*asset.File{styleFile, scriptFile} {
		require.Contains(t, page, "/checkout/assets/"+a.Name+`" integrity="`+a.Integrity+`"`)
		require.Same(t, a, Assets[a.Name])
	}
	for _, attribute := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		at := attribute[1]
		require.True(t, strings.HasPrefix(at, "/checkout/") || strings.HasPrefix(at, "?locale=") || strings.HasPrefix(at, "data:image/svg+xml,") || at == aPayment().CancelURL, at)
	}
	require.NotRegexp(t, `\son[a-z]+=`, page, "no script in attributes")
	require.NotContains(t, page, ` style="`)
	require.NotRegexp(t, `<input[^>]*\sname=`, page, "nothing that a form could send by itself")
}

func TestTheScriptsConfiguration(t *testing.T) {
	read := func(s State, l Locale) config {
		page := draw(s, l, aPayment())
		raw := regexp.MustCompile(`(?s)<script type="application/json" id="config">(.*?)</script>`).FindStringSubmatch(page)[1]
		var c config
		require.NoError(t, json.Unmarshal([]byte(raw), &c), raw)
		return c
	}
	asked := regexp.MustCompile(`say\("([a-z.]+)"`).FindAllStringSubmatch(string(script), -1)
	require.NotEmpty(t, asked)
	for _, name := range languages {
		c := read(Form, Match(name, ""))
		for _, text := range asked {
			require.NotEmpty(t, c.Texts[text[1]], "%s: the script says %s", name, text[1])
		}
		require.NotEmpty(t, c.Declines["generic_decline"])
	}
	c := read(Form, Match("en", ""))
	require.Equal(t, []any{Form, aPayment().ID, aPayment().Secret, int64(3540)}, []any{c.State, c.Payment, c.Secret, c.ExpiresIn})
	require.Equal(t, "unknown", c.Brands[len(c.Brands)-1].Code)
	require.Empty(t, read(Paid, Match("en", "")).Brands)
	require.NotEmpty(t, read(Processing, Match("en", "")).Texts["forwarding"])
}

func TestLanguagesSayTheSameThings(t *testing.T) {
	place := regexp.MustCompile(`\{[a-z]+\}`)
	for name, c := range catalogs {
		require.Len(t, c, len(catalogs["en"]), name)
		for key, text := range catalogs["en"] {
			require.NotEmpty(t, c[key], "%s: %s", name, key)
			want, got := place.FindAllString(text, -1), place.FindAllString(c[key], -1)
			slices.Sort(want)
			slices.Sort(got)
			require.Equal(t, want, got, "%s: %s", name, key)
		}
	}
	for _, name := range declineTexts {
		require.NotEmpty(t, catalogs["en"][name], name)
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct{ asked, header, want string }{
		{"", "", "en"}, {"fr", "de", "fr"}, {"fr-CA", "", "fr-CA"}, {"xx", "de-AT", "de-AT"}, {"", "zh-CN,ar;q=.5", "ar"}, {"", "pt-BR", "en"},
		{"", "fr-CH, fr;q=0.9, en;q=0.8", "fr-CH"}, {"%%", "%%%", "en"}, {strings.Repeat("en-", 20_000), "es", "es"}, {"AR", "", "ar"},
	} {
		require.Equal(t, test.want, Match(test.asked, test.header).String(), "%.40q %q", test.asked, test.header)
	}
	require.Equal(t, "rtl", Match("ar-MA", "").Direction())
}

func TestAmountsAreWrittenByLocaleAndCurrency(t *testing.T) {
	for _, test := range []struct {
		locale string
		amount money.Money
		want   string
	}{
		{"en", money.New(9999, "USD"), "$99.99"}, {"en-GB", money.New(123456, "USD"), "US$1,234.56"}, {"en", money.New(1234, "JPY"), "¥1,234"},
		{"en", money.New(1234567, "KWD"), "KWD\u00a01,234.567"}, {"de", money.New(123456, "EUR"), "1.234,56\u00a0€"},
		{"fr", money.New(9999, "MAD"), "99,99\u00a0MAD"}, {"ar", money.New(9999, "USD"), "\u200f99.99\u00a0\u2066US$\u2069"},
		{"ar", money.New(9999, "MAD"), "\u200f99.99\u00a0د.م.\u200f"},
	} {
		require.Equal(t, test.want, page{View: View{Locale: Match(test.locale, ""), Payment: &Payment{Amount: test.amount}}}.Amount())
	}
}

// Whatever colour a merchant chooses, people can read what is written in it.
func TestColoursAreReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		brand := fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "brand"))
		light, dark := Palettes(brand)
		for ground, p := range map[colour]Palette{lightGround: light, darkGround: dark} {
			of := func(text string) colour {
				c, ok := parseColour(text)
				if !ok {
					t.Fatalf("%q is no colour", text)
				}
				return c
			}
			for what, pair := range map[string][2]colour{
				"button": {of(p.Brand), of(p.OnBrand)}, "button under the pointer": {of(p.Hover), of(p.OnBrand)}, "link": {of(p.Accent), ground},
			} {
				if got := contrast(pair[0], pair[1]); got < textContrast {
					t.Fatalf("%s on %s: the %s has a contrast of %.2f", brand, ground, what, got)
				}
			}
			if got := contrast(of(p.Edge), ground); got < controlContrast {
				t.Fatalf("%s on %s: the button's edge has a contrast of %.2f", brand, ground, got)
			}
		}
	})
	light, _ := Palettes("red")
	standard, _ := Palettes(standardBrand)
	require.Equal(t, standard, light, "what is no colour is the hub's own")
	require.InDelta(t, 21, contrast(black, white), 0.001)
	require.InDelta(t, 4.54, contrast(colour{0x76, 0x76, 0x76}, white), 0.01)
}

// The colours of the style sheet that the palette was computed for.
func TestGroundsAreThoseOfTheStyleSheet(t *testing.T) {
	require.Contains(t, string(style), "--card: "+lightGround.String()+";")
	require.Contains(t, string(style), "--card: "+darkGround.String()+";")
}

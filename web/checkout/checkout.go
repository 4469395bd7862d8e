// Package checkout draws the hosted checkout page: each of its states, in each
// language, as HTML that loads one style sheet and one script, both of this
// package. It decides nothing about payments and never sees card data.
package checkout

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"paymenthub/internal/card"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/web/asset"
)

// State is which of its faces the page shows.
type State string

// The states.
const (
	Form       State = "form"       // waits for a card, or the choice of another method
	Processing State = "processing" // waits for the gateway's answer
	Action     State = "action"     // waits for the shopper at the page of the issuer or provider
	Paid       State = "paid"
	Declined   State = "declined" // no attempts are left
	Canceled   State = "canceled"
	Expired    State = "expired"
	Missing    State = "missing" // no payment that this browser may see
	Busy       State = "busy"    // asked too often
	Failed     State = "failed"  // a part of the hub is down
)

// View is what a page is drawn from.
type View struct {
	State   State
	Locale  Locale
	Payment *Payment // nil where nothing of a payment may be told: Missing, Busy and Failed
}

// Payment is what the page tells of a payment, and only to who holds its client
// secret. Texts may be empty, unless said otherwise.
type Payment struct {
	ID     string // never empty
	Secret string // the client secret
	Test   bool   // no real money moves

	Merchant   string // as shoppers know it; never empty
	BrandColor string // "#rrggbb"
	LogoURL    string // "": an initial stands for the logo

	Amount       money.Money
	Description  string
	OrderID      string
	Statement    string // as it appears on the shopper's statement
	Email        string // as the merchant told it; "": the page asks for it
	ShopperEmail string // what the shopper told before, to be corrected; may be empty
	MaySave      bool   // there is a customer whose card may be saved

	Cards   bool                 // it can be paid with a card
	Methods []payment.MethodType // and with these: none of them is a card
	Method  payment.MethodType   // what the latest attempt was paid with; "" before the first

	SuccessURL string // where who has paid goes on to
	CancelURL  string // the way back to the shop
	ActionURL  string // the page of the issuer or provider

	LastDecline  payment.DeclineCode // "": none
	AttemptsLeft int
	ExpiresIn    time.Duration
}

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// Page is a page that is ready to be sent.
type Page struct {
	Body   []byte
	Policy string // its Content-Security-Policy
}

// Draw draws a view. The same view is always the same page, but for its nonce.
func Draw(v View) Page {
	p := page{View: v, colours: colours(v.Payment), Nonce: rand.Text()}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, p); err != nil {
		panic(fmt.Sprintf("checkout: the page does not execute: %v", err)) // a defect of the template
	}
	return Page{Body: body.Bytes(), Policy: policy(p)}
}

// policy lets the page load its own files, talk to its own hub and do nothing
// else; the style of the merchant's colours is let in by its hash, and the page's
// script, of all that this origin serves, by the nonce. Only a page with a form of
// its own sends one.
func policy(p page) string {
	sum, forms := sha256.Sum256([]byte(p.colours)), "'none'"
	if len(p.Choices()) > 0 {
		forms = "'self'"
	}
	return "default-src 'none'; script-src 'nonce-" + p.Nonce + "'; style-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"img-src 'self' data:; connect-src 'self'; form-action " + forms + "; frame-ancestors 'none'; base-uri 'none'"
}

// colours is the style of the merchant's colours in both themes.
func colours(p *Payment) string {
	brand := standardBrand
	if p != nil {
		brand = p.BrandColor
	}
	light, dark := Palettes(brand)
	set := func(c Palette) string {
		return fmt.Sprintf(":root{--brand:%s;--on-brand:%s;--hover:%s;--edge:%s;--accent:%s}", c.Brand, c.OnBrand, c.Hover, c.Edge, c.Accent)
	}
	return set(light) + "@media (prefers-color-scheme:dark){" + set(dark) + "}"
}

// page is a view with the words around it.
type page struct {
	View
	Nonce   string // lets in this page's script and no other
	colours string
}

// Colours is the style element's content; the policy has its hash.
func (p page) Colours() template.CSS { return template.CSS(p.colours) } //nolint:gosec // made of colours alone

// Style and Script are the files that the page loads.
func (p page) Style() *asset.File { return styleFile }

// Script is the page's script.
func (p page) Script() *asset.File { return scriptFile }

// Amount is the payment's amount, written for the shopper.
func (p page) Amount() string {
	return p.Payment.Amount.Format(p.Locale.String(), p.Locale.Direction() == "rtl")
}

// T is a text in the page's language.
func (p page) T(name string) string {
	if p.Payment == nil {
		return p.Locale.say(name)
	}
	return p.Locale.say(name, "merchant", p.Payment.Merchant, "amount", p.Amount())
}

// Title is the page's title and heading.
func (p page) Title() string {
	if p.away() {
		return p.by(p.Payment.Method, "away.title")
	}
	return p.T(string(p.State) + ".title")
}

// Text is what is said below the heading of an outcome.
func (p page) Text() string {
	if p.away() {
		return p.by(p.Payment.Method, "away.text")
	}
	return p.T(string(p.State) + ".text")
}

// Initial stands for a merchant without a logo.
func (p page) Initial() string {
	for _, r := range p.Payment.Merchant {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return strings.ToUpper(string(r))
		}
	}
	return "•"
}

// CodeHint says where a security code is, before the brand is known.
func (p page) CodeHint() string {
	return p.Locale.say("code.back", "digits", strconv.Itoa(card.BrandOf("").CodeLength))
}

// Declined says what to do after the last attempt was declined; "" when none was.
func (p page) Declined() string {
	if p.Payment.LastDecline == "" {
		return ""
	}
	if isOther(p.Payment.Method) {
		return p.T("declined.method") + " " + p.T("uncharged")
	}
	return p.T(declineText(p.Payment.LastDecline)) + " " + p.T("uncharged")
}

// AttemptsLeft says how often a card may still be tried; "" while all of them are left.
func (p page) AttemptsLeft() string {
	if left := p.Payment.AttemptsLeft; p.Payment.LastDecline != "" && (left == 1 || left == 2) {
		return p.T("attempts." + strconv.Itoa(left))
	}
	return ""
}

// Return is where an outcome sends the shopper back to; "" when nowhere.
func (p page) Return() string {
	switch {
	case p.Payment == nil:
		return ""
	case p.State == Paid:
		return p.Payment.SuccessURL
	case p.State == Processing || p.State == Action:
		return ""
	default:
		return p.Payment.CancelURL
	}
}

// row is one line of what an outcome lists.
type row struct {
	Name, Value string
	Class       string // how it is set
}

// Rows list what the outcome is about.
func (p page) Rows() []row {
	if p.Payment == nil {
		return nil
	}
	rows := []row{{p.T("amount"), p.Amount(), "strong"}}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, row{Name: p.T(name), Value: value})
		}
	}
	add("order", p.Payment.OrderID)
	if p.State == Paid {
		add("statement", p.Payment.Statement)
		rows = append(rows, row{p.T("reference"), p.Payment.ID, "fine"})
	}
	return rows
}

// link leads to the page in another language.
type link struct {
	Code, Name, Address string
	Current             bool
}

// Languages are the languages that the page can be read in; none where there is
// no page of this browser's to come back to.
func (p page) Languages() []link {
	if p.Payment == nil {
		return nil
	}
	var all []link
	for _, code := range languages {
		all = append(all, link{
			Code: code, Name: catalogs[code]["language"], Current: code == p.Locale.Language,
			Address: "?" + url.Values{"locale": {code}}.Encode(),
		})
	}
	return all
}

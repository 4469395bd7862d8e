package payment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"paymenthub/internal/customer"
	"paymenthub/internal/id"
	"paymenthub/internal/risk"
	"paymenthub/internal/vault"
)

// MethodType is what a shopper pays with.
type MethodType string

// The types. All but cards are paid at the provider's own page.
const (
	MethodCard       MethodType = "card"
	MethodPayPal     MethodType = "paypal"
	MethodIDEAL      MethodType = "ideal"
	MethodBancontact MethodType = "bancontact"
)

// MethodTypes lists every type.
var MethodTypes = []MethodType{MethodCard, MethodPayPal, MethodIDEAL, MethodBancontact}

// Method is how the shopper pays.
type Method struct {
	Type  MethodType // MethodCard with Saved
	Card  vault.Card // zero with Saved, and where Type is not a card
	Saved string     // pm_…: a card that a gateway keeps for the intent's customer
	Save  bool       // the shopper agrees to have Card kept for later
	// MerchantInitiated: the shopper is not there. Only with Saved.
	MerchantInitiated bool
	ReturnURL         string // where the shopper returns to after the issuer's page; "" means the intent's
	Shopper           Shopper
}

// Methods are what a shopper can pay this payment with now, in the order of
// MethodTypes. Errors: fault.Unavailable when no gateway is set up.
func (s *Service) Methods(ctx context.Context, p Intent) ([]MethodType, error) {
	return s.router.Methods(ctx, p)
}

// route is what is known when the gateway of the payment is chosen, with the method
// that it is confirmed with at once; nil: it is not.
func (p Intent) route(m *Method, saved *customer.PaymentMethod) RouteRequest {
	r := RouteRequest{Intent: p}
	if m == nil {
		return r
	}
	r.Method, r.Save, r.BillingCountry = m.Type, m.Save, m.Shopper.BillingCountry
	switch {
	case saved != nil:
		r.KeptBy, r.Card = saved.Gateway, saved.Card
	case m.Type == MethodCard:
		r.Card = CardSummary{Brand: m.Card.Brand(), BIN: m.Card.BIN()}
	}
	return r
}

// Shopper is what is known of who pays; empty fields are not known.
type Shopper struct {
	IP             string // canonical, as netip.Addr prints it
	Email          string
	Name           string // as the merchant or the shopper told it, beside the card's holder
	BillingCountry string // ISO 3166-1 alpha-2
}

// presented is a method with which an attempt can begin.
type presented struct {
	conf Confirmation
	card *vault.Record // sealed and not stored yet; nil of a saved method
	seen risk.Sighting
}

// present seals the method's card. A saved method, which was looked up for it,
// brings none.
func (s *Service) present(ctx context.Context, p Intent, operationID string, m Method, saved *customer.PaymentMethod) (presented, error) {
	of := presented{conf: Confirmation{
		OperationID: operationID, Method: m.Type, ReturnURL: m.ReturnURL, SavedMethod: m.Saved, Save: m.Save, MerchantInitiated: m.MerchantInitiated,
		BillingCountry: m.Shopper.BillingCountry,
	}}
	switch {
	case saved != nil:
		of.conf.Card = saved.Card
	case m.Type == MethodCard:
		sealed, err := s.vault.Seal(p.Scope, cardToken(operationID), m.Card)
		if err != nil {
			return presented{}, err
		}
		of.card, of.conf.CardToken, of.conf.Card = &sealed, sealed.Token, sealed.Summary()
	case !slices.Contains(MethodTypes, m.Type):
		return presented{}, fmt.Errorf("payment %s: method of the unknown type %q", p.ID, m.Type)
	}
	known, err := s.asKnown(ctx, p)
	if err != nil {
		return presented{}, err
	}
	of.seen = m.sighting(known, operationID, of.conf.Card, s.clock.Now())
	return of, nil
}

// sighting is what is seen of the shopper who confirms the payment.
func (m Method) sighting(p Intent, operationID string, card CardSummary, now time.Time) risk.Sighting {
	// What the merchant told counts: whoever has the client secret can tell anything.
	email, name := cmp.Or(p.Customer.Email, m.Shopper.Email), cmp.Or(p.Customer.Name, m.Shopper.Name)
	return risk.Sighting{
		OperationID: operationID, Scope: p.Scope, PaymentID: p.ID, Fingerprint: card.Fingerprint, BIN: card.BIN,
		IP: m.Shopper.IP, Email: strings.ToLower(email), EmailByShopper: p.Customer.Email == "" && email != "", BillingCountry: m.Shopper.BillingCountry,
		NameDiffers: nameDiffers(m.Card.HolderName.Reveal(), name), CreatedAt: now,
	}
}

// nameDiffers reports whether two names that are both known share no word of
// more than one letter. Order, case and initials make no difference.
func nameDiffers(holder, customer string) bool {
	of := func(name string) []string {
		return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	}
	known := map[string]bool{}
	for _, word := range of(customer) {
		if len([]rune(word)) > 1 {
			known[word] = true
		}
	}
	words, compared := of(holder), false
	for _, word := range words {
		if len([]rune(word)) > 1 {
			if known[word] {
				return false
			}
			compared = true
		}
	}
	return compared && len(known) > 0
}

// cardToken names the card of an operation in the vault.
func cardToken(operationID string) string { return id.Join(id.VaultCard, operationID) }

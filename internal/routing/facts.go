package routing

import (
	"cmp"
	"strings"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Question asks for the gateways of a payment.
type Question struct {
	Scope     merchant.Scope
	PaymentID string // decides what is left to chance: asked again, it is decided the same
	// Profile is whose rules decide, rp_…; "" means the merchant's default.
	Profile        string
	Amount         money.Money
	Method         string            // "card"; "" before one is known
	Brand          string            // of the card, "visa"; "" when none is known
	BIN            string            // leading 6 to 8 digits of the card
	CardCountry    string            // ISO 3166-1 alpha-2; "": looked up by the BIN
	BillingCountry string            // ISO 3166-1 alpha-2; "" when not known
	CustomerID     string            // cus_…
	Metadata       map[string]string // of the payment
	At             time.Time
	// Candidates can take the payment, in the operator's order; at least one.
	Candidates []Candidate
	// Attempt says that the first choice will be tried now: it may be a probe.
	Attempt bool
}

// Candidate is a gateway that can take the payment.
type Candidate struct {
	Gateway  string // the account's name
	Provider string // rules may mean the first account at a provider by its name
	Fees     Fees
}

// named returns the candidate that a rule means by a name, "" when none is there: the
// account of exactly this name, or the first at the provider.
func named(name string, among []Candidate) string {
	at := ""
	for _, c := range among {
		switch {
		case c.Gateway == name:
			return name
		case at == "" && c.Provider == name:
			at = c.Gateway
		}
	}
	return at
}

// Facts are what the condition of a rule may ask, under the names in the tags. All
// are known without asking anybody; what is not known is empty.
type Facts struct {
	Amount         int64             `expr:"amount"` // minor units
	Currency       string            `expr:"currency"`
	Method         string            `expr:"method"`
	Environment    string            `expr:"environment"`
	Brand          string            `expr:"brand"`
	BIN            string            `expr:"bin"`
	CardCountry    string            `expr:"card_country"`
	BillingCountry string            `expr:"billing_country"`
	Country        string            `expr:"country"` // the card's, or else the billing address's
	Region         string            `expr:"region"`  // of the country
	Customer       string            `expr:"customer"`
	Metadata       map[string]string `expr:"metadata"`
	Hour           int               `expr:"hour"`    // 0 to 23, UTC
	Weekday        int               `expr:"weekday"` // 1 is Monday, 7 Sunday (ISO 8601), UTC
	Date           string            `expr:"date"`    // "2026-11-27", UTC
}

// facts of a question whose card's country was looked up.
func (q Question) facts() Facts {
	at := q.At.UTC()
	country := cmp.Or(q.CardCountry, q.BillingCountry)
	return Facts{
		Amount: q.Amount.Minor, Currency: string(q.Amount.Currency), Method: q.Method, Environment: string(q.Scope.Environment),
		Brand: q.Brand, BIN: q.BIN, CardCountry: q.CardCountry, BillingCountry: q.BillingCountry, Country: country,
		Region: string(RegionOf(country)), Customer: q.CustomerID, Metadata: q.Metadata,
		Hour: at.Hour(), Weekday: (int(at.Weekday())+6)%7 + 1, Date: at.Format(time.DateOnly),
	}
}

// Kind is what rates are kept apart by: the card's brand, or the method where that is
// no card.
func Kind(method, brand string) string {
	if method != "" && method != "card" {
		return method
	}
	return strings.ToLower(brand)
}

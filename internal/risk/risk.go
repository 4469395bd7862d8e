// Package risk judges attempts to pay before any gateway hears of them: rules
// that a merchant can read and change add up to a score, and the score says
// whether the payment passes, needs 3-D Secure, or is refused.
package risk

import (
	"time"

	"paymenthub/internal/card"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Sighting is what was seen of a shopper when a card was presented. It is stored
// before the attempt is judged, so that of many at once none goes uncounted, and
// deleted after SightingLifetime.
type Sighting struct {
	OperationID    string // ULID of the request that brought the card
	Scope          merchant.Scope
	PaymentID      string
	Fingerprint    string // of the card
	BIN            string // its leading 8 or 6 digits; "" when not known
	IP             string // the shopper's address; "" when not known
	Email          string // in lower case; "" when not known
	EmailByShopper bool   // nobody but the shopper says that the address is theirs
	BillingCountry string // ISO 3166-1 alpha-2; "" when not known
	NameDiffers    bool   // the holder's name shares no word with the customer's
	CreatedAt      time.Time
}

// SightingLifetime is how long sightings are kept, and so the longest window in
// which attempts can be counted.
const SightingLifetime = 30 * 24 * time.Hour

// Subject is an attempt that is to be judged.
type Subject struct {
	Scope       merchant.Scope
	PaymentID   string
	OperationID string // of its sighting
	Card        card.Summary
	Amount      money.Money
	// MerchantInitiated: the shopper is not there, and cannot be asked for 3-D Secure.
	MerchantInitiated bool
}

// Action is what an assessment leads to.
type Action string

// The actions.
const (
	Allow     Action = "allow"
	Challenge Action = "challenge" // 3-D Secure is demanded
	Decline   Action = "decline"
)

// Reason is what one rule found.
type Reason struct {
	Rule   string `json:"rule"`
	Points int    `json:"points"` // added to the score; negative ones lower it
	Text   string `json:"text"`   // for the merchant; holds no card data
}

// Assessment is the judgment of one attempt. It stays with the attempt.
type Assessment struct {
	Score   int      `json:"score"` // 0 to 100
	Action  Action   `json:"action"`
	Reasons []Reason `json:"reasons,omitempty"`
}

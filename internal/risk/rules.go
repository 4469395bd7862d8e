package risk

import (
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// The names of the rules, as reasons give them and merchants write them.
const (
	RuleVelocityCard      = "velocity_card"
	RuleVelocityIP        = "velocity_ip"
	RuleVelocityEmail     = "velocity_email"
	RuleAmountLimit       = "amount_limit"
	RuleBINCountryIP      = "bin_country_ip"
	RuleBINCountryBilling = "bin_country_billing"
	RuleCustomerMismatch  = "customer_mismatch"
	RuleBlockList         = "block_list"
	RuleAllowList         = "allow_list"
	RuleTestCard          = "test_card" // the sandbox's card that is declined by fraud
)

// Rules are what a merchant has decided for one environment.
type Rules struct {
	Scope merchant.Scope `json:"-"`
	// Version counts the replacements; 0 are the defaults, never replaced.
	Version   int       `json:"-"`
	UpdatedAt time.Time `json:"-"` // zero: never replaced

	// DeclineAbove (0 to 99) is the highest score that is not declined, and
	// ChallengeAbove (0 to DeclineAbove) the highest that needs no 3-D Secure.
	DeclineAbove   int `json:"decline_above"`
	ChallengeAbove int `json:"challenge_above"`

	VelocityCard      Velocity    `json:"velocity_card"`
	VelocityIP        Velocity    `json:"velocity_ip"`
	VelocityEmail     Velocity    `json:"velocity_email"`
	AmountLimit       AmountLimit `json:"amount_limit"`
	BINCountryIP      Check       `json:"bin_country_ip"`
	BINCountryBilling Check       `json:"bin_country_billing"`
	CustomerMismatch  Check       `json:"customer_mismatch"`
	BlockList         []Entry     `json:"block_list,omitempty"`
	AllowList         []Entry     `json:"allow_list,omitempty"`
}

// Check is a rule without parameters of its own.
type Check struct {
	Enabled bool `json:"enabled"`
	Points  int  `json:"points"` // 1 to 100, added to the score when the rule fires
}

// Velocity fires when more than Limit attempts were seen in the window that ends
// now, the one that is judged among them.
type Velocity struct {
	Enabled bool  `json:"enabled"`
	Points  int   `json:"points"`         // 1 to 100
	Limit   int   `json:"limit"`          // 1 to 1,000
	Window  int64 `json:"window_seconds"` // 60 to SightingLifetime
}

// Span is the window as a duration.
func (v Velocity) Span() time.Duration { return time.Duration(v.Window) * time.Second }

// AmountLimit fires when the amount is above the limit of its currency.
type AmountLimit struct {
	Enabled bool    `json:"enabled"`
	Points  int     `json:"points"`           // 1 to 100
	Limits  []Limit `json:"limits,omitempty"` // at most one for each currency
}

// Limit is the highest amount that is ordinary, in minor units.
type Limit struct {
	Currency money.Currency `json:"currency"`
	Amount   int64          `json:"amount"`
}

// EntryType says what an entry of a list is compared with.
type EntryType string

// The types of entries.
const (
	EntryCard        EntryType = "card_fingerprint"
	EntryBIN         EntryType = "bin"          // 6 to 8 leading digits
	EntryIP          EntryType = "ip"           // an address, or a network as 203.0.113.0/24
	EntryEmail       EntryType = "email"        // in any case
	EntryEmailDomain EntryType = "email_domain" // what stands after the @, its subdomains not included
	// EntryCountry (ISO 3166-1 alpha-2) blocks when the card, the address or the
	// billing address is of the country, and allows when all that are known are.
	EntryCountry EntryType = "country"
)

// Entry is one line of the block or allow list.
type Entry struct {
	Type  EntryType `json:"type"`
	Value string    `json:"value"`
}

// Bounds of what merchants may set.
const (
	MaxEntries       = 1000 // of each list
	MaxVelocityLimit = 1000
	MinWindow        = time.Minute
	maxPoints        = 100
	maxScore         = 100
)

// The scores that lead to 3-D Secure and to a decline where a merchant has not
// decided otherwise (contracts/acquiring.md).
const (
	defaultChallengeAbove = 40
	defaultDeclineAbove   = 70
)

// Defaults are the rules of a scope that has never set its own.
//
// The points are chosen so that one sign alone never declines: a card tried over
// and over, or a card whose country is neither the shopper's nor the billing
// address's, asks for 3-D Secure; a second sign beside the first declines. Many
// attempts from one address or e-mail are often innocent (an office, a family),
// and need a second sign for either.
//
// In the sandbox no rule is enabled, so that the contract's test cards give their
// results however often and from wherever they are tried.
func Defaults(scope merchant.Scope) Rules {
	on := scope.Environment == merchant.Live
	return Rules{
		Scope: scope, DeclineAbove: defaultDeclineAbove, ChallengeAbove: defaultChallengeAbove,
		VelocityCard:  Velocity{Enabled: on, Points: 60, Limit: 5, Window: 3600},
		VelocityIP:    Velocity{Enabled: on, Points: 40, Limit: 20, Window: 3600},
		VelocityEmail: Velocity{Enabled: on, Points: 40, Limit: 10, Window: 3600},
		// What an unusual amount is, only the merchant knows.
		AmountLimit:       AmountLimit{Points: 30},
		BINCountryIP:      Check{Enabled: on, Points: 25},
		BINCountryBilling: Check{Enabled: on, Points: 25},
		CustomerMismatch:  Check{Enabled: on, Points: 10},
	}
}

// Package routing chooses the gateways for a payment: by the rules that a merchant
// wrote, by what the gateways have shown, and by their health. A decision says why.
package routing

import "time"

// Decision is an order in which gateways are tried, and the reason for it. It is kept
// with every attempt, so what says nothing is left out.
type Decision struct {
	// Strategy is how the order was found.
	Strategy Strategy `json:"strategy"`
	// Choices are the gateways, best first; at least one.
	Choices []Choice `json:"choices"`
	// Excluded are those that could not take the payment, and why.
	Excluded []Exclusion `json:"excluded,omitempty"`
	At       time.Time   `json:"at"`

	Profile string `json:"profile,omitempty"` // rp_…, whose rules were asked; "" without any
	Version int    `json:"version,omitempty"` // of the profile's rules
	Rule    string `json:"rule,omitempty"`    // the rule that matched; "" of the default
	// Failed names rules whose condition could not be evaluated for this payment; they
	// count as not matched.
	Failed []string `json:"failed,omitempty"`
	// Share is the percentage of a split that the first choice stands for.
	Share int `json:"share,omitempty"`
	// Region is where the card is from, or else the shopper; "" when neither is known.
	Region Region `json:"region,omitempty"`
	// Explored says that the first choice was moved there to learn how it does.
	Explored bool `json:"explored,omitempty"`
	// Probe says that the first choice was found broken, and that this payment is the
	// one that finds out whether it works again.
	Probe bool `json:"probe,omitempty"`
	// Down says that the operator has switched off every gateway that could take the
	// payment, or that none could any more: nothing is sent.
	Down bool `json:"down,omitempty"`
}

// Strategy is how an order of gateways is found.
type Strategy string

// The strategies.
const (
	Named   Strategy = "named"   // the payment names its gateway
	Saved   Strategy = "saved"   // one gateway keeps the card
	Listed  Strategy = "listed"  // a rule names the gateways in order
	Split   Strategy = "split"   // a rule shares payments out
	Order   Strategy = "order"   // the order of preference
	Success Strategy = "success" // the best rate of approvals first
	Cost    Strategy = "cost"    // the cheapest first
	Value   Strategy = "value"   // the most that is left of the amount, on average, first
	// Automatic in a rule goes on with the default.
	Automatic Strategy = "auto"
)

// Choice is a gateway that can take the payment, with the numbers that it was
// compared by.
type Choice struct {
	Gateway string `json:"gateway"`
	// Rate is the share of approvals in ten-thousandths, recent payments weighing
	// more; nil when there are too few to go by.
	Rate *int64 `json:"rate,omitempty"`
	// Samples are the payments behind the rate, and Level says which.
	Samples int64 `json:"samples,omitempty"`
	Level   Level `json:"level,omitempty"`
	// Cost is what the payment costs there, in minor units of its currency; nil when
	// no price list says.
	Cost *int64 `json:"cost,omitempty"`
	// Value is what is left of the amount on average, in minor units.
	Value *int64 `json:"value,omitempty"`
	// Health is the state of its circuit breaker; "" where that is closed.
	Health State `json:"health,omitempty"`
}

// Exclusion is a gateway that cannot.
type Exclusion struct {
	Gateway string `json:"gateway"`
	Why     string `json:"why"`
}

// Gateway is the first choice.
func (d Decision) Gateway() string { return d.Choices[0].Gateway }

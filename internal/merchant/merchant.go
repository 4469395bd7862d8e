// Package merchant holds who the hub works for: merchants, their two
// environments, and the keys that act for them.
package merchant

import (
	"time"
)

// Environment separates test traffic from real money. Nothing crosses it.
type Environment string

// The environments of every merchant.
const (
	Sandbox Environment = "sandbox"
	Live    Environment = "live"
)

// Valid reports whether e is one of the environments.
func (e Environment) Valid() bool { return e == Sandbox || e == Live }

// Scope is the owner of a record: every query and every write names one.
type Scope struct {
	MerchantID  string      `json:"merchant_id"`
	Environment Environment `json:"environment"`
}

// Merchant is one business that takes payments through the hub.
type Merchant struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

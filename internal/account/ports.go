package account

import (
	"context"

	"paymenthub/internal/merchant"
)

// MaxAccounts bounds the accounts of a merchant in one environment, disabled ones
// included.
const MaxAccounts = 100

// Provider is what merchants are told of a provider that they can connect.
type Provider struct {
	Name        string
	Title       string
	Credentials []Credential
	Methods     []string // what shoppers can pay with, sorted
	Currencies  int      // how many of ISO 4217's it takes; 0: all
}

// Credential is one value of what connects an account.
type Credential struct {
	Name     string
	Title    string
	Required bool
	Public   bool // may be shown again
}

// credential is the provider's credential of a name; zero where it has none.
func (p Provider) credential(name string) Credential {
	for _, c := range p.Credentials {
		if c.Name == name {
			return c
		}
	}
	return Credential{}
}

// Connector knows the providers, and asks them about credentials.
type Connector interface {
	// Providers lists who can be connected, in the hub's order.
	Providers() []Provider
	// Probe makes a call that changes nothing with the credentials, and returns the
	// provider's own id of the account that they are of; "" when it tells none. Errors:
	// fault.Invalid when the provider does not take them, naming "credentials.<name>"
	// where that is known; fault.Unavailable when it did not say.
	Probe(ctx context.Context, provider string, env merchant.Environment, c Credentials) (providerAccount string, err error)
}

// Page asks for Limit rows (1 to 100) beside an account's name, newest first. At most
// one of the cursors is set.
type Page struct {
	Limit         int
	StartingAfter string // accounts older than this one
	EndingBefore  string // accounts newer than this one
}

// Repository keeps accounts.
type Repository interface {
	// Insert stores an account; one with the same name stays as it is.
	Insert(ctx context.Context, a Account) error
	// Account returns an account of the scope. Errors: fault.NotFound.
	Account(ctx context.Context, scope merchant.Scope, name string) (Account, error)
	// Accounts lists the scope's accounts newest first, and says whether there are more.
	Accounts(ctx context.Context, scope merchant.Scope, p Page) ([]Account, bool, error)
	// Update stores an account over the version before its own, and reports whether
	// that one was there still.
	Update(ctx context.Context, a Account) (bool, error)
	// Count says how many accounts a scope has, disabled ones included.
	Count(ctx context.Context, scope merchant.Scope) (int, error)

	// Find returns an account of any scope, for the hub's own steps.
	// Errors: fault.NotFound.
	Find(ctx context.Context, name string) (Account, error)
	// Preferred returns the scope's active accounts: the highest priority first, of
	// equal ones the oldest.
	Preferred(ctx context.Context, scope merchant.Scope) ([]Account, error)
}

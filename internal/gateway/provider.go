package gateway

import (
	"net/http"
	"time"

	"go.uber.org/zap"
)

// Provider is an entry of the catalogue of providers that the hub has an adapter for.
type Provider struct {
	Name  string // in lower case, as merchants write it: "checkout"
	Title string // the provider's own name: "Checkout.com"
	// Credentials are what connects an account, in the order in which people are
	// asked for them.
	Credentials []Credential
	// Capabilities are those of an account about which nothing more is known.
	Capabilities Capabilities
	// New makes the adapter of an account. It sends nothing.
	// Errors: what is wrong with the settings, naming the credential.
	New func(Settings) (Gateway, error)
}

// Credential is one value of what connects an account.
type Credential struct {
	Name     string // in snake case: "secret_key"
	Title    string // what the provider's dashboard calls it
	Required bool
	Public   bool // may be shown again, such as an account's id
}

// Settings configure one account's adapter.
type Settings struct {
	// Values by the names of the provider's credentials.
	Values map[string]string
	// Live chooses the provider's live address where it has two.
	Live bool
	// BaseURL replaces the provider's own address, for a simulator.
	BaseURL    string
	HTTPClient *http.Client  // carries the calls; nil means the adapter's own
	Timeout    time.Duration // bounds each HTTP call; 0 means 8 s
	Logger     *zap.Logger   // nil: none
}

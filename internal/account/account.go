// Package account knows the accounts at payment providers that merchants have
// connected, beside those of the hub's operator. Their credentials rest sealed, and
// are opened for the adapter that speaks to the provider and for nobody else.
package account

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
	"paymenthub/internal/vault"
)

// Status says whether an account takes new payments.
type Status string

// The states of an account. A disabled one still captures, refunds and hears of the
// payments that it took.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// Account is an account at a provider that a merchant has connected.
type Account struct {
	// Name is its id and, in one, what payments and routing call it:
	// "adyen_01HZ…". It is never given to another account.
	Name     string
	Provider string
	// ProviderAccount is the provider's own id of the account ("acct_…"), as it told when
	// the account was connected; "" when it tells none. It never changes.
	ProviderAccount string
	Scope           merchant.Scope
	Label           string // the merchant's own words
	Status          Status
	Priority        int          // -1,000 to 1,000; of a merchant's accounts the highest is preferred
	Fees            routing.Fees // its own price list; nil: the provider's public one
	Public          map[string]string
	Secrets         []string // names of the credentials that are set and never shown, sorted
	// KeyVersion and Sealed are all its credentials, sealed under its name.
	KeyVersion int
	Sealed     []byte
	Version    int // of its record; it grows with each change
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Credentials are what connects an account, by the provider's names for them. They
// print as redacted.
type Credentials map[string]vault.Secret

// Sealer seals credentials; vault.Vault is it.
type Sealer interface {
	SealBytes(plain []byte, id string) (version int, sealed []byte)
	OpenBytes(version int, sealed []byte, id string) ([]byte, error)
}

// Open opens the account's credentials. Errors never hold any of them.
func (a Account) Open(s Sealer) (Credentials, error) {
	plain, err := s.OpenBytes(a.KeyVersion, a.Sealed, a.Name)
	if err != nil {
		return nil, err
	}
	var values map[string]string
	if json.Unmarshal(plain, &values) != nil { // its error would quote them
		return nil, errors.New("account: the sealed credentials are unreadable")
	}
	opened := Credentials{}
	for name, value := range values {
		opened[name] = vault.Secret(value)
	}
	return opened, nil
}

// seal puts the credentials of an account at the provider away.
func (a *Account) seal(s Sealer, p Provider, c Credentials) error {
	plain, err := json.Marshal(c.Reveal())
	if err != nil {
		return err
	}
	a.KeyVersion, a.Sealed = s.SealBytes(plain, a.Name)
	a.Public, a.Secrets = map[string]string{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if p.credential(name).Public {
			a.Public[name] = c[name].Reveal()
		} else {
			a.Secrets = append(a.Secrets, name)
		}
	}
	return nil
}

// Reveal returns the credentials in the clear, for an adapter.
func (c Credentials) Reveal() map[string]string {
	values := make(map[string]string, len(c))
	for name, secret := range c {
		values[name] = secret.Reveal()
	}
	return values
}

// NameOf is the name of the account at a provider that an operation connects.
func NameOf(provider, operationID string) string { return id.Join(id.Prefix(provider), operationID) }

// ProviderOf is the provider of a gateway's name, be it an account of the operator's,
// "adyen", or a merchant's own, "adyen_01HZ…".
func ProviderOf(gateway string) string {
	provider, _, _ := strings.Cut(gateway, "_")
	return provider
}

// ValidName reports whether a name is that of an account which a merchant may have
// connected.
func ValidName(name string) bool {
	provider := ProviderOf(name)
	return provider != "" && id.Valid(id.Prefix(provider), name)
}

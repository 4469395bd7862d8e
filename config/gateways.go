package config

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
)

// The sections of the accounts.
const (
	sandboxAccounts = "gateways.sandbox."
	liveAccounts    = "gateways.live."
)

// baseURL is the setting of an account that is no credential.
const baseURL = "base_url"

// Provider is what the configuration must know of a provider.
type Provider struct {
	Name        string // in lower case, without "_"
	Credentials []Credential
	// Check says what is wrong with an account that has all it needs, and with which
	// of its credentials: it must not quote them. Both are "" when nothing is.
	Check func(a Account, live bool) (credential, problem string)
}

// Credential is one value of what connects an account.
type Credential struct {
	Name     string // in snake case
	Required bool
}

// Accounts are the operator's accounts of one environment, by provider. A provider
// without one is not offered.
type Accounts map[string]Account

// Account is an account at a provider. Its keys are
// gateways.<sandbox|live>.<provider>.<credential>, and base_url beside them.
type Account struct {
	Credentials map[string]Secret `yaml:",inline"`
	// BaseURL replaces the provider's own address, for a simulator.
	BaseURL URL `yaml:"base_url,omitempty"`
}

// Reveal returns the account's credentials in the clear.
func (a Account) Reveal() map[string]string {
	values := make(map[string]string, len(a.Credentials))
	for name, secret := range a.Credentials {
		if secret != "" {
			values[name] = secret.Reveal()
		}
	}
	return values
}

// connects reports whether the account is one: it has something that every account at
// the provider needs.
func (p Provider) connects(a Account) bool {
	return slices.ContainsFunc(p.Credentials, func(c Credential) bool { return c.Required && a.Credentials[c.Name] != "" })
}

// Connect puts an account at a provider in the place of what was there.
func (a *Accounts) Connect(provider string, credentials map[string]string, baseURL string) {
	made := Account{Credentials: make(map[string]Secret, len(credentials)), BaseURL: URL(baseURL)}
	for name, value := range credentials {
		made.Credentials[name] = Secret(value)
	}
	if *a == nil {
		*a = Accounts{}
	}
	(*a)[provider] = made
}

// clone keeps what is loaded out of what it is loaded over.
func (a Accounts) clone() Accounts {
	c := Accounts{}
	for provider, account := range a {
		account.Credentials = maps.Clone(account.Credentials)
		c[provider] = account
	}
	return c
}

// fields are the settings of the provider's account in a section.
func (p Provider) fields(section string, accounts Accounts) []field {
	url := new(URL)
	found := []field{{key: section + p.Name + "." + baseURL, value: reflect.ValueOf(url).Elem(), keep: func() {
		a := accounts[p.Name]
		a.BaseURL = *url
		accounts[p.Name] = a
	}}}
	for _, c := range p.Credentials {
		secret := new(Secret)
		found = append(found, field{key: section + p.Name + "." + c.Name, value: reflect.ValueOf(secret).Elem(), keep: func() {
			a := accounts[p.Name]
			if a.Credentials == nil {
				a.Credentials = map[string]Secret{}
			}
			a.Credentials[c.Name] = *secret
			accounts[p.Name] = a
		}})
	}
	return found
}

// unknownVariables names the variables of accounts that there can be none of: a
// misspelt one must not be ignored. Empty ones count as unset.
func unknownVariables(c *Config) []error {
	known := map[string]bool{}
	for _, f := range fields(c) {
		known[f.env()] = true
	}
	var found []error
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		for _, section := range []string{sandboxAccounts, liveAccounts} {
			setting, ours := strings.CutPrefix(name, envOf(section))
			if ours && !known[name] && value != "" {
				found = append(found, fmt.Errorf("%s: %s", name, c.Gateways.explain(setting)))
			}
		}
	}
	return found
}

// explain says why there is no variable that ends so.
func (g Gateways) explain(setting string) string {
	provider, credential, _ := strings.Cut(setting, "_")
	var names []string
	for _, p := range g.Catalogue {
		names = append(names, p.Name)
		if strings.EqualFold(p.Name, provider) {
			return fmt.Sprintf("there is no setting %q of %s; it has %s", strings.ToLower(credential), p.Name, p.settings())
		}
	}
	return fmt.Sprintf("there is no provider %q; there are %s", strings.ToLower(provider), strings.Join(names, ", "))
}

func (p Provider) settings() string {
	names := make([]string, 0, len(p.Credentials)+1)
	for _, c := range p.Credentials {
		names = append(names, c.Name)
	}
	return strings.Join(append(names, baseURL), ", ")
}

// Connected lists the providers at which there is an account, by preference.
func (g Gateways) Connected(accounts Accounts) []string {
	var found []string
	for _, name := range g.ordered() {
		if p := g.provider(name); p != nil && p.connects(accounts[name]) {
			found = append(found, name)
		}
	}
	return found
}

// ordered lists the providers by preference.
func (g Gateways) ordered() []string {
	names := slices.Clone(g.Order)
	for _, p := range g.Catalogue {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// provider is the catalogue's of a name, nil when it has none.
func (g Gateways) provider(name string) *Provider {
	for i, p := range g.Catalogue {
		if p.Name == name {
			return &g.Catalogue[i]
		}
	}
	return nil
}

// Package webhook tells merchants' servers what happened: which endpoints hear of an
// event and by which name, how a message is signed, when it is sent again and when an
// endpoint is given up.
package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// MaxEndpoints bounds the endpoints of a merchant in one environment.
const MaxEndpoints = 20

// SecretOverlap is how long messages carry the signature of a rotated secret too.
const SecretOverlap = 24 * time.Hour

// DisabledReason says why an endpoint is told nothing; "" while it is.
type DisabledReason string

// The reasons.
const (
	ByMerchant DisabledReason = "merchant" // said so
	Gone       DisabledReason = "gone"     // it answered 410
	Failing    DisabledReason = "failing"  // three days of nothing but failures
	Deleted    DisabledReason = "deleted"  // for good; seen by the Queue alone
)

// Endpoint is a merchant's server that is told of events.
type Endpoint struct {
	ID          string         `json:"id"` // we_…
	Scope       merchant.Scope `json:"scope"`
	URL         string         `json:"url"`
	EventTypes  []string       `json:"event_types"` // in the dialect's words: a name, "payment_intent.*" or "*"
	Dialect     Dialect        `json:"dialect"`
	Description string         `json:"description,omitempty"`
	HeaderNames []string       `json:"header_names,omitempty"` // of the headers that the merchant adds, sorted

	Disabled   DisabledReason `json:"disabled,omitempty"`
	DisabledAt time.Time      `json:"disabled_at,omitzero"`
	Health     Health         `json:"health"`

	// SecretEndsAt is when the secret before the last rotation ends; zero: there is none.
	SecretEndsAt time.Time `json:"secret_ends_at,omitzero"`
	KeyVersion   int       `json:"-"` // of the vault key
	Sealed       []byte    `json:"-"` // Private, sealed under the endpoint's id

	Version   int       `json:"version"` // grows with what the merchant changes and when the hub disables it, not with Health
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Enabled reports whether the endpoint is told of events.
func (e Endpoint) Enabled() bool { return e.Disabled == "" }

// Outline is the endpoint as events tell of it: where it is, without the rest of its URL,
// which is a credential with some receivers, and without the merchant's notes. Whoever hears
// of events need not be whoever set the endpoint up.
func (e Endpoint) Outline() Endpoint {
	if u, err := url.Parse(e.URL); err == nil {
		e.URL = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
	}
	e.Description, e.HeaderNames, e.KeyVersion, e.Sealed = "", nil, 0, nil
	return e
}

// Private is what an endpoint has that is shown to nobody.
type Private struct {
	Secret   vault.Secret // whsec_…
	Previous vault.Secret // before the last rotation; valid until SecretEndsAt
	Headers  map[string]vault.Secret
	// RotatedBy is the operation that made Secret; "" for the first. Sent again after a
	// crash, it finds the secret that it has made.
	RotatedBy string
}

// sealed is Private as it is stored: secrets print as redacted, so they are written as text.
type sealed struct {
	Secret    string            `json:"secret"`
	Previous  string            `json:"previous,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
	RotatedBy string            `json:"rotated_by,omitempty"`
}

// Sealer seals what rests in the database; vault.Vault is it.
type Sealer interface {
	SealBytes(plain []byte, id string) (version int, sealed []byte)
	OpenBytes(version int, sealed []byte, id string) ([]byte, error)
}

// Open opens what is shown to nobody. Errors never hold any of it.
func (e Endpoint) Open(s Sealer) (Private, error) {
	plain, err := s.OpenBytes(e.KeyVersion, e.Sealed, e.ID)
	if err != nil {
		return Private{}, err
	}
	var stored sealed
	if json.Unmarshal(plain, &stored) != nil { // its error would quote it
		return Private{}, errors.New("webhook: the endpoint's sealed part is unreadable")
	}
	p := Private{Secret: vault.Secret(stored.Secret), Previous: vault.Secret(stored.Previous), Headers: map[string]vault.Secret{}, RotatedBy: stored.RotatedBy}
	for name, value := range stored.Headers {
		p.Headers[name] = vault.Secret(value)
	}
	return p, nil
}

// Seal puts away what is shown to nobody.
func (e *Endpoint) Seal(s Sealer, p Private) error {
	stored := sealed{Secret: p.Secret.Reveal(), Previous: p.Previous.Reveal(), Headers: map[string]string{}, RotatedBy: p.RotatedBy}
	for name, value := range p.Headers {
		stored.Headers[name] = value.Reveal()
	}
	plain, err := json.Marshal(stored) //nolint:gosec // what is marshaled is sealed right here
	if err != nil {
		return err
	}
	e.KeyVersion, e.Sealed = s.SealBytes(plain, e.ID)
	return nil
}

// Secrets are those that a message sent now is signed with, the newest first.
func (e Endpoint) Secrets(p Private, now time.Time) []vault.Secret {
	if p.Previous == "" || !now.Before(e.SecretEndsAt) {
		return []vault.Secret{p.Secret}
	}
	return []vault.Secret{p.Secret, p.Previous}
}

const (
	secretPrefix = "whsec_"
	secretBytes  = 32 // Standard Webhooks asks for 24 to 64
)

// NewSecret mints a signing secret: "whsec_" and 32 random bytes in base64.
func NewSecret() vault.Secret {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return vault.Secret(secretPrefix + base64.StdEncoding.EncodeToString(raw))
}

// Name returns the first name of an event that the endpoint asks for; "" when it asks
// for none of them.
func (e Endpoint) Name(names []string) string {
	for _, name := range names {
		for _, asked := range e.EventTypes {
			if Matches(asked, name) {
				return name
			}
		}
	}
	return ""
}

// Matches reports whether what an endpoint asks for ("*", "payment_intent.*" or a
// name) covers the name of an event.
func Matches(asked, name string) bool {
	kind, all := strings.CutSuffix(asked, "*")
	return asked == name || all && strings.HasPrefix(name, kind)
}

package merchant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
)

// KeyKind says who may hold a key.
type KeyKind string

// The kinds of keys.
const (
	SecretKey      KeyKind = "secret"      // sk_…: a merchant's back end
	PublishableKey KeyKind = "publishable" // pk_…: browsers and apps, beside a client secret
)

// Permission is something that a key may do.
type Permission string

// The permissions.
const (
	ReadPayments    Permission = "payments:read"
	WritePayments   Permission = "payments:write"
	ConfirmPayments Permission = "payments:confirm"
	ReadRefunds     Permission = "refunds:read"
	WriteRefunds    Permission = "refunds:write"
	ReadEvents      Permission = "events:read"
	ReadLedger      Permission = "ledger:read"
	ReadCustomers   Permission = "customers:read"
	WriteCustomers  Permission = "customers:write"
	ReadRisk        Permission = "risk:read"
	WriteRisk       Permission = "risk:write"
	ReadSettings    Permission = "settings:read"
	WriteSettings   Permission = "settings:write"
	ReadFX          Permission = "fx:read"
	WriteFX         Permission = "fx:write"
	ReadGateways    Permission = "gateways:read"
	WriteGateways   Permission = "gateways:write"
	ReadRouting     Permission = "routing:read"
	WriteRouting    Permission = "routing:write"
	ReadWebhooks    Permission = "webhooks:read"
	WriteWebhooks   Permission = "webhooks:write"
)

// Permissions lists what a secret key may be given.
var Permissions = []Permission{
	ReadPayments, WritePayments, ConfirmPayments, ReadRefunds, WriteRefunds, ReadEvents, ReadLedger,
	ReadCustomers, WriteCustomers, ReadRisk, WriteRisk, ReadSettings, WriteSettings,
	ReadGateways, WriteGateways, ReadFX, WriteFX, ReadRouting, WriteRouting,
	ReadWebhooks, WriteWebhooks,
}

// RotationOverlap is how long a rotated key stays valid beside its successor.
const RotationOverlap = 24 * time.Hour

// prefixLength is how much of a key is kept in the clear, to find and to show it.
const prefixLength = 20

// Key is an API key as it is stored: without the key itself.
type Key struct {
	ID          string       `json:"id"`
	Scope       Scope        `json:"scope"`
	Kind        KeyKind      `json:"kind"`
	Name        string       `json:"name"`
	Prefix      string       `json:"prefix"` // first 20 characters
	Hash        string       `json:"-"`      // SHA-256 of the whole key in hex; keys carry 190 bits of randomness
	Permissions []Permission `json:"permissions"`
	CreatedAt   time.Time    `json:"created_at"`
	LastUsedAt  time.Time    `json:"last_used_at,omitzero"`
	ExpiresAt   time.Time    `json:"expires_at,omitzero"` // set by rotation; zero: never
	RevokedAt   time.Time    `json:"revoked_at,omitzero"`
}

// UsableAt reports whether the key is valid at t.
func (k Key) UsableAt(t time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || t.Before(k.ExpiresAt))
}

// May reports whether the key has the permission.
func (k Key) May(p Permission) bool {
	for _, has := range k.Permissions {
		if has == p {
			return true
		}
	}
	return false
}

// matches compares, in constant time, with a presented key.
func (k Key) matches(presented string) bool {
	return subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hash(presented))) == 1
}

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Repository keeps merchants and keys.
type Repository interface {
	CreateMerchant(ctx context.Context, m Merchant) error
	// Merchant returns one merchant. Errors: fault.NotFound.
	Merchant(ctx context.Context, merchantID string) (Merchant, error)
	CreateKey(ctx context.Context, k Key) error
	// ReplaceKey stores successor and lets the old key end at a time, together.
	// Errors: fault.NotFound when the old key is not there.
	ReplaceKey(ctx context.Context, oldID string, endsAt time.Time, successor Key) error
	// RevokeKey ends a key. Errors: fault.NotFound.
	RevokeKey(ctx context.Context, keyID string, at time.Time) error
	// Key returns one key. Errors: fault.NotFound.
	Key(ctx context.Context, keyID string) (Key, error)
	// KeysByPrefix returns the keys that begin with prefix.
	KeysByPrefix(ctx context.Context, prefix string) ([]Key, error)
	// KeysOf lists a merchant's keys, newest first.
	KeysOf(ctx context.Context, merchantID string) ([]Key, error)
	// TouchKeys writes when keys were last used, by key id.
	TouchKeys(ctx context.Context, usedAt map[string]time.Time) error
}

// Keys makes and ends keys.
type Keys struct {
	repo  Repository
	clock clock.Clock
}

// NewKeys makes the key service.
func NewKeys(repo Repository, c clock.Clock) *Keys { return &Keys{repo: repo, clock: c} }

// Create makes a key and returns it with its one and only clear text. Without
// permissions it gets all that its kind may have.
func (s *Keys) Create(ctx context.Context, scope Scope, kind KeyKind, name string, permissions []Permission) (Key, string, error) {
	if !scope.Environment.Valid() {
		return Key{}, "", fault.Field("environment", "The environment must be 'sandbox' or 'live'.")
	}
	if _, err := s.repo.Merchant(ctx, scope.MerchantID); err != nil {
		return Key{}, "", err
	}
	key, clear := s.mint(scope, kind, name, permissions)
	return key, clear, s.repo.CreateKey(ctx, key)
}

// Rotate makes a successor with the same rights; the old key ends 24 h from now.
func (s *Keys) Rotate(ctx context.Context, keyID string) (Key, string, error) {
	old, err := s.repo.Key(ctx, keyID)
	if err != nil {
		return Key{}, "", err
	}
	now := s.clock.Now()
	if !old.UsableAt(now) || !old.ExpiresAt.IsZero() {
		return Key{}, "", fault.New(fault.InvalidState, "Key %s is revoked or was rotated already.", keyID)
	}
	key, clear := s.mint(old.Scope, old.Kind, old.Name, old.Permissions)
	return key, clear, s.repo.ReplaceKey(ctx, keyID, now.Add(RotationOverlap), key)
}

// Revoke ends a key at once.
func (s *Keys) Revoke(ctx context.Context, keyID string) error {
	return s.repo.RevokeKey(ctx, keyID, s.clock.Now())
}

// List lists a merchant's keys, newest first.
func (s *Keys) List(ctx context.Context, merchantID string) ([]Key, error) {
	return s.repo.KeysOf(ctx, merchantID)
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func (s *Keys) mint(scope Scope, kind KeyKind, name string, permissions []Permission) (Key, string) {
	head := "sk_"
	if kind == PublishableKey {
		head, permissions = "pk_", []Permission{ConfirmPayments}
	} else if len(permissions) == 0 {
		permissions = Permissions
	}
	clear := head + string(scope.Environment) + "_" + randomText(32)
	return Key{
		ID: id.New(id.APIKey), Scope: scope, Kind: kind, Name: name, Prefix: prefixOf(clear), Hash: hash(clear),
		Permissions: permissions, CreatedAt: s.clock.Now(),
	}, clear
}

// randomText returns n characters of the alphabet, each equally likely.
func randomText(n int) string {
	var b strings.Builder
	buffer := make([]byte, 1)
	for b.Len() < n {
		_, _ = rand.Read(buffer) // never fails (crypto/rand)
		if limit := 256 - 256%len(alphabet); int(buffer[0]) < limit {
			b.WriteByte(alphabet[int(buffer[0])%len(alphabet)])
		}
	}
	return b.String()
}

func prefixOf(key string) string {
	if len(key) < prefixLength {
		return key
	}
	return key[:prefixLength]
}

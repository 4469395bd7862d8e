package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"paymenthub/internal/card"
	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
)

// How long card data may be kept when no gateway has answered; after an answer
// it is gone at once (PCI DSS 3.3.1 for the code).
const (
	CVCLifetime  = time.Hour
	CardLifetime = 2 * time.Hour // attempts are sent within an hour of their confirmation
)

// ErrForgotten is returned for a card whose data has been erased.
var ErrForgotten = errors.New("vault: card data has been erased")

// Record is a sealed card as it is stored.
type Record struct {
	Token       string // tok_…; bound into the seal, so that records cannot be swapped
	Scope       merchant.Scope
	KeyVersion  int
	Sealed      []byte // number, expiry and holder; nil once erased
	SealedCVC   []byte // nil once erased
	Fingerprint string
	Brand       string
	BIN         string // see card.BIN
	Last4       string
	ExpMonth    int
	ExpYear     int
	CreatedAt   time.Time
}

// Summary is what may be shown and compared of the card.
func (r Record) Summary() card.Summary {
	return card.Summary{
		Brand: r.Brand, BIN: r.BIN, Last4: r.Last4, ExpMonth: r.ExpMonth, ExpYear: r.ExpYear, Fingerprint: r.Fingerprint,
	}
}

// Store keeps records. Implementations never see card data.
type Store interface {
	// PutCard stores a record; storing the same token again changes nothing.
	PutCard(ctx context.Context, r Record) error
	// Card returns a record. Errors: fault.NotFound.
	Card(ctx context.Context, token string) (Record, error)
	// EraseOld erases the security codes of cards stored before one time, and all
	// data of cards stored before another, and says how many of both. Summaries stay.
	EraseOld(ctx context.Context, codesBefore, cardsBefore time.Time) (int64, error)
}

// Keys are AES-256 keys by version, the version that seals, and the key of
// fingerprints (which must never change, or cards would not be recognised).
type Keys struct {
	Active      int
	ByVersion   map[int][]byte
	Fingerprint []byte
}

// Vault seals and opens cards. It is safe for concurrent use.
type Vault struct {
	store  Store
	clock  clock.Clock
	active int
	aeads  map[int]cipher.AEAD
	finger []byte
}

// New makes a vault. Every key must have 32 bytes.
func New(store Store, keys Keys, c clock.Clock) (*Vault, error) {
	if len(keys.Fingerprint) != 32 {
		return nil, errors.New("vault: the fingerprint key must have 32 bytes")
	}
	v := &Vault{store: store, clock: c, active: keys.Active, aeads: map[int]cipher.AEAD{}, finger: keys.Fingerprint}
	for version, key := range keys.ByVersion {
		if len(key) != 32 {
			return nil, fmt.Errorf("vault: key %d must have 32 bytes", version)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if v.aeads[version], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	if v.aeads[v.active] == nil {
		return nil, fmt.Errorf("vault: no key of the active version %d", v.active)
	}
	return v, nil
}

// sealedCard is the plain text inside Record.Sealed.
type sealedCard struct {
	Number     string `json:"n"`
	HolderName string `json:"h,omitempty"`
}

// Seal makes the record of a card under a token; it stores nothing.
func (v *Vault) Seal(scope merchant.Scope, token string, card Card) (Record, error) {
	plain, err := json.Marshal(sealedCard{Number: card.Number.Reveal(), HolderName: card.HolderName.Reveal()})
	if err != nil {
		return Record{}, err
	}
	return Record{
		Token: token, Scope: scope, KeyVersion: v.active,
		Sealed:      v.seal(plain, token, "card"),
		SealedCVC:   v.seal([]byte(card.CVC.Reveal()), token, "cvc"),
		Fingerprint: v.Fingerprint(scope.MerchantID, card), Brand: card.Brand(), BIN: card.BIN(), Last4: card.Last4(),
		ExpMonth: card.ExpMonth, ExpYear: card.ExpYear, CreatedAt: v.clock.Now(),
	}, nil
}

// Put seals a card and stores it under the token.
func (v *Vault) Put(ctx context.Context, scope merchant.Scope, token string, card Card) (Record, error) {
	r, err := v.Seal(scope, token, card)
	if err != nil {
		return Record{}, err
	}
	return r, v.store.PutCard(ctx, r)
}

// Open returns the card behind a token; its CVC is empty once that is erased.
// Errors: fault.NotFound, ErrForgotten.
func (v *Vault) Open(ctx context.Context, token string) (Card, error) {
	r, err := v.store.Card(ctx, token)
	if err != nil {
		return Card{}, err
	}
	if r.Sealed == nil {
		return Card{}, ErrForgotten
	}
	plain, err := v.open(r.KeyVersion, r.Sealed, token, "card")
	if err != nil {
		return Card{}, err
	}
	var sealed sealedCard
	if err := json.Unmarshal(plain, &sealed); err != nil {
		return Card{}, errors.New("vault: sealed card is unreadable")
	}
	card := Card{Number: Secret(sealed.Number), HolderName: Secret(sealed.HolderName), ExpMonth: r.ExpMonth, ExpYear: r.ExpYear}
	if r.SealedCVC != nil {
		cvc, err := v.open(r.KeyVersion, r.SealedCVC, token, "cvc")
		if err != nil {
			return Card{}, err
		}
		card.CVC = Secret(cvc)
	}
	return card, nil
}

// EraseOld erases what is older than CVCLifetime and CardLifetime.
func (v *Vault) EraseOld(ctx context.Context) (int64, error) {
	now := v.clock.Now()
	return v.store.EraseOld(ctx, now.Add(-CVCLifetime), now.Add(-CardLifetime))
}

// Fingerprint is the same for the same number with one merchant, another with
// every other, and tells nothing about the number to whoever lacks the key:
// HMAC-SHA256, first 16 bytes in hex.
func (v *Vault) Fingerprint(merchantID string, card Card) string {
	return hex.EncodeToString(v.Digest([]byte("fingerprint:" + merchantID + ":" + card.Number.Reveal()))[:16])
}

// Digest is a keyed digest (HMAC-SHA256) of bytes that may hold card data, for
// comparing without keeping.
func (v *Vault) Digest(b []byte) []byte {
	mac := hmac.New(sha256.New, v.finger)
	mac.Write(b)
	return mac.Sum(nil)
}

// SealBytes seals bytes that belong to the row named by id; OpenBytes opens them.
func (v *Vault) SealBytes(plain []byte, id string) (version int, sealed []byte) {
	return v.active, v.seal(plain, id, "bytes")
}

// OpenBytes opens what SealBytes sealed for the same id.
func (v *Vault) OpenBytes(version int, sealed []byte, id string) ([]byte, error) {
	return v.open(version, sealed, id, "bytes")
}

func (v *Vault) seal(plain []byte, row, use string) []byte {
	aead := v.aeads[v.active]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return aead.Seal(nonce, nonce, plain, []byte(use+":"+row))
}

func (v *Vault) open(version int, sealed []byte, row, use string) ([]byte, error) {
	aead := v.aeads[version]
	if aead == nil {
		return nil, fmt.Errorf("vault: no key of version %d", version)
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("vault: sealed data is too short")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(use+":"+row))
	if err != nil {
		return nil, errors.New("vault: sealed data does not belong here or was changed")
	}
	return plain, nil
}

// Package id makes and checks the hub's identifiers: a typed prefix and a ULID
// from crypto/rand, "pi_01HZY3…". They sort by creation: those of one process exactly,
// as long as its clock does not step back, those of several to the millisecond.
// Workflow code never makes ids: an id is minted before the step that uses it.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Prefix names the kind of object an id stands for.
type Prefix string

// The kinds of objects.
const (
	Payment        Prefix = "pi"
	Attempt        Prefix = "att"
	Transaction    Prefix = "txn"
	Refund         Prefix = "rf"
	Dispute        Prefix = "dp"
	Notification   Prefix = "gwn" // of a gateway
	Event          Prefix = "evt"
	Merchant       Prefix = "mch"
	APIKey         Prefix = "key"
	Customer       Prefix = "cus"
	PaymentMethod  Prefix = "pm"
	RoutingProfile Prefix = "rp"
	VaultCard      Prefix = "tok"
	LedgerTx       Prefix = "ltx"
	LedgerEntry    Prefix = "len"
	LedgerAccount  Prefix = "lac"
	Request        Prefix = "req"
	FXQuote        Prefix = "fxq"
	FXRate         Prefix = "fxr" // set by an operator

	WebhookEndpoint Prefix = "we"
	WebhookDelivery Prefix = "whd"
	WebhookReplay   Prefix = "whr"
	Notice          Prefix = "ntc" // to a merchant
)

// New mints an id of the kind p.
func New(p Prefix) string { return Join(p, NewSuffix()) }

// NewAfter mints an id of the kind p that sorts after another one of that kind, also
// when that one is of the same millisecond or was minted by a clock that runs ahead.
func NewAfter(p Prefix, other string) string {
	suffix := NewSuffix()
	before, err := ulid.ParseStrict(Suffix(other))
	if err != nil || suffix > Suffix(other) {
		return Join(p, suffix)
	}
	for i := len(before) - 1; i >= 0; i-- {
		if before[i]++; before[i] != 0 {
			break
		}
	}
	return Join(p, before.String())
}

// NewSuffix mints the ULID part alone, for ids that are decided before the
// kind of object is known (a reserved idempotent request).
func NewSuffix() string {
	minting.Lock()
	defer minting.Unlock()
	for {
		if minted, err := ulid.New(ulid.Timestamp(time.Now()), minting.entropy); err == nil {
			return minted.String()
		} // this millisecond's last id is taken: the next one has others
	}
}

// minting lets one id after the other be minted, so that each sorts after the one
// before it: within a millisecond by a random step of up to 2^32 of 2^80.
var minting = struct {
	sync.Mutex
	entropy *ulid.MonotonicEntropy
}{entropy: ulid.Monotonic(rand.Reader, 0)}

// Following is the suffix that belongs after another one and is always the same:
// of the same millisecond, and otherwise unlike it.
func Following(suffix string) string {
	var of ulid.ULID
	digest := sha256.Sum256([]byte(suffix))
	if before, err := ulid.ParseStrict(suffix); err == nil {
		of = before
	}
	_ = of.SetEntropy(digest[:10]) // fails for another number of bytes
	return of.String()
}

// FirstAt is the suffix that sorts before all that are minted at or after a time,
// to the millisecond, and after all from before.
func FirstAt(t time.Time) string {
	var first ulid.ULID
	_ = first.SetTime(ulid.Timestamp(t)) // fails after the year 10889
	return first.String()
}

// Join puts prefix and suffix together.
func Join(p Prefix, suffix string) string { return string(p) + "_" + suffix }

// Suffix returns the ULID part of an id, or the id itself where it has none.
func Suffix(s string) string {
	_, suffix, ok := strings.Cut(s, "_")
	if !ok {
		return s
	}
	return suffix
}

// Valid reports whether s is a well-formed id of the kind p.
func Valid(p Prefix, s string) bool {
	suffix, ok := strings.CutPrefix(s, string(p)+"_")
	if !ok {
		return false
	}
	_, err := ulid.ParseStrict(suffix)
	return err == nil && suffix == strings.ToUpper(suffix)
}

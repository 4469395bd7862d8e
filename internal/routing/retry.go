package routing

import (
	"context"
	"slices"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
)

// neverRetry are the answers after which a network forbids to try the same card
// again, anywhere: it fines who does.
//
// Sources: Visa's Core Rules, "Decline response codes, category 1: issuer will never
// approve"; Mastercard's Transaction Processing Rules, merchant advice codes 03 ("do
// not try again") and 21 ("payment cancellation").
var neverRetry = map[string]struct{ issuer, advice []string }{
	"visa":       {issuer: []string{"04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"}},
	"mastercard": {advice: []string{"03", "21"}},
}

// RetryAllowed reports whether the network of a card's brand allows to try the card
// again, here or elsewhere, after the issuer answered with a code (ISO 8583 field 39)
// and the network with its advice; empty ones were not told.
func RetryAllowed(brand, issuerCode, networkAdvice string) bool {
	never := neverRetry[brand]
	return !slices.Contains(never.issuer, issuerCode) && !slices.Contains(never.advice, networkAdvice)
}

// RetryWindow is the time in which the networks count how often a card was tried
// again after it was declined.
const RetryWindow = 30 * 24 * time.Hour

// RetryCaps are how often a card may be tried again within RetryWindow after its
// first decline, by brand. A brand without has no cap.
type RetryCaps map[string]int

// StandardRetryCaps are the networks' own.
//
// Sources: Visa allows 15 reattempts in 30 days after a decline of its categories 2 to
// 4 (Visa Core Rules, decline response code use and authorization reattempts; some
// acquirers pass on a newer figure of 20). Mastercard's Transaction Processing
// Excellence programme charges for more than 35 retries of a card in 30 days, as
// acquirers tell their merchants (support.checkout.com, "When can I retry a declined
// transaction").
func StandardRetryCaps() RetryCaps { return RetryCaps{"visa": 15, "mastercard": 35} }

// Declines counts what a merchant's shoppers tried; store.Routing is it.
type Declines interface {
	// DeclinedAttempts counts attempts with a card since a time that were declined, up
	// to limit.
	DeclinedAttempts(ctx context.Context, scope merchant.Scope, fingerprint string, since time.Time, limit int) (int, error)
}

// Retries holds tries against the networks' caps.
type Retries struct {
	Caps     RetryCaps
	Declines Declines
	Clock    clock.Clock
}

// Allowed reports whether a card of a brand may be tried once more, after a decline
// that is not written down yet.
func (r *Retries) Allowed(ctx context.Context, scope merchant.Scope, brand, fingerprint string) (bool, error) {
	most, capped := r.Caps[brand]
	if !capped || fingerprint == "" {
		return true, nil
	}
	declined, err := r.Declines.DeclinedAttempts(ctx, scope, fingerprint, r.Clock.Now().Add(-RetryWindow), most)
	return declined < most, err
}

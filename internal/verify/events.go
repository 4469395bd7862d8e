package verify

import (
	"context"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// events checks that each change was told once, and of whom. Events are kept for a while
// only: those of what is older than that are not counted.
func (f *findings) events(d *dossier, now time.Time) {
	type key struct {
		objectID string
		kind     event.Type
	}
	counts := map[key]int{}
	for _, e := range d.events {
		counts[key{e.objectID, e.kind}]++
		f.hold(EventOwner, e.content != nil && e.content.ID == e.objectID && e.content.Scope == d.intent.Scope,
			e.id, "the %s event tells of another object than %s, or of another owner's", e.kind, e.objectID)
	}
	since := keptSince(now)
	if d.intent.CreatedAt.After(since) {
		f.paymentTold(d, func(kind event.Type) int { return counts[key{d.intent.ID, kind}] })
	}
	for _, r := range d.refunds {
		if !r.CreatedAt.After(since) {
			continue
		}
		for kind, want := range map[event.Type]int{
			event.RefundCreated:   1,
			event.RefundCompleted: once(r.Status == payment.RefundSucceeded || !r.ReversedAt.IsZero()),
			event.RefundFailed:    once(r.Status == payment.RefundFailed),
		} {
			have := counts[key{r.ID, kind}]
			f.hold(RefundEvents, have == want, r.ID, "status %s with %d %s events instead of %d", r.Status, have, kind, want)
		}
	}
	for _, x := range d.disputes {
		if x.CreatedAt.After(since) {
			f.disputeTold(d, x)
		}
	}
}

// paymentTold checks how many events of each kind there are of the payment itself.
func (f *findings) paymentTold(d *dossier, count func(event.Type) int) {
	p := d.intent
	for kind, want := range d.toTell() {
		have := count(kind)
		f.hold(PaymentEvents, have == want, p.ID, "status %s with %d %s events instead of %d", p.Status, have, kind, want)
	}
	asked := count(event.PaymentRequiresAction)
	least := 0
	for _, a := range d.attempts {
		if a.Status == payment.AttemptRequiresAction {
			least = 1
		}
	}
	f.hold(PaymentEvents, asked >= least && asked <= len(d.attempts), p.ID, "%d attempts with %d %s events", len(d.attempts), asked, event.PaymentRequiresAction)
}

// disputeTold checks the events of a dispute. The provider may open a closed one
// again, so only some of their numbers are certain; each change brings at most
// one, and the first one that tells of the end too.
func (f *findings) disputeTold(d *dossier, x payment.Dispute) {
	counts := map[event.Type]int{}
	told := false
	for _, e := range d.events {
		if e.objectID == x.ID {
			counts[e.kind]++
			told = told || e.content != nil && e.content.Status == string(x.Status)
		}
	}
	created, updated, closed := counts[event.DisputeCreated], counts[event.DisputeUpdated], counts[event.DisputeClosed]
	f.hold(DisputeEvents, created == 1, x.ID, "status %s with %d %s events instead of 1", x.Status, created, event.DisputeCreated)
	f.hold(DisputeEvents, told, x.ID, "status %s, and none of its %d events says so", x.Status, created+updated+closed)
	f.hold(DisputeEvents, !x.Status.Closed() || closed > 0, x.ID, "status %s without a %s event", x.Status, event.DisputeClosed)
	f.hold(DisputeEvents, int64(updated+closed) <= x.Version, x.ID, "changed %d times, with %d %s and %d %s events",
		x.Version, updated, event.DisputeUpdated, closed, event.DisputeClosed)
}

// toTell are the events that the payment's life so far amounts to. How often
// the shopper was asked to act leaves no other trace.
func (d *dossier) toTell() map[event.Type]int {
	p := d.intent
	want := map[event.Type]int{
		event.PaymentCreated:    1,
		event.PaymentSucceeded:  once(p.Status == payment.Succeeded),
		event.PaymentCanceled:   once(p.Status == payment.Canceled),
		event.PaymentFailed:     once(p.Status == payment.Expired),
		event.PaymentAuthorized: 0,
	}
	for i, a := range d.attempts {
		want[event.PaymentFailed] += once(a.Status == payment.AttemptDeclined && !d.followed(i))
	}
	for _, t := range d.transactions {
		want[event.PaymentAuthorized] += once(t.Kind == payment.Authorization && t.Status == payment.TransactionSucceeded)
	}
	return want
}

func once(happened bool) int {
	if happened {
		return 1
	}
	return 0
}

// owners finds events whose object does not exist where they are told.
func (r *run) owners(ctx context.Context) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var id, kind, objectID, environment string
			if err := scan(&id, &kind, &objectID, &environment); err != nil {
				return err
			}
			r.hold(EventOwner, false, id, "the %s event tells of %s, which the merchant does not have in %s", kind, objectID, environment)
			return nil
		}, `SELECT e.id, e.type, e.object_id, e.environment FROM events e WHERE e.type LIKE 'payment_intent.%' AND NOT EXISTS (
				SELECT 1 FROM payment_intents p WHERE p.id = e.object_id AND p.merchant_id = e.merchant_id AND p.environment = e.environment)
			UNION ALL SELECT e.id, e.type, e.object_id, e.environment FROM events e WHERE e.type LIKE 'refund.%' AND NOT EXISTS (
				SELECT 1 FROM refunds r WHERE r.id = e.object_id AND r.merchant_id = e.merchant_id AND r.environment = e.environment)
			UNION ALL SELECT e.id, e.type, e.object_id, e.environment FROM events e WHERE e.type LIKE 'dispute.%' AND NOT EXISTS (
				SELECT 1 FROM disputes d WHERE d.id = e.object_id AND d.merchant_id = e.merchant_id AND d.environment = e.environment)
			UNION ALL SELECT e.id, e.type, e.object_id, e.environment FROM events e WHERE e.type LIKE 'webhook_endpoint.%' AND NOT EXISTS (
				SELECT 1 FROM webhook_endpoints w WHERE w.id = e.object_id AND w.merchant_id = e.merchant_id AND w.environment = e.environment)`)
	})
}

// codes finds security codes that should be gone. The sweeper may be a little late.
func (r *run) codes(ctx context.Context) error {
	before := r.Clock.Now().Add(-vault.CVCLifetime - expiryGrace).UTC().Format(instantFormat)
	r.report.Checked[SecurityCodeErased]++ // of the whole vault at once
	return within(ctx, r.Store, func(s *snapshot) error {
		return s.each(func(scan scan) error {
			var token string
			if err := scan(&token); err != nil {
				return err
			}
			r.hold(SecurityCodeErased, false, token, "its security code was stored before %s and is still there", before)
			return nil
		}, "SELECT token FROM vault_cards WHERE sealed_cvc IS NOT NULL AND created_at < ?", before)
	})
}

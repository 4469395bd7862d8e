package verify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/verify"
	"paymenthub/internal/webhook"
)

// listen has an endpoint told of authorizations, some time before there are any.
func (w *town) listen() {
	w.Asking(w.t, "payment_intent.authorized")
	w.Clock.Advance(2 * time.Minute)
}

// deliver delivers some of what there is to tell.
func (w *town) deliver() {
	hooks, now := w.Store.Webhooks(), w.Clock.Now()
	tasks, err := w.Claim(ctx, "one", now, now.Add(time.Minute), 3, 3)
	require.NoError(w.t, err)
	require.Len(w.t, tasks, 3)
	for i, code := range []int{200, 503} {
		written, err := hooks.Record(ctx, w.now(), []webhook.Result{w.Answered(tasks[i].Delivery, code)})
		require.NoError(w.t, err)
		require.Len(w.t, written, 1)
	}
}

var webhookWays = []broken{
	{rule: verify.EventOwner, damage: func(w *town) {
		w.force("INSERT INTO events (id, merchant_id, environment, type, object_id, object, created_at) SELECT id || 'x', merchant_id, environment, " +
			"'webhook_endpoint.disabled', 'we_other', object, created_at FROM events WHERE type = 'payment_intent.created' AND object_id = '" + w.id("sold") + "'")
	}},
	{rule: verify.DeliveryOfEvent, damage: func(w *town) {
		w.force("UPDATE webhook_deliveries SET object_id = 'pi_other' WHERE status = 'succeeded'")
	}},
	{rule: verify.DeliveryOfEvent, damage: func(w *town) {
		w.force("UPDATE webhook_deliveries SET environment = 'live' WHERE status = 'retrying'")
	}},
	{rule: verify.DeliveryAttempts, damage: func(w *town) { w.force("DELETE FROM webhook_attempts WHERE code = 503") }},
	{rule: verify.DeliveryAttempts, damage: func(w *town) {
		w.force("UPDATE webhook_attempts SET code = 302 WHERE code = 200", "UPDATE webhook_deliveries SET last_code = 302 WHERE last_code = 200")
	}},
	{rule: verify.DeliveryAttempts, damage: func(w *town) {
		w.force("UPDATE webhook_attempts SET code = 201 WHERE code = 503", "UPDATE webhook_deliveries SET last_code = 201 WHERE last_code = 503")
	}},
	{rule: verify.DeliveryAttempts, damage: func(w *town) {
		w.force("UPDATE webhook_deliveries SET status = 'failed', ended_at = created_at, next_attempt_at = NULL, revive_at = NULL WHERE status = 'succeeded'")
	}},
	{rule: verify.DeliveryAttempts, damage: func(w *town) {
		w.force("UPDATE webhook_deliveries SET last_code = 500 WHERE last_code = 503")
	}},
	{rule: verify.DeliveryComplete, damage: func(w *town) { w.force("DELETE FROM webhook_deliveries WHERE status = 'pending'") }},
}

// TestOldEventsAreNotMissed: what was removed because of its age is no violation.
func TestOldEventsAreNotMissed(t *testing.T) {
	t.Parallel()
	w := sqliteTown(t)
	healthy := w.verified()
	require.Empty(t, healthy.Violations)
	w.Clock.Advance(event.KeptFor)
	for {
		deleted, err := w.Store.Webhooks().DeleteOld(ctx, w.Clock.Now().Add(-event.KeptFor), 100)
		require.NoError(t, err)
		if deleted == 0 {
			break
		}
	}
	report := w.verified()
	for _, v := range report.Violations { // they were left alone for a month
		require.Contains(t, []verify.Rule{verify.ExpiryKept, verify.LookedAfter, verify.SecurityCodeErased}, v.Rule, v)
	}
	require.Less(t, report.Checked[verify.PaymentEvents], healthy.Checked[verify.PaymentEvents])
}

package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/webhook"
)

// outdatedTellNothing: what was sent before an endpoint was moved, or disabled and enabled,
// is recorded, and neither pauses nor disables it as it is now.
func outdatedTellNothing(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e := w.Asking(t)
	change := func(changes ...func()) {
		e = w.endpoint(t, e.ID)
		for _, c := range changes {
			c()
			e.Version++
			require.NoError(t, hooks.UpdateEndpoint(ctx, e))
		}
	}
	disabled := func() { e.Disabled, e.DisabledAt = webhook.ByMerchant, w.now() }
	enabled := func() { e.Disabled, e.DisabledAt = "", time.Time{} }
	for name, changes := range map[string][]func(){
		"moved":                {func() { e.URL = "https://new.example/hook" + e.URL[len("https://"):] }},
		"disabled and enabled": {disabled, enabled},
	} {
		w.tell(t, webhook.FailuresToPause+1)
		var old []webhook.Result
		for i, task := range w.claim(t, "one", 10, 10) {
			old = append(old, w.Answered(task.Delivery, []int{410, 500}[min(i, 1)]))
		}
		require.Len(t, old, webhook.FailuresToPause+1, name)
		change(changes...)
		require.Len(t, w.record(t, old...), len(old), name)
		require.True(t, w.endpoint(t, e.ID).Enabled(), name)
		require.Zero(t, w.endpoint(t, e.ID).Health, name)
	}

	w.tell(t, 3)
	tasks := w.claim(t, "one", 10, 10)
	w.record(t, w.Answered(tasks[0].Delivery, 500))
	failing := w.endpoint(t, e.ID).Health
	require.Equal(t, 1, failing.Failures)
	won, gone := w.Answered(tasks[1].Delivery, 200), w.Answered(tasks[2].Delivery, 410)
	won.Attempt.URL = "https://old.example"
	w.record(t, won)
	require.Equal(t, failing, w.endpoint(t, e.ID).Health, "nor does it make it well")
	change(func() { e.Description = "of the shop" })
	w.record(t, gone)
	require.Equal(t, webhook.Gone, w.endpoint(t, e.ID).Disabled, "another description changes nothing")
}

// unsentTellNothing: what the hub failed to send says nothing of the endpoint.
func unsentTellNothing(t *testing.T, w *World) {
	e := w.Asking(t)
	w.tell(t, webhook.FailuresToPause)
	for _, task := range w.claim(t, "one", 10, 10) {
		unsent := w.Answered(task.Delivery, 0)
		unsent.Attempt.Unsent = true
		require.Equal(t, webhook.Retrying, w.record(t, unsent)[0].After.Status)
	}
	require.Zero(t, w.endpoint(t, e.ID).Health)
	buckets, err := w.Store.Webhooks().Activity(ctx, w.Scope, e.ID, e.CreatedAt)
	require.NoError(t, err)
	require.Empty(t, buckets)
	require.Equal(t, webhook.FailuresToPause, w.count(t, "webhook_attempts"), "merchants see them all the same")
}

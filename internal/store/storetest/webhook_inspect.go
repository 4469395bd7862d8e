package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// lastAttemptsAreAsRead: those of several deliveries at once, each as its delivery says.
func lastAttemptsAreAsRead(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	last := func(scope merchant.Scope, of ...webhook.Delivery) map[string]webhook.Attempt {
		found, err := hooks.LastAttempts(ctx, scope, of)
		require.NoError(t, err)
		return found
	}
	w.Asking(t)
	w.tell(t, 3)
	waits := w.deliveries(t, webhook.DeliveryFilter{})
	require.Len(t, waits, 3)
	require.Empty(t, last(w.Scope, waits...))
	require.Empty(t, last(w.Scope))

	failed, won := w.Answered(waits[0], 0), w.Answered(waits[1], 204)
	failed.Attempt.RetryAfter = 3 * time.Second
	require.Len(t, w.record(t, failed, won), 2)
	once := w.deliveries(t, webhook.DeliveryFilter{})
	first := map[string]webhook.Attempt{waits[0].ID: *failed.Attempt, waits[1].ID: *won.Attempt}
	require.Equal(t, first, last(w.Scope, once...), "there is none of the third")

	w.Clock.Advance(time.Minute)
	failed = w.Answered(once[0], 500)
	require.Len(t, w.record(t, failed), 1)
	twice := w.deliveries(t, webhook.DeliveryFilter{})
	require.Equal(t, map[string]webhook.Attempt{waits[0].ID: *failed.Attempt, waits[1].ID: *won.Attempt}, last(w.Scope, twice...))
	require.Equal(t, first, last(w.Scope, once...), "what was tried since is of a later reading")
	begun, err := hooks.Redeliver(ctx, w.Scope, waits[1].ID, w.now())
	require.NoError(t, err)
	require.Equal(t, map[string]webhook.Attempt{waits[1].ID: *won.Attempt}, last(w.Scope, begun), "of the round before")

	w.elsewhere(t, func(other merchant.Scope) { require.Empty(t, last(other, twice...)) })
	_, err = w.SQL.Exec("UPDATE webhook_deliveries SET environment = 'live' WHERE id = '" + waits[0].ID + "'")
	require.NoError(t, err)
	require.Equal(t, map[string]webhook.Attempt{waits[1].ID: *won.Attempt}, last(w.Scope, twice...), "nothing of another scope beside its own")
}

// deliveriesAreReadWithTheirEvents: several at once, whatever has become of the endpoint.
func deliveriesAreReadWithTheirEvents(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	one, two := w.Asking(t), w.Asking(t)
	w.tell(t, 2)
	all := w.deliveries(t, webhook.DeliveryFilter{})
	require.Len(t, all, 4)
	asked := []string{all[0].ID, all[1].ID, all[2].ID, all[3].ID, "whd_unknown"}
	read := func(scope merchant.Scope) map[string]webhook.Task {
		tasks, err := hooks.Tasks(ctx, scope, asked)
		require.NoError(t, err)
		found := map[string]webhook.Task{}
		for _, task := range tasks {
			found[task.Delivery.ID] = task
		}
		return found
	}
	found := read(w.Scope)
	require.Len(t, found, 4)
	for _, d := range all {
		task := found[d.ID]
		require.Equal(t, []any{d, d.EventID, d.EndpointID, w.Scope}, []any{task.Delivery, task.Event.ID, task.Endpoint.ID, task.Event.Scope})
		require.NotEmpty(t, task.Event.Object)
	}
	none, err := hooks.Tasks(ctx, w.Scope, nil)
	require.NoError(t, err)
	require.Empty(t, none)
	w.elsewhere(t, func(other merchant.Scope) { require.Empty(t, read(other)) })

	require.NoError(t, hooks.DeleteEndpoint(ctx, w.Scope, one.ID, w.now()))
	found = read(w.Scope)
	require.Len(t, found, 4, "deliveries stay to be looked at")
	require.Equal(t, one.Dialect, found[all[0].ID].Endpoint.Dialect)
	_, err = w.SQL.Exec("DELETE FROM events WHERE id = '" + all[0].EventID + "'")
	require.NoError(t, err)
	found = read(w.Scope)
	require.Len(t, found, 2, "without those whose event is kept no longer")
	require.NotContains(t, found, all[0].ID)
	_, err = w.SQL.Exec("UPDATE webhook_deliveries SET environment = 'live' WHERE endpoint_id = '" + two.ID + "'")
	require.NoError(t, err)
	require.Len(t, read(w.Scope), 1)
}

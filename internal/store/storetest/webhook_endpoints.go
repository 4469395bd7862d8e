package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

func endpointReadsBack(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	full := w.NewEndpoint()
	full.Disabled, full.DisabledAt, full.SecretEndsAt = webhook.ByMerchant, w.now(), w.now()
	full.Health = webhook.Health{FailingSince: w.now(), FailedAt: w.now(), Failures: 7, PausedUntil: w.now()}
	require.NoError(t, hooks.CreateEndpoint(ctx, full))
	plain := w.NewEndpoint()
	plain.HeaderNames, plain.Description, plain.Dialect = nil, "", webhook.Cashier
	require.NoError(t, hooks.CreateEndpoint(ctx, plain))
	require.Equal(t, full, w.endpoint(t, full.ID))
	require.Equal(t, plain, w.endpoint(t, plain.ID))
	list, more, err := hooks.ListEndpoints(ctx, w.Scope, webhook.Page{Limit: 1})
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, []webhook.Endpoint{plain}, list)
	list, more, err = hooks.ListEndpoints(ctx, w.Scope, webhook.Page{Limit: 5, StartingAfter: plain.ID})
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, []webhook.Endpoint{full}, list)

	w.elsewhere(t, func(other merchant.Scope) {
		_, err := hooks.Endpoint(ctx, other, full.ID)
		require.True(t, fault.Is(err, fault.NotFound), err)
		list, _, err := hooks.ListEndpoints(ctx, other, webhook.Page{Limit: 5})
		require.NoError(t, err)
		require.Empty(t, list)
		foreign := full
		foreign.Scope, foreign.Version = other, 2
		require.True(t, fault.Is(hooks.UpdateEndpoint(ctx, foreign), fault.NotFound))
		require.True(t, fault.Is(hooks.DeleteEndpoint(ctx, other, full.ID, w.now()), fault.NotFound))
		foreign.Version = 1
		require.ErrorIs(t, hooks.CreateEndpoint(ctx, foreign), webhook.ErrTaken)
	})
	require.ErrorIs(t, hooks.CreateEndpoint(ctx, full), webhook.ErrTaken)
	require.Equal(t, full, w.endpoint(t, full.ID))
}

// endpointIsGuarded: of simultaneous changes one wins, and only some of them begin the
// endpoint's health anew.
func endpointIsGuarded(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e := w.NewEndpoint()
	e.Health = webhook.Health{FailingSince: w.now(), Failures: 7, PausedUntil: w.now().Add(time.Hour)}
	require.NoError(t, hooks.CreateEndpoint(ctx, e))
	won := 0
	for _, err := range together(10, func(i int) error {
		mine := e
		mine.Version, mine.Sealed, mine.EventTypes = 2, []byte{byte(i)}, []string{"refund.*"}
		return hooks.UpdateEndpoint(ctx, mine)
	}) {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, webhook.ErrStale)
	}
	require.Equal(t, 1, won)
	w.tell(t, 1)
	changed := w.endpoint(t, e.ID)
	require.Equal(t, []string{"refund.*"}, changed.EventTypes)
	require.Equal(t, e.Health, changed.Health, "kept")

	for version, change := range []func(){
		func() { changed.EventTypes = []string{"*"} },
		func() { changed.Disabled, changed.DisabledAt = webhook.ByMerchant, w.now() },
		func() { changed.Disabled, changed.DisabledAt = "", time.Time{} },
	} {
		change()
		changed.Version = version + 3
		changed.UpdatedAt = w.now()
		require.NoError(t, hooks.UpdateEndpoint(ctx, changed))
		if version == 0 {
			w.tell(t, 1)
			require.Empty(t, w.claim(t, "one", 10, 10), "it is paused")
		}
	}
	require.Zero(t, w.endpoint(t, e.ID).Health)
	require.Len(t, w.claim(t, "one", 10, 10), 1, "it waits no longer")
}

// endpointsAreBounded, also when several come at once.
func endpointsAreBounded(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	var all []webhook.Endpoint
	for range webhook.MaxEndpoints + 10 {
		all = append(all, w.NewEndpoint())
	}
	refused := 0
	for _, err := range together(len(all), func(i int) error { return hooks.CreateEndpoint(ctx, all[i]) }) {
		if err != nil {
			require.True(t, fault.Is(err, fault.InvalidState), err)
			refused++
		}
	}
	require.Equal(t, 10, refused)
	list, _, err := hooks.ListEndpoints(ctx, w.Scope, webhook.Page{Limit: 1})
	require.NoError(t, err)
	require.NoError(t, hooks.DeleteEndpoint(ctx, w.Scope, list[0].ID, w.now()))
	w.Asking(t)
	w.elsewhereAsking(t)
}

// endpointIsDeleted: nothing is left of it but what was delivered.
func endpointIsDeleted(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e, other := w.Asking(t), w.NewEndpoint()
	other.Disabled, other.DisabledAt = webhook.ByMerchant, w.now()
	require.NoError(t, hooks.CreateEndpoint(ctx, other))
	w.tell(t, 3)
	tasks := w.claim(t, "one", 10, 2)
	require.Len(t, tasks, 2)
	w.record(t, w.Answered(tasks[0].Delivery, 200), w.Answered(tasks[1].Delivery, 500))
	replay, err := hooks.CreateReplay(ctx, w.replay(e, webhook.ReplayRange))
	require.NoError(t, err)
	at := w.now()
	requireRefreshed(t, w, w.endpoint(t, e.ID), other)
	require.NoError(t, hooks.DeleteEndpoint(ctx, w.Scope, e.ID, at))
	gone := webhook.Endpoint{
		ID: e.ID, Scope: e.Scope, Dialect: e.Dialect, EventTypes: []string{}, HeaderNames: []string{}, Disabled: webhook.Deleted, DisabledAt: at,
		KeyVersion: e.KeyVersion, Sealed: []byte{}, Version: 2, CreatedAt: e.CreatedAt, UpdatedAt: at,
	}
	requireRefreshed(t, w, gone, other)

	_, err = hooks.Endpoint(ctx, w.Scope, e.ID)
	require.True(t, fault.Is(err, fault.NotFound), err)
	require.True(t, fault.Is(hooks.DeleteEndpoint(ctx, w.Scope, e.ID, at), fault.NotFound))
	e.Version = 2
	require.True(t, fault.Is(hooks.UpdateEndpoint(ctx, e), fault.NotFound))
	var url string
	var sealed []byte
	require.NoError(t, w.SQL.QueryRow("SELECT url, sealed FROM webhook_endpoints WHERE disabled = 'deleted'").Scan(&url, &sealed))
	require.Empty(t, url)
	require.Empty(t, sealed)
	var states []webhook.Status
	for _, d := range w.deliveries(t, webhook.DeliveryFilter{}) {
		states = append(states, d.Status)
		if d.Status == webhook.Canceled {
			require.Equal(t, at, d.EndedAt)
			require.Equal(t, "The endpoint was deleted.", d.Why)
		}
	}
	require.ElementsMatch(t, []webhook.Status{webhook.Succeeded, webhook.Canceled, webhook.Canceled}, states)
	stopped, err := hooks.Replay(ctx, w.Scope, replay.ID)
	require.NoError(t, err)
	require.Equal(t, webhook.ReplayStopped, stopped.Status)
	_, err = hooks.Redeliver(ctx, w.Scope, tasks[0].Delivery.ID, at)
	require.True(t, fault.Is(err, fault.InvalidState), err)
	_, err = hooks.Address(ctx, w.Scope, tasks[0].Event.ID, e.ID, at)
	require.True(t, fault.Is(err, fault.NotFound), err)
	w.tell(t, 1)
	require.Equal(t, 3, w.count(t, "webhook_deliveries"))
}

// requireRefreshed: endpoints are read as they are, also those that are told nothing.
func requireRefreshed(t *testing.T, w *World, want ...webhook.Endpoint) {
	list := []string{id.New(id.WebhookEndpoint)}
	for _, e := range want {
		list = append(list, e.ID)
	}
	found, err := w.Store.Webhooks().Refresh(ctx, list)
	require.NoError(t, err)
	for i := range found {
		found[i].Sealed = append([]byte{}, found[i].Sealed...) // SQLite reads an empty one as none
	}
	require.ElementsMatch(t, want, found)
}

// deliveriesByFilter: newest first, by what they belong to and how they stand.
func deliveriesByFilter(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	one, two := w.Asking(t), w.Asking(t, "payment_intent.*")
	w.tell(t, 3)
	all := w.deliveries(t, webhook.DeliveryFilter{})
	require.Len(t, all, 6)
	of := w.deliveries(t, webhook.DeliveryFilter{EndpointID: one.ID})
	require.Len(t, of, 3)
	w.record(t, w.Answered(of[1], 200), w.Answered(of[2], 410))
	for _, c := range []struct {
		filter webhook.DeliveryFilter
		want   int
	}{
		{webhook.DeliveryFilter{EventID: of[0].EventID}, 2},
		{webhook.DeliveryFilter{EventID: of[0].EventID, EndpointID: two.ID}, 1},
		{webhook.DeliveryFilter{EndpointID: one.ID, Status: webhook.Succeeded}, 1},
		{webhook.DeliveryFilter{EndpointID: one.ID, Status: webhook.Failed}, 1},
		{webhook.DeliveryFilter{Status: webhook.Pending}, 4},
		{webhook.DeliveryFilter{Type: "payment_intent.created"}, 6},
		{webhook.DeliveryFilter{Type: "refund.created"}, 0},
	} {
		require.Len(t, w.deliveries(t, c.filter), c.want, c.filter)
	}
	page, more, err := hooks.ListDeliveries(ctx, w.Scope, webhook.DeliveryFilter{EndpointID: one.ID, Page: webhook.Page{Limit: 1, StartingAfter: of[2].ID}})
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, of[1].ID, page[0].ID)
}

// deliveriesBeginAgain unless they are under way.
func deliveriesBeginAgain(t *testing.T, w *World) {
	hooks := w.Store.Webhooks()
	e, quiet := w.Asking(t), w.Asking(t, "refund.created")
	w.tell(t, 1)
	d := w.claim(t, "one", 1, 1)[0].Delivery
	same, err := hooks.Redeliver(ctx, w.Scope, d.ID, w.now())
	require.NoError(t, err)
	require.Equal(t, d, same, "it is under way")
	done := w.record(t, w.Answered(d, 200))[0].After
	now := w.now()
	again, err := hooks.Redeliver(ctx, w.Scope, d.ID, now)
	require.NoError(t, err)
	require.Equal(t, done.Again(now), again)
	require.Equal(t, 2, again.Round)
	task := w.claim(t, "two", 1, 1)[0]
	require.Equal(t, d.ID, task.Delivery.ID)
	w.record(t, w.Answered(task.Delivery, 200))
	addressed, err := hooks.Address(ctx, w.Scope, d.EventID, e.ID, w.now())
	require.NoError(t, err)
	require.Equal(t, 3, addressed.Round)

	made, err := hooks.Address(ctx, w.Scope, d.EventID, quiet.ID, now)
	require.NoError(t, err)
	require.Equal(t, webhook.Delivery{
		ID: made.ID, Scope: w.Scope, EventID: d.EventID, EndpointID: quiet.ID, ObjectID: d.ObjectID, Type: "payment_intent.created",
		Status: webhook.Pending, Trigger: webhook.ByRedelivery, Round: 1, RoundStartedAt: now, NextAttemptAt: now, CreatedAt: now,
		UpdatedAt: now, ClaimedUntil: now,
	}, made)
	stored, err := hooks.Delivery(ctx, w.Scope, made.ID)
	require.NoError(t, err)
	require.Equal(t, made, stored)
	cashier := w.NewEndpoint()
	cashier.Dialect = webhook.Cashier
	require.NoError(t, hooks.CreateEndpoint(ctx, cashier))
	_, err = hooks.Address(ctx, w.Scope, d.EventID, cashier.ID, now)
	require.True(t, fault.Is(err, fault.InvalidState), err)

	w.elsewhere(t, func(other merchant.Scope) {
		_, err := hooks.Redeliver(ctx, other, d.ID, now)
		require.True(t, fault.Is(err, fault.NotFound), err)
		_, err = hooks.Address(ctx, other, d.EventID, e.ID, now)
		require.True(t, fault.Is(err, fault.NotFound), err)
	})
	quiet.Version, quiet.Disabled, quiet.DisabledAt = 2, webhook.ByMerchant, now
	require.NoError(t, hooks.UpdateEndpoint(ctx, quiet))
	_, err = hooks.Redeliver(ctx, w.Scope, made.ID, now)
	require.True(t, fault.Is(err, fault.InvalidState), err)
	_, err = hooks.Address(ctx, w.Scope, d.EventID, quiet.ID, now)
	require.True(t, fault.Is(err, fault.InvalidState), err)
}

// replay is one of the whole past of an endpoint.
func (w *World) replay(e webhook.Endpoint, kind webhook.ReplayKind) webhook.Replay {
	now := w.now()
	return webhook.Replay{
		ID: id.New(id.WebhookReplay), Scope: w.Scope, EndpointID: e.ID, Kind: kind, From: e.CreatedAt, To: now,
		Status: webhook.ReplayRunning, CreatedAt: now, UpdatedAt: now,
	}
}

package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// eventsAreAddressed: each endpoint that asks for an event gets a delivery by the name
// that it asks for, with the change itself.
func eventsAreAddressed(t *testing.T, w *World) {
	h := w.handing("one")
	all, some, none := w.Asking(t), w.Asking(t, "payment_intent.*"), w.Asking(t, "refund.created")
	cashier := w.NewEndpoint()
	cashier.Dialect = webhook.Cashier
	require.NoError(t, w.Store.Webhooks().CreateEndpoint(ctx, cashier))
	off := w.NewEndpoint()
	off.Disabled, off.DisabledAt = webhook.ByMerchant, w.now()
	require.NoError(t, w.Store.Webhooks().CreateEndpoint(ctx, off))
	w.elsewhereAsking(t)

	opened := w.Opened(t, w.Wanted())
	require.NoError(t, w.Payments.Insert(ctx, opened))
	e := w.told(t, opened)
	tasks := h.taken() // in the order of the endpoints' ids
	require.Len(t, tasks, 2)
	for i, asking := range []webhook.Endpoint{all, some} {
		d := tasks[i].Delivery
		require.Equal(t, webhook.Task{Delivery: d, Endpoint: asking, Event: e}, tasks[i])
		require.Equal(t, webhook.Delivery{
			ID: d.ID, Scope: w.Scope, EventID: e.ID, EndpointID: asking.ID, ObjectID: opened.Intent.ID, Type: "payment_intent.created",
			Status: webhook.Pending, Trigger: webhook.ByEvent, Round: 1, RoundStartedAt: e.CreatedAt, NextAttemptAt: e.CreatedAt,
			CreatedAt: e.CreatedAt, UpdatedAt: e.CreatedAt, ClaimedBy: "one", ClaimedUntil: w.Clock.Now().Add(webhook.ClaimFor),
		}, d)
		stored, err := w.Store.Webhooks().Delivery(ctx, w.Scope, d.ID)
		require.NoError(t, err)
		require.Equal(t, d, stored)
		task, err := w.Store.Webhooks().Task(ctx, d.ID)
		require.NoError(t, err)
		require.Equal(t, tasks[i], task)
	}
	require.Len(t, w.deliveries(t, webhook.DeliveryFilter{}), 2)
	require.Empty(t, w.deliveries(t, webhook.DeliveryFilter{EndpointID: none.ID}))

	canceled, err := opened.Intent.Cancel("", id.NewSuffix(), w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, canceled))
	tasks = h.taken()
	require.Len(t, tasks, 3)
	require.Equal(t, "deposit.rejected", tasks[2].Delivery.Type)
}

// elsewhereAsking stores endpoints that ask for everything in other scopes.
func (w *World) elsewhereAsking(t testing.TB) {
	mine := w.Scope
	defer func() { w.Scope = mine }()
	w.elsewhere(t, func(other merchant.Scope) {
		w.Scope = other
		w.Asking(t)
	})
}

// deliveriesKeepOrder: a later delivery of the same object waits for an earlier one that
// is in other hands, and knows the one before it that is in the same.
func deliveriesKeepOrder(t *testing.T, w *World) {
	h := w.handing("one")
	w.Asking(t)
	p := w.Insert(t, w.Wanted())
	first := h.taken()
	require.Len(t, first, 1)
	require.Empty(t, first[0].After)
	begun := w.Begun(t, p)
	w.Apply(t, begun)
	w.Apply(t, w.Captured(t, w.load(t, p.ID)))
	next := h.taken()
	require.NotEmpty(t, next)
	require.Equal(t, first[0].Delivery.ID, next[0].After)
	require.Greater(t, next[0].Delivery.ID, first[0].Delivery.ID)
	w.Insert(t, w.Wanted())
	require.Empty(t, h.taken()[0].After, "another object")

	other := w.handing("two")
	sold := w.load(t, p.ID)
	w.Apply(t, w.refunding(t, sold, 100))
	require.Len(t, other.taken(), 1, "a refund is an object of its own")
	refused := w.Insert(t, w.Wanted())
	require.Len(t, other.taken(), 1)
	w.handing("one")
	canceled, err := refused.Cancel("", id.NewSuffix(), w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, canceled))
	require.Empty(t, h.taken(), "the one before is in other hands")
	list := w.deliveries(t, webhook.DeliveryFilter{EventID: canceled.Events[0].ID})
	require.Len(t, list, 1)
	require.Empty(t, list[0].ClaimedBy)
	require.Equal(t, w.Clock.Now(), list[0].ClaimedUntil)
	require.Empty(t, w.claim(t, "one", 10, 10), "nor is it claimed before that one is done")
}

// idsKeepOrder: one process's clock may run ahead of another's.
func idsKeepOrder(t *testing.T, w *World) {
	h := w.handing("one")
	w.Asking(t)
	p := w.Insert(t, w.Wanted())
	ahead := id.Join(id.WebhookDelivery, id.FirstAt(time.Now().Add(time.Hour)))
	_, err := w.SQL.Exec("UPDATE webhook_deliveries SET id = '" + ahead + "'")
	require.NoError(t, err)
	h.taken()
	w.Apply(t, w.Begun(t, p))
	canceled, err := w.Insert(t, w.Wanted()).Cancel("", id.NewSuffix(), w.now())
	require.NoError(t, err)
	require.NoError(t, w.Payments.Apply(ctx, canceled))
	w.Apply(t, w.Captured(t, w.load(t, p.ID)))
	for _, task := range h.taken() {
		if task.Delivery.ObjectID == p.ID {
			require.Greater(t, task.Delivery.ID, ahead)
			require.Equal(t, ahead, task.After)
			return
		}
	}
	require.Fail(t, "nothing was told")
}

// pausedEndpointsWait: nothing is handed to a dispatcher for an endpoint that is left
// alone, or tried with one message first; nor where there is no dispatcher.
func pausedEndpointsWait(t *testing.T, w *World) {
	w.Asking(t)
	claimed := func() (by string, until time.Time) {
		c := w.Opened(t, w.Wanted())
		require.NoError(t, w.Payments.Insert(ctx, c))
		d := w.deliveries(t, webhook.DeliveryFilter{EventID: c.Events[0].ID})
		require.Len(t, d, 1)
		return d[0].ClaimedBy, d[0].ClaimedUntil
	}
	by, until := claimed()
	require.Empty(t, by, "no dispatcher")
	require.Equal(t, w.Clock.Now(), until)

	h := w.handing("one")
	_, err := w.SQL.Exec("UPDATE webhook_endpoints SET failures = 5, paused_until = '2026-03-01T13:00:00.000000Z', failing_since = created_at")
	require.NoError(t, err)
	by, until = claimed()
	require.Empty(t, by)
	require.Equal(t, w.Clock.Now(), until, "when the pause ends is the endpoint's to say")
	w.Clock.Advance(time.Hour)
	by, until = claimed()
	require.Empty(t, by, "one message is tried first")
	require.Equal(t, w.Clock.Now(), until)
	require.Empty(t, h.taken())
}

// refusedChangesTellNothing: what is rolled back leaves no delivery and hands nothing,
// and what is run again hands it once.
func refusedChangesTellNothing(t *testing.T, w *World) {
	h := w.handing("one")
	w.Asking(t)
	c := w.Opened(t, w.Wanted())
	require.NoError(t, w.Payments.Insert(ctx, c))
	require.Len(t, h.taken(), 1)
	require.ErrorIs(t, w.Payments.Insert(ctx, c), payment.ErrExists)
	unbalanced := w.Captured(t, w.Apply(t, w.Begun(t, c.Intent)))
	h.taken()
	before := w.count(t, "webhook_deliveries")
	broken := unbalanced
	broken.Ledger = broken.Ledger[:1]
	broken.Ledger[0].Entries = broken.Ledger[0].Entries[:1]
	require.Error(t, w.Payments.Apply(ctx, broken))
	require.Equal(t, before, w.count(t, "webhook_deliveries"))
	require.Empty(t, h.taken())

	const n = 40 // of which every second fails, so that batches are run again
	changes := make([]payment.Change, n)
	for i := range changes {
		changes[i] = w.Opened(t, w.Wanted())
		if i%2 == 1 {
			changes[i] = c
		}
	}
	wanted := 0
	for _, err := range together(n, func(i int) error { return w.Payments.Insert(ctx, changes[i]) }) {
		if err == nil {
			wanted++
		} else {
			require.True(t, errors.Is(err, payment.ErrExists), err)
		}
	}
	require.Equal(t, n/2, wanted)
	handed := map[string]bool{}
	for _, task := range h.taken() {
		require.False(t, handed[task.Delivery.ID], "handed once")
		handed[task.Delivery.ID] = true
		_, err := w.Store.Webhooks().Delivery(ctx, w.Scope, task.Delivery.ID)
		require.NoError(t, err, "and stored")
	}
	require.Len(t, handed, n/2)
}

// testsGoToOneEndpoint: a test is told to nobody else, and changes no health.
func testsGoToOneEndpoint(t *testing.T, w *World) {
	w.handing("one")
	tried := w.Asking(t)
	w.Asking(t)
	e, err := event.New(w.Scope, event.WebhookEndpointTest, tried.ID, tried, w.now())
	require.NoError(t, err)
	d := webhook.Delivery{
		ID: id.New(id.WebhookDelivery), Scope: w.Scope, EventID: e.ID, EndpointID: tried.ID, ObjectID: tried.ID, Type: string(e.Type),
		Status: webhook.Pending, Trigger: webhook.ByTest, Round: 1, RoundStartedAt: e.CreatedAt, NextAttemptAt: e.CreatedAt,
		CreatedAt: e.CreatedAt, UpdatedAt: e.CreatedAt,
	}
	stored, err := w.Store.Webhooks().AddTest(ctx, e, d)
	require.NoError(t, err)
	d.ClaimedBy, d.ClaimedUntil = "one", w.Clock.Now().Add(webhook.ClaimFor)
	require.Equal(t, d, stored)
	require.Equal(t, []webhook.Delivery{d}, w.deliveries(t, webhook.DeliveryFilter{}))

	events := w.count(t, "events")
	w.elsewhere(t, func(scope merchant.Scope) {
		again, taken := e, d
		again.ID, again.Scope, taken.Scope = id.New(id.Event), scope, scope
		taken.EventID = again.ID
		_, err = w.Store.Webhooks().AddTest(ctx, again, taken)
		require.ErrorIs(t, err, webhook.ErrTaken)
	})
	require.Equal(t, events, w.count(t, "events"))
	require.Equal(t, []webhook.Delivery{d}, w.deliveries(t, webhook.DeliveryFilter{}))

	gone := w.Answered(d, 410)
	require.Equal(t, webhook.Failed, gone.After.Status)
	require.Len(t, w.record(t, gone), 1)
	require.Equal(t, tried, w.endpoint(t, tried.ID))
	require.Zero(t, w.count(t, "webhook_activity"))
	require.Equal(t, 1, w.count(t, "webhook_attempts"))
}

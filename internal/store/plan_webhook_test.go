package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/notice"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/webhook"
)

// tellMerchants sends every statement of webhooks.
func tellMerchants(t *testing.T, ctx context.Context, w *storetest.World) {
	hooks := w.Store.Webhooks()
	w.Store.DeliverThrough("one", clock.System{}, func([]webhook.Task) {})
	e := w.NewEndpoint()
	require.NoError(t, hooks.CreateEndpoint(ctx, e))
	for range 3 {
		require.NoError(t, w.Payments.Insert(ctx, w.Opened(t, w.Wanted())))
	}
	now := time.Now().Add(time.Hour)
	tasks, err := w.Claim(ctx, "one", now, now.Add(time.Minute), 2, 10)
	require.NoError(t, err)
	require.Len(t, tasks, 2)
	_, err = hooks.Renew(ctx, "one", []string{tasks[0].Delivery.ID}, now.Add(time.Hour))
	require.NoError(t, err)
	_, err = hooks.Record(ctx, now, []webhook.Result{w.Answered(tasks[0].Delivery, 410), w.Answered(tasks[1].Delivery, 200)})
	require.NoError(t, err)
	e = inspectWebhooks(t, ctx, w, e.ID, tasks[0].Delivery)
	_, err = hooks.Waiting(ctx, now, 5)
	require.NoError(t, err)
	require.NoError(t, hooks.Postpone(ctx, tasks[0].Delivery.ID, now))

	mailNotices(t, ctx, w)

	e.Version, e.Disabled, e.DisabledAt = e.Version+1, "", time.Time{}
	require.NoError(t, hooks.UpdateEndpoint(ctx, e))
	_, err = hooks.Redeliver(ctx, w.Scope, tasks[0].Delivery.ID, now)
	require.NoError(t, err)
	_, err = hooks.Address(ctx, w.Scope, tasks[1].Event.ID, e.ID, now)
	require.NoError(t, err)
	for _, kind := range []webhook.ReplayKind{webhook.ReplayFailed, webhook.ReplayRange} {
		r, err := hooks.CreateReplay(ctx, webhook.Replay{
			ID: id.New(id.WebhookReplay), Scope: w.Scope, EndpointID: e.ID, Kind: kind, From: e.CreatedAt.Add(-time.Hour), To: now,
			Status: webhook.ReplayRunning, CreatedAt: now, UpdatedAt: now,
		})
		require.NoError(t, err)
		_, _, err = hooks.Advance(ctx, r.ID, 10, now)
		require.NoError(t, err)
		_, err = hooks.Replay(ctx, w.Scope, r.ID)
		require.NoError(t, err)
	}
	_, err = hooks.StaleReplays(ctx, now, 5)
	require.NoError(t, err)
	told, err := event.New(w.Scope, event.WebhookEndpointTest, e.ID, e, now)
	require.NoError(t, err)
	test := tasks[0].Delivery
	test.ID, test.EventID = id.New(id.WebhookDelivery), told.ID
	_, err = hooks.AddTest(ctx, told, test)
	require.NoError(t, err)
	require.NoError(t, hooks.DeleteEndpoint(ctx, w.Scope, e.ID, now))
	_, err = hooks.CancelDeleted(ctx, now, 5)
	require.NoError(t, err)
	_, err = hooks.DeleteOld(ctx, now, 5)
	require.NoError(t, err)
}

// inspectWebhooks sends every read of those who look on, and returns the endpoint.
func inspectWebhooks(t *testing.T, ctx context.Context, w *storetest.World, endpointID string, d webhook.Delivery) webhook.Endpoint {
	hooks := w.Store.Webhooks()
	for _, page := range []webhook.Page{{Limit: 5}, {Limit: 5, StartingAfter: "whd_a"}, {Limit: 5, EndingBefore: "whd_a"}} {
		for _, f := range []webhook.DeliveryFilter{
			{}, {EventID: d.EventID}, {EndpointID: endpointID}, {EndpointID: endpointID, Status: webhook.Failed}, {Status: webhook.Failed},
			{EndpointID: endpointID, Status: webhook.Succeeded}, {EndpointID: endpointID, Type: d.Type},
		} {
			f.Page = page
			_, _, err := hooks.ListDeliveries(ctx, w.Scope, f)
			require.NoError(t, err)
		}
		_, _, err := hooks.ListEndpoints(ctx, w.Scope, page)
		require.NoError(t, err)
		_, _, err = hooks.ListReplays(ctx, w.Scope, endpointID, page)
		require.NoError(t, err)
	}
	d, err := hooks.Delivery(ctx, w.Scope, d.ID)
	require.NoError(t, err)
	_, err = hooks.Attempts(ctx, w.Scope, d.ID)
	require.NoError(t, err)
	last, err := hooks.LastAttempts(ctx, w.Scope, []webhook.Delivery{d})
	require.NoError(t, err)
	require.Len(t, last, 1)
	_, err = hooks.Tasks(ctx, w.Scope, []string{d.ID})
	require.NoError(t, err)
	_, err = hooks.Task(ctx, d.ID)
	require.NoError(t, err)
	_, err = hooks.Refresh(ctx, []string{endpointID})
	require.NoError(t, err)
	for _, one := range []string{"", endpointID} {
		_, err = hooks.Activity(ctx, w.Scope, one, time.Now())
		require.NoError(t, err)
	}
	e, err := hooks.Endpoint(ctx, w.Scope, endpointID)
	require.NoError(t, err)
	return e
}

// mailNotices sends every statement of notices; there is one of the endpoint that was gone.
func mailNotices(t *testing.T, ctx context.Context, w *storetest.World) {
	notices, now := w.Store.Notices(), time.Now().Add(time.Hour)
	for _, page := range []notice.Page{{Limit: 5}, {Limit: 5, StartingAfter: "ntc_a"}, {Limit: 5, EndingBefore: "ntc_a"}} {
		_, _, err := notices.ListNotices(ctx, w.Scope, page)
		require.NoError(t, err)
	}
	due, err := notices.DueNotices(ctx, now, 5)
	require.NoError(t, err)
	require.Len(t, due, 1)
	_, err = notices.MailedSince(ctx, w.Scope, now)
	require.NoError(t, err)
	require.NoError(t, notices.PostponeMail(ctx, w.Scope, now, now))
	require.NoError(t, notices.MailSettled(ctx, due[0].ID, now))
}

// TestReplaysAreCountedBeforeTheEndpointIsHeld: counting takes long where there is much.
func TestReplaysAreCountedBeforeTheEndpointIsHeld(t *testing.T) {
	t.Parallel()
	subject := openPostgres(t)
	w := storetest.NewWorld(t, subject)
	e := w.Asking(t)
	counted, held := -1, -1
	for i, s := range record(t, subject.Store, func(ctx context.Context) {
		_, err := w.Store.Webhooks().CreateReplay(ctx, webhook.Replay{
			ID: id.New(id.WebhookReplay), Scope: w.Scope, EndpointID: e.ID, Kind: webhook.ReplayRange, From: e.CreatedAt, To: e.CreatedAt.Add(time.Hour),
			Status: webhook.ReplayRunning, CreatedAt: e.CreatedAt, UpdatedAt: e.CreatedAt,
		})
		require.NoError(t, err)
	}) {
		switch {
		case strings.Contains(s.sql, "count(*)"):
			counted = i
		case strings.Contains(s.sql, "FOR NO KEY UPDATE"):
			held = i
		}
	}
	require.GreaterOrEqual(t, counted, 0)
	require.Greater(t, held, counted)
}

// TestLastAttemptsAreFoundByTheirNumber: not by reading all that there were, or all
// deliveries of a merchant.
func TestLastAttemptsAreFoundByTheirNumber(t *testing.T) {
	t.Parallel()
	subject := openSQLite(t)
	w := storetest.NewWorld(t, subject)
	tried := []webhook.Delivery{{ID: "whd_a", Attempts: 2}, {ID: "whd_b", Attempts: 1}, {ID: "whd_c"}}
	statements := record(t, subject.Store, func(ctx context.Context) {
		_, err := w.Store.Webhooks().LastAttempts(ctx, w.Scope, tried)
		require.NoError(t, err)
		_, err = w.Store.Webhooks().LastAttempts(ctx, w.Scope, tried[2:])
		require.NoError(t, err)
	})
	require.Len(t, statements, 1, "one for all of them, and none where nothing was tried")
	require.Equal(t, `[["whd_a",2],["whd_b",1]]`, statements[0].args[0])
	plan := explain(t, subject, statements[0])
	require.Regexp(t, `SEARCH d USING .*INDEX .*id=\?\)`, plan)
	require.Contains(t, plan, "SEARCH a USING INDEX sqlite_autoindex_webhook_attempts_1 (delivery_id=? AND number=?)")
}

// TestDeliveriesOfATypeAreFoundByIt: however many of other types the endpoint has.
func TestDeliveriesOfATypeAreFoundByIt(t *testing.T) {
	t.Parallel()
	subject := openSQLite(t)
	w := storetest.NewWorld(t, subject)
	statements := record(t, subject.Store, func(ctx context.Context) {
		for _, page := range []webhook.Page{{Limit: 5}, {Limit: 5, StartingAfter: "whd_a"}, {Limit: 5, EndingBefore: "whd_a"}} {
			_, _, err := w.Store.Webhooks().ListDeliveries(ctx, w.Scope, webhook.DeliveryFilter{EndpointID: "we_a", Type: "dispute.created", Page: page})
			require.NoError(t, err)
		}
	})
	require.Len(t, statements, 3)
	for _, s := range statements {
		require.Contains(t, explain(t, subject, s), "USING INDEX webhook_deliveries_by_type (endpoint_id=? AND type=?")
	}
}

// TestPostgresTellsByIndex: none of them reads a table whole.
func TestPostgresTellsByIndex(t *testing.T) {
	t.Parallel()
	subject := openPostgres(t)
	w := storetest.NewWorld(t, subject)
	statements := record(t, subject.Store, func(ctx context.Context) { tellMerchants(t, ctx, w) })
	require.Greater(t, len(statements), 60)
	for i, plan := range explainByIndex(t, subject, statements) {
		require.NotContains(t, plan, "Seq Scan", "%s\n%s", statements[i].sql, plan)
	}
}

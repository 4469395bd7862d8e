package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

// NewEndpoint is an endpoint of the scope that asks for everything, and that a test may
// change before it is stored. Their ids are in the order of the calls.
func (w *World) NewEndpoint() webhook.Endpoint {
	at := w.now()
	w.endpointID = id.NewAfter(id.WebhookEndpoint, w.endpointID)
	return webhook.Endpoint{
		ID: w.endpointID, Scope: w.Scope, URL: "https://shop.example/hook?a=1&b=ø", EventTypes: []string{"*"},
		Dialect: webhook.Hub, Description: "Ærø", HeaderNames: []string{"X-One", "X-Two"}, KeyVersion: 3, Sealed: []byte{0, 1, 2, 0xff},
		Version: 1, CreatedAt: at, UpdatedAt: at,
	}
}

// Asking stores an endpoint of the scope that asks for types; none: for everything.
func (w *World) Asking(t testing.TB, types ...string) webhook.Endpoint {
	e := w.NewEndpoint()
	if len(types) > 0 {
		e.EventTypes = types
	}
	require.NoError(t, w.Store.Webhooks().CreateEndpoint(ctx, e))
	return e
}

// endpoint reads an endpoint of the scope.
func (w *World) endpoint(t testing.TB, endpointID string) webhook.Endpoint {
	e, err := w.Store.Webhooks().Endpoint(ctx, w.Scope, endpointID)
	require.NoError(t, err)
	return e
}

// deliveries lists the scope's deliveries, oldest first.
func (w *World) deliveries(t testing.TB, f webhook.DeliveryFilter) []webhook.Delivery {
	f.Page.Limit = 100
	list, more, err := w.Store.Webhooks().ListDeliveries(ctx, w.Scope, f)
	require.NoError(t, err)
	require.False(t, more)
	slices.Reverse(list)
	// as they were made, by the world's clock: ids go by the clock of the machine
	slices.SortStableFunc(list, func(a, b webhook.Delivery) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}

// claim takes what there is for a process, for half a minute.
func (w *World) claim(t testing.TB, by string, perEndpoint, limit int) []webhook.Task {
	now := w.Clock.Now()
	tasks, err := w.Claim(ctx, by, now, now.Add(webhook.ClaimFor), perEndpoint, limit)
	require.NoError(t, err)
	return tasks
}

// Claim is that of the store, by a process that polls again, as dispatchers do, where the
// machine stood still: one endpoint is looked at for a second, and all for three.
func (w *World) Claim(ctx context.Context, by string, now, until time.Time, perEndpoint, limit int) (claimed []webhook.Task, err error) {
	for range 10 {
		var tasks []webhook.Task
		began := time.Now()
		tasks, err = w.Store.Webhooks().Claim(ctx, by, now, until, perEndpoint, limit-len(claimed))
		claimed = append(claimed, tasks...)
		if len(claimed) == limit || !errors.Is(err, context.DeadlineExceeded) && time.Since(began) < 3*time.Second {
			break
		}
	}
	slices.SortFunc(claimed, func(a, b webhook.Task) int { return strings.Compare(a.Delivery.ID, b.Delivery.ID) })
	return claimed, err
}

// Answered is a result as a dispatcher would report it, of an attempt at the endpoint as
// it stands; code 0 is no answer.
func (w *World) Answered(d webhook.Delivery, code int) webhook.Result {
	now := w.now()
	at, err := w.Store.Webhooks().Refresh(ctx, []string{d.EndpointID})
	if err != nil || len(at) == 0 {
		panic(fmt.Sprint("there is no endpoint ", d.EndpointID, ": ", err))
	}
	a := &webhook.Attempt{
		DeliveryID: d.ID, Number: d.Attempts + 1, Round: d.Round, URL: at[0].URL, StartedAt: now.Add(-20 * time.Millisecond),
		Duration: 20 * time.Millisecond, RequestHeaders: http.Header{"Content-Type": {"application/json"}}, BodyDigest: "d1", BodySize: 7,
		Code: code, ResponseHeaders: http.Header{"X-A": {"b", "c"}}, ResponseBody: "“ok”", Truncated: true,
	}
	if code == 0 {
		a.Error, a.ResponseHeaders, a.ResponseBody, a.Truncated = "The connection was refused.", http.Header{}, "", false
	}
	return webhook.Result{Before: d, Attempt: a, Version: at[0].Version, After: d.Next(*a, webhook.Hub, now, func(time.Duration) time.Duration { return 0 })}
}

// record stores results and returns those that were written.
func (w *World) record(t testing.TB, results ...webhook.Result) []webhook.Result {
	written, err := w.Store.Webhooks().Record(ctx, w.now(), results)
	require.NoError(t, err)
	return written
}

// hands collects what a store hands to its dispatcher.
type hands struct {
	mu    sync.Mutex
	tasks []webhook.Task
}

// handing has the store deliver through a process named me.
func (w *World) handing(me string) *hands {
	h := new(hands)
	w.Store.DeliverThrough(me, w.Clock, func(tasks []webhook.Task) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.tasks = append(h.tasks, tasks...)
	})
	return h
}

// taken returns what was handed since the last call.
func (h *hands) taken() []webhook.Task {
	h.mu.Lock()
	defer h.mu.Unlock()
	tasks := h.tasks
	h.tasks = nil
	return tasks
}

// told is the last event of a change, as it is stored.
func (w *World) told(t testing.TB, c payment.Change) event.Event {
	e, err := w.Store.Events().FindEvent(ctx, w.Scope, c.Events[len(c.Events)-1].ID)
	require.NoError(t, err)
	return e
}

// elsewhere runs something in another merchant's scope.
func (w *World) elsewhere(t testing.TB, do func(other merchant.Scope)) {
	do(w.NewMerchant(t))
	do(merchant.Scope{MerchantID: w.Scope.MerchantID, Environment: merchant.Live})
}

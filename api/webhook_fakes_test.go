package api_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/webhook"
)

// outbox keeps webhook endpoints, deliveries, replays and notices in memory, and is the
// merchants' servers: they answer with code.
type outbox struct {
	clock      clock.Clock
	books      *books
	endpoints  map[string]webhook.Endpoint
	deliveries map[string]webhook.Delivery
	attempts   map[string][]webhook.Attempt
	replays    map[string]webhook.Replay
	buckets    []webhook.Bucket
	notices    []notice.Notice
	code       int
	begun      []string // deliveries and replays that were sent on
	listed     webhook.DeliveryFilter
	page       any       // of the last other list
	since      time.Time // that activity was asked for
	body       string    // that events render now; "": their own

	lastAsked, bodiesAsked int // how often several attempts, and what messages tell, were read
}

func newWebhooks(at clock.Clock, sealer webhook.Sealer, b *books) (*outbox, *webhook.Service) {
	o := &outbox{
		clock: at, books: b, code: http.StatusOK, endpoints: map[string]webhook.Endpoint{}, deliveries: map[string]webhook.Delivery{},
		attempts: map[string][]webhook.Attempt{}, replays: map[string]webhook.Replay{},
	}
	return o, webhook.NewService(webhook.Options{
		Endpoints: o, Deliveries: o, Replays: o, Attempter: o, Retrier: o, Replayer: o, Renderer: o, Sealer: sealer, Clock: at,
	})
}

func kept[T any](rows map[string]T, scope merchant.Scope, key, what string, of func(T) merchant.Scope) (T, error) {
	row, there := rows[key]
	if !there || of(row) != scope {
		var none T
		return none, fault.New(fault.NotFound, "There is no %s '%s'.", what, key)
	}
	return row, nil
}

func (o *outbox) CreateEndpoint(_ context.Context, e webhook.Endpoint) error {
	if len(o.endpoints) >= webhook.MaxEndpoints {
		return fault.New(fault.InvalidState, "There are %d webhook endpoints.", webhook.MaxEndpoints)
	}
	o.endpoints[e.ID] = e
	return nil
}

func (o *outbox) Endpoint(_ context.Context, scope merchant.Scope, endpointID string) (webhook.Endpoint, error) {
	return kept(o.endpoints, scope, endpointID, "webhook endpoint", func(e webhook.Endpoint) merchant.Scope { return e.Scope })
}

func (o *outbox) ListEndpoints(_ context.Context, scope merchant.Scope, p webhook.Page) ([]webhook.Endpoint, bool, error) {
	o.page = p
	var rows []webhook.Endpoint
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(o.endpoints))) {
		if e := o.endpoints[name]; e.Scope == scope {
			rows = append(rows, e)
		}
	}
	return rows, false, nil
}

func (o *outbox) UpdateEndpoint(_ context.Context, e webhook.Endpoint) error {
	if o.endpoints[e.ID].Version != e.Version-1 {
		return webhook.ErrStale
	}
	o.endpoints[e.ID] = e
	return nil
}

func (o *outbox) DeleteEndpoint(ctx context.Context, scope merchant.Scope, endpointID string, _ time.Time) error {
	_, err := o.Endpoint(ctx, scope, endpointID)
	if err == nil {
		delete(o.endpoints, endpointID)
	}
	return err
}

func (o *outbox) Activity(_ context.Context, _ merchant.Scope, _ string, from time.Time) ([]webhook.Bucket, error) {
	o.since = from
	return o.buckets, nil
}

func (o *outbox) Delivery(_ context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error) {
	return kept(o.deliveries, scope, deliveryID, "webhook delivery", func(d webhook.Delivery) merchant.Scope { return d.Scope })
}

func (o *outbox) ListDeliveries(_ context.Context, scope merchant.Scope, f webhook.DeliveryFilter) ([]webhook.Delivery, bool, error) {
	o.listed = f
	var rows []webhook.Delivery
	for _, d := range o.deliveries {
		if d.Scope == scope && (f.EventID == "" || f.EventID == d.EventID) && (f.EndpointID == "" || f.EndpointID == d.EndpointID) {
			rows = append(rows, d)
		}
	}
	slices.SortFunc(rows, func(a, b webhook.Delivery) int { return cmp.Compare(b.ID, a.ID) })
	return rows, true, nil
}

func (o *outbox) Attempts(_ context.Context, _ merchant.Scope, deliveryID string) ([]webhook.Attempt, error) {
	return o.attempts[deliveryID], nil
}

func (o *outbox) LastAttempts(_ context.Context, scope merchant.Scope, of []webhook.Delivery) (map[string]webhook.Attempt, error) {
	o.lastAsked++
	last := map[string]webhook.Attempt{}
	for _, d := range of {
		if made := o.attempts[d.ID]; d.Scope == scope && d.Attempts > 0 {
			last[d.ID] = made[d.Attempts-1]
		}
	}
	return last, nil
}

func (o *outbox) Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string, now time.Time) (webhook.Delivery, error) {
	d, err := o.Delivery(ctx, scope, deliveryID)
	if err == nil {
		_, err = o.enabled(ctx, scope, d.EndpointID)
	}
	if err == nil && d.Status.Ended() {
		d = d.Again(now)
		o.deliveries[d.ID] = d
	}
	return d, err
}

func (o *outbox) enabled(ctx context.Context, scope merchant.Scope, endpointID string) (webhook.Endpoint, error) {
	e, err := o.Endpoint(ctx, scope, endpointID)
	if err == nil && !e.Enabled() {
		err = fault.New(fault.InvalidState, "The webhook endpoint is disabled.")
	}
	return e, err
}

func (o *outbox) Address(ctx context.Context, scope merchant.Scope, eventID, endpointID string, now time.Time) (webhook.Delivery, error) {
	e, err := o.enabled(ctx, scope, endpointID)
	if err != nil {
		return webhook.Delivery{}, err
	}
	told, err := o.books.FindEvent(ctx, scope, eventID)
	if err != nil {
		return webhook.Delivery{}, err
	}
	for _, d := range o.deliveries {
		if d.EventID == eventID && d.EndpointID == endpointID {
			return o.Redeliver(ctx, scope, d.ID, now)
		}
	}
	return o.add(e, told), nil
}

// add makes the delivery of an event to an endpoint.
func (o *outbox) add(e webhook.Endpoint, told event.Event) webhook.Delivery {
	now := o.clock.Now()
	d := webhook.Delivery{
		ID: id.New(id.WebhookDelivery), Scope: e.Scope, EventID: told.ID, EndpointID: e.ID, ObjectID: told.ObjectID, Type: e.Dialect.Names(told)[0],
		Status: webhook.Pending, Trigger: webhook.ByEvent, Round: 1, RoundStartedAt: now, NextAttemptAt: now, CreatedAt: now, UpdatedAt: now,
	}
	o.deliveries[d.ID] = d
	return d
}

func (o *outbox) AddTest(_ context.Context, e event.Event, d webhook.Delivery) (webhook.Delivery, error) {
	o.books.events = append(o.books.events, e)
	o.deliveries[d.ID] = d
	return d, nil
}

func (o *outbox) Tasks(ctx context.Context, scope merchant.Scope, deliveryIDs []string) (found []webhook.Task, err error) {
	o.bodiesAsked++
	for _, deliveryID := range deliveryIDs {
		d, err := o.Delivery(ctx, scope, deliveryID)
		if err != nil {
			return nil, err
		}
		e, gone := o.Endpoint(ctx, scope, d.EndpointID)
		told, forgotten := o.books.FindEvent(ctx, scope, d.EventID)
		if gone == nil && forgotten == nil {
			found = append(found, webhook.Task{Delivery: d, Endpoint: e, Event: told})
		}
	}
	return found, nil
}

// Attempt implements webhook.Attempter.
func (o *outbox) Attempt(_ context.Context, t webhook.Task) (webhook.Delivery, error) {
	body, err := o.Render(t.Endpoint.Dialect, t.Delivery.Type, t.Event)
	if err != nil {
		return t.Delivery, err
	}
	sum := sha256.Sum256(body)
	a := webhook.Attempt{
		DeliveryID: t.Delivery.ID, Number: t.Delivery.Attempts + 1, Round: t.Delivery.Round, URL: t.Endpoint.URL, StartedAt: o.clock.Now(), Duration: 42_100 * time.Microsecond,
		RequestHeaders: http.Header{"Content-Type": {"application/json"}, "X-Shop": {"********"}}, BodyDigest: hex.EncodeToString(sum[:]), BodySize: len(body), Code: o.code,
	}
	if o.code == 0 {
		a.Error = "The connection was refused."
	} else {
		a.ResponseHeaders, a.ResponseBody = http.Header{"Vary": {"Accept", "Origin"}}, "thanks"
	}
	d := t.Delivery.Next(a, t.Endpoint.Dialect, o.clock.Now(), func(time.Duration) time.Duration { return 0 })
	o.deliveries[d.ID], o.attempts[d.ID] = d, append(o.attempts[d.ID], a)
	return d, nil
}

func (o *outbox) StartRetries(context.Context, webhook.Delivery) error { return nil }

func (o *outbox) AttemptNow(_ context.Context, d webhook.Delivery) error {
	o.begun = append(o.begun, d.ID)
	return nil
}

func (o *outbox) StartReplay(_ context.Context, r webhook.Replay) error {
	o.begun = append(o.begun, r.ID)
	return nil
}

// Render implements webhook.Renderer.
func (o *outbox) Render(d webhook.Dialect, name string, e event.Event) ([]byte, error) {
	if o.body != "" {
		return []byte(o.body), nil
	}
	return fmt.Appendf(nil, `{"dialect":%q,"name":%q,"id":%q}`, d, name, e.ID), nil
}

func (o *outbox) CreateReplay(ctx context.Context, r webhook.Replay) (webhook.Replay, error) {
	if known, there := o.replays[r.ID]; there {
		return known, nil
	}
	if _, err := o.enabled(ctx, r.Scope, r.EndpointID); err != nil {
		return webhook.Replay{}, err
	}
	r.Total = 1204
	o.replays[r.ID] = r
	return r, nil
}

func (o *outbox) Replay(_ context.Context, scope merchant.Scope, replayID string) (webhook.Replay, error) {
	return kept(o.replays, scope, replayID, "webhook replay", func(r webhook.Replay) merchant.Scope { return r.Scope })
}

func (o *outbox) ListReplays(_ context.Context, _ merchant.Scope, _ string, p webhook.Page) ([]webhook.Replay, bool, error) {
	o.page = p
	return slices.Collect(maps.Values(o.replays)), false, nil
}

func (o *outbox) Advance(context.Context, string, int, time.Time) (webhook.Replay, []webhook.Delivery, error) {
	return webhook.Replay{}, nil, nil
}

func (o *outbox) StaleReplays(context.Context, time.Time, int) ([]webhook.Replay, error) {
	return nil, nil
}

func (o *outbox) ListNotices(_ context.Context, scope merchant.Scope, p notice.Page) ([]notice.Notice, bool, error) {
	o.page = p
	return slices.DeleteFunc(slices.Clone(o.notices), func(n notice.Notice) bool { return n.Scope != scope }), false, nil
}

// private opens what an endpoint has that is shown to nobody.
func (s *stage) private(endpointID string) webhook.Private {
	p, err := s.outbox.endpoints[endpointID].Open(s.sealer)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// headersOf are the values of the merchant's own headers in the clear.
func headersOf(p webhook.Private) map[string]string {
	clear := map[string]string{}
	for name, value := range p.Headers {
		clear[name] = value.Reveal()
	}
	return clear
}

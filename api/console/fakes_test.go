package console_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"paymenthub/api/console"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

var _ console.Webhooks = (*book)(nil)

// book is webhooks in memory: it keeps what the console writes and shows what a test puts in.
type book struct {
	testing.TB
	mu         sync.Mutex
	endpoints  []webhook.Endpoint // newest first
	deliveries []webhook.Delivery // newest first
	attempts   map[string][]webhook.Attempt
	bodies     map[string][]byte
	buckets    []webhook.Bucket
	replays    []webhook.Replay
	filters    []webhook.DeliveryFilter // that were asked for
	refusal    error                    // of the next write
}

func newBook(t testing.TB) *book {
	return &book{TB: t, attempts: map[string][]webhook.Attempt{}, bodies: map[string][]byte{}}
}

// refused returns the refusal that a test has set, once.
func (b *book) refused() error {
	err := b.refusal
	b.refusal = nil
	return err
}

func (b *book) Create(_ context.Context, n webhook.NewEndpoint) (webhook.Endpoint, vault.Secret, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := webhook.Endpoint{
		ID: id.Join(id.WebhookEndpoint, n.OperationID), Scope: n.Scope, URL: n.URL, EventTypes: n.EventTypes, Dialect: n.Dialect, Description: n.Description, CreatedAt: now,
	}
	if err := b.refused(); err != nil {
		return webhook.Endpoint{}, "", err
	}
	if made, err := b.find(n.Scope, e.ID); err == nil {
		if made.URL != e.URL {
			return webhook.Endpoint{}, "", webhook.ErrTaken
		}
		return *made, secret, nil
	}
	b.endpoints = slices.Insert(b.endpoints, 0, e)
	return e, secret, nil
}

func (b *book) find(scope merchant.Scope, endpointID string) (*webhook.Endpoint, error) {
	for i := range b.endpoints {
		if b.endpoints[i].ID == endpointID && b.endpoints[i].Scope == scope {
			return &b.endpoints[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no webhook endpoint '%s'.", endpointID)
}

func (b *book) Endpoint(_ context.Context, scope merchant.Scope, endpointID string) (webhook.Endpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err := b.find(scope, endpointID)
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return *e, nil
}

func (b *book) Endpoints(_ context.Context, scope merchant.Scope, _ webhook.Page) ([]webhook.Endpoint, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := slices.DeleteFunc(slices.Clone(b.endpoints), func(e webhook.Endpoint) bool { return e.Scope != scope })
	return own, false, nil
}

func (b *book) Update(_ context.Context, scope merchant.Scope, endpointID string, c webhook.EndpointChanges) (webhook.Endpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err := b.find(scope, endpointID)
	if err == nil {
		err = b.refused()
	}
	if err != nil {
		return webhook.Endpoint{}, err
	}
	if c.URL != nil {
		e.URL, e.EventTypes, e.Description = *c.URL, c.EventTypes, *c.Description
	}
	if c.Enabled != nil {
		e.Disabled, e.DisabledAt = "", time.Time{}
		if !*c.Enabled {
			e.Disabled, e.DisabledAt = webhook.ByMerchant, now
		}
	}
	return *e, nil
}

func (b *book) Delete(_ context.Context, scope merchant.Scope, endpointID string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.find(scope, endpointID); err != nil {
		return err
	}
	b.endpoints = slices.DeleteFunc(b.endpoints, func(e webhook.Endpoint) bool { return e.ID == endpointID })
	return nil
}

func (b *book) RotateSecret(_ context.Context, scope merchant.Scope, endpointID, _ string, revoke bool) (webhook.Endpoint, vault.Secret, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err := b.find(scope, endpointID)
	if err == nil {
		err = b.refused()
	}
	if err != nil {
		return webhook.Endpoint{}, "", err
	}
	if e.SecretEndsAt = now.Add(webhook.SecretOverlap); revoke {
		e.SecretEndsAt = time.Time{}
	}
	return *e, secret, nil
}

func (b *book) Test(_ context.Context, scope merchant.Scope, endpointID, operationID string) (webhook.Delivery, []webhook.Attempt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.find(scope, endpointID); err != nil {
		return webhook.Delivery{}, nil, err
	}
	if err := b.refused(); err != nil {
		return webhook.Delivery{}, nil, err
	}
	d := webhook.Delivery{
		ID: id.Join(id.WebhookDelivery, operationID), Scope: scope, EndpointID: endpointID, Type: "webhook_endpoint.test",
		Status: webhook.Succeeded, Trigger: webhook.ByTest, Attempts: 1, LastCode: 200, CreatedAt: now, EndedAt: now,
	}
	b.deliveries = slices.Insert(b.deliveries, 0, d)
	return d, nil, nil
}

func (b *book) Activity(_ context.Context, _ merchant.Scope, endpointID string, from time.Time) ([]webhook.Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.buckets), func(k webhook.Bucket) bool {
		return k.At.Before(from) || endpointID != "" && k.EndpointID != endpointID
	}), nil
}

func (b *book) Delivery(_ context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.deliveries {
		if d.ID == deliveryID && d.Scope == scope {
			return d, nil
		}
	}
	return webhook.Delivery{}, fault.New(fault.NotFound, "There is no webhook delivery '%s'.", deliveryID)
}

func (b *book) Deliveries(_ context.Context, scope merchant.Scope, f webhook.DeliveryFilter) ([]webhook.Delivery, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.filters = append(b.filters, f)
	found := slices.DeleteFunc(slices.Clone(b.deliveries), func(d webhook.Delivery) bool {
		return d.Scope != scope || f.EndpointID != "" && d.EndpointID != f.EndpointID || f.Status != "" && d.Status != f.Status || f.Type != "" && d.Type != f.Type ||
			f.Page.StartingAfter != "" && d.ID >= f.Page.StartingAfter || f.Page.EndingBefore != "" && d.ID <= f.Page.EndingBefore
	})
	if len(found) <= f.Page.Limit {
		return found, false, nil
	}
	if f.Page.EndingBefore != "" {
		return found[len(found)-f.Page.Limit:], true, nil
	}
	return found[:f.Page.Limit], true, nil
}

func (b *book) Attempts(_ context.Context, _ merchant.Scope, deliveryID string) ([]webhook.Attempt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.attempts[deliveryID], nil
}

func (b *book) Body(_ context.Context, _ merchant.Scope, d webhook.Delivery) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if body, ok := b.bodies[d.ID]; ok {
		return body, nil
	}
	return nil, fault.New(fault.NotFound, "The event is kept no longer.")
}

func (b *book) Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error) {
	d, err := b.Delivery(ctx, scope, deliveryID)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		err = b.refused()
	}
	if err != nil {
		return webhook.Delivery{}, err
	}
	i := slices.IndexFunc(b.deliveries, func(d webhook.Delivery) bool { return d.ID == deliveryID })
	b.deliveries[i] = d.Again(now)
	return b.deliveries[i], nil
}

func (b *book) StartReplay(_ context.Context, n webhook.NewReplay) (webhook.Replay, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refused(); err != nil {
		return webhook.Replay{}, err
	}
	r := webhook.Replay{
		ID: id.Join(id.WebhookReplay, n.OperationID), Scope: n.Scope, EndpointID: n.EndpointID, Kind: n.Kind, From: n.From, To: now,
		Status: webhook.ReplayRunning, Total: 1200, Seen: 412, Queued: 400, CreatedAt: now,
	}
	b.replays = slices.Insert(b.replays, 0, r)
	return r, nil
}

func (b *book) Replays(_ context.Context, _ merchant.Scope, endpointID string, p webhook.Page) ([]webhook.Replay, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := slices.DeleteFunc(slices.Clone(b.replays), func(r webhook.Replay) bool { return r.EndpointID != endpointID })
	return own[:min(len(own), p.Limit)], len(own) > p.Limit, nil
}

// add puts an endpoint in.
func (b *book) add(number int, change func(*webhook.Endpoint)) webhook.Endpoint {
	e := webhook.Endpoint{
		ID: numbered(id.WebhookEndpoint, number), Scope: sandbox, URL: fmt.Sprintf("https://shop%d.example/webhooks", number), EventTypes: []string{"*"}, Dialect: webhook.Hub, CreatedAt: now,
	}
	if change != nil {
		change(&e)
	}
	b.endpoints = slices.Insert(b.endpoints, 0, e)
	return e
}

// send puts a delivery to an endpoint in.
func (b *book) send(number int, e webhook.Endpoint, status webhook.Status, change func(*webhook.Delivery)) webhook.Delivery {
	d := webhook.Delivery{
		ID: numbered(id.WebhookDelivery, number), Scope: e.Scope, EventID: numbered(id.Event, number), EndpointID: e.ID, ObjectID: numbered(id.Payment, number),
		Type: "payment_intent.succeeded", Status: status, Trigger: webhook.ByEvent, Round: 1, CreatedAt: now.Add(time.Duration(number) * time.Second),
	}
	if change != nil {
		change(&d)
	}
	b.deliveries = slices.Insert(b.deliveries, 0, d)
	return d
}

func numbered(p id.Prefix, n int) string {
	return id.Join(p, fmt.Sprintf("01KA0000000000000000%06d", n))
}

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// errAway is what the fakes fail with.
var errAway = errors.New("the database is away")

// queue is the store's part, in memory: it keeps the rules that the port states.
type queue struct {
	mu        sync.Mutex
	endpoints map[string]*webhook.Endpoint
	rows      []*webhook.Task // by delivery, oldest first
	byID      map[string]*webhook.Task
	attempts  map[string][]webhook.Attempt
	away      bool                   // all calls fail
	poison    string                 // a delivery that cannot be recorded
	lost      bool                   // the next Record is written and fails
	batches   []int                  // sizes of what was recorded
	releases  map[string][]time.Time // by delivery, the time from when
	renewals  int
	reads     [][]string // endpoints of each Refresh
}

func newQueue() *queue {
	return &queue{endpoints: map[string]*webhook.Endpoint{}, byID: map[string]*webhook.Task{}, attempts: map[string][]webhook.Attempt{}, releases: map[string][]time.Time{}}
}

// endpoint adds an endpoint of a merchant.
func (q *queue) endpoint(merchantID, id string) *webhook.Endpoint {
	e := &webhook.Endpoint{
		ID: id, Scope: merchant.Scope{MerchantID: merchantID, Environment: merchant.Live}, URL: "https://" + id + ".example",
		EventTypes: []string{"*"}, Dialect: webhook.Hub, Version: 1,
	}
	err := e.Seal(plain{}, webhook.Private{Secret: webhook.NewSecret(), Headers: nil})
	if err != nil {
		panic(err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.endpoints[id] = e
	return e
}

// write does what the transaction of an event does. It returns the task that is to be
// handed to the process named by, if it may have it.
func (q *queue) write(by, endpointID, objectID string, now time.Time) (string, []webhook.Task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.endpoints[endpointID]
	n := len(q.rows) + 1
	t := &webhook.Task{
		Event: event.Event{ID: fmt.Sprintf("evt_%06d", n), Scope: e.Scope, Type: event.PaymentSucceeded, ObjectID: objectID, CreatedAt: now},
		Delivery: webhook.Delivery{
			ID: fmt.Sprintf("whd_%06d", n), Scope: e.Scope, EventID: fmt.Sprintf("evt_%06d", n), EndpointID: e.ID, ObjectID: objectID,
			Type: string(event.PaymentSucceeded), Status: webhook.Pending, Trigger: webhook.ByEvent, Round: 1, RoundStartedAt: now, CreatedAt: now,
		},
	}
	d := &t.Delivery
	var before *webhook.Task
	for _, row := range q.rows {
		if row.Delivery.EndpointID == e.ID && row.Delivery.ObjectID == objectID && row.Delivery.Status == webhook.Pending {
			before = row
		}
	}
	switch {
	case by == "", e.Health.Paused(now), e.Health.Probing(), before != nil && before.Delivery.ClaimedBy != by:
		d.ClaimedUntil = now
	default:
		d.ClaimedBy, d.ClaimedUntil = by, now.Add(webhook.ClaimFor)
	}
	q.rows = append(q.rows, t)
	q.byID[d.ID] = t
	if d.ClaimedBy == "" {
		return d.ID, nil
	}
	handed := *t
	handed.Endpoint = *e
	if before != nil {
		handed.After = before.Delivery.ID
	}
	return d.ID, []webhook.Task{handed}
}

func (q *queue) Claim(ctx context.Context, by string, now, until time.Time, perEndpoint, limit int) ([]webhook.Task, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away {
		return nil, errAway
	}
	var tasks []webhook.Task
	count, seen, probed := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, row := range q.rows {
		if d := row.Delivery; d.Status == webhook.Pending && d.ClaimedBy != "" && now.Before(d.ClaimedUntil) {
			probed[d.EndpointID] = true
		}
	}
	for _, row := range q.rows {
		d, e := &row.Delivery, q.endpoints[row.Delivery.EndpointID]
		if d.Status != webhook.Pending || e.Disabled == webhook.Deleted {
			continue
		}
		line := d.EndpointID + d.ObjectID
		first := !seen[line]
		seen[line] = true
		most := perEndpoint
		if e.Enabled() && e.Health.Probing() {
			if most = 1; probed[e.ID] {
				most = 0
			}
		}
		if !first || now.Before(d.ClaimedUntil) || e.Enabled() && e.Health.Paused(now) || count[e.ID] >= most || len(tasks) == limit {
			continue
		}
		count[e.ID]++
		d.ClaimedBy, d.ClaimedUntil = by, until
		t := *row
		t.Endpoint = *e
		tasks = append(tasks, t)
	}
	return tasks, nil
}

func (q *queue) Renew(_ context.Context, by string, ids []string, until time.Time) ([]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.renewals += len(ids)
	var mine []string
	for _, id := range ids {
		if row := q.byID[id]; row != nil && row.Delivery.Status == webhook.Pending && row.Delivery.ClaimedBy == by {
			mine = append(mine, id)
		}
	}
	return mine, q.reclaim(by, by, mine, until)
}

func (q *queue) Release(ctx context.Context, by string, ids []string, from time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		q.releases[id] = append(q.releases[id], from)
	}
	return errors.Join(ctx.Err(), q.reclaim(by, "", ids, from))
}

func (q *queue) reclaim(by, to string, ids []string, until time.Time) error {
	if q.away {
		return errAway
	}
	for _, id := range ids {
		if d := &q.byID[id].Delivery; d.Status == webhook.Pending && d.ClaimedBy == by {
			d.ClaimedBy, d.ClaimedUntil = to, until
		}
	}
	return nil
}

func (q *queue) Record(ctx context.Context, now time.Time, results []webhook.Result) (written []webhook.Result, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away || ctx.Err() != nil || slices.ContainsFunc(results, func(r webhook.Result) bool { return r.Before.ID == q.poison }) {
		return nil, errAway
	}
	q.batches = append(q.batches, len(results))
	for _, r := range results {
		row := q.byID[r.Before.ID]
		d := &row.Delivery
		if d.Status != r.Before.Status || d.Attempts != r.Before.Attempts || d.Round != r.Before.Round {
			continue
		}
		*d = r.After
		written = append(written, r)
		if r.Attempt == nil {
			continue
		}
		q.attempts[d.ID] = append(q.attempts[d.ID], *r.Attempt)
		e := q.endpoints[d.EndpointID]
		switch {
		case r.Attempt.Unsent || e.ResetSince(r.Attempt.URL, r.Version):
		case r.Attempt.OK():
			e.Health = webhook.Health{}
		default:
			e.Health = e.Health.AfterFailure(now, r.Attempt.RetryAfter)
			if r.Attempt.Code == 410 {
				e.Disabled = webhook.Gone
			}
		}
	}
	if q.lost {
		q.lost = false
		return nil, errAway
	}
	return written, nil
}

func (q *queue) Refresh(ctx context.Context, ids []string) (found []webhook.Endpoint, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away || ctx.Err() != nil {
		return nil, errAway
	}
	q.reads = append(q.reads, slices.Clone(ids))
	for _, id := range ids {
		found = append(found, *q.endpoints[id])
	}
	return found, nil
}

func (q *queue) Task(_ context.Context, id string) (webhook.Task, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := *q.byID[id]
	t.Endpoint = *q.endpoints[t.Delivery.EndpointID]
	return t, nil
}

func (q *queue) Waiting(context.Context, time.Time, int) ([]webhook.Delivery, error) { return nil, nil }
func (q *queue) Postpone(context.Context, string, time.Time) error                   { return nil }
func (q *queue) CancelDeleted(context.Context, time.Time, int) (int64, error)        { return 0, nil }
func (q *queue) DeleteOld(context.Context, time.Time, int) (int64, error)            { return 0, nil }

// released are the times from when others might take a delivery.
func (q *queue) released(id string) []time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.releases[id])
}

func (q *queue) set(change func(*queue)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(q)
}

// count counts the deliveries of an endpoint that are in a state; "" is any endpoint.
func (q *queue) count(endpointID string, s webhook.Status) (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, row := range q.rows {
		if row.Delivery.Status == s && (endpointID == "" || row.Delivery.EndpointID == endpointID) {
			n++
		}
	}
	return n
}

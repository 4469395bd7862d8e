package webhook

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// Delivery returns a delivery. Errors: fault.NotFound.
func (s *Service) Delivery(ctx context.Context, scope merchant.Scope, deliveryID string) (Delivery, error) {
	return s.o.Deliveries.Delivery(ctx, scope, deliveryID)
}

// Deliveries lists deliveries, newest first, and says whether there are more.
func (s *Service) Deliveries(ctx context.Context, scope merchant.Scope, f DeliveryFilter) ([]Delivery, bool, error) {
	return s.o.Deliveries.ListDeliveries(ctx, scope, f)
}

// Attempts returns a delivery's attempts, oldest first.
func (s *Service) Attempts(ctx context.Context, scope merchant.Scope, deliveryID string) ([]Attempt, error) {
	return s.o.Deliveries.Attempts(ctx, scope, deliveryID)
}

// LastAttempts returns, by delivery id, the last attempt of each of several deliveries as
// they were read. What was not tried has none.
func (s *Service) LastAttempts(ctx context.Context, scope merchant.Scope, of []Delivery) (map[string]Attempt, error) {
	return s.o.Deliveries.LastAttempts(ctx, scope, of)
}

// Bodies renders, by delivery id, the bodies of several deliveries' messages, as each of
// their attempts carries it. There is none of a delivery whose event is kept no longer, nor
// of one that cannot be rendered: that fails an attempt, and must not hide the others.
func (s *Service) Bodies(ctx context.Context, scope merchant.Scope, deliveryIDs []string) (map[string][]byte, error) {
	tasks, err := s.o.Deliveries.Tasks(ctx, scope, deliveryIDs)
	if err != nil {
		return nil, err
	}
	bodies := make(map[string][]byte, len(tasks))
	for _, t := range tasks {
		if body, err := s.o.Renderer.Render(t.Endpoint.Dialect, t.Delivery.Type, t.Event); err == nil {
			bodies[t.Delivery.ID] = body
		}
	}
	return bodies, nil
}

// Body is that of one delivery. Errors: fault.NotFound when there is none.
func (s *Service) Body(ctx context.Context, scope merchant.Scope, d Delivery) ([]byte, error) {
	bodies, err := s.Bodies(ctx, scope, []string{d.ID})
	if err != nil {
		return nil, err
	}
	body, there := bodies[d.ID]
	if !there {
		return nil, fault.New(fault.NotFound, "What the webhook delivery '%s' tells is kept no longer.", d.ID)
	}
	return body, nil
}

// Test sends a test event to an endpoint now, once, and returns what came of it. Asking
// again under the same operation returns the first.
//
// Errors: fault.NotFound; fault.InvalidState while the endpoint is disabled;
// fault.Unavailable when the endpoint is busy; ErrTaken when the operation is not that of
// a test of this endpoint.
func (s *Service) Test(ctx context.Context, scope merchant.Scope, endpointID, operationID string) (Delivery, []Attempt, error) {
	e, err := s.enabled(ctx, scope, endpointID)
	if err != nil {
		return Delivery{}, nil, err
	}
	deliveryID := id.Join(id.WebhookDelivery, operationID)
	d, err := s.o.Deliveries.Delivery(ctx, scope, deliveryID)
	if fault.Is(err, fault.NotFound) {
		d, err = s.test(ctx, e, deliveryID)
	}
	if err == nil && (d.EndpointID != endpointID || d.Type != string(event.WebhookEndpointTest)) {
		err = ErrTaken
	}
	if err != nil {
		return Delivery{}, nil, err
	}
	attempts, err := s.o.Deliveries.Attempts(ctx, scope, deliveryID)
	return d, attempts, err
}

func (s *Service) test(ctx context.Context, e Endpoint, deliveryID string) (Delivery, error) {
	now := s.now()
	told, err := event.New(e.Scope, event.WebhookEndpointTest, e.ID, e.Outline(), now)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{
		ID: deliveryID, Scope: e.Scope, EventID: told.ID, EndpointID: e.ID, ObjectID: e.ID, Type: string(told.Type),
		Status: Pending, Trigger: ByTest, Round: 1, RoundStartedAt: now, NextAttemptAt: now, CreatedAt: now, UpdatedAt: now,
	}
	if d, err = s.o.Deliveries.AddTest(ctx, told, d); err != nil {
		return Delivery{}, err
	}
	tried, err := s.o.Attempter.Attempt(ctx, Task{Delivery: d, Endpoint: e, Event: told})
	if errors.Is(err, ErrStale) { // somebody else has made and recorded it
		return s.o.Deliveries.Delivery(ctx, e.Scope, deliveryID)
	}
	return tried, err
}

func (s *Service) enabled(ctx context.Context, scope merchant.Scope, endpointID string) (Endpoint, error) {
	e, err := s.o.Endpoints.Endpoint(ctx, scope, endpointID)
	if err == nil && !e.Enabled() {
		err = fault.New(fault.InvalidState, "The webhook endpoint is disabled. Enable it first.")
	}
	return e, err
}

// Redeliver sends a delivery again: at once where it waits for its next attempt, with a
// new round of attempts where it has ended.
//
// Errors: fault.NotFound; fault.InvalidState when the endpoint is disabled or deleted, the
// event is kept no longer, or the delivery waits for the end of the endpoint's pause.
func (s *Service) Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string) (Delivery, error) {
	d, err := s.o.Deliveries.Redeliver(ctx, scope, deliveryID, s.now())
	return d, s.hurry(ctx, d, err)
}

// RedeliverEvent sends an event to an endpoint, again or for the first time.
//
// Errors: those of Redeliver; fault.InvalidState when the endpoint's dialect has no word
// for the event.
func (s *Service) RedeliverEvent(ctx context.Context, scope merchant.Scope, eventID, endpointID string) (Delivery, error) {
	d, err := s.o.Deliveries.Address(ctx, scope, eventID, endpointID, s.now())
	return d, s.hurry(ctx, d, err)
}

// hurry has a delivery that waits for its next attempt attempted now.
func (s *Service) hurry(ctx context.Context, d Delivery, err error) error {
	if err != nil || d.Status != Retrying {
		return err
	}
	return s.o.Retrier.AttemptNow(ctx, d)
}

// NewReplay is a replay that somebody asks for.
type NewReplay struct {
	OperationID string // ULID of the request; it decides the replay's id
	Scope       merchant.Scope
	EndpointID  string
	Kind        ReplayKind
	From        time.Time
	To          time.Time // zero, or later than now: now
}

// StartReplay has many deliveries to an endpoint begin again, in the background. Asking
// again under the same operation returns the first.
//
// Errors: fault.NotFound; fault.Invalid naming "from", "to" or "failed_since";
// fault.InvalidState when the endpoint is disabled or another replay is running.
func (s *Service) StartReplay(ctx context.Context, n NewReplay) (Replay, error) {
	now := s.now()
	if n.To.IsZero() || n.To.After(now) {
		n.To = now
	}
	field := "from"
	if n.Kind == ReplayFailed {
		field = "failed_since"
	}
	switch {
	case n.From.Before(now.Add(-event.KeptFor)):
		return Replay{}, fault.Field(field, "Field '%s' must be within the last 30 days: events are kept that long.", field)
	case n.From.After(now):
		return Replay{}, fault.Field(field, "Field '%s' must not be in the future.", field)
	case !n.To.After(n.From):
		return Replay{}, fault.Field("to", "Field 'to' must be after '%s'.", field)
	}
	r, err := s.o.Replays.CreateReplay(ctx, Replay{
		ID: id.Join(id.WebhookReplay, n.OperationID), Scope: n.Scope, EndpointID: n.EndpointID, Kind: n.Kind,
		From: n.From, To: n.To, Status: ReplayRunning, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil || r.Status != ReplayRunning {
		return r, err
	}
	return r, s.o.Replayer.StartReplay(ctx, r)
}

// Replay returns a replay. Errors: fault.NotFound.
func (s *Service) Replay(ctx context.Context, scope merchant.Scope, replayID string) (Replay, error) {
	return s.o.Replays.Replay(ctx, scope, replayID)
}

// Replays lists an endpoint's replays, newest first, and says whether there are more.
func (s *Service) Replays(ctx context.Context, scope merchant.Scope, endpointID string, p Page) ([]Replay, bool, error) {
	return s.o.Replays.ListReplays(ctx, scope, endpointID, p)
}

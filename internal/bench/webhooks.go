package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/id"
	domain "paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// Hub is the hub in this process, for the shapes that are not measured over HTTP.
type Hub struct {
	Merchants domain.Repository
	Payments  interface {
		Insert(ctx context.Context, c payment.Change) error
	}
	Endpoints interface {
		Create(ctx context.Context, n webhook.NewEndpoint) (webhook.Endpoint, vault.Secret, error)
	}
}

// Delivered is what webhooks to a number of endpoints do. An event is the creation of a
// payment, written by the store in its own transaction, without the payment's workflow:
// Temporal would bound it long before webhooks do. Lags are of each delivery, from before
// that transaction to its arrival; what failing endpoints get counts nowhere.
type Delivered struct {
	Endpoints int     `json:"endpoints"`
	Failing   int     `json:"failing"` // half of them answer 500, the others refuse connections
	Events    float64 `json:"events_per_second"`
	PerSecond float64 `json:"delivered_per_second"` // as many as go, to endpoints that work
	Half      Lag     `json:"half_load"`            // with half as many events
	Idle      Lag     `json:"idle"`                 // with some twenty deliveries a second
	Missing   int     `json:"missing"`              // deliveries that had not arrived some seconds after the last event
}

// Lag is how long deliveries took.
type Lag struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
}

// audiences are how many endpoints are told, and how many of them fail.
var audiences = []struct{ endpoints, failing int }{{1, 0}, {10, 0}, {1000, 0}, {10, 1}, {1000, 100}}

const (
	// inFlight is how many deliveries are on their way when as many go as can.
	inFlight = 200
	// idlePause is how long an idle hub has for a delivery: an event to twenty endpoints
	// has a second.
	idlePause = 50 * time.Millisecond
	// arrival is how long the last deliveries are waited for.
	arrival = 5 * time.Second
	// creators make endpoints beside each other.
	creators = 16
)

// measureWebhooks measures every audience. Those of which some fail come last: their
// retries go on behind the others.
func measureWebhooks(ctx context.Context, o Options) ([]Delivered, error) {
	s, err := openSink()
	if err != nil {
		return nil, err
	}
	defer s.close()
	var all []Delivered
	for i, a := range audiences {
		o.report("webhooks", i+1, len(audiences))
		scopes, err := o.Hub.gather(ctx, s, a.endpoints, a.failing)
		if err != nil {
			return nil, fmt.Errorf("the hub does not take webhook endpoints: %w", err)
		}
		perEvent := min(a.endpoints, webhook.MaxEndpoints) * (a.endpoints - a.failing) / a.endpoints
		t := teller{hub: o.Hub, sink: s, scopes: scopes, perEvent: perEvent, callers: o.Concurrency}
		d := Delivered{Endpoints: a.endpoints, Failing: a.failing}
		if _, err := t.tell(ctx, warmUp, 0); err != nil {
			return nil, err
		}
		most, err := t.tell(ctx, o.Duration/2, 0)
		if err != nil {
			return nil, err
		}
		figures := most.figures()
		d.PerSecond, d.Events = figures.PerSecond, round2(figures.PerSecond/float64(perEvent))
		half, err := t.tell(ctx, o.Duration/2, time.Duration(2*float64(time.Second)/max(d.Events, 1)))
		if err != nil {
			return nil, err
		}
		idle, err := t.tell(ctx, o.Duration/2, time.Duration(perEvent)*idlePause)
		if err != nil {
			return nil, err
		}
		d.Half, d.Idle = half.lag(), idle.lag()
		d.Missing = most.errors + half.errors + idle.errors
		all = append(all, d)
	}
	return all, nil
}

// gather makes merchants with the endpoints of an audience, as many as each may have.
func (h Hub) gather(ctx context.Context, s *sink, endpoints, failing int) ([]domain.Scope, error) {
	var scopes []domain.Scope
	making := newTeam(ctx)
	places := make(chan struct{}, creators)
	for n := range endpoints {
		if n%webhook.MaxEndpoints == 0 {
			scope, err := h.newMerchant(ctx)
			if err != nil {
				return nil, errors.Join(err, making.wait())
			}
			scopes = append(scopes, scope)
		}
		scope, url := scopes[len(scopes)-1], s.url
		if failing > 0 && n%(endpoints/failing) == 0 {
			url = s.failing(n / (endpoints / failing))
		}
		places <- struct{}{}
		making.do(func(ctx context.Context) error {
			defer func() { <-places }()
			return h.addEndpoint(ctx, scope, url)
		})
	}
	return scopes, making.wait()
}

func (h Hub) newMerchant(ctx context.Context) (domain.Scope, error) {
	m := domain.Merchant{ID: id.New(id.Merchant), Name: "Told Shop", CreatedAt: clock.System{}.Now()}
	return domain.Scope{MerchantID: m.ID, Environment: domain.Sandbox}, h.Merchants.CreateMerchant(ctx, m)
}

func (h Hub) addEndpoint(ctx context.Context, scope domain.Scope, url string) error {
	_, _, err := h.Endpoints.Create(ctx, webhook.NewEndpoint{
		OperationID: id.NewSuffix(), Scope: scope, URL: url, EventTypes: []string{"*"}, Dialect: webhook.Hub,
	})
	return err
}

// teller writes events for merchants in turn.
type teller struct {
	hub      Hub
	sink     *sink
	scopes   []domain.Scope
	perEvent int // deliveries that are to arrive of each
	callers  int

	mu   sync.Mutex
	told int
	due  time.Time
}

// tell writes an event in every pause, or as many as are delivered where it is 0, and
// returns the lags of their deliveries, with those that are missing as errors.
func (t *teller) tell(ctx context.Context, d, pause time.Duration) (*samples, error) {
	measured := &samples{}
	slots := make(chan struct{}, max(inFlight/t.perEvent, 1))
	start := time.Now()
	end := start.Add(d)
	t.due = start
	writing := newTeam(ctx)
	for range t.callers {
		writing.do(func(ctx context.Context) error {
			for ctx.Err() == nil {
				scope, due := t.next(pause)
				if due.After(end) {
					return nil
				}
				time.Sleep(time.Until(due))
				select {
				case slots <- struct{}{}:
				case <-time.After(time.Until(end)):
					return nil
				}
				if err := t.write(ctx, scope, measured, func() { <-slots }); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	if err := writing.wait(); err != nil {
		return nil, err
	}
	last, missing := t.sink.drain(arrival)
	measured.elapsed, measured.errors = max(last.Sub(start), d), missing
	return measured, nil
}

// next is whose event comes next, and when.
func (t *teller) next(pause time.Duration) (domain.Scope, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told++
	t.due = t.due.Add(pause)
	return t.scopes[t.told%len(t.scopes)], t.due
}

// write has the store write the creation of a payment, with its event.
func (t *teller) write(ctx context.Context, scope domain.Scope, measured *samples, arrived func()) error {
	opened, err := payment.Open(payment.New{
		ID: id.New(id.Payment), Scope: scope, Amount: 1250, Currency: "USD",
		CaptureMethod: payment.CaptureAutomatic, Routing: "auto", Gateway: "stripe",
	}, clock.System{}.Now())
	if err != nil {
		return err
	}
	t.sink.expect(opened.Events[0].ID, &expected{since: time.Now(), left: t.perEvent, measured: measured, arrived: arrived})
	return t.hub.Payments.Insert(ctx, opened)
}

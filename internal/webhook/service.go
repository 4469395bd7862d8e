package webhook

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

// maxStale bounds how often a change is tried again because another came between.
const maxStale = 3

// Attempter makes one attempt at a delivery now; dispatch.Dispatcher is it.
type Attempter interface {
	Attempt(ctx context.Context, t Task) (Delivery, error)
}

// Options are what a service works with.
type Options struct {
	Endpoints  Endpoints
	Deliveries Deliveries
	Replays    Replays
	Attempter  Attempter
	Retrier    Retrier
	Replayer   Replayer
	Renderer   Renderer
	Sealer     Sealer
	Policy     Policy
	Clock      clock.Clock
}

// Service is what the façade and the console call.
type Service struct{ o Options }

// NewService makes a service.
func NewService(o Options) *Service { return &Service{o: o} }

// NewEndpoint is an endpoint that a merchant adds.
type NewEndpoint struct {
	OperationID string // ULID of the request; it decides the endpoint's id
	Scope       merchant.Scope
	URL         string
	EventTypes  []string
	Dialect     Dialect
	Description string
	Headers     map[string]vault.Secret
	Disabled    bool
}

// EndpointChanges are what a merchant changes of an endpoint; nil ones stay.
type EndpointChanges struct {
	URL         *string
	EventTypes  []string
	Description *string
	Headers     map[string]vault.Secret // take the place of all; an empty map ends them
	Enabled     *bool
}

func (c EndpointChanges) onlyDisables() bool {
	return c.Enabled != nil && !*c.Enabled && c.URL == nil && c.EventTypes == nil && c.Description == nil && c.Headers == nil
}

// Create adds an endpoint and returns it with its signing secret. Adding the same again
// under the same operation returns the first, as long as nobody has changed it.
//
// Errors: fault.Invalid naming "url", "description", "event_types.<n>" or "headers.<name>",
// fault.InvalidState when there are MaxEndpoints, fault.IdempotencyConflict when the
// operation has made another endpoint.
func (s *Service) Create(ctx context.Context, n NewEndpoint) (Endpoint, vault.Secret, error) {
	now := s.now()
	e := Endpoint{
		ID: id.Join(id.WebhookEndpoint, n.OperationID), Scope: n.Scope, URL: n.URL, EventTypes: n.EventTypes, Dialect: n.Dialect, Description: n.Description,
		HeaderNames: slices.Sorted(maps.Keys(n.Headers)), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if n.Disabled {
		e.Disabled, e.DisabledAt = ByMerchant, now
	}
	private := Private{Secret: NewSecret(), Headers: n.Headers}
	made, secret, err := s.made(ctx, e, private)
	if !fault.Is(err, fault.NotFound) {
		return made, secret, err
	}
	if err := s.check(e, n.Headers); err != nil {
		return Endpoint{}, "", err
	}
	if err := e.Seal(s.o.Sealer, private); err != nil {
		return Endpoint{}, "", err
	}
	err = s.o.Endpoints.CreateEndpoint(ctx, e)
	if fault.Is(err, fault.IdempotencyConflict) { // the same request came twice at once, or the id is taken
		if made, secret, again := s.made(ctx, e, private); !fault.Is(again, fault.NotFound) {
			return made, secret, again
		}
	}
	if err != nil {
		return Endpoint{}, "", err
	}
	return e, private.Secret, nil
}

// made returns the endpoint that is stored under an id already, with its secret: to nobody
// but who asks for that very endpoint again and has not seen it change.
// Errors: fault.NotFound, fault.IdempotencyConflict.
func (s *Service) made(ctx context.Context, wanted Endpoint, private Private) (Endpoint, vault.Secret, error) {
	found, err := s.o.Endpoints.Endpoint(ctx, wanted.Scope, wanted.ID)
	if err != nil {
		return Endpoint{}, "", err
	}
	stored, err := found.Open(s.o.Sealer)
	if err != nil {
		return Endpoint{}, "", err
	}
	same := found.Version == 1 && found.URL == wanted.URL && found.Dialect == wanted.Dialect && found.Description == wanted.Description &&
		slices.Equal(found.EventTypes, wanted.EventTypes) && maps.Equal(stored.Headers, private.Headers)
	if !same {
		return Endpoint{}, "", ErrTaken
	}
	return found, stored.Secret, nil
}

// check says what is wrong with an endpoint, whoever wrote it.
func (s *Service) check(e Endpoint, headers map[string]vault.Secret) error {
	policy := s.o.Policy
	policy.AllowLoopback = policy.AllowLoopback && e.Scope.Environment == merchant.Sandbox
	if err := policy.CheckURL(e.URL); err != nil {
		return err
	}
	if err := checkURLText(e.URL); err != nil {
		return err
	}
	if err := checkDescription(e.Description); err != nil {
		return err
	}
	if err := CheckEventTypes(e.Dialect, e.EventTypes); err != nil {
		return err
	}
	return CheckHeaders(headers)
}

// now is the time as the database keeps it.
func (s *Service) now() time.Time { return s.o.Clock.Now().UTC().Truncate(time.Microsecond) }

// Endpoint returns an endpoint. Errors: fault.NotFound.
func (s *Service) Endpoint(ctx context.Context, scope merchant.Scope, endpointID string) (Endpoint, error) {
	return s.o.Endpoints.Endpoint(ctx, scope, endpointID)
}

// Endpoints lists endpoints, newest first, and says whether there are more.
func (s *Service) Endpoints(ctx context.Context, scope merchant.Scope, p Page) ([]Endpoint, bool, error) {
	return s.o.Endpoints.ListEndpoints(ctx, scope, p)
}

// Update changes an endpoint. One that is only disabled need not be right otherwise: what
// may be has changed since. Errors: fault.NotFound, and those of Create;
// fault.Unavailable when others change the endpoint all the time.
func (s *Service) Update(ctx context.Context, scope merchant.Scope, endpointID string, c EndpointChanges) (Endpoint, error) {
	return s.change(ctx, scope, endpointID, func(e *Endpoint, p *Private) error {
		if c.URL != nil {
			e.URL = *c.URL
		}
		if c.EventTypes != nil {
			e.EventTypes = c.EventTypes
		}
		if c.Description != nil {
			e.Description = *c.Description
		}
		if c.Headers != nil {
			p.Headers, e.HeaderNames = c.Headers, slices.Sorted(maps.Keys(c.Headers))
		}
		switch {
		case c.Enabled == nil || *c.Enabled == e.Enabled():
		case *c.Enabled:
			e.Disabled, e.DisabledAt = "", time.Time{}
		default:
			e.Disabled, e.DisabledAt = ByMerchant, s.now()
		}
		if c.onlyDisables() {
			return nil
		}
		return s.check(*e, p.Headers)
	})
}

// change applies a change to an endpoint as it stands, again when another one came between.
func (s *Service) change(ctx context.Context, scope merchant.Scope, endpointID string, apply func(*Endpoint, *Private) error) (Endpoint, error) {
	for range maxStale {
		e, err := s.o.Endpoints.Endpoint(ctx, scope, endpointID)
		if err != nil {
			return Endpoint{}, err
		}
		private, err := e.Open(s.o.Sealer)
		if err != nil {
			return Endpoint{}, err
		}
		if err := apply(&e, &private); err != nil {
			return Endpoint{}, err
		}
		if err := e.Seal(s.o.Sealer, private); err != nil {
			return Endpoint{}, err
		}
		e.Version, e.UpdatedAt = e.Version+1, s.now()
		if err = s.o.Endpoints.UpdateEndpoint(ctx, e); err == nil {
			return s.o.Endpoints.Endpoint(ctx, scope, endpointID)
		}
		if !errors.Is(err, ErrStale) {
			return Endpoint{}, err
		}
	}
	return Endpoint{}, fault.New(fault.Unavailable, "The endpoint is being changed by others. Retry the request.").After(time.Second)
}

// Delete removes an endpoint for good. Errors: fault.NotFound.
func (s *Service) Delete(ctx context.Context, scope merchant.Scope, endpointID string) error {
	return s.o.Endpoints.DeleteEndpoint(ctx, scope, endpointID, s.now())
}

// RotateSecret gives an endpoint another signing secret and returns it. Messages carry
// both signatures for SecretOverlap, or the new one alone at once where the previous
// secret is revoked. Rotating again under the same operation returns the same secret.
//
// Errors: fault.NotFound; fault.InvalidState while the secret before the last rotation is
// valid, since it would end too soon: revoking it is the way out.
func (s *Service) RotateSecret(ctx context.Context, scope merchant.Scope, endpointID, operationID string, revokePrevious bool) (Endpoint, vault.Secret, error) {
	var secret vault.Secret
	e, err := s.change(ctx, scope, endpointID, func(e *Endpoint, p *Private) error {
		if p.RotatedBy == operationID {
			secret = p.Secret
			return nil
		}
		now := s.now()
		if len(e.Secrets(*p, now)) > 1 && !revokePrevious {
			return fault.New(fault.InvalidState, "The secret was rotated already, and the one before is valid until %s. Wait until then, or set 'revoke_previous' to end both old secrets at once.",
				e.SecretEndsAt.Format(time.RFC3339))
		}
		secret = NewSecret()
		p.Previous, e.SecretEndsAt = p.Secret, now.Add(SecretOverlap)
		if revokePrevious {
			p.Previous, e.SecretEndsAt = "", time.Time{}
		}
		p.Secret, p.RotatedBy = secret, operationID
		return nil
	})
	return e, secret, err
}

// Activity returns how many attempts at an endpoint, or at all of a scope, ended in each
// stretch of time since from, oldest first.
func (s *Service) Activity(ctx context.Context, scope merchant.Scope, endpointID string, from time.Time) ([]Bucket, error) {
	return s.o.Endpoints.Activity(ctx, scope, endpointID, from)
}

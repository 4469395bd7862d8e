package webhook_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

var (
	shop  = merchant.Scope{MerchantID: "mch_01KA0000000000000000000001", Environment: merchant.Sandbox}
	other = merchant.Scope{MerchantID: "mch_01KA0000000000000000000002", Environment: merchant.Sandbox}
)

// shelf keeps endpoints and deliveries in memory, with ids that are unique over all scopes,
// as the database has them.
type shelf struct {
	webhook.Endpoints
	webhook.Deliveries
	endpoints  map[string]webhook.Endpoint
	deliveries map[string]webhook.Delivery
	between    func() // what others do before the next write
	unreadable error  // of what deliveries tell
}

// SealBytes and OpenBytes make the shelf a webhook.Sealer that hides nothing.
func (s *shelf) SealBytes(plain []byte, _ string) (version int, sealed []byte) { return 1, plain }

func (s *shelf) OpenBytes(_ int, sealed []byte, _ string) ([]byte, error) { return sealed, nil }

func (s *shelf) Endpoint(_ context.Context, scope merchant.Scope, endpointID string) (webhook.Endpoint, error) {
	e, there := s.endpoints[endpointID]
	if !there || e.Scope != scope {
		return webhook.Endpoint{}, fault.New(fault.NotFound, "There is no webhook endpoint '%s'.", endpointID)
	}
	return e, nil
}

func (s *shelf) CreateEndpoint(_ context.Context, e webhook.Endpoint) error {
	if s.between != nil {
		s.between()
	}
	if _, there := s.endpoints[e.ID]; there {
		return webhook.ErrTaken
	}
	s.endpoints[e.ID] = e
	return nil
}

func (s *shelf) UpdateEndpoint(_ context.Context, e webhook.Endpoint) error {
	s.endpoints[e.ID] = e
	return nil
}

func (s *shelf) Delivery(_ context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error) {
	d, there := s.deliveries[deliveryID]
	if !there || d.Scope != scope {
		return webhook.Delivery{}, fault.New(fault.NotFound, "There is no webhook delivery '%s'.", deliveryID)
	}
	return d, nil
}

func (s *shelf) Attempts(context.Context, merchant.Scope, string) ([]webhook.Attempt, error) {
	return nil, nil
}

func (s *shelf) AddTest(_ context.Context, _ event.Event, d webhook.Delivery) (webhook.Delivery, error) {
	if _, there := s.deliveries[d.ID]; there {
		return webhook.Delivery{}, webhook.ErrTaken
	}
	s.deliveries[d.ID] = d
	return d, nil
}

// Attempt makes the shelf a webhook.Attempter to whom every endpoint answers well.
func (s *shelf) Attempt(_ context.Context, t webhook.Task) (webhook.Delivery, error) {
	t.Delivery.Status = webhook.Succeeded
	s.deliveries[t.Delivery.ID] = t.Delivery
	return t.Delivery, nil
}

func newShelf() (*shelf, *webhook.Service) {
	s := &shelf{endpoints: map[string]webhook.Endpoint{}, deliveries: map[string]webhook.Delivery{}}
	at := clock.NewManual(time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC))
	return s, webhook.NewService(webhook.Options{Endpoints: s, Deliveries: s, Attempter: s, Renderer: s, Sealer: s, Clock: at})
}

func asking(operation string) webhook.NewEndpoint {
	return webhook.NewEndpoint{
		OperationID: operation, Scope: shop, URL: "https://shop.example/hooks", EventTypes: []string{"payment_intent.*", "refund.*"},
		Dialect: webhook.Hub, Description: "Orders", Headers: map[string]vault.Secret{"X-Token": "hunter2"},
	}
}

func TestAnEndpointsSecretIsToldAgainToWhoAddsTheSameAgain(t *testing.T) {
	t.Parallel()
	s, service := newShelf()
	operation := id.NewSuffix()
	first, secret, err := service.Create(t.Context(), asking(operation))
	require.NoError(t, err)
	again, same, err := service.Create(t.Context(), asking(operation))
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, secret.Reveal(), same.Reveal())

	refused := func(n webhook.NewEndpoint) {
		t.Helper()
		e, told, err := service.Create(t.Context(), n)
		require.ErrorIs(t, err, webhook.ErrTaken)
		require.Zero(t, e)
		require.Empty(t, told)
		require.Equal(t, first, s.endpoints[first.ID])
	}
	for _, change := range []func(*webhook.NewEndpoint){
		func(n *webhook.NewEndpoint) { n.URL = "https://evil.example/hooks" },
		func(n *webhook.NewEndpoint) { n.EventTypes = []string{"*"} },
		func(n *webhook.NewEndpoint) { n.Dialect = webhook.Acquiring },
		func(n *webhook.NewEndpoint) { n.Description = "" },
		func(n *webhook.NewEndpoint) { n.Headers = nil },
		func(n *webhook.NewEndpoint) { n.Scope = other }, // whose the id is not
	} {
		n := asking(operation)
		change(&n)
		refused(n)
	}
	description := "Orders"
	first, err = service.Update(t.Context(), shop, first.ID, webhook.EndpointChanges{Description: &description})
	require.NoError(t, err)
	refused(asking(operation))
}

func TestAnEndpointThatIsAddedTwiceAtOnceIsAddedOnce(t *testing.T) {
	t.Parallel()
	s, service := newShelf()
	operation := id.NewSuffix()
	var secret vault.Secret
	s.between = func() {
		s.between = nil
		var err error
		_, secret, err = service.Create(t.Context(), asking(operation))
		require.NoError(t, err)
	}
	e, told, err := service.Create(t.Context(), asking(operation))
	require.NoError(t, err)
	require.Equal(t, s.endpoints[e.ID], e)
	require.Equal(t, secret.Reveal(), told.Reveal())
}

func TestATestIsAskedForAgainAtItsOwnEndpoint(t *testing.T) {
	t.Parallel()
	s, service := newShelf()
	one, _, err := service.Create(t.Context(), asking(id.NewSuffix()))
	require.NoError(t, err)
	two, _, err := service.Create(t.Context(), asking(id.NewSuffix()))
	require.NoError(t, err)
	operation := id.NewSuffix()
	first, _, err := service.Test(t.Context(), shop, one.ID, operation)
	require.NoError(t, err)
	require.Equal(t, webhook.Succeeded, first.Status)
	again, _, err := service.Test(t.Context(), shop, one.ID, operation)
	require.NoError(t, err)
	require.Equal(t, first, again)

	shown, _, err := service.Test(t.Context(), shop, two.ID, operation)
	require.ErrorIs(t, err, webhook.ErrTaken)
	require.Zero(t, shown)

	payment, foreign := first, first
	payment.ID, payment.Type, payment.Trigger = id.New(id.WebhookDelivery), "payment_intent.succeeded", webhook.ByEvent
	foreign.ID, foreign.Scope = id.New(id.WebhookDelivery), other
	for _, d := range []webhook.Delivery{payment, foreign} {
		s.deliveries[d.ID] = d
		shown, _, err = service.Test(t.Context(), shop, one.ID, id.Suffix(d.ID))
		require.ErrorIs(t, err, webhook.ErrTaken)
		require.Zero(t, shown)
		require.Equal(t, d, s.deliveries[d.ID])
	}
}

func TestWhatAnEndpointSaysOfItselfMayRestInTheClear(t *testing.T) {
	t.Parallel()
	s, service := newShelf()
	e, _, err := service.Create(t.Context(), asking(id.NewSuffix()))
	require.NoError(t, err)
	for _, c := range []struct{ field, text string }{
		{"url", "https://shop.example/4242424242424242"},
		{"url", "https://shop.example/4242%2042424242%204242"},
		{"url", "https://shop.example/?pan=4242424242424242"},
		{"url", "https://shop.example/?pan=4242+4242+4242+4242"},
		{"url", "https://shop.example/?pan=%34242%2d4242424%324242"},
		{"url", "https://shop.example/?pan=%zz"},
		{"url", "https://shop.example/\x00"},
		{"url", "https://shop.example/\xff"},
		{"description", "4242 4242 4242 4242"},
		{"description", "one\ntwo"},
		{"description", "one\x1b[2J"},
		{"description", "one\xfftwo"},
		{"description", strings.Repeat("é", webhook.MaxDescription+1)},
	} {
		n, changes := asking(id.NewSuffix()), webhook.EndpointChanges{}
		if c.field == "url" {
			n.URL, changes.URL = c.text, &c.text
		} else {
			n.Description, changes.Description = c.text, &c.text
		}
		_, _, added := service.Create(t.Context(), n)
		_, changed := service.Update(t.Context(), shop, e.ID, changes)
		for _, err := range []error{added, changed} {
			require.True(t, fault.Is(err, fault.Invalid), "%q: %v", c.text, err)
			require.Equal(t, c.field, fault.From(err).Param, c.text)
			require.NotContains(t, fmt.Sprint(err), "4242", "what is refused is not repeated")
		}
	}
	require.Equal(t, map[string]webhook.Endpoint{e.ID: e}, s.endpoints)
	n := asking(id.NewSuffix())
	n.URL, n.Description = "https://shop.example/hooks?order=424242&note=50%25+off%C3%A9", strings.Repeat("é", webhook.MaxDescription)
	_, _, err = service.Create(t.Context(), n)
	require.NoError(t, err)
}

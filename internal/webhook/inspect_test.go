package webhook_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

// Tasks knows the shelf's deliveries, whose events are all kept.
func (s *shelf) Tasks(_ context.Context, scope merchant.Scope, deliveryIDs []string) (found []webhook.Task, err error) {
	for _, d := range s.deliveries {
		if d.Scope == scope && slices.Contains(deliveryIDs, d.ID) {
			found = append(found, webhook.Task{Delivery: d, Endpoint: webhook.Endpoint{Dialect: webhook.Acquiring}, Event: event.Event{ID: d.EventID}})
		}
	}
	return found, s.unreadable
}

// Render makes the shelf a webhook.Renderer that has no word for one event.
func (s *shelf) Render(d webhook.Dialect, name string, e event.Event) ([]byte, error) {
	if e.ID == "evt_unspoken" {
		return nil, errors.New("no word")
	}
	return []byte(string(d) + " " + name + " " + e.ID), nil
}

func TestBodiesAreRenderedTogether(t *testing.T) {
	t.Parallel()
	s, service := newShelf()
	for _, d := range []webhook.Delivery{
		{ID: "whd_1", Scope: shop, EventID: "evt_1", Type: "payment.captured"},
		{ID: "whd_2", Scope: shop, EventID: "evt_unspoken", Type: "payment.captured"},
		{ID: "whd_3", Scope: other, EventID: "evt_3", Type: "payment.captured"},
	} {
		s.deliveries[d.ID] = d
	}
	bodies, err := service.Bodies(t.Context(), shop, []string{"whd_1", "whd_2", "whd_3", "whd_4"})
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"whd_1": []byte("acquiring payment.captured evt_1")}, bodies, "one that cannot be rendered hides no other one")

	body, err := service.Body(t.Context(), shop, s.deliveries["whd_1"])
	require.NoError(t, err)
	require.Equal(t, bodies["whd_1"], body)
	for _, without := range []string{"whd_2", "whd_3"} {
		_, err = service.Body(t.Context(), shop, s.deliveries[without])
		require.True(t, fault.Is(err, fault.NotFound), err)
	}
	s.unreadable = errors.New("the database is away")
	_, err = service.Bodies(t.Context(), shop, []string{"whd_1"})
	require.ErrorIs(t, err, s.unreadable)
	_, err = service.Body(t.Context(), shop, s.deliveries["whd_1"])
	require.ErrorIs(t, err, s.unreadable)
}

package webhook_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
)

func TestAnEndpointCanAlwaysBeDisabled(t *testing.T) {
	t.Parallel()
	s, service := newShelf()
	e, _, err := service.Create(t.Context(), asking(id.NewSuffix()))
	require.NoError(t, err)
	stale := s.endpoints[e.ID]
	stale.URL = "http://localhost:3000/hooks" // stored while loopback was allowed
	s.endpoints[e.ID] = stale
	off, on := false, true
	e, err = service.Update(t.Context(), shop, e.ID, webhook.EndpointChanges{Enabled: &off})
	require.NoError(t, err)
	require.Equal(t, webhook.ByMerchant, e.Disabled)
	_, err = service.Update(t.Context(), shop, e.ID, webhook.EndpointChanges{Enabled: &on})
	require.Equal(t, "url", fault.From(err).Param, "it is checked before it is told of anything again")
}

func TestASecretIsRotatedOnceForAnOperation(t *testing.T) {
	t.Parallel()
	_, service := newShelf()
	e, first, err := service.Create(t.Context(), asking(id.NewSuffix()))
	require.NoError(t, err)
	operation := id.NewSuffix()
	rotated, second, err := service.RotateSecret(t.Context(), shop, e.ID, operation, false)
	require.NoError(t, err)
	require.NotEqual(t, first.Reveal(), second.Reveal())
	require.Equal(t, 24*time.Hour, rotated.SecretEndsAt.Sub(e.CreatedAt))
	_, again, err := service.RotateSecret(t.Context(), shop, e.ID, operation, false)
	require.NoError(t, err)
	require.Equal(t, second.Reveal(), again.Reveal(), "asked again after a crash")

	_, _, err = service.RotateSecret(t.Context(), shop, e.ID, id.NewSuffix(), false)
	require.True(t, fault.Is(err, fault.InvalidState), "the first secret is valid still: %v", err)
	ended, third, err := service.RotateSecret(t.Context(), shop, e.ID, id.NewSuffix(), true)
	require.NoError(t, err)
	require.NotEqual(t, second.Reveal(), third.Reveal())
	require.True(t, ended.SecretEndsAt.IsZero())
}

func TestLoopbackIsForTheSandbox(t *testing.T) {
	t.Parallel()
	s, _ := newShelf()
	service := webhook.NewService(webhook.Options{Endpoints: s, Sealer: s, Clock: fixed{}, Policy: webhook.Policy{AllowLoopback: true}})
	n := asking(id.NewSuffix())
	n.URL = "http://localhost:3000/hooks"
	_, _, err := service.Create(t.Context(), n)
	require.NoError(t, err)
	n.OperationID, n.Scope = id.NewSuffix(), merchant.Scope{MerchantID: shop.MerchantID, Environment: merchant.Live}
	_, _, err = service.Create(t.Context(), n)
	require.Equal(t, "url", fault.From(err).Param)
}

type fixed struct{}

func (fixed) Now() time.Time { return time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC) }

// Events are heard by others than who set the endpoint up.
func TestEventsTellNoCredentialsOfEndpoints(t *testing.T) {
	t.Parallel()
	e := webhook.Endpoint{
		ID: "we_1", URL: "https://hooks.example:8443/T0/CAPABILITY?token=secret", Description: "for the hub's admin", HeaderNames: []string{"X-Token"},
		Dialect: webhook.Hub, EventTypes: []string{"*"}, Sealed: []byte("sealed"),
	}
	raw, err := json.Marshal(e.Outline())
	require.NoError(t, err)
	require.Contains(t, string(raw), `"https://hooks.example:8443/"`)
	for _, private := range []string{"CAPABILITY", "token", "admin", "X-Token", "sealed"} {
		require.NotContains(t, string(raw), private)
	}
}

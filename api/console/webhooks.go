package console

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// Webhooks is what the console asks of webhooks; webhook.Service is it.
type Webhooks interface {
	Create(ctx context.Context, n webhook.NewEndpoint) (webhook.Endpoint, vault.Secret, error)
	Endpoint(ctx context.Context, scope merchant.Scope, endpointID string) (webhook.Endpoint, error)
	Endpoints(ctx context.Context, scope merchant.Scope, p webhook.Page) ([]webhook.Endpoint, bool, error)
	Update(ctx context.Context, scope merchant.Scope, endpointID string, c webhook.EndpointChanges) (webhook.Endpoint, error)
	Delete(ctx context.Context, scope merchant.Scope, endpointID string) error
	RotateSecret(ctx context.Context, scope merchant.Scope, endpointID, operationID string, revokePrevious bool) (webhook.Endpoint, vault.Secret, error)
	Test(ctx context.Context, scope merchant.Scope, endpointID, operationID string) (webhook.Delivery, []webhook.Attempt, error)
	Activity(ctx context.Context, scope merchant.Scope, endpointID string, from time.Time) ([]webhook.Bucket, error)

	Delivery(ctx context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error)
	Deliveries(ctx context.Context, scope merchant.Scope, f webhook.DeliveryFilter) ([]webhook.Delivery, bool, error)
	Attempts(ctx context.Context, scope merchant.Scope, deliveryID string) ([]webhook.Attempt, error)
	Body(ctx context.Context, scope merchant.Scope, d webhook.Delivery) ([]byte, error)
	Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error)
	StartReplay(ctx context.Context, n webhook.NewReplay) (webhook.Replay, error)
	Replays(ctx context.Context, scope merchant.Scope, endpointID string, p webhook.Page) ([]webhook.Replay, bool, error)
}

package hub

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// Webhooks keeps merchants' webhook endpoints and what became of telling them;
// webhook.Service is it.
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
	// LastAttempts returns, by delivery id, the last attempt of each delivery that was tried.
	LastAttempts(ctx context.Context, scope merchant.Scope, of []webhook.Delivery) (map[string]webhook.Attempt, error)
	// Bodies renders, by delivery id, the bodies of deliveries' messages, without those
	// whose event is kept no longer.
	Bodies(ctx context.Context, scope merchant.Scope, deliveryIDs []string) (map[string][]byte, error)

	Redeliver(ctx context.Context, scope merchant.Scope, deliveryID string) (webhook.Delivery, error)
	RedeliverEvent(ctx context.Context, scope merchant.Scope, eventID, endpointID string) (webhook.Delivery, error)
	StartReplay(ctx context.Context, n webhook.NewReplay) (webhook.Replay, error)
	Replay(ctx context.Context, scope merchant.Scope, replayID string) (webhook.Replay, error)
	Replays(ctx context.Context, scope merchant.Scope, endpointID string, p webhook.Page) ([]webhook.Replay, bool, error)
}

// CreateWebhookEndpoint is POST /v3/webhook_endpoints.
func (a *API) CreateWebhookEndpoint(c *gin.Context) (any, error) {
	var body openapi.CreateWebhookEndpointRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	if body.URL == "" {
		return nil, fault.Field("url", "Field 'url' is required.")
	}
	if body.EventTypes == nil {
		return nil, fault.Field("event_types", "Field 'event_types' is required.")
	}
	changes, err := endpointChanges(openapi.UpdateWebhookEndpointRequest{
		URL: &body.URL, EventTypes: &body.EventTypes, Description: body.Description, Headers: body.Headers,
	})
	if err != nil {
		return nil, err
	}
	n := webhook.NewEndpoint{
		OperationID: middleware.OperationID(c), Scope: middleware.Scope(c), URL: body.URL, EventTypes: changes.EventTypes, Dialect: webhook.Hub,
		Description: text(body.Description), Headers: changes.Headers, Disabled: body.Enabled != nil && !*body.Enabled,
	}
	if body.Dialect != nil {
		n.Dialect = webhook.Dialect(*body.Dialect)
	}
	made, secret, err := a.webhooks.Create(c.Request.Context(), n)
	return a.endpointWithSecret(made, secret), err
}

// ListWebhookEndpoints is GET /v3/webhook_endpoints.
func (a *API) ListWebhookEndpoints(c *gin.Context) (any, error) {
	page, _, err := listQuery(c, id.WebhookEndpoint)
	if err != nil {
		return nil, err
	}
	rows, more, err := a.webhooks.Endpoints(c.Request.Context(), middleware.Scope(c), page.ofWebhooks())
	if err != nil {
		return nil, err
	}
	return openapi.WebhookEndpointList{Object: listObject, Data: views(rows, a.endpoint), HasMore: more}, nil
}

// GetWebhookEndpoint is GET /v3/webhook_endpoints/{id}.
func (a *API) GetWebhookEndpoint(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	found, err := a.webhooks.Endpoint(c.Request.Context(), middleware.Scope(c), endpointID)
	return a.endpoint(found), err
}

// UpdateWebhookEndpoint is POST /v3/webhook_endpoints/{id}.
func (a *API) UpdateWebhookEndpoint(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	var body openapi.UpdateWebhookEndpointRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	changes, err := endpointChanges(body)
	if err != nil {
		return nil, err
	}
	changed, err := a.webhooks.Update(c.Request.Context(), middleware.Scope(c), endpointID, changes)
	return a.endpoint(changed), err
}

// DeleteWebhookEndpoint is DELETE /v3/webhook_endpoints/{id}.
func (a *API) DeleteWebhookEndpoint(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	err = a.webhooks.Delete(c.Request.Context(), middleware.Scope(c), endpointID)
	return openapi.DeletedWebhookEndpoint{ID: endpointID, Object: openapi.DeletedWebhookEndpointObjectWebhookEndpoint, Deleted: true}, err
}

// RotateWebhookSecret is POST /v3/webhook_endpoints/{id}/rotate_secret.
func (a *API) RotateWebhookSecret(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	var body openapi.RotateWebhookSecretRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	revoke := body.RevokePrevious != nil && *body.RevokePrevious
	changed, secret, err := a.webhooks.RotateSecret(c.Request.Context(), middleware.Scope(c), endpointID, middleware.OperationID(c), revoke)
	return a.endpointWithSecret(changed, secret), err
}

// TestWebhookEndpoint is POST /v3/webhook_endpoints/{id}/test.
func (a *API) TestWebhookEndpoint(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	d, made, err := a.webhooks.Test(c.Request.Context(), middleware.Scope(c), endpointID, middleware.OperationID(c))
	if err != nil {
		return nil, err
	}
	return a.deliveryWithAttempts(c, d, made)
}

func endpointPath(c *gin.Context) (string, error) {
	return middleware.PathID(c, id.WebhookEndpoint, "webhook endpoint")
}

// endpointChanges checks what a merchant tells of an endpoint, as far as it can be
// judged without the endpoint.
func endpointChanges(body openapi.UpdateWebhookEndpointRequest) (webhook.EndpointChanges, error) {
	none := webhook.EndpointChanges{}
	if body.Dialect != nil {
		return none, fault.Field("dialect", "The dialect of an endpoint cannot change. Make another endpoint.")
	}
	changes := webhook.EndpointChanges{URL: body.URL, Description: body.Description, Enabled: body.Enabled}
	if body.EventTypes != nil {
		changes.EventTypes = *body.EventTypes
	}
	if body.Headers != nil {
		changes.Headers = map[string]vault.Secret{}
		for name, value := range *body.Headers {
			if field := "headers." + decode.SafeName(name); decode.HoldsCardNumber(value) {
				return none, fault.Field(field, "Field '%s' must not hold a card number.", field)
			}
			changes.Headers[name] = vault.Secret(value)
		}
	}
	return changes, nil
}

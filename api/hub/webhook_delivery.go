package hub

import (
	"maps"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// defaultActivity is how far back activity is counted unless the caller says otherwise.
const defaultActivity = 24 * time.Hour

// GetWebhookDelivery is GET /v3/webhook_deliveries/{id}.
func (a *API) GetWebhookDelivery(c *gin.Context) (any, error) {
	deliveryID, err := deliveryPath(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	ctx, scope := c.Request.Context(), middleware.Scope(c)
	d, err := a.webhooks.Delivery(ctx, scope, deliveryID)
	if err != nil {
		return nil, err
	}
	made, err := a.webhooks.Attempts(ctx, scope, deliveryID)
	if err != nil {
		return nil, err
	}
	return a.deliveryWithAttempts(c, d, made)
}

func deliveryPath(c *gin.Context) (string, error) {
	return middleware.PathID(c, id.WebhookDelivery, "webhook delivery")
}

// deliveryWithAttempts renders a delivery with what was sent and what came back, each time.
func (a *API) deliveryWithAttempts(c *gin.Context, d webhook.Delivery, made []webhook.Attempt) (any, error) {
	bodies, err := a.webhooks.Bodies(c.Request.Context(), middleware.Scope(c), []string{d.ID})
	if err != nil {
		return nil, err
	}
	body := bodies[d.ID]
	v := delivery(d, made, body)
	all := views(made, func(m webhook.Attempt) openapi.WebhookAttempt { return webhookAttempt(m, body) })
	v.Attempts = &all
	return v, nil
}

// deliveriesWithLast renders deliveries, each with its last attempt.
func (a *API) deliveriesWithLast(c *gin.Context, rows []webhook.Delivery) ([]openapi.WebhookDelivery, error) {
	ctx, scope := c.Request.Context(), middleware.Scope(c)
	last, err := a.webhooks.LastAttempts(ctx, scope, rows)
	if err != nil {
		return nil, err
	}
	bodies, err := a.webhooks.Bodies(ctx, scope, slices.Collect(maps.Keys(last)))
	if err != nil {
		return nil, err
	}
	return views(rows, func(d webhook.Delivery) openapi.WebhookDelivery {
		var made []webhook.Attempt
		if m, tried := last[d.ID]; tried {
			made = append(made, m)
		}
		return delivery(d, made, bodies[d.ID])
	}), nil
}

// ListWebhookDeliveries is GET /v3/webhook_endpoints/{id}/deliveries.
func (a *API) ListWebhookDeliveries(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	page, values, err := listQuery(c, id.WebhookDelivery, "status", "type")
	if err != nil {
		return nil, err
	}
	f := webhook.DeliveryFilter{EndpointID: endpointID, Page: page.ofWebhooks()}
	if f.Status, err = choice(values, "status", webhook.Statuses...); err != nil {
		return nil, err
	}
	e, err := a.webhooks.Endpoint(c.Request.Context(), middleware.Scope(c), endpointID)
	if err != nil {
		return nil, err
	}
	names := append(e.Dialect.Types(), string(event.WebhookEndpointTest))
	if f.Type, err = choice(values, "type", names...); err != nil {
		return nil, err
	}
	return a.deliveries(c, f)
}

// ListEventDeliveries is GET /v3/events/{id}/deliveries.
func (a *API) ListEventDeliveries(c *gin.Context) (any, error) {
	eventID, err := eventPath(c)
	if err != nil {
		return nil, err
	}
	page, _, err := listQuery(c, id.WebhookDelivery)
	if err != nil {
		return nil, err
	}
	if _, err := a.events.FindEvent(c.Request.Context(), middleware.Scope(c), eventID); err != nil {
		return nil, err
	}
	return a.deliveries(c, webhook.DeliveryFilter{EventID: eventID, Page: page.ofWebhooks()})
}

func (a *API) deliveries(c *gin.Context, f webhook.DeliveryFilter) (any, error) {
	rows, more, err := a.webhooks.Deliveries(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	all, err := a.deliveriesWithLast(c, rows)
	if err != nil {
		return nil, err
	}
	return openapi.WebhookDeliveryList{Object: listObject, Data: all, HasMore: more}, nil
}

// GetEventPayload is GET /v3/events/{id}/payload: for what forwards events as webhooks
// without being an endpoint. It is told what an endpoint with its event_types would be.
func (a *API) GetEventPayload(c *gin.Context) (any, error) {
	eventID, err := eventPath(c)
	if err != nil {
		return nil, err
	}
	values, err := decode.QueryWithList(c.Request, "event_types", "dialect")
	if err != nil {
		return nil, err
	}
	dialect, err := choice(values, "dialect", webhook.Dialects...)
	if err != nil {
		return nil, err
	}
	if dialect == "" {
		dialect = webhook.Hub
	}
	asked, given := values["event_types"]
	if !given {
		asked = []string{"*"} // the first name
	} else if _, problem := webhook.WrongEventType(dialect, asked); problem != "" {
		return nil, fault.Field("event_types", "Query parameter 'event_types' %s", problem)
	}
	e, err := a.events.FindEvent(c.Request.Context(), middleware.Scope(c), eventID)
	if err != nil {
		return nil, err
	}
	v := openapi.EventPayload{Dialect: openapi.WebhookDialect(dialect)}
	name := webhook.Endpoint{EventTypes: asked}.Name(dialect.Names(e))
	if name == "" {
		return v, nil
	}
	body, err := a.renderer.Render(dialect, name, e)
	if err != nil {
		return nil, err
	}
	sent := string(body)
	v.Type, v.Body = &name, &sent
	return v, nil
}

// ListWebhookActivity is GET /v3/webhook_endpoints/{id}/activity.
func (a *API) ListWebhookActivity(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	values, err := decode.Query(c.Request, "from")
	if err != nil {
		return nil, err
	}
	from, err := decode.Time(values, "from")
	if err != nil {
		return nil, err
	}
	now := a.clock.Now()
	if from.IsZero() {
		from = now.Add(-defaultActivity)
	}
	if from.Before(now.Add(-event.KeptFor)) || from.After(now) {
		return nil, fault.Field("from", "Query parameter 'from' must be within the last 30 days.")
	}
	ctx, scope := c.Request.Context(), middleware.Scope(c)
	if _, err := a.webhooks.Endpoint(ctx, scope, endpointID); err != nil {
		return nil, err
	}
	rows, err := a.webhooks.Activity(ctx, scope, endpointID, from)
	if err != nil {
		return nil, err
	}
	return openapi.WebhookActivityList{Object: listObject, Data: views(rows, activity)}, nil
}

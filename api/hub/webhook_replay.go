package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// RedeliverWebhookDelivery is POST /v3/webhook_deliveries/{id}/redeliver.
func (a *API) RedeliverWebhookDelivery(c *gin.Context) (any, error) {
	deliveryID, err := deliveryPath(c)
	if err != nil {
		return nil, err
	}
	if err := middleware.RequireIdempotencyKey(c); err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	d, err := a.webhooks.Redeliver(c.Request.Context(), middleware.Scope(c), deliveryID)
	return a.begun(c, d, err)
}

// begun renders a delivery that begins again, with the last attempt that was made before.
func (a *API) begun(c *gin.Context, d webhook.Delivery, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	all, err := a.deliveriesWithLast(c, []webhook.Delivery{d})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// RedeliverToWebhookEndpoint is POST /v3/webhook_endpoints/{id}/redeliver.
func (a *API) RedeliverToWebhookEndpoint(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	if err := middleware.RequireIdempotencyKey(c); err != nil {
		return nil, err
	}
	var body openapi.WebhookRedeliveryRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	if err := oneWish(body); err != nil {
		return nil, err
	}
	ctx, scope := c.Request.Context(), middleware.Scope(c)
	if body.EventID != nil {
		if !id.Valid(id.Event, *body.EventID) {
			return nil, fault.Field("event_id", "Field 'event_id' must be the id of an event, 'evt_…'.")
		}
		d, err := a.webhooks.RedeliverEvent(ctx, scope, *body.EventID, endpointID)
		return a.begun(c, d, err)
	}
	n := webhook.NewReplay{OperationID: middleware.OperationID(c), Scope: scope, EndpointID: endpointID}
	if body.FailedSince != nil {
		n.Kind, n.From = webhook.ReplayFailed, *body.FailedSince
	} else {
		n.Kind, n.From, n.To = webhook.ReplayRange, *body.From, *body.To
	}
	started, err := a.webhooks.StartReplay(ctx, n)
	return replay(started), err
}

// oneWish checks that a request asks for one thing: an event, what has failed, or all
// there is in a stretch of time.
func oneWish(body openapi.WebhookRedeliveryRequest) error {
	wishes := 0
	for _, given := range []bool{body.EventID != nil, body.FailedSince != nil, body.From != nil || body.To != nil} {
		if given {
			wishes++
		}
	}
	switch {
	case wishes != 1:
		return fault.New(fault.Invalid, "The request must have exactly one of 'event_id', 'failed_since', and 'from' with 'to'.")
	case body.From == nil && body.To != nil:
		return fault.Field("from", "Field 'from' is required beside 'to'.")
	case body.To == nil && body.From != nil:
		return fault.Field("to", "Field 'to' is required beside 'from'.")
	}
	return nil
}

// ListWebhookReplays is GET /v3/webhook_endpoints/{id}/replays.
func (a *API) ListWebhookReplays(c *gin.Context) (any, error) {
	endpointID, err := endpointPath(c)
	if err != nil {
		return nil, err
	}
	page, _, err := listQuery(c, id.WebhookReplay)
	if err != nil {
		return nil, err
	}
	ctx, scope := c.Request.Context(), middleware.Scope(c)
	if _, err := a.webhooks.Endpoint(ctx, scope, endpointID); err != nil {
		return nil, err
	}
	rows, more, err := a.webhooks.Replays(ctx, scope, endpointID, page.ofWebhooks())
	if err != nil {
		return nil, err
	}
	return openapi.WebhookReplayList{Object: listObject, Data: views(rows, replay), HasMore: more}, nil
}

// GetWebhookReplay is GET /v3/webhook_replays/{id}.
func (a *API) GetWebhookReplay(c *gin.Context) (any, error) {
	replayID, err := middleware.PathID(c, id.WebhookReplay, "webhook replay")
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	r, err := a.webhooks.Replay(c.Request.Context(), middleware.Scope(c), replayID)
	return replay(r), err
}

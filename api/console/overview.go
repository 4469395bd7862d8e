package console

import (
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
	"paymenthub/web/console"
)

// How many rows a page shows.
const (
	rowsOfAll      = 12
	rowsOfEndpoint = 25
	replaysShown   = 3
)

// overview is GET /console/webhooks: the page, or a part of it.
func (h *Console) overview(c *gin.Context) {
	switch c.Query("part") {
	case "plot":
		h.part(c, func(d desk) (console.Part, error) { return h.plot(c, d, "") })
	case "rows":
		h.part(c, func(d desk) (console.Part, error) {
			endpoints, err := h.endpoints(d)
			if err != nil {
				return nil, err
			}
			return h.table(c, d, nil, endpoints)
		})
	default:
		h.page(c, func(d desk) (console.View, error) { return h.overviewOf(c, d) })
	}
}

// part answers with what draw makes.
func (h *Console) part(c *gin.Context, draw func(desk) (console.Part, error)) {
	d, err := h.desk(c)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	p, err := draw(d)
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	sendPart(c, p)
}

func (h *Console) overviewOf(c *gin.Context, d desk) (console.View, error) {
	endpoints, err := h.endpoints(d)
	if err != nil {
		return nil, err
	}
	span := spanOf(c)
	buckets, err := h.Webhooks.Activity(d, d.scope, "", earliest(span.From(d.frame.Now), console.Day.From(d.frame.Now)))
	if err != nil {
		return nil, err
	}
	table, err := h.table(c, d, nil, endpoints)
	if err != nil {
		return nil, err
	}
	v := &console.Overview{Frame: d.frame, Plot: console.NewPlot(d.frame, "", span, buckets), Table: table, API: "http://" + c.Request.Host}
	for _, e := range endpoints {
		v.Cards = append(v.Cards, console.NewCard(d.frame, e, buckets))
	}
	return v, nil
}

// endpoints are all of the scope's.
func (h *Console) endpoints(d desk) ([]webhook.Endpoint, error) {
	endpoints, _, err := h.Webhooks.Endpoints(d, d.scope, webhook.Page{Limit: webhook.MaxEndpoints})
	return endpoints, err
}

// plot is the attempts at an endpoint, or at all of them.
func (h *Console) plot(c *gin.Context, d desk, endpointID string) (console.Plot, error) {
	span := spanOf(c)
	buckets, err := h.Webhooks.Activity(d, d.scope, endpointID, span.From(d.frame.Now))
	return console.NewPlot(d.frame, endpointID, span, buckets), err
}

func spanOf(c *gin.Context) console.Span {
	if s := console.Span(c.Query("span")); slices.Contains(console.Spans, s) {
		return s
	}
	return console.Day
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// table is the deliveries of an endpoint that the query asks for, or the latest of all
// endpoints. Those that are shown live are the newest.
func (h *Console) table(c *gin.Context, d desk, of *webhook.Endpoint, endpoints []webhook.Endpoint) (console.Table, error) {
	t := console.Table{Frame: d.frame, URLs: map[string]string{}}
	limit := rowsOfAll
	if of != nil {
		limit = rowsOfEndpoint
		t.EndpointID, t.Types = of.ID, append(of.Dialect.Types(), string(event.WebhookEndpointTest))
	}
	t.Filter = filterOf(c, t.Types)
	t.Filter.EndpointID, t.Filter.Page.Limit = t.EndpointID, limit
	for _, e := range endpoints {
		t.URLs[e.ID] = e.URL
	}
	var err error
	t.Deliveries, t.More, err = h.Webhooks.Deliveries(d, d.scope, t.Filter)
	return t, err
}

// filterOf reads a filter from a query. What it cannot mean is left out.
func filterOf(c *gin.Context, types []string) webhook.DeliveryFilter {
	var f webhook.DeliveryFilter
	if s := webhook.Status(c.Query("status")); slices.Contains(webhook.Statuses, s) {
		f.Status = s
	}
	if kind := c.Query("type"); slices.Contains(types, kind) {
		f.Type = kind
	}
	if after := c.Query("after"); id.Valid(id.WebhookDelivery, after) {
		f.Page.StartingAfter = after
	} else if before := c.Query("before"); id.Valid(id.WebhookDelivery, before) {
		f.Page.EndingBefore = before
	}
	return f
}

// endpoint is GET /console/webhooks/endpoints/{id}: the page, or a part of it.
func (h *Console) endpoint(c *gin.Context) {
	switch c.Query("part") {
	case "plot":
		h.part(c, func(d desk) (console.Part, error) {
			e, err := h.find(c, d)
			if err != nil {
				return nil, err
			}
			return h.plot(c, d, e.ID)
		})
	case "rows":
		h.part(c, func(d desk) (console.Part, error) {
			e, err := h.find(c, d)
			if err != nil {
				return nil, err
			}
			return h.table(c, d, &e, nil)
		})
	case "replays":
		h.part(c, func(d desk) (console.Part, error) {
			e, err := h.find(c, d)
			if err != nil {
				return nil, err
			}
			return h.replays(d, e.ID)
		})
	default:
		h.page(c, func(d desk) (console.View, error) { return h.endpointOf(c, d) })
	}
}

// find returns the endpoint in the path.
func (h *Console) find(c *gin.Context, d desk) (webhook.Endpoint, error) {
	endpointID, err := middleware.PathID(c, id.WebhookEndpoint, "webhook endpoint")
	if err != nil {
		return webhook.Endpoint{}, err
	}
	return h.Webhooks.Endpoint(d, d.scope, endpointID)
}

func (h *Console) endpointOf(c *gin.Context, d desk) (console.View, error) {
	e, err := h.find(c, d)
	if err != nil {
		return nil, err
	}
	plot, err := h.plot(c, d, e.ID)
	if err != nil {
		return nil, err
	}
	replays, err := h.replays(d, e.ID)
	if err != nil {
		return nil, err
	}
	table, err := h.table(c, d, &e, nil)
	if err != nil {
		return nil, err
	}
	return &console.Endpoint{Card: console.NewCard(d.frame, e, nil), Plot: plot, Replays: replays, Table: table}, nil
}

func (h *Console) replays(d desk, endpointID string) (console.Replays, error) {
	replays, _, err := h.Webhooks.Replays(d, d.scope, endpointID, webhook.Page{Limit: replaysShown})
	return console.Replays{Frame: d.frame, EndpointID: endpointID, Replays: replays}, err
}

// delivery is GET /console/webhooks/deliveries/{id}: the page, or what changes of it.
func (h *Console) delivery(c *gin.Context) {
	if c.Query("part") == "progress" {
		h.part(c, func(d desk) (console.Part, error) { return h.deliveryOf(c, d) })
		return
	}
	h.page(c, func(d desk) (console.View, error) { return h.deliveryOf(c, d) })
}

func (h *Console) deliveryOf(c *gin.Context, d desk) (*console.Delivery, error) {
	deliveryID, err := middleware.PathID(c, id.WebhookDelivery, "webhook delivery")
	if err != nil {
		return nil, err
	}
	v := &console.Delivery{Frame: d.frame, Chosen: numberOf(c)}
	if v.Delivery, err = h.Webhooks.Delivery(d, d.scope, deliveryID); err != nil {
		return nil, err
	}
	if v.Attempts, err = h.Webhooks.Attempts(d, d.scope, deliveryID); err != nil {
		return nil, err
	}
	e, err := h.Webhooks.Endpoint(d, d.scope, v.Delivery.EndpointID)
	switch {
	case err == nil:
		v.Endpoint = &e
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	v.Body, err = h.Webhooks.Body(d, d.scope, v.Delivery)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	return v, nil
}

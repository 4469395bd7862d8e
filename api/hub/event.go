package hub

import (
	"slices"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
)

// eventTypes are what the list of events can be filtered by.
var eventTypes = slices.Concat(event.Types, []event.Type{event.WebhookEndpointTest})

// eventObjects are the kinds of objects that events are about.
var eventObjects = []id.Prefix{id.Payment, id.Refund, id.Dispute, id.WebhookEndpoint}

// GetEvent is GET /v3/events/{id}.
func (a *API) GetEvent(c *gin.Context) (any, error) {
	eventID, err := eventPath(c)
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	e, err := a.events.FindEvent(c.Request.Context(), middleware.Scope(c), eventID)
	if err != nil {
		return nil, err
	}
	return Event(e)
}

func eventPath(c *gin.Context) (string, error) { return middleware.PathID(c, id.Event, "event") }

// ListEvents is GET /v3/events.
func (a *API) ListEvents(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.Event, "type", "object_id")
	if err != nil {
		return nil, err
	}
	f := event.Filter{Limit: page.limit, StartingAfter: page.startingAfter, EndingBefore: page.endingBefore}
	if f.Type, err = choice(values, "type", eventTypes...); err != nil {
		return nil, err
	}
	f.ObjectID = values.Get("object_id")
	if f.ObjectID != "" && !slices.ContainsFunc(eventObjects, func(kind id.Prefix) bool { return id.Valid(kind, f.ObjectID) }) {
		return nil, fault.Field("object_id", "Query parameter 'object_id' must be the id of an intent, a refund, a dispute or a webhook endpoint.")
	}
	rows, more, err := a.events.ListEvents(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	list := openapi.EventList{Object: listObject, Data: make([]openapi.Event, 0, len(rows)), HasMore: more}
	for _, row := range rows {
		v, err := Event(row)
		if err != nil {
			return nil, err
		}
		list.Data = append(list.Data, v)
	}
	return list, nil
}

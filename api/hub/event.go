package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/event"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
)

// eventTypes are what the list of events can be filtered by.
var eventTypes = []event.Type{
	event.PaymentCreated, event.PaymentRequiresAction, event.PaymentAuthorized, event.PaymentSucceeded,
	event.PaymentFailed, event.PaymentCanceled, event.RefundCreated, event.RefundCompleted, event.RefundFailed,
	event.DisputeCreated, event.DisputeUpdated, event.DisputeClosed,
}

// GetEvent is GET /v3/events/{id}.
func (a *API) GetEvent(c *gin.Context) (any, error) {
	eventID, err := middleware.PathID(c, id.Event, "event")
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
	if f.ObjectID != "" && !id.Valid(id.Payment, f.ObjectID) && !id.Valid(id.Refund, f.ObjectID) && !id.Valid(id.Dispute, f.ObjectID) {
		return nil, fault.Field("object_id", "Query parameter 'object_id' must be the id of an intent, a refund or a dispute.")
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

package paypal

import (
	"net/http"
	"time"

	"paymenthub/internal/simulator/chassis"
)

// link is a HATEOAS link.
type link struct {
	Href   string `json:"href"`
	Rel    string `json:"rel"`
	Method string `json:"method"`
}

// stamp writes a time as PayPal does, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// object is a JSON object.
type object map[string]any

// view is the order as PayPal answers it, return=representation.
func (o *order) view() object {
	unit := object{
		"reference_id": o.ReferenceID, "custom_id": o.CustomID, "invoice_id": o.InvoiceID, "amount": money(o.Amount, o.Currency),
		"payee": object{"merchant_id": "SIMULATED0001"},
	}
	if o.Description != "" {
		unit["description"] = o.Description
	}
	if o.SoftDescriptor != "" {
		unit["soft_descriptor"] = o.SoftDescriptor
	}
	if moved := o.payments(); len(moved) > 0 {
		unit["payments"] = moved
	}
	return object{
		"id": o.ID, "intent": o.Intent, "status": o.Status, "create_time": stamp(o.CreatedAt),
		"purchase_units": []object{unit}, "links": o.links(), "payment_source": object{"paypal": object{}},
	}
}

func (o *order) payments() object {
	moved := object{}
	if o.Authorization != nil {
		moved["authorizations"] = []object{o.holdView(false)}
	}
	var captures, refunds []object
	for _, c := range o.Captures {
		captures = append(captures, o.captureView(c, false))
	}
	for _, r := range o.Refunds {
		refunds = append(refunds, o.refundView(r))
	}
	if captures != nil {
		moved["captures"] = captures
	}
	if refunds != nil {
		moved["refunds"] = refunds
	}
	return moved
}

func (o *order) links() []link {
	self := o.Base + "/v2/checkout/orders/" + o.ID
	links := []link{{self, "self", http.MethodGet}}
	switch o.Status {
	case orderWaiting:
		return append(links, link{o.PageURL, "payer-action", http.MethodGet})
	case orderApproved:
		action := "capture"
		if o.Intent == intentAuthorize {
			action = "authorize"
		}
		return append(links, link{self + "/" + action, action, http.MethodPost})
	default:
		return links
	}
}

// related are the ids that an object has by itself, and not within its order.
func (o *order) related(ids object) object {
	ids["order_id"] = o.ID
	return object{"related_ids": ids}
}

func (o *order) holdView(alone bool) object {
	h := o.Authorization
	view := object{
		"id": h.ID, "status": h.Status, "amount": money(o.Amount, o.Currency), "custom_id": o.CustomID, "invoice_id": o.InvoiceID,
		"create_time": stamp(h.CreatedAt), "update_time": stamp(h.UpdatedAt), "expiration_time": stamp(h.CreatedAt.Add(holdLife)),
		"links": []link{{o.Base + "/v2/payments/authorizations/" + h.ID, "self", http.MethodGet}},
	}
	if alone {
		view["supplementary_data"] = o.related(object{})
	}
	return view
}

// status is the capture's, with what was refunded of it.
func (c capture) status(refunded int64) string {
	switch {
	case c.Pending:
		return statusPending
	case refunded == 0:
		return statusCompleted
	case refunded < c.Amount:
		return statusPartiallyRefunded
	default:
		return statusRefunded
	}
}

func (o *order) captureView(c capture, alone bool) object {
	view := object{
		"id": c.ID, "status": c.status(o.refunded(c.ID)), "amount": money(c.Amount, o.Currency), "final_capture": c.Final,
		"custom_id": o.CustomID, "invoice_id": c.InvoiceID, "create_time": stamp(c.CreatedAt), "update_time": stamp(c.CreatedAt),
		"links": []link{
			{o.Base + "/v2/payments/captures/" + c.ID, "self", http.MethodGet},
			{o.Base + "/v2/payments/captures/" + c.ID + "/refund", "refund", http.MethodPost},
			{o.Base + "/v2/checkout/orders/" + o.ID, "up", http.MethodGet},
		},
	}
	if c.Pending {
		view["status_details"] = object{"reason": "PENDING_REVIEW"}
	} else {
		fee := feeOf(c.Amount, o.Currency)
		view["seller_receivable_breakdown"] = object{
			"gross_amount": money(c.Amount, o.Currency), "paypal_fee": money(fee, o.Currency), "net_amount": money(c.Amount-fee, o.Currency),
		}
	}
	if alone {
		ids := object{}
		if o.Authorization != nil {
			ids["authorization_id"] = o.Authorization.ID
		}
		view["supplementary_data"] = o.related(ids)
	}
	return view
}

func (r refund) status() string {
	if r.Failed {
		return statusFailed
	}
	return statusCompleted
}

func (o *order) refundView(r refund) object {
	return object{
		"id": r.ID, "status": r.status(), "amount": money(r.Amount, o.Currency), "custom_id": r.CustomID, "invoice_id": r.InvoiceID,
		"create_time": stamp(r.CreatedAt), "update_time": stamp(r.CreatedAt),
		"links": []link{
			{o.Base + "/v2/payments/refunds/" + r.ID, "self", http.MethodGet},
			{o.Base + "/v2/payments/captures/" + r.Capture, "up", http.MethodGet},
		},
	}
}

// tell emits an event about a resource as it is now.
func tell(tx *chassis.Tx, event, resourceType, summary string, resource object) error {
	if !tx.Listening() {
		return nil
	}
	id := "WH-" + chassis.NewID("", chassis.Base36, 17) + "-" + chassis.NewID("", chassis.Base36, 17)
	return tx.Emit(chassis.Event{ID: id, Type: event, Body: chassis.Marshal(object{
		"id": id, "event_version": "1.0", "create_time": tx.Now().Format("2006-01-02T15:04:05.000Z"), "resource_type": resourceType,
		"resource_version": "2.0", "event_type": event, "summary": summary, "resource": resource,
	})})
}

func (o *order) tellHold(tx *chassis.Tx, event, summary string) error {
	return tell(tx, event, "authorization", summary, o.holdView(true))
}

func (o *order) tellCapture(tx *chassis.Tx, id, event string) error {
	return tell(tx, event, "capture", "A capture is told of", o.captureView(*o.capture(id), true))
}

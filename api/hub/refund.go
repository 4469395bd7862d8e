package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// CreateRefund is POST /v3/payments/refunds.
func (a *API) CreateRefund(c *gin.Context) (any, error) {
	var body openapi.CreateRefundRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	amount, err := decode.PartOrAll(body.Amount)
	if err != nil {
		return nil, err
	}
	n := payment.NewRefund{ID: id.Join(id.Refund, middleware.OperationID(c)), Amount: amount}
	if body.Reason != nil {
		if n.Reason = payment.RefundReason(*body.Reason); !n.Reason.Valid() {
			return nil, fault.Field("reason", "Field 'reason' must be 'requested_by_customer', 'duplicate', 'fraudulent' or 'other'.")
		}
	}
	if body.IntentID == "" {
		return nil, fault.Field("intent_id", "Field 'intent_id' is required.")
	}
	// One answer for what is no id, what is not there and what is another's.
	unknown := &fault.Error{Code: fault.NotFound, Param: "intent_id", Message: "There is no such payment intent."}
	if !id.Valid(id.Payment, body.IntentID) {
		return nil, unknown
	}
	middleware.SetPayment(c, body.IntentID)
	r, err := a.payments.Refund(c.Request.Context(), middleware.Scope(c), body.IntentID, n)
	if fault.Is(err, fault.NotFound) {
		return nil, unknown
	}
	return refund(r), err
}

// GetRefund is GET /v3/payments/refunds/{id}.
func (a *API) GetRefund(c *gin.Context) (any, error) {
	refundID, err := middleware.PathID(c, id.Refund, "refund")
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	r, err := a.payments.GetRefund(c.Request.Context(), middleware.Scope(c), refundID)
	if err != nil {
		return nil, err
	}
	middleware.SetPayment(c, r.PaymentID)
	return refund(r), nil
}

// ListRefunds is GET /v3/payments/refunds.
func (a *API) ListRefunds(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.Refund, "intent_id")
	if err != nil {
		return nil, err
	}
	f := payment.RefundFilter{Page: page.ofPayments()}
	if f.PaymentID, err = reference(values, "intent_id", id.Payment); err != nil {
		return nil, err
	}
	rows, more, err := a.payments.ListRefunds(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	return openapi.RefundList{Object: listObject, Data: views(rows, refund), HasMore: more}, nil
}

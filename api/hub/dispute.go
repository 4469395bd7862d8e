package hub

import (
	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// GetDispute is GET /v3/disputes/{id}.
func (a *API) GetDispute(c *gin.Context) (any, error) {
	disputeID, err := middleware.PathID(c, id.Dispute, "dispute")
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	d, err := a.payments.GetDispute(c.Request.Context(), middleware.Scope(c), disputeID)
	if err != nil {
		return nil, err
	}
	middleware.SetPayment(c, d.PaymentID)
	return dispute(d), nil
}

// ListDisputes is GET /v3/disputes.
func (a *API) ListDisputes(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.Dispute, "intent_id", "status")
	if err != nil {
		return nil, err
	}
	f := payment.DisputeFilter{Page: page.ofPayments()}
	if f.PaymentID, err = reference(values, "intent_id", id.Payment); err != nil {
		return nil, err
	}
	if f.Status, err = choice(values, "status", payment.DisputeStatuses...); err != nil {
		return nil, err
	}
	rows, more, err := a.payments.ListDisputes(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	return openapi.DisputeList{Object: listObject, Data: views(rows, dispute), HasMore: more}, nil
}

package acquiring

import (
	"math"
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// Bounds of lists (contracts/acquiring.md).
const (
	defaultLimit = 10
	maxLimit     = 100
	maxOffset    = math.MaxInt32 // of a database
)

// results are what movements come to, by the contract's words for them.
var results = map[string]payment.TransactionResult{
	"authorized": payment.ResultAuthorized,
	"captured":   payment.ResultCaptured,
	"voided":     payment.ResultVoided,
	"refunded":   payment.ResultRefunded,
	"failed":     payment.ResultDeclined,
}

// GetTransaction is GET /api/v1/transactions/{id}.
func (a *API) GetTransaction(c *gin.Context) (answer, error) {
	transactionID, err := middleware.PathID(c, id.Transaction, "transaction")
	if err != nil {
		return answer{}, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return answer{}, err
	}
	t, err := a.payments.GetTransaction(c.Request.Context(), middleware.Scope(c), transactionID)
	if err != nil {
		return answer{}, err
	}
	middleware.SetPayment(c, t.PaymentID)
	return answer{http.StatusOK, openapi.TransactionAnswer{Success: true, Data: renderTransaction(t)}}, nil
}

// ListTransactions is GET /api/v1/transactions.
func (a *API) ListTransactions(c *gin.Context) (answer, error) {
	values, err := decode.Query(c.Request, "status", "limit", "offset")
	if err != nil {
		return answer{}, err
	}
	var f payment.TransactionFilter
	if f.Result = results[values.Get("status")]; values.Has("status") && f.Result == "" {
		return answer{}, fault.Field("status", "Query parameter 'status' must be 'authorized', 'captured', 'voided', 'refunded' or 'failed'.")
	}
	if f.Limit, err = decode.Integer(values, "limit", 1, maxLimit, defaultLimit); err != nil {
		return answer{}, err
	}
	if f.Offset, err = decode.Integer(values, "offset", 0, maxOffset, 0); err != nil {
		return answer{}, err
	}
	rows, total, err := a.payments.ListTransactions(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return answer{}, err
	}
	data := make([]openapi.Transaction, 0, len(rows))
	for _, row := range rows {
		data = append(data, renderTransaction(row))
	}
	return answer{http.StatusOK, openapi.TransactionListAnswer{
		Success: true, Data: data, Pagination: openapi.Pagination{Limit: f.Limit, Offset: f.Offset, Total: total},
	}}, nil
}

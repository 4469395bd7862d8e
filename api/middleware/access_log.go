package middleware

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"paymenthub/internal/fault"
	"paymenthub/internal/telemetry/traceid"
)

// AccessLog writes one line a request. It never writes bodies, headers, query
// strings or keys; the cause of a failure only where it is ours.
func AccessLog(log *zap.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		r := of(c)
		status := c.Writer.Status()
		fields := make([]zap.Field, 0, 12)
		fields = append(fields,
			zap.String("request_id", r.id), zap.String("facade", r.facade.Name), zap.String("method", methodLabel(c.Request.Method)),
			zap.String("route", routeLabel(c)), zap.Int("status", status), zap.Duration("duration", time.Since(start)), traceid.Field(c.Request.Context()))
		if r.paymentID != "" {
			fields = append(fields, zap.String("payment_id", r.paymentID))
		}
		if r.key != nil {
			fields = append(fields, zap.String("merchant_id", r.key.Scope.MerchantID), zap.String("key_id", r.key.ID))
		}
		if r.failure != nil {
			fields = append(fields, zap.String("fault", string(faultOf(r.failure, status))))
		}
		if status >= 500 {
			log.Error("request", append(fields, zap.Error(r.failure))...)
			return
		}
		log.Info("request", fields...)
	}
}

// faultOf names a failure; a decline carries no fault, since it is a result.
func faultOf(err error, status int) fault.Code {
	if status == http.StatusPaymentRequired {
		return fault.Declined
	}
	return fault.From(err).Code
}

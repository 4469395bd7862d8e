package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/id"
)

// RequestID names the request, and is the first station of every façade; of
// says which one a request belongs to.
func RequestID(of func(*http.Request) *Facade) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := &request{facade: of(c.Request), id: id.New(id.Request)}
		c.Set(requestKey, r)
		h := c.Writer.Header()
		h.Set("Request-Id", r.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if c.Request.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		c.Next()
	}
}

package middleware

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
)

// Deadline bounds the request. A write goes on when its client disconnects:
// what counts is the payment, and a retry will ask for its answer.
func Deadline(limit time.Duration, write bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx := c.Request.Context()
		if write {
			ctx = context.WithoutCancel(ctx)
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}

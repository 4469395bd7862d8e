// Package inbound is where payment providers tell the hub what happened: their
// webhooks. Providers read nothing but the status: 2xx means that the hub has
// it for good, anything else makes them send it again.
package inbound

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
)

// Receiver takes notifications; notification.Receiver is it.
type Receiver interface {
	Receive(ctx context.Context, gateway, account string, header http.Header, body []byte) error
}

// Inbound serves the providers' webhooks.
type Inbound struct{ receiver Receiver }

// New makes it.
func New(r Receiver) *Inbound { return &Inbound{receiver: r} }

// Receive is POST /webhooks/{gateway}/{account}.
func (i *Inbound) Receive(c *gin.Context) {
	err := i.receiver.Receive(c.Request.Context(), c.Param("gateway"), c.Param("account"), c.Request.Header, middleware.Body(c))
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	c.Status(http.StatusOK)
}

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
	// Knows reports whether the account is found without asking the database for a
	// name that this process has not met.
	Knows(gateway, account string) bool
	Receive(ctx context.Context, gateway, account string, header http.Header, body []byte) error
}

// Inbound serves the providers' webhooks.
type Inbound struct{ receiver Receiver }

// New makes it.
func New(r Receiver) *Inbound { return &Inbound{receiver: r} }

// Knows reports whether a request is to an account that costs no look-up.
func (i *Inbound) Knows(c *gin.Context) bool {
	return i.receiver.Knows(c.Param("gateway"), c.Param("account"))
}

// Receive is POST /webhooks/{gateway}/{account}.
func (i *Inbound) Receive(c *gin.Context) {
	err := i.receiver.Receive(c.Request.Context(), c.Param("gateway"), c.Param("account"), c.Request.Header, middleware.Body(c))
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	c.Status(http.StatusOK)
}

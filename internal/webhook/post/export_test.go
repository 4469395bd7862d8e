package post

import (
	"context"
	"net"
	"time"
)

// Resolving returns the options with names resolved by r.
func (o Options) Resolving(r *net.Resolver) Options {
	o.resolver = r
	return o
}

// Timeout is how long a request may take.
func (c *Client) Timeout() time.Duration { return c.timeout }

// Dialing has the client connect by a function instead of over the network.
func (c *Client) Dialing(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	c.transport.DialContext = dial
}

package post

import (
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

package middleware

import (
	"net/netip"
	"strconv"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// Rate says by what a route's requests are counted.
type Rate string

// The rate classes.
const (
	Unlimited  Rate = "unlimited"
	PerKey     Rate = "per_key"     // by secret key; by address where there is none or a publishable one
	PerAddress Rate = "per_address" // by the client's address
)

// RateLimit refuses callers who ask too often.
func RateLimit(byKey, byAddress Limiter, class Rate) gin.HandlerFunc {
	return func(c *gin.Context) {
		var d Decision
		switch key := of(c).key; {
		case class == Unlimited:
			c.Next()
			return
		case class == PerKey && key != nil && key.Kind == merchant.SecretKey:
			d = byKey.Take(key.ID)
		case class == PerKey && key != nil:
			// Publishable keys are known to everybody: one shopper must not use
			// up what all others need.
			d = byAddress.Take(key.ID + " " + addressName(c.ClientIP()))
		default:
			d = byAddress.Take(addressName(c.ClientIP()))
		}
		c.Header("RateLimit-Limit", strconv.Itoa(d.Limit))
		c.Header("RateLimit-Remaining", strconv.Itoa(d.Remaining))
		c.Header("RateLimit-Reset", seconds(d.Reset))
		if !d.Allowed {
			Fail(c, fault.New(fault.RateLimited, "Too many requests. Back off exponentially and retry.").After(d.RetryAfter))
			return
		}
		c.Next()
	}
}

// addressName counts an IPv6 network as one client, since each has 2^64 addresses.
func addressName(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return "address"
	}
	if addr = addr.Unmap(); addr.Is6() {
		prefix, _ := addr.Prefix(64)
		return prefix.String()
	}
	return addr.String()
}

package middleware

import (
	"net/netip"
	"strconv"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// Rate says by what a route's requests are counted, and against which limits.
type Rate string

// The rate classes.
const (
	Unlimited             Rate = "unlimited"
	PerKey                Rate = "per_key"                // by secret key; by address where there is none or a publishable one
	PerAddress            Rate = "per_address"            // by the client's address
	AcquiringPayments     Rate = "acquiring_payments"     // by merchant and environment
	AcquiringTransactions Rate = "acquiring_transactions" // by merchant and environment
	Shoppers              Rate = "shoppers"               // by the client's address
)

// Limits are the limiters of each rate class; a request must pass all of them.
type Limits map[Rate][]Limiter

// RateLimit refuses callers who ask too often. The headers tell of the limit that
// leaves least.
func RateLimit(limits Limits, class Rate) gin.HandlerFunc {
	return func(c *gin.Context) {
		if class == Unlimited {
			c.Next()
			return
		}
		limiters, name := subject(c, limits, class)
		var tightest Decision
		for i, limiter := range limiters {
			d := limiter.Take(name)
			if i == 0 || !d.Allowed || d.Remaining < tightest.Remaining {
				tightest = d
			}
			if !d.Allowed {
				break
			}
		}
		c.Header("RateLimit-Limit", strconv.Itoa(tightest.Limit))
		c.Header("RateLimit-Remaining", strconv.Itoa(tightest.Remaining))
		c.Header("RateLimit-Reset", seconds(tightest.Reset))
		if !tightest.Allowed {
			Fail(c, fault.New(fault.RateLimited, "Too many requests. Back off exponentially and retry.").After(tightest.RetryAfter))
			return
		}
		c.Next()
	}
}

// subject says who is counted, and by which limiters.
func subject(c *gin.Context, limits Limits, class Rate) (limiters []Limiter, name string) {
	key, address := of(c).key, addressName(c.ClientIP())
	switch {
	case class == Shoppers:
		return limits[Shoppers], address
	case class == PerAddress || key == nil:
		return limits[PerAddress], address
	case class == AcquiringPayments, class == AcquiringTransactions:
		return limits[class], key.Scope.MerchantID + " " + string(key.Scope.Environment)
	case key.Kind == merchant.SecretKey:
		return limits[PerKey], key.ID
	default:
		// Publishable keys are known to everybody: one shopper must not use
		// up what all others need.
		return limits[PerAddress], key.ID + " " + address
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

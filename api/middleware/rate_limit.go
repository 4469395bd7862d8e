package middleware

import (
	"net/http"
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
	Guesses               Rate = "guesses"                // by the client's address: what is asked for and is not there
	Connections           Rate = "connections"            // as PerKey, and by merchant and environment
	Redeliveries          Rate = "redeliveries"           // as PerKey, and by merchant and environment
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
		var tightest Decision
		for i, of := range subject(c, limits, class) {
			d := of.limiter.Take(of.name)
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
			tooMany(c, tightest)
			return
		}
		c.Next()
	}
}

// GuessLimit refuses, before anything is looked for, an address that has asked for too
// much that is not there. What is known costs no look-up and is never refused: who
// makes a provider ask for what is not there keeps nobody else's from arriving.
func GuessLimit(guesses *TokenBuckets, known func(*gin.Context) bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if known(c) {
			c.Next()
			return
		}
		name := addressName(c.ClientIP())
		if d := guesses.Peek(name); !d.Allowed {
			tooMany(c, d)
			return
		}
		c.Next()
		if c.Writer.Status() == http.StatusNotFound {
			guesses.Take(name)
		}
	}
}

func tooMany(c *gin.Context, d Decision) {
	Fail(c, fault.New(fault.RateLimited, "Too many requests. Back off exponentially and retry.").After(d.RetryAfter))
}

// counted is somebody whom a limiter counts.
type counted struct {
	limiter Limiter
	name    string
}

// subject says who is counted, and by which limiters.
func subject(c *gin.Context, limits Limits, class Rate) []counted {
	key, address := of(c).key, addressName(c.ClientIP())
	switch {
	case class == Shoppers:
		return by(limits[Shoppers], address)
	case class == PerAddress || key == nil:
		return by(limits[PerAddress], address)
	case class == AcquiringPayments, class == AcquiringTransactions:
		return by(limits[class], scopeName(key.Scope))
	case class == Connections, class == Redeliveries:
		return append(by(limits[PerKey], key.ID), by(limits[class], scopeName(key.Scope))...)
	case key.Kind == merchant.SecretKey:
		return by(limits[PerKey], key.ID)
	default:
		// Publishable keys are known to everybody: one shopper must not use
		// up what all others need.
		return by(limits[PerAddress], key.ID+" "+address)
	}
}

func by(limiters []Limiter, name string) []counted {
	all := make([]counted, 0, len(limiters)+1)
	for _, limiter := range limiters {
		all = append(all, counted{limiter, name})
	}
	return all
}

func scopeName(s merchant.Scope) string { return s.MerchantID + " " + string(s.Environment) }

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

package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/fault"
)

// guarded lets in who is at this machine. The connection must come from it, whatever the
// hub listens on, and not from a proxy that speaks for others; a name that is led to it
// later (DNS rebinding) is no name of it; and no page of another origin may act in the
// reader's place.
func (h *Console) guarded(next gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		// With it, forms tell where they are sent from in every browser.
		c.Header("Referrer-Policy", "same-origin")
		c.Header("Cross-Origin-Resource-Policy", "same-origin")
		if !local(c.Request) || !loopback(c.Request.Host) {
			middleware.Fail(c, fault.New(fault.Forbidden, "The console is served on this machine alone: open it as localhost or 127.0.0.1."))
			return
		}
		if err := h.origins.Check(c.Request); err != nil {
			middleware.Fail(c, fault.New(fault.Forbidden, "This was asked for by a page of another site. Open the console and do it there.").Because(err))
			return
		}
		next(c)
	}
}

// local reports whether a request was made on this machine, by somebody who is there.
func local(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
	return err == nil && peer.Addr().Unmap().IsLoopback() && !forwarded
}

// loopback reports whether a Host header names this machine from within.
func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

package middleware

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"
)

// Proxies are the reverse proxies whose word about the client is believed.
type Proxies []netip.Prefix

// ParseProxies reads addresses and CIDR ranges.
func ParseProxies(texts []string) (Proxies, error) {
	var all Proxies
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fmt.Errorf("trusted proxy %q is no address and no CIDR range", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// Secure reports whether the request came over TLS or from this machine.
func (p Proxies) Secure(c *gin.Context) bool {
	if p.TLS(c) {
		return true
	}
	client, err := netip.ParseAddr(c.ClientIP())
	return err == nil && client.IsLoopback()
}

// TLS reports whether the request came over TLS, to us or to a trusted proxy.
func (p Proxies) TLS(c *gin.Context) bool {
	if c.Request.TLS != nil {
		return true
	}
	if p.trusts(peer(c.Request)) {
		// The last word is the nearest proxy's; what is before it, a client may
		// have sent.
		words := strings.Split(strings.Join(c.Request.Header.Values("X-Forwarded-Proto"), ","), ",")
		if strings.EqualFold(strings.TrimSpace(words[len(words)-1]), "https") {
			return true
		}
	}
	return false
}

func (p Proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// peer is the other end of the connection; the zero address when unknown.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap()
}

// Internal lets only peers of this machine or a private network through, and
// nothing that a proxy forwards: for what operators read, not callers.
func Internal(c *gin.Context) {
	addr := peer(c.Request)
	forwarded := c.Request.Header.Get("X-Forwarded-For") != "" || c.Request.Header.Get("Forwarded") != ""
	if forwarded || !addr.IsLoopback() && !addr.IsPrivate() {
		c.AbortWithStatus(http.StatusNotFound)
		return
	}
	c.Next()
}

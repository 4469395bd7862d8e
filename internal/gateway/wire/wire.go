// Package wire is how adapters speak HTTP to providers: one attempt per call, no
// redirects, and knowledge of whether anything was sent at all.
package wire

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	idleConnections = 64
	// idleTimeout is shorter than a load balancer's usual minute, so that a call
	// seldom meets a connection that the other side is closing.
	idleTimeout = 45 * time.Second
)

// NewClient makes the client of an adapter's calls, over the given one's transport;
// nil means one of its own. It follows no redirects: a card must not travel to
// another address.
func NewClient(given *http.Client) *http.Client {
	own := http.Client{}
	if given != nil {
		own = *given
	}
	if own.Transport == nil {
		own.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        idleConnections,
			MaxIdleConnsPerHost: idleConnections,
			IdleConnTimeout:     idleTimeout,
		}
	}
	own.Transport = once{own.Transport}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// once keeps net/http from repeating a request whose answer was lost. It does
// so by itself for requests that carry an Idempotency-Key in canonical
// spelling; written in lower case it means the same to the server (RFC 9110,
// §5.1) and nothing to net/http.
type once struct{ next http.RoundTripper }

const keyHeader = "Idempotency-Key"

// RoundTrip implements http.RoundTripper.
func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	values, ok := r.Header[keyHeader]
	if !ok {
		return o.next.RoundTrip(r)
	}
	header := r.Header.Clone()
	delete(header, keyHeader)
	header["idempotency-key"] = values
	copied := *r
	copied.Header = header
	return o.next.RoundTrip(&copied)
}

// Wire tells how far a request got.
type Wire struct{ asked, connected atomic.Bool }

// Watch follows the requests made with the context it returns.
func Watch(ctx context.Context) (context.Context, *Wire) {
	w := &Wire{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.asked.Store(true) },
		// After dialling and the TLS handshake, before the first byte of the request.
		GotConn: func(httptrace.GotConnInfo) { w.connected.Store(true) },
	}), w
}

// NothingSent reports whether it is certain that no byte of the request left:
// a connection was asked for and never had.
func (w *Wire) NothingSent() bool { return w.asked.Load() && !w.connected.Load() }

// Package post sends webhooks over HTTP to servers that strangers have named: never into
// a private network, never somewhere else than the URL says, and never for longer or with
// more of an answer than is bounded.
package post

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
)

const (
	// defaultTimeout is for everything from the name's resolution to the answer's last byte.
	defaultTimeout = 15 * time.Second

	idlePerHost   = 8
	idleAtAll     = 1024
	idleFor       = 30 * time.Second
	maxAnswerHead = 16 << 10
	userAgent     = "PaymentHub-Webhooks/1.0"
	contentType   = "application/json"
	redacted      = "[redacted]"
	quietFor      = 5 * time.Second // until HTTP/2 asks whether the other side is there, and for its answer
)

// Options configure a client.
type Options struct {
	Policy  webhook.Policy
	Timeout time.Duration  // of a request with its answer; 0: 15 seconds
	RootCAs *x509.CertPool // nil: the system's
	Clock   clock.Clock
	// Mask hides the card numbers in what an endpoint answers, without making it shorter:
	// card.Mask.
	Mask func(text string) string

	resolver *net.Resolver // nil: the system's; tests bring their own
}

// Client sends messages. It is safe for concurrent use.
type Client struct {
	policy    webhook.Policy
	timeout   time.Duration
	clock     clock.Clock
	mask      func(string) string
	transport *http.Transport
}

var _ webhook.Sender = (*Client)(nil)

// New makes a client.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return &Client{
		policy: o.Policy, timeout: o.Timeout, clock: o.Clock, mask: o.Mask,
		// The transport itself follows no redirects, keeps no cookies and, told of no
		// proxy, does not look for one in the environment.
		transport: &http.Transport{
			DialContext:            newDialer(o).dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
			TLSHandshakeTimeout:    o.Timeout, // a connection is made on behalf of whoever comes next, too
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: quietFor, PingTimeout: quietFor},
			DisableCompression:     true, // what is small when it comes may not be when it is unpacked
			MaxResponseHeaderBytes: maxAnswerHead,
			MaxIdleConns:           idleAtAll,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleFor,
		},
	}
}

// Close closes the connections that wait for another message.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Send implements webhook.Sender. The values of the headers named in masked are not in
// the attempt, not even where the endpoint repeats them.
func (c *Client) Send(ctx context.Context, url string, headers []webhook.Header, masked []string, body []byte) webhook.Attempt {
	digest := sha256.Sum256(body)
	a := webhook.Attempt{URL: url, StartedAt: c.clock.Now(), BodyDigest: hex.EncodeToString(digest[:]), BodySize: len(body)}
	began := time.Now()
	// It may have been stored under another policy.
	if err := c.policy.CheckURL(url); err != nil {
		a.Error = "The request was not made. " + fault.From(err).Message
		return a
	}
	c.exchange(ctx, &a, headers, masked, body)
	a.Duration = time.Since(began)
	return a
}

// exchange makes the request and writes down what came of it.
func (c *Client) exchange(parent context.Context, a *webhook.Attempt, headers []webhook.Header, masked []string, body []byte) {
	ctx, cancel := context.WithTimeout(parent, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(body))
	if err != nil {
		a.Error = "The request was not made: its URL cannot be read."
		return
	}
	for _, h := range headers {
		request.Header.Set(h.Name, h.Value)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", userAgent)
	a.RequestHeaders = written(request, masked)
	replayOnce(request)
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		a.Error = c.sentence(parent, err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	c.answered(a, response, newCleaner(headers, masked, c.mask))
}

// errReplayed ends an attempt whose message was sent twice already.
var errReplayed = errors.New("the server closed one connection after the other")

// replayOnce lets the transport send a message again, once, that meets a connection which
// the other side has just closed: receivers tell messages apart by webhook-id. Any more
// would be one for each connection that is kept, to a receiver that closes them all.
func replayOnce(r *http.Request) {
	if r.Header.Values("Idempotency-Key") == nil {
		r.Header["Idempotency-Key"] = nil // says to the transport that it may, and is not sent
	}
	body, replayed := r.GetBody, false
	r.GetBody = func() (io.ReadCloser, error) {
		if replayed {
			return nil, errReplayed
		}
		replayed = true
		return body()
	}
}

// written are a request's headers as they are sent, without the values of those masked.
func written(r *http.Request, masked []string) http.Header {
	h := r.Header.Clone()
	for _, name := range masked {
		if h.Get(name) != "" {
			h.Set(name, redacted)
		}
	}
	h.Set("Host", r.URL.Host)
	h.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	return h
}

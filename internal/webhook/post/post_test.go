package post_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/card"
	"paymenthub/internal/clock"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/post"
)

// TestMain holds that nothing of a client goes on when it is closed and its requests have
// ended: no connection is left, and no goroutine that serves one.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := connectionsLeft(); code == 0 && left != "" {
		fmt.Println("goroutines of connections are left:\n" + left)
		code = 1
	}
	os.Exit(code)
}

func connectionsLeft() string {
	var left string
	for range 3_000 { // they end a moment after their connection
		stacks := make([]byte, 1<<20)
		left = string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(left, "net/http.") && !strings.Contains(left, "net.(*") {
			return ""
		}
		time.Sleep(10 * time.Millisecond)
	}
	return left
}

var loopback = webhook.Policy{AllowLoopback: true}

const message = `{"id":"evt_1"}`

// endpoint starts a server with TLS on this machine and a client that trusts it.
func endpoint(t *testing.T, h http.HandlerFunc, change ...func(*httptest.Server)) (*httptest.Server, *post.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, f := range change {
		f(server)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, client(t, post.Options{RootCAs: trusting(server)})
}

func trusting(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}

// patience is how long a client of these tests waits. What is answered, or given up before
// its time, is so much sooner, also on a machine that stalls for seconds: promptly.
const (
	patience = time.Minute
	promptly = patience / 2
)

func client(t *testing.T, o post.Options) *post.Client {
	t.Helper()
	if o.Policy.Ports == nil && !o.Policy.AllowLoopback {
		o.Policy = loopback
	}
	if o.Timeout == 0 {
		o.Timeout = patience
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	o.Mask = card.Mask
	c := post.New(o)
	t.Cleanup(c.Close)
	return c
}

func send(t *testing.T, c *post.Client, url string, headers ...webhook.Header) webhook.Attempt {
	t.Helper()
	return c.Send(t.Context(), url, headers, nil, []byte(message))
}

func HTTP2(s *httptest.Server) { s.EnableHTTP2 = true }

func TestAnAttemptTellsWhatWasSentAndAnswered(t *testing.T) {
	t.Parallel()
	for proto, change := range map[string]func(*httptest.Server){"HTTP/1.1": func(*httptest.Server) {}, "HTTP/2.0": HTTP2} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			var body []byte
			server, c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
				w.Header().Set("X-Request", "r1")
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, "thanks")
			}, change)
			secret := webhook.NewSecret()
			headers := append(webhook.Sign(webhook.Hub, "evt_1", time.Now(), []byte(message), []vault.Secret{secret}), webhook.Header{Name: "authorization", Value: "Bearer a-long-token"})
			before := clock.System{}.Now()
			a := c.Send(t.Context(), server.URL+"/hook?x=1", headers, []string{"Authorization"}, []byte(message))

			require.Equal(t, proto, got.Proto)
			require.Equal(t, http.MethodPost, got.Method)
			require.Equal(t, "/hook?x=1", got.URL.String())
			require.Equal(t, message, string(body))
			require.Equal(t, "application/json", got.Header.Get("Content-Type"))
			require.Equal(t, "PaymentHub-Webhooks/1.0", got.Header.Get("User-Agent"))
			require.Equal(t, "Bearer a-long-token", got.Header.Get("Authorization"))
			require.Empty(t, got.Header.Values("Idempotency-Key"))
			require.Empty(t, got.Header.Values("Accept-Encoding"))
			for _, h := range headers {
				require.Equal(t, []string{h.Value}, got.Header.Values(h.Name), h.Name)
			}

			require.True(t, a.OK())
			require.Equal(t, http.StatusAccepted, a.Code)
			require.Empty(t, a.Error)
			require.Equal(t, "thanks", a.ResponseBody)
			require.False(t, a.Truncated)
			require.Equal(t, "r1", a.ResponseHeaders.Get("X-Request"))
			require.Equal(t, server.URL+"/hook?x=1", a.URL)
			require.False(t, a.StartedAt.Before(before))
			require.False(t, a.StartedAt.After(clock.System{}.Now()))
			require.Positive(t, a.Duration)
			digest := sha256.Sum256([]byte(message))
			require.Equal(t, hex.EncodeToString(digest[:]), a.BodyDigest)
			require.Equal(t, len(message), a.BodySize)
			require.Equal(t, "[redacted]", a.RequestHeaders.Get("Authorization"))
			require.Equal(t, strconv.Itoa(len(message)), a.RequestHeaders.Get("Content-Length"))
			require.Equal(t, server.Listener.Addr().String(), a.RequestHeaders.Get("Host"))
			for name := range a.RequestHeaders { // as sent: nothing was added behind our back
				require.True(t, name == "Host" || got.Header.Get(name) != "", name)
			}
			for name := range got.Header {
				require.NotEmpty(t, a.RequestHeaders.Get(name), name)
			}
		})
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*httptest.Server){"HTTP/1.1": func(*httptest.Server) {}, "HTTP/2.0": HTTP2} {
		synctest.Test(t, func(t *testing.T) { // a transport keeps no connection that it had to wait 50 ms for
			var connections atomic.Int32
			wire := newWire()
			server, c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, strings.Repeat("a", 4<<10))
			}, change, counting(&connections), wire.lay)
			wire.through(c)
			for range 5 {
				require.True(t, send(t, c, server.URL).OK())
			}
			require.EqualValues(t, 1, connections.Load(), name)
		})
	}
}

func counting(n *atomic.Int32) func(*httptest.Server) {
	return func(s *httptest.Server) {
		s.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			n.Add(1)
			return ctx
		}
	}
}

// An endpoint that closes its connections without a word between two messages costs no
// failed attempt.
func TestAConnectionThatWentStaleCostsNothing(t *testing.T) {
	t.Parallel()
	var messages atomic.Int32
	server, c := endpoint(t, func(http.ResponseWriter, *http.Request) { messages.Add(1) })
	for range 20 {
		a := send(t, c, server.URL)
		require.True(t, a.OK(), a.Error)
		server.CloseClientConnections()
	}
	require.EqualValues(t, 20, messages.Load())
}

// An endpoint that takes the message and closes without a word, on as many connections as
// are kept, gets it twice and no more.
func TestAnEndpointThatClosesEveryConnectionIsSentTheMessageTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const kept = 6
		var messages atomic.Int32
		var warm sync.WaitGroup
		warm.Add(kept)
		wire := newWire()
		server, c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if messages.Add(1) <= kept {
				warm.Done()
				warm.Wait() // each on its own connection
				return
			}
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		}, wire.lay)
		wire.through(c)
		var first sync.WaitGroup
		for range kept {
			first.Go(func() { send(t, c, server.URL) })
		}
		first.Wait()
		requireNoAnswer(t, "The endpoint closed the connection before it had answered.", send(t, c, server.URL))
		require.EqualValues(t, kept+2, messages.Load())
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(target.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{target.URL, "http://169.254.169.254/latest/meta-data/", "://", ""} {
			server, c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
				if to != "" {
					w.Header().Set("Location", to)
				}
				w.WriteHeader(code)
			})
			a := send(t, c, server.URL)
			require.Equal(t, code, a.Code)
			require.False(t, a.OK())
			require.Empty(t, a.Error)
			require.Equal(t, to, a.ResponseHeaders.Get("Location"))
		}
	}
	require.Zero(t, elsewhere.Load())
}

// A value that would begin another line is never written, whoever let it through.
func TestHeadersAreNotInjected(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server, c := endpoint(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	for _, h := range []webhook.Header{{Name: "X-A", Value: "secret-value\r\nX-B: c"}, {Name: "X-A", Value: "a\nb"}, {Name: "X-A", Value: "a\x00b"}, {Name: "X-A\r\nX-B", Value: "c"}, {Name: "X A", Value: "c"}, {Name: "", Value: "c"}} {
		a := send(t, c, server.URL, h)
		require.Zero(t, a.Code)
		require.NotEmpty(t, a.Error)
		require.NotContains(t, a.Error, "secret-value")
	}
	require.Zero(t, requests.Load())
	a := send(t, c, server.URL, webhook.Header{Name: "Host", Value: "evil.example"}, webhook.Header{Name: "Content-Type", Value: "text/plain"}, webhook.Header{Name: "User-Agent", Value: "evil"}, webhook.Header{Name: "Transfer-Encoding", Value: "chunked"}, webhook.Header{Name: "Content-Length", Value: "1"})
	require.True(t, a.OK(), a.Error)
	require.EqualValues(t, 1, requests.Load())
}

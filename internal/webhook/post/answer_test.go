package post_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/post"
)

const kept = 4 << 10

func TestBodiesAreCut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body, want string
		truncated  bool
	}{
		"empty":               {},
		"exactly":             {strings.Repeat("a", kept), strings.Repeat("a", kept), false},
		"one more":            {strings.Repeat("a", kept+1), strings.Repeat("a", kept), true},
		"more than is read":   {strings.Repeat("a", 10*kept), strings.Repeat("a", kept), true},
		"NUL and no UTF-8":    {"a\x00b\xff\xfec", "a\uFFFDb\uFFFDc", false},
		"cut within a letter": {strings.Repeat("é", kept), strings.Repeat("é", kept/2), true},
		"cut, odd":            {"a" + strings.Repeat("é", kept), "a" + strings.Repeat("é", kept/2-1), true},
		"a card number":       {`{"pan":"4242 4242 4242 4242"}`, `{"pan":"•••• •••• •••• 4242"}`, false},
		"a card at the end":   {strings.Repeat("a", kept-10) + " 4242424242424242 and on", strings.Repeat("a", kept-10) + " •••", true},
		"binary":              {strings.Repeat("\x80", 2*kept), "\uFFFD", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, chunked := range []bool{false, true} {
				server, client := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
					if chunked {
						w.(http.Flusher).Flush()
					}
					_, _ = io.WriteString(w, c.body)
				})
				a := send(t, client, server.URL)
				require.True(t, a.OK(), a.Error)
				require.Equal(t, c.want, a.ResponseBody)
				require.Equal(t, c.truncated, a.Truncated)
				require.True(t, utf8.ValidString(a.ResponseBody))
				require.NotContains(t, a.ResponseBody, "42424242")
			}
		})
	}
}

// A body without end is given up when enough of it was read, and the next message has a
// connection of its own.
func TestEndlessBodiesAreGivenUp(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*httptest.Server){func(*httptest.Server) {}, HTTP2} {
		var connections atomic.Int32
		server, c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("a", 1<<10)); err != nil {
					return
				}
			}
		}, change, counting(&connections))
		for range 3 {
			a := send(t, c, server.URL)
			require.True(t, a.OK(), a.Error)
			require.True(t, a.Truncated)
			require.Len(t, a.ResponseBody, kept)
			require.Less(t, a.Duration, promptly)
		}
	}
}

// The status is what counts: a body that trickles in costs its time, but not the answer.
func TestSlowBodiesEndWithTheTime(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*httptest.Server){func(*httptest.Server) {}, HTTP2} {
		synctest.Test(t, func(t *testing.T) {
			wire := newWire()
			server, _ := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					_, _ = io.WriteString(w, ".")
					w.(http.Flusher).Flush()
					time.Sleep(20 * time.Millisecond)
				}
			}, change, wire.lay)
			defer time.Sleep(time.Second) // until the handler has noticed
			c := wire.through(client(t, post.Options{RootCAs: trusting(server), Timeout: 310 * time.Millisecond}))
			a := send(t, c, server.URL)
			require.Equal(t, http.StatusOK, a.Code)
			require.True(t, a.Truncated)
			require.Equal(t, strings.Repeat(".", 16), a.ResponseBody)
			require.Equal(t, 310*time.Millisecond, a.Duration)
		})
	}
}

// The answer 101 has no body, but a connection that stays open.
func TestProtocolsAreNotSwitched(t *testing.T) {
	t.Parallel()
	server, c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	})
	a := send(t, c, server.URL)
	require.Less(t, a.Duration, promptly)
	require.False(t, a.OK())
}

// An endpoint that repeats what it was sent, as many do in their errors, does not have
// it written into our database.
func TestWhatTheMerchantKeepsSecretIsNotRepeated(t *testing.T) {
	t.Parallel()
	server, c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("X-Api-Key"))
		w.Header().Set("X-Token", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		w.Header().Set("Set-Cookie", "session=abc")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, "%v %s bad token %s%s", r.Header, strings.Repeat("a", kept-300), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), strings.Repeat("z", 2000))
	})
	long := strings.Repeat("tokenpart", 100)
	a := c.Send(t.Context(), server.URL, []webhook.Header{{Name: "Authorization", Value: "Bearer " + long}, {Name: "x-api-key", Value: "pass word"}, {Name: "X-On", Value: "on"}}, []string{"authorization", "X-Api-Key", "X-On"}, []byte(message))
	require.Equal(t, http.StatusUnauthorized, a.Code)
	kept := fmt.Sprintf("%+v", a)
	for _, secret := range []string{"tokenpart", "pass word", "session=abc"} {
		require.NotContains(t, kept, secret)
	}
	require.Equal(t, "[redacted]", a.ResponseHeaders.Get("Set-Cookie"))
	require.Equal(t, "*********", a.ResponseHeaders.Get("X-Echo"))
	require.Equal(t, "text/plain; charset=utf-8", a.ResponseHeaders.Get("Content-Type"), "what is no secret stays")
	require.Equal(t, "[redacted]", a.RequestHeaders.Get("X-On"))
}

// So do the pages on which frameworks explain an error, with all of their settings.
func TestSigningSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	const secret = "bm90IGEgc2VjcmV0/+p1c3QgYW4gZXhhbXBsZSBvbmU="
	server, c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Secret", "whsec_"+secret)
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, `WEBHOOK_SECRET=whsec_%s {"secret":"whsec_%s"} ?s=whsec_%s the end`, secret, strings.ReplaceAll(secret, "/", `\/`), url.QueryEscape(secret))
	})
	a := send(t, c, server.URL)
	require.NotContains(t, fmt.Sprintf("%+v", a), "bm90IGEgc2VjcmV0")
	require.NotContains(t, fmt.Sprintf("%+v", a), "p1c3QgYW4gZXhhbXBsZSBvbmU")
	require.Regexp(t, `^WEBHOOK_SECRET=\*+ {"secret":"\*+"} \?s=\*+ the end$`, a.ResponseBody)
}

func TestResponseHeadersAreBounded(t *testing.T) {
	t.Parallel()
	server, c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 30 {
			w.Header().Add(fmt.Sprintf("X-%02d", i%15), strings.Repeat("v", 300))
		}
		w.Header().Set("A-Card", "no. 4242424242424242")
		w.Header().Set("A-Latin", "caf\xe9")
		w.Header().Set("4242424242424242", "x")
		w.Header().Set("A"+strings.Repeat("n", 70), "x")
	})
	a := send(t, c, server.URL)
	lines := 0
	for name, values := range a.ResponseHeaders {
		require.LessOrEqual(t, len(name), 64)
		for _, value := range values {
			lines++
			require.LessOrEqual(t, len(value), 256)
		}
	}
	require.Equal(t, 20, lines)
	require.Equal(t, "no. ••••••••••••4242", a.ResponseHeaders.Get("A-Card"))
	require.Equal(t, "caf\uFFFD", a.ResponseHeaders.Get("A-Latin"))
	require.NotContains(t, a.ResponseHeaders, "4242424242424242")
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "86400": 24 * time.Hour, "86401": 24 * time.Hour, "99999999999999999999999": 24 * time.Hour,
		"-1": 0, "1.5": 0, "soon": 0, "1h": 0, "+5": 0,
		"Sat, 21 Nov 2026 12:01:30 GMT":    90 * time.Second,
		"Sat, 21 Nov 2026 11:00:00 GMT":    0,
		"Tue, 21 Nov 2028 11:00:00 GMT":    24 * time.Hour,
		"Saturday, 21-Nov-26 12:01:30 GMT": 90 * time.Second,
	} {
		for _, code := range []int{200, 307, 429, 503} {
			server, _ := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", value)
				w.WriteHeader(code)
			})
			c := client(t, post.Options{RootCAs: trusting(server), Clock: clock.NewManual(now)})
			a := send(t, c, server.URL)
			require.Equal(t, code, a.Code)
			if code == 200 {
				require.Zero(t, a.RetryAfter)
				continue
			}
			require.Equal(t, want, a.RetryAfter, value)
		}
	}
}

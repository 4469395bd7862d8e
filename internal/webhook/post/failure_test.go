package post_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/post"
)

// requireNoAnswer holds that an attempt failed with a sentence that tells nothing of addresses.
func requireNoAnswer(t *testing.T, want string, a webhook.Attempt) {
	t.Helper()
	require.Zero(t, a.Code)
	require.Equal(t, want, a.Error)
	require.Regexp(t, `^[A-Z].*\.$`, a.Error)
	require.NotRegexp(t, `\d+\.\d+\.\d+|\[|::`, a.Error)
	require.Empty(t, a.ResponseBody)
}

func TestAnEndpointThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*httptest.Server){func(*httptest.Server) {}, HTTP2} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire()
			server, _ := endpoint(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}, change, w.lay)
			c := w.through(client(t, post.Options{RootCAs: trusting(server), Timeout: 250 * time.Millisecond}))
			a := send(t, c, server.URL)
			requireNoAnswer(t, "The endpoint did not answer within 0.25 seconds.", a)
			require.Equal(t, 250*time.Millisecond, a.Duration)
			require.NotEmpty(t, a.RequestHeaders)
		})
	}
}

func TestTheTimeoutIsFifteenSecondsUnlessSaid(t *testing.T) {
	t.Parallel()
	require.Equal(t, 15*time.Second, post.New(post.Options{}).Timeout())
}

func TestTheHubStops(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	server, c := endpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		stop()
		<-r.Context().Done()
	})
	requireNoAnswer(t, "The request was broken off, since the hub is stopping.", c.Send(ctx, server.URL, nil, nil, []byte(message)))
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	requireNoAnswer(t, "The endpoint refused the connection.", send(t, client(t, post.Options{}), "https://127.0.0.1:1"))
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	const invalid = "The endpoint's certificate is not valid: "
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		certificate func(*x509.Certificate)
		trusted     bool
		want        string
	}{
		"good":      {func(*x509.Certificate) {}, true, ""},
		"unknown":   {func(*x509.Certificate) {}, false, "it was issued by an authority that is not known, or its chain is not sent whole."},
		"expired":   {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-day) }, true, "it has expired, or is not valid yet."},
		"too early": {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(day) }, true, "it has expired, or is not valid yet."},
		"other":     {func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"shop.example"} }, true, "it is for another name."},
		"purpose":   {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, true, "its chain cannot be verified."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := endpoint(t, func(http.ResponseWriter, *http.Request) {}, func(s *httptest.Server) {
				s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, c.certificate)}}
			})
			roots := x509.NewCertPool()
			if c.trusted {
				roots = trusting(server)
			}
			a := send(t, client(t, post.Options{RootCAs: roots}), server.URL)
			if c.want == "" {
				require.True(t, a.OK(), a.Error)
				return
			}
			requireNoAnswer(t, invalid+c.want, a)
		})
	}
}

// certificate makes one that is its own authority, with something changed.
func certificate(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestOldTLS(t *testing.T) {
	t.Parallel()
	server, c := endpoint(t, func(http.ResponseWriter, *http.Request) {}, func(s *httptest.Server) {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	})
	requireNoAnswer(t, "No TLS connection could be made: the endpoint must accept TLS 1.2 or later, with a cipher that is in use today.", send(t, c, server.URL))
}

func TestPlainHTTPWhereTLSIsAskedFor(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	c := client(t, post.Options{})
	requireNoAnswer(t, "The endpoint does not speak TLS on this port.", send(t, c, strings.Replace(server.URL, "http:", "https:", 1)))
	require.True(t, send(t, c, server.URL).OK(), "a developer's machine may do without")
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	const (
		closed = "The endpoint closed the connection before it had answered."
		noHTTP = "The endpoint's answer is not HTTP."
		large  = "The header of the endpoint's answer is larger than 16 KiB."
	)
	for answer, want := range map[string]string{
		"":                                             closed,
		"HTTP/1.1 200 OK\r\nX-A: b":                    closed,
		"SSH-2.0-OpenSSH_9.9\r\n":                      noHTTP,
		"HTTP/1.1 abc OK\r\n\r\n":                      noHTTP,
		"HTTP/1.1 000 OK\r\n\r\nbody":                  noHTTP,
		"HTTP/1.1 099 OK\r\nX-A: b\r\n\r\n":            noHTTP,
		"HTTP/1.1 200 OK\r\nno header\r\n\r\n":         noHTTP,
		"HTTP/1.1 200 OK\r\n: x\r\n\r\n":               noHTTP,
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n": noHTTP,
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 17<<10) + "\r\n\r\n":       large,
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: aaaaaaaa\r\n", 2<<10) + "\r\n": large,
	} {
		server, c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		})
		a := send(t, c, server.URL)
		requireNoAnswer(t, want, a)
	}
}

func TestHTTP2StreamsThatFail(t *testing.T) {
	t.Parallel()
	server, c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			w.Header().Set("X", strings.Repeat("a", 20<<10))
			return
		case "/many":
			for range 40 {
				w.Header().Add("X", strings.Repeat("a", 1<<10))
			}
			return
		}
		panic(http.ErrAbortHandler) // the stream is reset
	}, HTTP2)
	requireNoAnswer(t, "The endpoint closed the connection before it had answered.", send(t, c, server.URL))
	for _, path := range []string{"/long", "/many"} {
		requireNoAnswer(t, "The header of the endpoint's answer is larger than 16 KiB.", send(t, c, server.URL+path))
	}
}

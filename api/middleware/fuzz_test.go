package middleware

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
	"paymenthub/internal/idempotency"
	"paymenthub/internal/merchant"
)

// FuzzIdempotencyKey holds that a key is 1 to 255 printable ASCII characters
// without a card number, sent once, and that refusals repeat none of it.
func FuzzIdempotencyKey(f *testing.F) {
	f.Add("8f7c1c7e-2b5e-4f1a-9c91-2d2e1c80a1f2", "", false)
	f.Add("", "", false)
	f.Add("4242 4242 4242 4242", "", false)
	f.Add("a\x7f", "b", true)
	f.Add(strings.Repeat("k", 256), "", false)
	f.Add("schlüssel", "\xff", true)
	f.Fuzz(func(t *testing.T, first, second string, twice bool) {
		h := http.Header{"Idempotency-Key": {first}}
		if twice {
			h.Add("Idempotency-Key", second)
		}
		key, err := idempotencyKey(h)
		printable := strings.IndexFunc(first, func(r rune) bool { return r < ' ' || r > '~' }) < 0
		good := !twice && first != "" && len(first) <= idempotency.MaxKeyLength && printable && !decode.HoldsCardNumber(first)
		require.Equal(t, good, err == nil, "%q", first)
		if good {
			require.Equal(t, first, key)
			return
		}
		require.Empty(t, key)
		require.Equal(t, "Idempotency-Key", fault.From(err).Param)
		require.False(t, len(first) > 20 && strings.Contains(err.Error(), first))
	})
}

// strict is an authenticator whose database refuses what is no UTF-8, as
// Postgres does.
type strict struct{ t *testing.T }

// Authenticate implements Authenticator.
func (s strict) Authenticate(_ context.Context, presented string) (merchant.Key, error) {
	require.Regexp(s.t, `\A[0-9A-Za-z_]{1,200}\z`, presented)
	return merchant.Key{}, fault.New(fault.Unauthenticated, "unknown")
}

// FuzzBearer holds that no Authorization header makes the hub fail: who brings
// nothing that could be a key is told so without a look-up.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer sk_sandbox_x", "bearer  sk_live_y ", "Basic eA==", "Bearer", "Bearer \xff\xfe", "Bearer sk_sandbox_\x00", "Bearer a b", "", "Bearer " + strings.Repeat("k", 201), "Bearer schlüssel"} {
		f.Add(seed, "")
	}
	f.Add("Bearer sk_sandbox_x", "Bearer sk_sandbox_x")
	f.Fuzz(func(t *testing.T, first, second string) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		c.Request.Header["Authorization"] = []string{first}
		if second != "" {
			c.Request.Header.Add("Authorization", second)
		}
		c.Set(requestKey, &request{facade: &Facade{KeyOf: Bearer}})
		if presented := Bearer(c.Request); presented != "" {
			require.Empty(t, second)
			require.True(t, strings.EqualFold(first[:7], "Bearer "))
			require.Contains(t, first, presented)
		}
		_, err := authenticate(c, strict{t})
		require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
		require.False(t, len(first) > 20 && strings.Contains(err.Error(), first))
	})
}

// FuzzForwardedFor holds that nobody but a trusted proxy can pass for somebody
// else: by X-Forwarded-For for another client, by X-Forwarded-Proto for one that
// came over TLS.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "192.0.2.7, 127.0.0.1", "::1", "::ffff:127.0.0.1", "999.1.1.1", "unknown", "", "10.0.0.1, 10.0.0.2", "\xff", "fe80::1%eth0", strings.Repeat("1.1.1.1,", 100)} {
		f.Add(seed, "https", "10.1.2.3:5")
		f.Add(seed, "https, http", "192.0.2.7:5")
		f.Add(seed, "HTTPS", "[::1]:5")
	}
	gin.SetMode(gin.TestMode)
	trusted := []string{"10.0.0.0/8"}
	proxies, err := ParseProxies(trusted)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, forwarded, proto, from string) {
		if _, _, err := net.SplitHostPort(from); err != nil {
			return // the server always knows a port
		}
		c, e := gin.CreateTestContext(httptest.NewRecorder())
		require.NoError(t, e.SetTrustedProxies(trusted))
		c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		c.Request.RemoteAddr = from
		c.Request.Header["X-Forwarded-For"] = []string{forwarded}
		c.Request.Header["X-Forwarded-Proto"] = []string{proto}
		secure, client := proxies.Secure(c), c.ClientIP()

		nearest := peer(c.Request)
		if !netip.MustParsePrefix(trusted[0]).Contains(nearest) {
			require.Equal(t, nearest.IsLoopback(), secure, "a stranger's word counts: %q %q", forwarded, proto)
			if nearest.IsValid() && nearest.Zone() == "" {
				require.Equal(t, nearest.String(), netip.MustParseAddr(client).Unmap().String())
			}
		}
		name := addressName(client)
		require.True(t, name == "address" || strings.ContainsAny(name, ".:"), name)
		require.LessOrEqual(t, len(name), 60)
	})
}

// FuzzParseProxies holds that what is read prints as it works.
func FuzzParseProxies(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "10.1.2.3", "::1/128", "fe80::1%eth0", "10.0.0.0/33", "", "x", "::ffff:10.0.0.1/104"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseProxies([]string{text})
		if err != nil {
			require.Empty(t, all)
			return
		}
		require.Len(t, all, 1)
		require.True(t, all[0].IsValid())
		again, err := ParseProxies([]string{all[0].String()})
		require.NoError(t, err)
		require.Equal(t, all, again)
	})
}

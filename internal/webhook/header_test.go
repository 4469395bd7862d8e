package webhook_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

type values = map[string]vault.Secret

func TestCheckHeaders(t *testing.T) {
	t.Parallel()
	for _, good := range []values{
		nil, {}, {"Authorization": "Bearer abc"}, {"X-Tenant": "a\tb c", "x-env": "!~"}, {"X-Signed-By": "us"},
		{strings.Repeat("a", 64): vault.Secret(strings.Repeat("b", 1024))}, many(10),
	} {
		require.NoError(t, webhook.CheckHeaders(good))
	}
	for _, c := range []struct {
		headers     values
		field, want string
	}{
		{many(11), "headers", "at most 10 headers"},
		{values{"": "x"}, "headers", "names"},
		{values{"a b": "x"}, "headers", "names"},
		{values{"a:": "x"}, "headers", "names"},
		{values{"a\r\nHost": "x"}, "headers", "names"},
		{values{"ä": "x"}, "headers", "names"},
		{values{strings.Repeat("a", 65): "x"}, "headers", "names"},
		{values{"4242424242424242": "x"}, "headers", "names"},
		{values{"X-A": "1", "x-a": "2"}, "headers.x-a", "given twice"},
		{values{"X-A": ""}, "headers.X-A", "1 to 1024"},
		{values{"X-A": vault.Secret(strings.Repeat("b", 1025))}, "headers.X-A", "1 to 1024"},
		{values{"X-A": " x"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "x\t"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "x\r\nHost: evil"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "x\ny"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "x\x00y"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "x\x7f"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "é"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": "x\u2028y"}, "headers.X-A", "visible ASCII"},
		{values{"X-A": full, "X-B": full, "X-C": full, "X-D": full}, "headers", "at most 4096 characters"},
	} {
		err := webhook.CheckHeaders(c.headers)
		require.True(t, fault.Is(err, fault.Invalid), c)
		require.Equal(t, c.field, fault.From(err).Param)
		require.Contains(t, fault.From(err).Message, c.want)
		require.NotContains(t, fault.From(err).Message, "evil", "values are not repeated")
		require.NotContains(t, fault.From(err).Message, "4242")
	}
}

var (
	full     = vault.Secret(strings.Repeat("b", 1024))
	signedAt = time.Unix(1_790_000_000, 0)
)

func many(n int) values {
	headers := values{}
	for i := range n {
		headers[fmt.Sprintf("X-%d", i)] = "v"
	}
	return headers
}

func TestReservedHeaders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Host", "CONTENT-TYPE", "Content-Length", "Content-Encoding", "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "HTTP2-Settings", "Expect",
		"Cookie", "Proxy-Authorization", "proxy-connection", "User-Agent", "Accept-Encoding", "webhook-id", "Webhook-Signature", "webhook-timestamp", "webhook-other",
		"X-AMICA-Signature", "X-Webhook-Signature", "x-signature", "X-Signature-Next",
	} {
		err := webhook.CheckHeaders(values{name: "x"})
		require.Equal(t, "headers."+name, fault.From(err).Param, name)
		require.Contains(t, fault.From(err).Message, "choose another name")
	}
	for _, d := range webhook.Dialects { // whatever a message is signed in
		for _, h := range webhook.Sign(d, "evt_1", signedAt, nil, []vault.Secret{webhook.NewSecret(), webhook.NewSecret()}) {
			require.Error(t, webhook.CheckHeaders(values{h.Name: "x"}), h.Name)
		}
	}
}

// FuzzCheckHeaders holds that what passes is written by net/http as the one line it is.
func FuzzCheckHeaders(f *testing.F) {
	for name, value := range map[string]string{"X-A": "v", "x": "a\r\nb", "a:b": "c", "Host": "x", "X-Tab": "a\tb"} {
		f.Add(name, value)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		if webhook.CheckHeaders(values{name: vault.Secret(value)}) != nil {
			return
		}
		var wire strings.Builder
		h := http.Header{}
		h.Set(name, value)
		require.NoError(t, h.Write(&wire))
		require.Equal(t, http.CanonicalHeaderKey(name)+": "+value+"\r\n", wire.String())
	})
}

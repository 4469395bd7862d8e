package webhook_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
)

var developer = webhook.Policy{AllowLoopback: true}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://shop.example/webhooks", "https://shop.example", "HTTPS://Shop.Example:443/?a=b&c=%20", "https://a.b-c.my_app.co:8443/x", "https://xn--bcher-kva.example/",
		"https://8.8.8.8/", "https://[2606:4700:4700::1111]:8443/", "https://1shop.2example/", "https://shop.example/" + strings.Repeat("a", webhook.MaxURL-21),
	} {
		require.NoError(t, webhook.Policy{}.CheckURL(good), good)
		require.NoError(t, developer.CheckURL(good), good)
	}
	for raw, want := range map[string]string{
		"":                                                  "absolute URL",
		"shop.example/webhooks":                             "absolute URL",
		"//shop.example/webhooks":                           "absolute URL",
		"https:shop.example":                                "absolute URL",
		"https:///webhooks":                                 "absolute URL",
		"ftp://shop.example/":                               "absolute URL",
		"javascript:alert(1)":                               "absolute URL",
		"https://shop.example:x/":                           "absolute URL",
		"https://[::1/":                                     "absolute URL",
		"http://shop.example/":                              "begin with https://",
		"http://localhost/":                                 "begin with https://",
		"https://u:p@shop.example/":                         "user name or password",
		"https://@shop.example/":                            "user name or password",
		"https://shop.example/#x":                           "fragment",
		"https://shop.example/#":                            "fragment",
		"https://shop.example:80/":                          "port 443 or 8443",
		"https://shop.example:22/":                          "port 443 or 8443",
		"https://shop.example:0/":                           "from 1 to 65535",
		"https://shop.example:65536/":                       "from 1 to 65535",
		"https://shop.example:/":                            "behind the colon",
		"https://shop.example/a b":                          "spaces",
		"https://shop.example\\@evil/":                      "backslashes",
		"https://shop.example/\r\nX: y":                     "spaces",
		"https://shop.example/\x00":                         "spaces",
		"https://shop.example/\x7f":                         "spaces",
		"https://bücher.example/":                           "punycode",
		"https://shop.example/ü":                            "punycode",
		"https://shop/":                                     "full host name",
		"https://shop.example./":                            "host name",
		"https://shop..example/":                            "full host name",
		"https://-shop.example/":                            "full host name",
		"https://shop%2eexample/":                           "absolute URL",
		"https://sh!op.example/":                            "full host name",
		"https://" + strings.Repeat("a", 64) + ".example/":  "full host name",
		"https://" + strings.Repeat("a.", 126) + "example/": "full host name",
		"https://shop.example/" + strings.Repeat("a", webhook.MaxURL): "at most 2048",
	} {
		err := webhook.Policy{}.CheckURL(raw)
		require.True(t, fault.Is(err, fault.Invalid), raw)
		require.Equal(t, "url", fault.From(err).Param)
		require.Contains(t, fault.From(err).Message, want, raw)
	}
}

// No spelling of an address that is not public passes, for developers neither, unless it
// is this machine's own.
func TestCheckURLRefusesWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255",
		"168.63.129.16", "192.0.0.192", "198.18.0.1", "[::]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
		"[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]", "[2002:a00:1::1]", "[2001:0:a00:1::]", "[::1%251]",
		"2130706433", "017700000001", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.0x1", "127.0.0.01", "127.0.0.1.", "1.2.3.4.5", "999.1.1.1", "0x", "10.0.0.0xfe",
		"x.localhost", "printer.local", "db.internal", "metadata.google.internal", "nas.lan", "router.home.arpa", "LOCAL", "localhost.", "localhost.localdomain", "wiki.corp",
	} {
		for _, scheme := range []string{"https://", "http://"} {
			require.Error(t, developer.CheckURL(scheme+host+"/"), host)
			require.Error(t, webhook.Policy{}.CheckURL(scheme+host+"/"), host)
		}
	}
	for _, host := range []string{"localhost", "LocalHost", "127.0.0.1", "127.3.2.1", "[::1]"} {
		for _, scheme := range []string{"https://", "http://"} {
			for _, port := range []string{"", ":1", ":3000", ":65535"} {
				require.NoError(t, developer.CheckURL(scheme+host+port+"/hook"), host)
				require.Error(t, webhook.Policy{}.CheckURL(scheme+host+port+"/hook"), host)
			}
		}
	}
}

func TestCheckURLTakesTheConfiguredPorts(t *testing.T) {
	t.Parallel()
	p := webhook.Policy{Ports: []int{443, 4443, 9443}}
	require.NoError(t, p.CheckURL("https://shop.example:9443/"))
	require.Contains(t, fault.From(p.CheckURL("https://shop.example:8443/")).Message, "port 443, 4443 or 9443.")
	require.Contains(t, fault.From(webhook.Policy{Ports: []int{4443}}.CheckURL("https://shop.example/")).Message, "port 4443.")
}

// IPv4 addresses are public by the same rule however IPv6 wraps them: not at all.
func TestWrappedAddressesAreNotPublic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		v4 := netip.AddrFrom4(raw)
		if webhook.Public(v4) {
			require.False(t, v4.IsPrivate() || v4.IsLoopback() || v4.IsLinkLocalUnicast() || v4.IsMulticast() || v4.IsUnspecified())
		}
		require.False(t, webhook.Public(netip.AddrFrom16(v4.As16())))
		wrap := func(prefix string, at int) netip.Addr {
			v6 := netip.MustParseAddr(prefix).As16()
			copy(v6[at:], raw[:])
			return netip.AddrFrom16(v6)
		}
		for _, wrapped := range []netip.Addr{wrap("64:ff9b::", 12), wrap("64:ff9b:1::", 12), wrap("2002::", 2), wrap("2001::", 12), wrap("::", 12), wrap("fd00::", 12), wrap("fe80::", 12)} {
			require.False(t, webhook.Public(wrapped), wrapped)
		}
	})
}

// FuzzCheckURL holds that nothing panics, and that what passes is read by net/url as
// what was checked: HTTPS to a public host at an allowed port, or this machine.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{
		"https://shop.example/webhooks", "http://localhost:3000/", "http://2130706433/", "https://0x7f.1/", "https://[::ffff:127.0.0.1]/", "https://a@b/", "https://shop.example:443\\@10.0.0.1/",
		"https://shop.example#@10.0.0.1/", "https://10.0.0.1%00.example/", "http://[::1]:80/", "https://[fe80::1%25eth0]/", "https://127.0.0.1%2f.example/", "http:localhost",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if err := developer.CheckURL(raw); err != nil {
			require.True(t, fault.Is(err, fault.Invalid))
			require.Error(t, webhook.Policy{}.CheckURL(raw), "more is allowed than to developers")
			return
		}
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Nil(t, u.User)
		if webhook.Loopback(u.Hostname()) {
			require.Contains(t, []string{"http", "https"}, u.Scheme)
			require.Error(t, webhook.Policy{}.CheckURL(raw))
			return
		}
		require.Equal(t, "https", u.Scheme)
		require.Contains(t, []string{"", "443", "8443"}, u.Port())
		require.NoError(t, webhook.Policy{}.CheckURL(raw))
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
			require.True(t, webhook.Public(ip))
		} else {
			require.Regexp(t, `^[0-9A-Za-z_.-]+\.[0-9A-Za-z_-]+$`, u.Hostname())
		}
	})
}

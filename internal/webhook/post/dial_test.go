package post_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/post"
)

const refused = "The endpoint's name resolves to an address that webhooks are not sent to."

// names starts a name server on this machine that answers every question by the function,
// and returns a resolver that asks it alone.
func names(t *testing.T, addresses func(question int) []string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		packet := make([]byte, 1500)
		for question := 0; ; question++ {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			if reply := answer(packet[:n], addresses(question)); reply != nil {
				_, _ = server.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answer gives the addresses that fit the question; without any, that there is no such name.
func answer(question []byte, addresses []string) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	if len(addresses) == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addresses {
		ip, head := netip.MustParseAddr(a), dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}
		switch {
		case ip.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}})
		case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// A public name that stands for an address of ours is refused when the connection is
// made, in the hands of developers too: only what is written as loopback is.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1", "127.8.8.8", "10.0.0.7", "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.1.1", "0.0.0.0", "192.0.0.192", "168.63.129.16", "198.18.0.1", "255.255.255.255", "224.0.0.1",
		"::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.7", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "fc00::1", "64:ff9b::7f00:1", "64:ff9b::a00:7", "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1",
	} {
		resolver := names(t, func(int) []string { return []string{address} })
		for _, policy := range []webhook.Policy{{Ports: []int{443}}, {AllowLoopback: true}} {
			c := client(t, post.Options{Policy: policy}.Resolving(resolver))
			a := send(t, c, "https://rebind.example/hook")
			requireNoAnswer(t, refused, a)
		}
	}
}

// A name that was public when it was looked up first and is not the next time leads
// nowhere: the address that is connected to is the one that is looked at.
func TestRebinding(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server, _ := endpoint(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	var number int
	_, err = fmt.Sscan(port, &number)
	require.NoError(t, err)
	resolver := names(t, func(question int) []string {
		if question == 0 {
			return []string{"203.0.114.1"}
		}
		return []string{"127.0.0.1"}
	})
	_, err = resolver.LookupIPAddr(t.Context(), "rebind.example")
	require.NoError(t, err)
	c := client(t, post.Options{Policy: webhook.Policy{AllowLoopback: true, Ports: []int{number}}, RootCAs: trusting(server)}.Resolving(resolver))
	requireNoAnswer(t, refused, send(t, c, "https://rebind.example:"+port+"/hook"))
	require.Zero(t, hits.Load())
	require.True(t, send(t, c, server.URL).OK(), "by its own name it is reached")
}

// localhost that stands for another machine is not loopback either.
func TestLocalhostIsThisMachine(t *testing.T) {
	t.Parallel()
	server, c := endpoint(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	require.Equal(t, "The endpoint's certificate is not valid: it is for another name.", send(t, c, "https://localhost:"+port).Error, "it was reached")
}

func TestNamesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	c := client(t, post.Options{}.Resolving(names(t, func(int) []string { return nil })))
	requireNoAnswer(t, "The endpoint's name could not be resolved: no address is known for it.", send(t, c, "https://nowhere.example/"))
	broken := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }}
	requireNoAnswer(t, "The endpoint's name could not be resolved.", send(t, client(t, post.Options{}.Resolving(broken)), "https://nowhere.example/"))
}

// A URL that was stored under a more generous policy is not asked for.
func TestThePolicyOfTodayCounts(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	server, _ := endpoint(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	strict := client(t, post.Options{Policy: webhook.Policy{Ports: []int{443}}, RootCAs: trusting(server)})
	for _, url := range []string{server.URL, "http://shop.example/", "https://10.0.0.1/", "https://shop.example:22/", "https://u:p@shop.example/", "gopher://shop.example/", "::", ""} {
		a := send(t, strict, url)
		require.Zero(t, a.Code)
		require.Contains(t, a.Error, "The request was not made. Field 'url' must")
		require.Empty(t, a.RequestHeaders)
		require.Equal(t, len(message), a.BodySize)
	}
	require.Zero(t, hits.Load())
}

// What the environment says of proxies is nothing to webhooks: a proxy would connect to
// addresses that we refuse.
func TestProxiesAreIgnored(t *testing.T) {
	var proxied atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		proxied.Add(1)
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	t.Setenv("NO_PROXY", "")
	c := client(t, post.Options{}.Resolving(names(t, func(int) []string { return []string{"10.0.0.7"} })))
	requireNoAnswer(t, refused, send(t, c, "https://rebind.example/"))
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	require.True(t, send(t, c, server.URL).OK())
	require.Zero(t, proxied.Load())
}

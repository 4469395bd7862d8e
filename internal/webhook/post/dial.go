package post

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"

	"paymenthub/internal/webhook"
)

// errClosedNetwork refuses an address. It does not say which: what a name stands for
// inside of our network is none of the merchant's business.
var errClosedNetwork = errors.New("post: the address is not one that webhooks are sent to")

// dialer connects to addresses that webhooks are sent to. It looks at the address that
// is connected to, after the name was resolved: what a name stood for when an endpoint was
// registered, or a moment ago, counts for nothing (DNS rebinding).
type dialer struct {
	public, loopback net.Dialer
	policy           webhook.Policy
	guardian         *ssrf.Guardian
}

func newDialer(o Options) *dialer {
	d := &dialer{policy: o.Policy, guardian: ssrf.New(ssrf.WithAnyPort())}
	// A connection that nobody waits for any more ends with the time of a request.
	d.public = net.Dialer{Timeout: o.Timeout, Resolver: o.resolver, Control: d.checkPublic}
	d.loopback = net.Dialer{Timeout: o.Timeout, Resolver: o.resolver, Control: d.checkLoopback}
	return d
}

// dial connects to an address of the form host:port, with the host as the URL has it:
// this machine is dialed only where it was asked for by name.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if d.policy.AllowLoopback && webhook.Loopback(host) {
		return d.loopback.DialContext(ctx, network, address)
	}
	return d.public.DialContext(ctx, network, address)
}

// checkPublic lets public addresses through, at the policy's ports. The guardian's
// tables and ours were written by different people from the same registries: what either
// of them has missed, the other refuses.
func (d *dialer) checkPublic(network, address string, conn syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || d.guardian.Safe(network, address, conn) != nil || !webhook.Public(to.Addr()) || !d.policy.AllowsPort(int(to.Port())) {
		return errClosedNetwork
	}
	return nil
}

// checkLoopback lets addresses of this machine through, at any port.
func (d *dialer) checkLoopback(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().IsLoopback() {
		return errClosedNetwork
	}
	return nil
}

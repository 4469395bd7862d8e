package webhook

import "net/netip"

// closed are the networks that messages are never sent to, though Go's own predicates
// take them for public. Sources: the IANA special-purpose address registries (RFC 6890),
// and what clouds keep for themselves.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network (RFC 791)
	netip.MustParsePrefix("100.64.0.0/10"),     // shared by carrier-grade NAT (RFC 6598); Alibaba's metadata
	netip.MustParsePrefix("168.63.129.16/32"),  // Azure's host, from inside of every virtual machine
	netip.MustParsePrefix("192.0.0.0/24"),      // protocol assignments (RFC 6890); Oracle's metadata
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation (RFC 5737)
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112 (RFC 7535)
	netip.MustParsePrefix("192.52.193.0/24"),   // multicast tunnels (RFC 7450)
	netip.MustParsePrefix("192.88.99.0/24"),    // 6to4 relays (RFC 7526)
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112 (RFC 7534)
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarks (RFC 2544)
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation (RFC 5737)
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation (RFC 5737)
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved (RFC 1112), and broadcast
	netip.MustParsePrefix("2001::/23"),         // protocol assignments (RFC 2928); Teredo, which holds IPv4 addresses
	netip.MustParsePrefix("2001:db8::/32"),     // documentation (RFC 3849)
	netip.MustParsePrefix("2002::/16"),         // 6to4 (RFC 3056), which holds IPv4 addresses
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112 (RFC 7534)
	netip.MustParsePrefix("3fff::/20"),         // documentation (RFC 9637)
}

// globalUnicast is all of IPv6 that is handed out to networks of the Internet. Unique
// local addresses, mapped IPv4 ones and those behind NAT64 are outside of it.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// Public reports whether messages may be sent to an address: one of the Internet, in
// nobody's private network, on no local link and in no range that is kept for something
// else.
func Public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" || ip.Is6() && !globalUnicast.Contains(ip) {
		return false
	}
	for _, network := range closed {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}

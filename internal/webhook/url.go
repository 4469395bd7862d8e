package webhook

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"paymenthub/internal/fault"
)

// MaxURL bounds an endpoint's URL, in characters.
const MaxURL = 2048

// Policy says where messages may be sent.
type Policy struct {
	// AllowLoopback lets plain HTTP and every port of this machine through, for developers:
	// of localhost, 127.0.0.0/8 and ::1, written so.
	AllowLoopback bool
	// Ports that HTTPS is allowed on; none: 443 and 8443.
	Ports []int
}

var defaultPorts = []int{443, 8443}

// AllowsPort reports whether HTTPS is allowed on a port.
func (p Policy) AllowsPort(port int) bool { return slices.Contains(p.ports(), port) }

func (p Policy) ports() []int {
	if len(p.Ports) == 0 {
		return defaultPorts
	}
	return p.Ports
}

// CheckURL says what is wrong with the URL of an endpoint. It looks at the text alone: what
// the name stands for is checked whenever a connection is made, since it may change.
// Errors: fault.Invalid of the field url.
func (p Policy) CheckURL(raw string) error {
	if len(raw) > MaxURL {
		return refuse("must have at most %d characters.", MaxURL)
	}
	if i := strings.IndexFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }); i >= 0 {
		return refuse("must not have spaces, backslashes or characters other than ASCII: write the host in punycode and percent-encode the rest.")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return refuse("must be an absolute URL, such as https://shop.example/webhooks.")
	case u.User != nil:
		return refuse("must not hold a user name or password: use a custom header.")
	case strings.Contains(raw, "#"):
		return refuse("must not have a fragment: it is never sent.")
	}
	port, err := portOf(u)
	if err != nil {
		return err
	}
	host := strings.ToLower(u.Hostname())
	if p.AllowLoopback && Loopback(host) {
		return nil
	}
	switch {
	case u.Scheme != "https":
		return refuse("must begin with https://.")
	case !p.AllowsPort(port):
		return refuse("must use port %s.", p.portList())
	}
	return checkHost(host)
}

// Loopback reports whether a host, as it stands in a URL, is this machine by name:
// localhost, or an address of 127.0.0.0/8 or ::1.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() && !ip.Is4In6() && ip.Zone() == ""
}

// portOf is the port that a URL leads to.
func portOf(u *url.URL) (int, error) {
	written := u.Port()
	switch {
	case written != "":
		port, err := strconv.Atoi(written)
		if err != nil || port < 1 || port > 65535 {
			return 0, refuse("must have a port from 1 to 65535.")
		}
		return port, nil
	case strings.HasSuffix(u.Host, ":"):
		return 0, refuse("must have a port behind the colon, or no colon.")
	case u.Scheme == "http":
		return 80, nil
	default:
		return 443, nil
	}
}

func (p Policy) portList() string {
	ports := make([]string, 0, len(p.ports()))
	for _, port := range p.ports() {
		ports = append(ports, strconv.Itoa(port))
	}
	if last := len(ports) - 1; last > 0 {
		return strings.Join(ports[:last], ", ") + " or " + ports[last]
	}
	return ports[0]
}

// localNames end the names of private networks: RFC 6761, 6762 (and its appendix G) and
// 8375, and ICANN's resolution of 2024 on .internal.
var localNames = []string{"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa"}

// checkHost takes a public address or a name that can be one's, in lower case.
func checkHost(host string) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		if !Public(ip) {
			return refuse("must lead to a public address: this one is of a private or reserved network.")
		}
		return nil
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	local := func(name string) bool { return host == name || strings.HasSuffix(host, "."+name) }
	switch {
	case slices.ContainsFunc(localNames, local):
		return refuse("must lead to a public server: this name is of a private network.")
	case numeric(last):
		return refuse("must have a host name, or an address in its usual form, such as 8.8.8.8.")
	case len(labels) < 2 || len(host) > maxHost || slices.ContainsFunc(labels, badLabel):
		return refuse("must have a full host name, such as shop.example, of letters, digits, hyphens and dots.")
	}
	return nil
}

const (
	maxHost  = 253 // RFC 1035
	maxLabel = 63
)

// numeric reports whether a last label makes resolvers take the host for an IPv4 address
// in decimal, octal or hexadecimal (WHATWG URL, "ends in a number").
func numeric(label string) bool {
	if strings.Trim(label, "0123456789") == "" {
		return true
	}
	digits, hexadecimal := strings.CutPrefix(label, "0x")
	return hexadecimal && strings.Trim(digits, "0123456789abcdef") == ""
}

func badLabel(label string) bool {
	return label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
		strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
}

func refuse(format string, args ...any) *fault.Error {
	return fault.Field("url", "Field 'url' "+format, args...)
}

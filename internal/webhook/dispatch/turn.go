package dispatch

import (
	"net"
	"net/url"
	"strings"
)

// turn gives room for attempts to merchants in turns, and a merchant's to its lanes in
// turns: whoever has much to send waits in line with those who have little.
type turn struct {
	byID      map[string]*tenant
	merchants fifo[*tenant]
	running   int
	held      int // tasks in memory
}

// tenant is a merchant that is sent something.
type tenant struct {
	id      string
	lanes   fifo[*lane] // that may begin an attempt
	hosts   map[string]*host
	queued  bool // in merchants
	count   int  // lanes there are
	running int
	held    int
}

// host is a server that endpoints of one merchant are on.
type host struct {
	name    string // and port
	count   int    // lanes there are
	running int
	full    fifo[*lane] // lanes that may begin an attempt once another at the host has ended
}

func newTurn() turn { return turn{byID: map[string]*tenant{}} }

// tenant finds or makes the merchant of a new lane.
func (t *turn) tenant(merchantID string) *tenant {
	m := t.byID[merchantID]
	if m == nil {
		m = &tenant{id: merchantID, hosts: map[string]*host{}}
		t.byID[merchantID] = m
	}
	m.count++
	return m
}

// forget drops a lane that is empty, and its merchant with the last one.
func (t *turn) forget(l *lane) {
	l.host.count--
	l.tenant.free(l.host)
	if l.tenant.count--; l.tenant.count == 0 {
		delete(t.byID, l.tenant.id)
	}
}

// hold and let count a task in memory.
func (t *turn) hold(l *lane) { t.held++; l.tenant.held++ }
func (t *turn) let(l *lane)  { t.held--; l.tenant.held-- }

// full reports whether no task more of the lane's merchant fits in memory. When those who
// have much hold heldMost, others still find a place: of what is left of heldApart each
// merchant may have one part. So memory is bounded, however many merchants there are,
// and it takes hundreds with endpoints that do not keep up to leave none for the next.
func (t *turn) full(l *lane) bool {
	most := heldPerMerchant
	if left := heldMost + heldApart - t.held; left <= heldApart {
		most = (left + apartParts - 1) / apartParts
	}
	return l.tenant.held >= most
}

// enter counts an attempt that begins.
func (t *turn) enter(it *item) {
	it.host = it.lane.host
	t.running++
	it.lane.tenant.running++
	it.host.running++
}

// leave counts an attempt that has ended, and lets those wait in line again that waited for it.
func (t *turn) leave(it *item) {
	m := it.lane.tenant
	t.running--
	m.running--
	it.host.running--
	m.free(it.host)
	t.wait(m)
}

// aim brings a lane to the host that its endpoint is on.
func (t *turn) aim(l *lane) {
	m, before, name := l.tenant, l.host, hostOf(l.endpoint.URL)
	l.host = m.hosts[name]
	if l.host == nil {
		l.host = &host{name: name}
		m.hosts[name] = l.host
	}
	l.host.count++
	if before != nil {
		before.count--
		m.free(before)
		t.wait(m)
	}
}

// hostOf is the host and port that a URL leads to.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw // nothing is sent there
	}
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" && u.Scheme == "http" {
		port = "80"
	} else if port == "" {
		port = "443"
	}
	return net.JoinHostPort(name, port)
}

// offer puts a lane in line where it may begin an attempt. Whatever may have made that
// so ends with it: a task came, or an attempt ended.
func (t *turn) offer(l *lane) {
	if !l.queued && l.ready() {
		l.queued = true
		l.tenant.lanes.push(l)
	}
	t.wait(l.tenant)
}

// wait puts a merchant in line.
func (t *turn) wait(m *tenant) {
	if !m.queued && m.running < perMerchant && m.lanes.len() > 0 {
		m.queued = true
		t.merchants.push(m)
	}
}

// next takes the lane whose turn it is out of the line; nil when none is in it. A lane
// may have lost what it was put there for: it is put there again when it has more.
func (t *turn) next() *lane {
	for {
		m, ok := t.merchants.pop()
		if !ok {
			return nil
		}
		m.queued = false
		if m.running >= perMerchant {
			continue // until one of its attempts ends
		}
		l := m.next()
		t.wait(m)
		if l != nil {
			return l
		}
	}
}

// next takes the lane of the merchant whose turn it is. One whose host has all the
// attempts that it may have waits there for the end of one.
func (m *tenant) next() *lane {
	for {
		l, ok := m.lanes.pop()
		if !ok {
			return nil
		}
		if l.queued = false; !l.ready() {
			continue
		}
		if l.host.running < perHost {
			return l
		}
		l.queued = true
		l.host.full.push(l)
	}
}

// free puts the lanes in line that wait for a host, and drops a host that no lane and no
// attempt leads to.
func (m *tenant) free(h *host) {
	for l, ok := h.full.pop(); ok; l, ok = h.full.pop() {
		m.lanes.push(l)
	}
	if h.count+h.running == 0 {
		delete(m.hosts, h.name)
	}
}

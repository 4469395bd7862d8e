package routing

import (
	"slices"
	"sync"
	"time"
)

// Health knows how every gateway is, as this process and the others have seen it. All
// it is asked is answered from memory. It is safe for concurrent use.
type Health struct {
	process string // names this process to the others

	mu    sync.Mutex
	known map[Account]*patient
}

// patient is what is known of one account.
type patient struct {
	breaker Breaker
	forced  Forced
	changed bool // here, and the others do not know yet
	wanted  bool // a payment would have gone to it if it were not broken
	own     window
	inARow  int
	others  Signals
	probing string // the payment that is the probe, of this process
}

// NewHealth makes a Health that knows nothing: every gateway works.
func NewHealth(process string) *Health {
	return &Health{process: process, known: map[Account]*patient{}}
}

func (h *Health) of(a Account) *patient {
	p := h.known[a]
	if p == nil {
		p = &patient{breaker: Breaker{State: Closed}}
		h.known[a] = p
	}
	return p
}

// Standing is how an account is.
type Standing struct {
	State  State
	Forced Forced
	// MayProbe says that a payment of this process can be the probe now.
	MayProbe bool
}

// Usable reports whether payments may go there as if nothing were wrong.
func (s Standing) Usable() bool {
	return s.Forced == ForcedUp || s.Forced == NotForced && s.State == Closed
}

// Standing returns how an account is. wanted says that a payment would go there.
func (h *Health) Standing(a Account, paymentID string, wanted bool, now time.Time) Standing {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.known[a]
	if p == nil {
		return Standing{State: Closed}
	}
	if wanted && p.breaker.State != Closed {
		p.wanted = true
	}
	return Standing{State: p.breaker.State, Forced: p.forced, MayProbe: h.free(p, paymentID, now)}
}

// free reports whether the payment can be the probe: this process has claimed it, and
// no other payment is it already.
func (h *Health) free(p *patient, paymentID string, now time.Time) bool {
	return p.breaker.State == HalfOpen && p.breaker.Prober == h.process && now.Before(p.breaker.Until) &&
		(p.probing == "" || p.probing == paymentID)
}

// TakeProbe makes a payment the probe, if it still can be.
func (h *Health) TakeProbe(a Account, paymentID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.of(a)
	if !h.free(p, paymentID, now) {
		return false
	}
	p.probing = paymentID
	return true
}

// ReleaseProbe gives back what TakeProbe took, for a payment that goes elsewhere.
func (h *Health) ReleaseProbe(a Account, paymentID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.of(a); p.probing == paymentID {
		p.probing = ""
	}
}

// Called takes in how a call to a gateway went. While this process has the probe, any
// call counts as it: also one of a payment that had no other gateway to go to.
func (h *Health) Called(a Account, failed, slow bool, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.of(a)
	p.own.add(failed, slow, now)
	p.inARow++
	if !failed {
		p.inARow = 0
	}
	if p.breaker.State == HalfOpen && p.breaker.Prober == h.process {
		p.become(p.breaker.Probed(!failed && !slow, now))
		return
	}
	p.judge(now)
}

func (p *patient) judge(now time.Time) {
	p.become(p.breaker.Judge(p.own.sum(now).plus(p.others), p.inARow, now))
}

// become takes over a change of this process.
func (p *patient) become(b Breaker) {
	if b == p.breaker {
		return
	}
	p.changed = true
	p.take(b)
}

// take takes over a state. What was counted before a breaker closed says nothing any more.
func (p *patient) take(b Breaker) {
	if b.State == Closed && p.breaker.State != Closed {
		p.own, p.others, p.inARow, p.wanted = window{}, Signals{}, 0, false
	}
	if b.State != HalfOpen || b.Prober != p.breaker.Prober || !b.Until.Equal(p.breaker.Until) {
		p.probing = ""
	}
	p.breaker = b
}

// Reading is how an account is, for people.
type Reading struct {
	Account
	Breaker Breaker
	Forced  Forced
	Signals Signals // of the last minute, of all processes
}

// Read returns all that is known of the accounts, in order.
func (h *Health) Read(now time.Time) []Reading {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Reading, 0, len(h.known))
	for a, p := range h.known {
		all = append(all, Reading{Account: a, Breaker: p.breaker, Forced: p.forced, Signals: p.own.sum(now).plus(p.others)})
	}
	slices.SortFunc(all, func(x, y Reading) int { return compareAccounts(x.Account, y.Account) })
	return all
}

// window counts the calls of the last minute, in slots.
type window [windowSlots]struct {
	number int64 // of the slot, counted since 1970
	Signals
}

const (
	windowSlots = 12
	slotTime    = signalWindow / windowSlots
)

func (w *window) add(failed, slow bool, now time.Time) {
	number := now.UnixNano() / int64(slotTime)
	slot := &w[number%windowSlots]
	if slot.number != number {
		slot.number, slot.Signals = number, Signals{}
	}
	slot.Calls++
	if failed {
		slot.Errors++
	}
	if slow {
		slot.Slow++
	}
}

func (w *window) sum(now time.Time) (all Signals) {
	current := now.UnixNano() / int64(slotTime)
	for _, slot := range w {
		if slot.number > current-windowSlots && slot.number <= current {
			all = all.plus(slot.Signals)
		}
	}
	return all
}

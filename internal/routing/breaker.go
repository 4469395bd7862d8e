package routing

import (
	"time"

	"paymenthub/internal/merchant"
)

// Account names a gateway of an environment.
type Account struct {
	Environment merchant.Environment
	Gateway     string
}

// State is where a circuit breaker stands.
type State string

// The states.
const (
	Closed   State = "closed"    // the gateway works
	Open     State = "open"      // it does not: payments go elsewhere
	HalfOpen State = "half_open" // one payment at a time finds out whether it works again
)

// Forced is what an operator decided about a gateway, whatever its breaker says.
type Forced string

// The decisions.
const (
	ForcedUp   Forced = "up"
	ForcedDown Forced = "down" // nothing is sent to it
	NotForced  Forced = ""
)

// When a breaker opens and closes.
const (
	// signalWindow is the time whose calls are judged.
	signalWindow = time.Minute
	// errorsInARow open at once: an outage that began after many good calls is no less one.
	errorsInARow = 5
	// minErrors and errorShare (percent) open on what comes and goes.
	minErrors, errorShare = 5, 50
	// minCalls and slowShare (percent) open when answers take longer than Slow.
	minCalls, slowShare = 10, 80
	// Slow is what a shopper should not wait for a gateway.
	Slow = 4 * time.Second
	// probes is how many must succeed one after another for the breaker to close.
	probes = 2
	// probeTime is for how long a process that claimed a probe has it to itself.
	probeTime = 30 * time.Second
	// firstPause is how long a breaker stays open; each probe that fails doubles it.
	firstPause = 10 * time.Second
	maxPause   = 5 * time.Minute
)

// Breaker is the circuit breaker of an account, as all processes share it. Its
// methods return what it becomes.
type Breaker struct {
	State State         `json:"state"`
	Since time.Time     `json:"since"`           // of the state
	Until time.Time     `json:"until,omitzero"`  // open: no probe before; half open: whose probe is over by then
	Pause time.Duration `json:"pause,omitempty"` // that it is open for
	Why   string        `json:"why,omitempty"`   // it opened, for operators
	// Prober is the process whose payment is the probe; "" when none is.
	Prober string `json:"prober,omitempty"`
	Passed int    `json:"passed,omitempty"` // probes that succeeded since it was half open
	// Version counts changes and guards each; 0 of one that was never kept.
	Version int64 `json:"version"`
}

// Signals are calls to a gateway.
type Signals struct {
	Calls, Errors, Slow int64
}

// plus adds calls.
func (s Signals) plus(o Signals) Signals {
	return Signals{s.Calls + o.Calls, s.Errors + o.Errors, s.Slow + o.Slow}
}

// Judge opens a closed breaker when the calls of the last minute, or the errors that
// came one after another, say that the gateway does not work.
func (b Breaker) Judge(s Signals, inARow int, now time.Time) Breaker {
	if b.State != Closed {
		return b
	}
	switch {
	case inARow >= errorsInARow:
		return b.open("errors one after another", firstPause, now)
	case s.Errors >= minErrors && s.Errors*100 >= s.Calls*errorShare:
		return b.open("too many errors within a minute", firstPause, now)
	case s.Calls >= minCalls && s.Slow*100 >= s.Calls*slowShare:
		return b.open("slow answers", firstPause, now)
	default:
		return b
	}
}

func (b Breaker) open(why string, pause time.Duration, now time.Time) Breaker {
	return Breaker{State: Open, Since: now, Until: now.Add(pause), Pause: pause, Why: why, Version: b.Version}
}

// Due reports whether a probe may be claimed.
func (b Breaker) Due(now time.Time) bool {
	return b.State == Open && !now.Before(b.Until) || b.State == HalfOpen && (b.Prober == "" || !now.Before(b.Until))
}

// Claim gives the next probe to a process.
func (b Breaker) Claim(process string, now time.Time) Breaker {
	if !b.Due(now) {
		return b
	}
	if b.State == Open {
		b.State, b.Since, b.Passed = HalfOpen, now, 0
	}
	b.Prober, b.Until = process, now.Add(probeTime)
	return b
}

// Probed says how the probe ended.
func (b Breaker) Probed(works bool, now time.Time) Breaker {
	switch {
	case b.State != HalfOpen:
		return b
	case !works:
		return b.open(b.Why, min(2*b.Pause, maxPause), now)
	case b.Passed+1 >= probes:
		return Breaker{State: Closed, Since: now, Version: b.Version}
	default:
		b.Passed++
		b.Prober, b.Until = "", time.Time{}
		return b
	}
}

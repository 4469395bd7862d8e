package console

import (
	"time"

	"paymenthub/internal/webhook"
)

// State is how an endpoint is, in words.
type State struct {
	Name  string // "healthy", "failing", "paused" or "disabled"
	Text  string // why, in a sentence
	Since time.Time
	Until time.Time // when a pause ends
}

// stateOf says how an endpoint is.
func stateOf(e webhook.Endpoint, now time.Time) State {
	h := e.Health
	switch {
	case e.Disabled == webhook.Gone:
		return State{Name: "disabled", Since: e.DisabledAt, Text: "It answered 410 Gone, so it is told of nothing any more. Enable it when it is back."}
	case e.Disabled == webhook.Failing:
		return State{Name: "disabled", Since: e.DisabledAt, Text: "It did nothing but fail for three days. Enable it when it is repaired, then redeliver what it missed."}
	case !e.Enabled():
		return State{Name: "disabled", Since: e.DisabledAt, Text: "It was disabled by hand and is told of nothing."}
	case h.Paused(now):
		return State{Name: "paused", Since: h.FailingSince, Until: h.PausedUntil, Text: "It is left alone for a moment after " + plural(h.Failures, "failure", "failures in a row") + ". Deliveries wait, then one goes first."}
	case !h.FailingSince.IsZero():
		return State{Name: "failing", Since: h.FailingSince, Text: "The latest " + plural(h.Failures, "attempt", "attempts") + " failed. Each delivery is tried again on schedule."}
	default:
		return State{Name: "healthy", Text: "The latest attempt succeeded."}
	}
}

// Summary is what attempts came to.
type Summary struct {
	Succeeded, Failed int
	Took              time.Duration // of all attempts together
}

func (s *Summary) add(b webhook.Bucket) {
	s.Succeeded += b.Succeeded
	s.Failed += b.Failed
	s.Took += b.Took
}

// Attempts is how many there were.
func (s Summary) Attempts() int { return s.Succeeded + s.Failed }

// Rate is the part that succeeded.
func (s Summary) Rate() string { return percent(s.Succeeded, s.Attempts()) }

// Mean is how long an attempt took on average.
func (s Summary) Mean() string {
	if s.Attempts() == 0 {
		return none
	}
	return took(s.Took / time.Duration(s.Attempts()))
}

// Text says it in a sentence.
func (s Summary) Text() string {
	if s.Attempts() == 0 {
		return "no attempts"
	}
	return plural(s.Attempts(), "attempt", "attempts") + ", " + s.Rate() + " succeeded"
}

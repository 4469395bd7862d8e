package webhook

import "time"

const (
	// FailuresToPause is how many attempts at an endpoint fail in a row before it is
	// left alone for a while.
	FailuresToPause = 5
	// firstPause grows by as long as the endpoint has failed, up to longestPause: it doubles
	// with each try after it. It does not grow with the number of failures, since those of
	// one moment, and of retries that do not wait for its end, tell the same.
	firstPause   = 30 * time.Second
	longestPause = 5 * time.Minute
	// GiveUpAfter is how long an endpoint may do nothing but fail.
	GiveUpAfter = 72 * time.Hour
	// forgottenAfter is how long after a failure the next one begins anew: nobody knows how
	// the endpoint was in between. It is longer than the longest pause between two attempts
	// at one delivery, 26.4 hours, so that those are failures in a row.
	forgottenAfter = 48 * time.Hour
)

// Health is what the latest attempts at an endpoint tell of it. The zero value is that of
// one whose last attempt succeeded.
type Health struct {
	FailingSince time.Time `json:"failing_since,omitzero"` // first failure after the last success, or after a long rest
	FailedAt     time.Time `json:"failed_at,omitzero"`     // last failure
	Failures     int       `json:"failures,omitempty"`     // in a row
	// PausedUntil is when the endpoint is tried again, with one message first.
	PausedUntil time.Time `json:"paused_until,omitzero"`
}

// Probing reports whether one message is to be tried before others are: the endpoint
// has failed too often to be sent several at once.
func (h Health) Probing() bool { return h.Failures >= FailuresToPause }

// Paused reports whether the endpoint is left alone now.
func (h Health) Paused(now time.Time) bool { return now.Before(h.PausedUntil) }

// AfterFailure is the health after an attempt that failed; retryAfter is how long the
// endpoint asked to be left alone, 0 when it did not.
func (h Health) AfterFailure(now time.Time, retryAfter time.Duration) Health {
	if now.Sub(h.FailedAt) > forgottenAfter {
		h.FailingSince, h.Failures = now, 0
	}
	if now.After(h.FailedAt) { // another process's clock may be behind
		h.FailedAt = now
	}
	h.Failures++
	pause := min(retryAfter, longestPause)
	if h.Probing() {
		failing := max(now.Sub(h.FailingSince), 0)
		pause = max(pause, min(firstPause+failing, longestPause))
	}
	if until := now.Add(pause); pause > 0 && until.After(h.PausedUntil) {
		h.PausedUntil = until
	}
	return h
}

// GivenUp reports whether an endpoint that has just failed has failed for too long.
func (h Health) GivenUp(now time.Time) bool {
	return !h.FailingSince.IsZero() && now.Sub(h.FailingSince) >= GiveUpAfter
}

// ResetSince reports whether the endpoint's Health has begun anew since it was enabled with
// an URL and a version: it was moved, or disabled and enabled. What was sent then tells
// nothing of it now. One change keeps both unless it is one of the URL; where there were
// more nobody knows.
func (e Endpoint) ResetSince(url string, version int) bool {
	return e.URL != url || e.Version > version+1
}

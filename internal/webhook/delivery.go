package webhook

import (
	"fmt"
	"net/http"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
)

// Status is where a delivery is in its life.
type Status string

// The states of a delivery.
const (
	Pending   Status = "pending"   // its first attempt, or the first after a redelivery was asked for, is to be made
	Retrying  Status = "retrying"  // the workflow waits for the next attempt
	Succeeded Status = "succeeded" // the endpoint answered 2xx
	Failed    Status = "failed"    // the last attempt failed, or the delivery expired
	Canceled  Status = "canceled"  // the endpoint was deleted
)

// Statuses lists all of them.
var Statuses = []Status{Pending, Retrying, Succeeded, Failed, Canceled}

// Ended reports whether nothing more is sent.
func (s Status) Ended() bool { return s == Succeeded || s == Failed || s == Canceled }

// Trigger says why a delivery's present round was begun.
type Trigger string

// The triggers.
const (
	ByEvent      Trigger = "event"
	ByRedelivery Trigger = "redelivery" // somebody asked for it
	ByTest       Trigger = "test"       // tried once, whatever comes of it
)

// Delivery is one event on its way to one endpoint. There is one for each pair; it is
// written in the transaction of the change that the event tells of. A round is a first
// attempt and its retries; each redelivery begins another.
type Delivery struct {
	ID         string // whd_…
	Scope      merchant.Scope
	EventID    string
	EndpointID string
	ObjectID   string // of what the event tells of
	Type       string // the event's name in the endpoint's dialect
	Status     Status
	Trigger    Trigger

	Round          int       // from 1
	RoundStartedAt time.Time // when the event happened, or when somebody asked for the round
	Attempts       int       // in all rounds
	RoundAttempts  int       // of the schedule; those made before their time are in Attempts alone
	NextAttemptAt  time.Time // zero once ended
	// Why says in a sentence why the last attempt failed or the delivery ended without
	// one; "" after a success.
	Why       string
	LastCode  int // of the last answer; 0: there was none
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   time.Time

	// ClaimedBy is the process that makes the pending attempt, until ClaimedUntil; "" and
	// the time from when any may.
	ClaimedBy    string
	ClaimedUntil time.Time
}

// Task is a delivery with what is needed to make an attempt at it.
type Task struct {
	Delivery Delivery
	Endpoint Endpoint
	Event    event.Event
	// After is the delivery of an earlier event of the same object to the same endpoint
	// that was pending when this one was written; "" when none was.
	After string
}

// Attempt is one request to an endpoint and what came of it.
type Attempt struct {
	DeliveryID string
	Number     int // from 1, over all rounds
	Round      int
	URL        string
	StartedAt  time.Time
	Duration   time.Duration

	RequestHeaders http.Header // as sent, with the values of the merchant's own headers masked
	// BodyDigest is the SHA-256 of the body in hex: the event renders the same body
	// again, and this shows that it does.
	BodyDigest string
	BodySize   int

	Code            int // HTTP status; 0: there was no answer
	ResponseHeaders http.Header
	ResponseBody    string // first 4 KiB, as valid UTF-8, with what looks like a card number masked
	Truncated       bool
	RetryAfter      time.Duration // that the endpoint asked for; 0: it did not
	Error           string        // why there was no answer, in a sentence; "" when there was

	// Until the attempt is recorded it is known that the hub failed to make the request, and
	// that the endpoint's Health has begun anew since it was made (ResetSince): neither tells
	// anything of the endpoint.
	Unsent, Outdated bool
}

// OK reports whether the endpoint took the message.
func (a Attempt) OK() bool { return a.Code >= 200 && a.Code <= 299 }

// Gone reports whether the endpoint said that it is to be told nothing any more.
func (a Attempt) Gone() bool { return a.Code == http.StatusGone && !a.Outdated }

// why says in a sentence why the attempt failed.
func (a Attempt) why() string {
	switch {
	case a.OK():
		return ""
	case a.Code == 0:
		return a.Error
	case a.Code >= 300 && a.Code <= 399 && a.Code != http.StatusNotModified:
		return fmt.Sprintf("The endpoint answered %d: redirects are not followed.", a.Code)
	default:
		return fmt.Sprintf("The endpoint answered %d.", a.Code)
	}
}

// maxRetryAfter bounds how long an endpoint may put a message off.
const maxRetryAfter = 24 * time.Hour

// onTime is how long before its time an attempt is still the scheduled one.
const onTime = time.Second

// Next is the delivery after an attempt that was made of it and has ended now, with its
// next attempt or its end. An attempt that ended before the scheduled one was due is one
// more that somebody asked for: when it fails, the scheduled one is still to come. spread
// returns a time from 0 to less than its argument, at random.
func (d Delivery) Next(a Attempt, dialect Dialect, now time.Time, spread func(time.Duration) time.Duration) Delivery {
	early := d.Status == Retrying && d.NextAttemptAt.Sub(now) > onTime
	d.Attempts++
	if !early {
		d.RoundAttempts++
	}
	d.LastCode, d.Why, d.UpdatedAt = a.Code, a.why(), now
	d.ClaimedBy, d.ClaimedUntil = "", time.Time{}
	schedule := dialect.Schedule()
	switch {
	case a.OK():
		return d.end(Succeeded, "", now)
	case d.Trigger == ByTest, a.Gone(), d.RoundAttempts > len(schedule):
		return d.end(Failed, d.Why, now)
	case early:
		return d
	}
	pause := schedule[d.RoundAttempts-1]
	if most := dialect.jitter(pause); most > 0 {
		pause += spread(most)
	}
	next := now.Add(pause)
	// What the endpoint asks for is done unless the delivery would expire by it.
	if asked := now.Add(min(a.RetryAfter, maxRetryAfter)); asked.After(next) && !d.expired(dialect, asked) {
		next = asked
	}
	if d.expired(dialect, next) {
		return d.end(Failed, d.Why+" It is not tried again: deliveries end after 24 hours.", now)
	}
	d.Status, d.NextAttemptAt = Retrying, next
	return d
}

// expired reports whether an attempt at the time would come too late.
func (d Delivery) expired(dialect Dialect, at time.Time) bool {
	expiry := dialect.Expiry()
	return expiry > 0 && !at.Before(d.RoundStartedAt.Add(expiry))
}

// Late is the delivery when it has waited so long for its attempt that it ends without
// it, and whether it has.
func (d Delivery) Late(dialect Dialect, now time.Time) (Delivery, bool) {
	if !d.expired(dialect, now) {
		return d, false
	}
	return d.end(Failed, "It expired after 24 hours, before the endpoint could be tried.", now), true
}

// Refused is the delivery when its endpoint is told nothing any more.
func (d Delivery) Refused(now time.Time) Delivery {
	return d.end(Failed, "The endpoint is disabled. Enable it and ask for a redelivery.", now)
}

// Abandoned is the delivery when its endpoint was deleted.
func (d Delivery) Abandoned(now time.Time) Delivery {
	return d.end(Canceled, "The endpoint was deleted.", now)
}

func (d Delivery) end(s Status, why string, now time.Time) Delivery {
	d.Status, d.Why, d.NextAttemptAt, d.EndedAt, d.UpdatedAt = s, why, time.Time{}, now, now
	d.ClaimedBy, d.ClaimedUntil = "", time.Time{}
	return d
}

// Again is the delivery at the beginning of another round, pending and to be claimed
// by whoever comes first.
func (d Delivery) Again(now time.Time) Delivery {
	d.Status, d.Trigger, d.Round, d.RoundStartedAt, d.RoundAttempts = Pending, ByRedelivery, d.Round+1, now, 0
	d.NextAttemptAt, d.UpdatedAt, d.EndedAt = now, now, time.Time{}
	d.ClaimedBy, d.ClaimedUntil = "", now
	return d
}

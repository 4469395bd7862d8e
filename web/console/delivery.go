package console

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"paymenthub/internal/webhook"
)

// Delivery is the page of one delivery.
type Delivery struct {
	Frame
	Delivery webhook.Delivery
	Endpoint *webhook.Endpoint // nil: deleted
	Attempts []webhook.Attempt // oldest first
	Chosen   int               // number of the attempt that is shown; 0: the latest
	Body     []byte            // as it is rendered now; nil: the event is kept no longer
}

func (d *Delivery) page() (string, *Frame) { return "delivery", &d.Frame }

func (*Delivery) part() string { return "progress" }

// Shown is the attempt that is shown; nil before the first.
func (d *Delivery) Shown() *webhook.Attempt {
	for i := range d.Attempts {
		if d.Attempts[i].Number == d.Chosen {
			return &d.Attempts[i]
		}
	}
	if len(d.Attempts) == 0 {
		return nil
	}
	return &d.Attempts[len(d.Attempts)-1]
}

// Latest are the attempts, newest first.
func (d *Delivery) Latest() []webhook.Attempt {
	latest := make([]webhook.Attempt, 0, len(d.Attempts))
	for i := len(d.Attempts) - 1; i >= 0; i-- {
		latest = append(latest, d.Attempts[i])
	}
	return latest
}

// Again is the address of what changes while the delivery is on its way.
func (d *Delivery) Again() string {
	return d.Link("/deliveries/"+d.Delivery.ID, "attempt", d.number(), "part", "progress")
}

// At is the address of the page with an attempt.
func (d *Delivery) At(number int) string {
	return d.Link("/deliveries/"+d.Delivery.ID, "attempt", strconv.Itoa(number))
}

func (d *Delivery) number() string {
	if d.Chosen == 0 {
		return ""
	}
	return strconv.Itoa(d.Chosen)
}

// Content is the body, laid out for reading.
func (d *Delivery) Content() string { return pretty(string(d.Body)) }

// Differs reports whether the body that an attempt sent is not the one that is rendered now.
func (d *Delivery) Differs(a webhook.Attempt) bool {
	digest := sha256.Sum256(d.Body)
	return d.Body != nil && a.BodyDigest != hex.EncodeToString(digest[:])
}

// Response is the body of an attempt's response, laid out for reading where it is whole.
func (d *Delivery) Response(a webhook.Attempt) string {
	if a.Truncated {
		return a.ResponseBody
	}
	return pretty(a.ResponseBody)
}

// Waits says what a first attempt waits for; "" when it waits for nothing.
func (d *Delivery) Waits() string {
	if d.Delivery.Status != webhook.Pending || d.Endpoint == nil || !d.Endpoint.Health.Paused(d.Now) {
		return ""
	}
	return "It waits until the endpoint, which is left alone after failures, is tried again."
}

// Due reports whether the next attempt is due.
func (d *Delivery) Due() bool { return !d.Delivery.NextAttemptAt.After(d.Now) }

// Refused says why the delivery cannot be sent again; "" when it can.
func (d *Delivery) Refused() string {
	switch {
	case d.Endpoint == nil:
		return "The endpoint is deleted, so this cannot be sent again."
	case !d.Endpoint.Enabled():
		return "The endpoint is disabled. Enable it to send this again."
	case d.Body == nil:
		return "The event is kept no longer, so this cannot be sent again."
	default:
		return ""
	}
}

// Began says why the present round was begun.
func (d *Delivery) Began() string {
	switch d.Delivery.Trigger {
	case webhook.ByTest:
		return "Test"
	case webhook.ByRedelivery:
		return "Redelivery"
	default:
		return "Event"
	}
}

// Between is how long after the attempt before it an attempt was made; 0 for the first.
func (d *Delivery) Between(a webhook.Attempt) time.Duration {
	for i := 1; i < len(d.Attempts); i++ {
		if d.Attempts[i].Number == a.Number {
			return a.StartedAt.Sub(d.Attempts[i-1].StartedAt)
		}
	}
	return 0
}

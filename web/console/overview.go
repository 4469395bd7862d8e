package console

import (
	"slices"
	"time"

	"paymenthub/internal/webhook"
)

// Overview is the first page: all endpoints, how telling them goes, and the latest deliveries.
type Overview struct {
	Frame
	Plot  Plot
	Cards []Card
	Table Table
	API   string // where the hub is reached, for the example of a request
}

func (o *Overview) page() (string, *Frame) { return "overview", &o.Frame }

// Full reports whether no endpoint can be added.
func (o *Overview) Full() bool { return len(o.Cards) >= webhook.MaxEndpoints }

// Card is one endpoint with its last 24 hours.
type Card struct {
	Frame
	Endpoint webhook.Endpoint
	Day      Summary
	Spark    Spark
}

// NewCard makes the card of an endpoint; of the buckets those of others and those of
// another day are left out.
func NewCard(f Frame, e webhook.Endpoint, buckets []webhook.Bucket) Card {
	var own []webhook.Bucket
	for _, b := range buckets {
		if b.EndpointID == e.ID {
			own = append(own, b)
		}
	}
	c := Card{Frame: f, Endpoint: e, Spark: sparkOf(own, f.Now)}
	for _, b := range c.Spark.Bars {
		c.Day.add(webhook.Bucket{Succeeded: b.Succeeded, Failed: b.Failed, Took: b.Took})
	}
	return c
}

// State is how the endpoint is.
func (c Card) State() State { return stateOf(c.Endpoint, c.Now) }

// Types are what the endpoint asks for, a few of them.
func (c Card) Types() []string {
	return c.Endpoint.EventTypes[:min(shownTypes, len(c.Endpoint.EventTypes))]
}

// MoreTypes is how many are not shown.
func (c Card) MoreTypes() int { return len(c.Endpoint.EventTypes) - len(c.Types()) }

const shownTypes = 3

// Endpoint is the page of one endpoint.
type Endpoint struct {
	Card
	Plot    Plot
	Replays Replays
	Table   Table
}

func (e *Endpoint) page() (string, *Frame) { return "endpoint", &e.Card.Frame }

// Overlap reports whether messages carry the signature of the secret before, too.
func (e *Endpoint) Overlap() bool { return e.Now.Before(e.Endpoint.SecretEndsAt) }

// Replays are an endpoint's latest replays.
type Replays struct {
	Frame
	EndpointID string
	Replays    []webhook.Replay
}

func (Replays) part() string { return "replays" }

// Running reports whether one of them goes on.
func (r Replays) Running() bool {
	return slices.ContainsFunc(r.Replays, func(r webhook.Replay) bool { return r.Status == webhook.ReplayRunning })
}

// Again is the address of the replays by themselves.
func (r Replays) Again() string {
	return r.Link("/endpoints/"+r.EndpointID, "part", "replays")
}

// Table is a list of deliveries, newest first.
type Table struct {
	Frame
	EndpointID string            // "": of all endpoints
	URLs       map[string]string // of the endpoints, where they are shown
	Types      []string          // to choose from
	Filter     webhook.DeliveryFilter
	Deliveries []webhook.Delivery
	More       bool // in the direction that was asked for
}

func (Table) part() string { return "rows" }

// Statuses are those to choose from.
func (t Table) Statuses() []webhook.Status { return webhook.Statuses }

// Filtered reports whether some are left out.
func (t Table) Filtered() bool { return t.Filter.Status != "" || t.Filter.Type != "" }

// First reports whether these are the newest: only they can be looked at live.
func (t Table) First() bool {
	return t.Filter.Page.StartingAfter == "" && t.Filter.Page.EndingBefore == ""
}

// Again is the address of the rows by themselves.
func (t Table) Again() string { return t.at("part", "rows") }

// All is the address of the list without filter.
func (t Table) All() string { return t.Link(t.path()) + "#deliveries" }

// Older is the address of the next page; "" when there is none.
func (t Table) Older() string {
	back := t.Filter.Page.EndingBefore != ""
	if len(t.Deliveries) == 0 || !back && !t.More {
		return ""
	}
	return t.at("after", t.Deliveries[len(t.Deliveries)-1].ID)
}

// Newer is the address of the page before; "" when there is none.
func (t Table) Newer() string {
	if len(t.Deliveries) == 0 || t.First() || t.Filter.Page.EndingBefore != "" && !t.More {
		return ""
	}
	return t.at("before", t.Deliveries[0].ID)
}

func (t Table) path() string {
	if t.EndpointID == "" {
		return ""
	}
	return "/endpoints/" + t.EndpointID
}

func (t Table) at(name, value string) string {
	return t.Link(t.path(), "status", string(t.Filter.Status), "type", t.Filter.Type, name, value)
}

// URL is where a delivery goes; "" once its endpoint is deleted.
func (t Table) URL(d webhook.Delivery) string { return t.URLs[d.EndpointID] }

// Result says in a few words what came of a delivery.
func (t Table) Result(d webhook.Delivery) string {
	switch {
	case d.Attempts == 0 && d.Why == "":
		return none
	case d.Why == "" && d.Attempts == 1:
		return "Took it at once."
	case d.Why == "":
		return "Took it at attempt " + count(d.Attempts) + "."
	default:
		return d.Why
	}
}

// Soon reports whether a delivery's next attempt is a moment away.
func (t Table) Soon(d webhook.Delivery) bool {
	return !d.NextAttemptAt.IsZero() && d.NextAttemptAt.Before(t.Now.Add(time.Minute))
}

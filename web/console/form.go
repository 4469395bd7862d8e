package console

import (
	"slices"
	"strings"
	"time"

	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// Form is the page on which an endpoint is added or changed.
type Form struct {
	Frame
	Endpoint    string // id of the one that is changed; "": one is added
	Operation   string // makes sending the form twice the same as sending it once
	URL         string
	Dialect     webhook.Dialect
	All         bool // every event
	EventTypes  []string
	Description string
	Errors      []FieldError
}

func (f *Form) page() (string, *Frame) { return "form", &f.Frame }

// FieldError says what is wrong with a field.
type FieldError struct{ Field, Message string }

// Error is what is wrong with a field; "" when nothing is.
func (f *Form) Error(field string) string {
	for _, e := range f.Errors {
		if e.Field == field {
			return e.Message
		}
	}
	return ""
}

// Action is where the form is sent.
func (f *Form) Action() string {
	if f.Endpoint == "" {
		return f.Link("/endpoints")
	}
	return f.Link("/endpoints/" + f.Endpoint + "/edit")
}

// MaxURL bounds what the field takes.
func (f *Form) MaxURL() int { return webhook.MaxURL }

// MaxDescription is as MaxURL.
func (f *Form) MaxDescription() int { return webhook.MaxDescription }

// Back leads to where the form was opened.
func (f *Form) Back() string {
	if f.Endpoint == "" {
		return f.Link("")
	}
	return f.Link("/endpoints/" + f.Endpoint)
}

// Choice is a dialect with the events that its endpoints can ask for.
type Choice struct {
	Dialect webhook.Dialect
	Name    string
	Text    string
	Groups  []Group
}

// Group is the events of one kind of object.
type Group struct {
	All   string // "payment_intent.*"
	Types []string
}

var choices = []Choice{
	{webhook.Hub, "Hub", "The hub's own events, with its signature and the Standard Webhooks headers.", groups(webhook.Hub)},
	{webhook.Acquiring, "Acquiring", "Payments and payment intents, for servers written for the acquiring API.", groups(webhook.Acquiring)},
	{webhook.Connect, "Connect", "Payments, in the words of the Connect API.", groups(webhook.Connect)},
	{webhook.Cashier, "Cashier", "Deposits that succeeded or were rejected.", groups(webhook.Cashier)},
}

// groups sorts the events of a dialect by what they are about.
func groups(d webhook.Dialect) []Group {
	var all []Group
	for _, t := range d.Types() {
		kind, _, _ := strings.Cut(t, ".")
		i := slices.IndexFunc(all, func(g Group) bool { return g.All == kind+".*" })
		if i < 0 {
			i, all = len(all), append(all, Group{All: kind + ".*"})
		}
		all[i].Types = append(all[i].Types, t)
	}
	return all
}

// Choices are the dialects to choose from: of an endpoint that is changed, its own.
func (f *Form) Choices() []Choice {
	if f.Endpoint == "" {
		return choices
	}
	return slices.DeleteFunc(slices.Clone(choices), func(c Choice) bool { return c.Dialect != f.Dialect })
}

// Asks reports whether an event is chosen.
func (f *Form) Asks(d webhook.Dialect, name string) bool {
	return f.Dialect == d && slices.Contains(f.EventTypes, name)
}

// Secret is the page that shows a signing secret, once.
type Secret struct {
	Frame
	Endpoint webhook.Endpoint
	Secret   vault.Secret
	Rotated  bool
}

func (s *Secret) page() (string, *Frame) { return "secret", &s.Frame }

// Shown is the secret in the clear.
func (s *Secret) Shown() string { return s.Secret.Reveal() }

// Overlap reports whether the secret before is valid for a while.
func (s *Secret) Overlap() bool { return s.Now.Before(s.Endpoint.SecretEndsAt) }

// Ask is the page that asks before something is done that cannot be undone.
type Ask struct {
	Frame
	Question  string // "rotate" or "delete"
	Endpoint  webhook.Endpoint
	Operation string
}

func (a *Ask) page() (string, *Frame) { return a.Question, &a.Frame }

// Overlap reports whether the secret before the last rotation is still valid.
func (a *Ask) Overlap() bool { return a.Now.Before(a.Endpoint.SecretEndsAt) }

// Redeliver is the page that asks what to send an endpoint again.
type Redeliver struct {
	Frame
	Endpoint  webhook.Endpoint
	Operation string
	Kind      webhook.ReplayKind
	Since     Since
	Failed    Missed
	Waiting   Missed // failed, and to be tried again
}

// Missed are deliveries of one status, newest first.
type Missed struct {
	Deliveries []webhook.Delivery
	More       bool // than these
}

// since is how many of them failed from a time on; "40+" where not all were counted.
func (m Missed) since(from time.Time) string {
	n := 0
	for _, d := range m.Deliveries {
		if !d.UpdatedAt.Before(from) {
			n++
		}
	}
	if m.More {
		return count(n) + "+"
	}
	return count(n)
}

func (r *Redeliver) page() (string, *Frame) { return "redeliver", &r.Frame }

// Since is how far back what is sent again goes.
type Since string

// The choices.
const (
	LastHour  Since = "1h"
	LastDay   Since = "24h"
	LastWeek  Since = "7d"
	LastMonth Since = "30d"
)

// Sinces lists all of them.
var Sinces = []Since{LastHour, LastDay, LastWeek, LastMonth}

// Length is the time in hours and days. The last is a little short of how long events are
// kept, so that it does not pass while somebody thinks.
func (s Since) Length() time.Duration {
	switch s {
	case LastHour:
		return time.Hour
	case LastWeek:
		return 7 * 24 * time.Hour
	case LastMonth:
		return 30*24*time.Hour - 10*time.Minute
	default:
		return 24 * time.Hour
	}
}

// Words is the time in words.
func (s Since) Words() string {
	switch s {
	case LastHour:
		return "Last hour"
	case LastWeek:
		return "Last 7 days"
	case LastMonth:
		return "Last 30 days"
	default:
		return "Last 24 hours"
	}
}

// Sinces are the choices.
func (r *Redeliver) Sinces() []Since { return Sinces }

// Missed is how many deliveries failed since then, for good or to be tried again.
func (r *Redeliver) Missed(s Since) string {
	from := r.Now.Add(-s.Length())
	return r.Failed.since(from) + " failed, " + r.Waiting.since(from) + " waiting for their next attempt"
}

// Failure is the page that says why there is no other.
type Failure struct {
	Frame
	Title, Text string
}

func (f *Failure) page() (string, *Frame) { return "failure", &f.Frame }

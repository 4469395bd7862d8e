package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/webhook"
)

const (
	followEvery = time.Second
	// overlap is how far behind the newest event the next look begins. An id is minted
	// before its transaction commits, and those of other processes commit in between: an
	// event may appear behind one that was seen.
	overlap = 10 * time.Second
	// eventsPerPage is the largest page of the API.
	eventsPerPage = 100
	// newPerRound ends a round, so that what is remembered of it stays small.
	newPerRound = 1000
)

// publicEvent is an event as the hub's API tells it.
type publicEvent struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Data      struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler; it keeps what it read.
func (e *publicEvent) UnmarshalJSON(raw []byte) error {
	type plain publicEvent
	if err := json.Unmarshal(raw, (*plain)(e)); err != nil {
		return err
	}
	if !id.Valid(id.Event, e.ID) {
		return fmt.Errorf("%q is no event", e.ID)
	}
	e.raw = slices.Clone(raw)
	return nil
}

// String says what happened in a line, for people.
func (e publicEvent) String() string {
	var o struct {
		ID       string         `json:"id"`
		Status   string         `json:"status"`
		Amount   int64          `json:"amount"`
		Currency money.Currency `json:"currency"`
	}
	_ = json.Unmarshal(e.Data.Object, &o) // what an object does not have is left out
	line := fmt.Sprintf("%s  %-30s  %s", e.CreatedAt.Local().Format(time.TimeOnly), e.Type, o.ID)
	if o.Currency != "" {
		line += "  " + money.New(o.Amount, o.Currency).String()
	}
	if o.Status != "" {
		line += "  " + o.Status
	}
	return oneLine(line)
}

// follower tells of a hub's events as they happen, each once, in the order of their ids
// but for those that were committed late.
type follower struct {
	hub   *hubClient
	every time.Duration // between looks

	floor string // the next look begins after this id
	seen  map[string]bool
}

// follow tells of every event since begin, until ctx ends or tell fails. What happens
// while tell takes its time is told of afterwards.
func (f *follower) follow(ctx context.Context, tell func(publicEvent) error) error {
	for {
		began := time.Now()
		more, err := f.round(ctx, tell)
		if err != nil {
			return err
		}
		if pause := f.every - time.Since(began); !more && pause > 0 {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
}

// begin finds out where to start: with what happens from now on, or from a time on where
// it is not zero.
func (f *follower) begin(ctx context.Context, since time.Time) error {
	f.seen = map[string]bool{}
	if !since.IsZero() {
		f.floor = firstEventAt(since)
		return nil
	}
	newest, _, err := f.page(ctx, url.Values{"limit": {"1"}})
	if err != nil {
		return err
	}
	f.floor = firstEventAt(time.UnixMilli(0))
	if len(newest) == 1 {
		f.floor = before(newest[0].ID, overlap)
	}
	for more := true; more; {
		if more, err = f.round(ctx, func(publicEvent) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// round tells of what is new, and reports whether there may be more of it already. The
// next one begins before everything that could have been hidden from this one: as far
// back as a transaction takes, and as this round took.
func (f *follower) round(ctx context.Context, tell func(publicEvent) error) (more bool, err error) {
	began, cursor, told := time.Now(), f.floor, 0
	for more = true; more && told < newPerRound; {
		var page []publicEvent
		query := url.Values{"limit": {strconv.Itoa(eventsPerPage)}, "ending_before": {cursor}}
		if page, more, err = f.page(ctx, query); err != nil {
			return false, err
		}
		for _, e := range slices.Backward(page) {
			cursor = e.ID
			if f.seen[e.ID] {
				continue
			}
			f.seen[e.ID] = true
			if err := tell(e); err != nil {
				return false, err
			}
			told++
		}
		more = more && len(page) > 0
	}
	f.floor = max(f.floor, before(cursor, overlap+time.Since(began)))
	for eventID := range f.seen {
		if eventID <= f.floor {
			delete(f.seen, eventID)
		}
	}
	return more, nil
}

// page reads a page of events, newest first, and whether there are more.
func (f *follower) page(ctx context.Context, query url.Values) ([]publicEvent, bool, error) {
	var list struct {
		Data    []publicEvent `json:"data"`
		HasMore bool          `json:"has_more"`
	}
	err := f.hub.get(ctx, "/v3/events", query, &list)
	return list.Data, list.HasMore, err
}

// firstEventAt sorts before the ids of all events that were minted at a time or later.
func firstEventAt(t time.Time) string { return id.Join(id.Event, id.FirstAt(t)) }

// before sorts before the ids of all events up to d older than one.
func before(eventID string, d time.Duration) string {
	minted, err := ulid.ParseStrict(id.Suffix(eventID))
	if err != nil {
		return eventID
	}
	return firstEventAt(time.UnixMilli(max(int64(minted.Time())-d.Milliseconds(), 0)))
}

// wantedTypes selects events by name: all of them where it is empty.
type wantedTypes []string

func (w wantedTypes) has(name string) bool {
	return len(w) == 0 || slices.ContainsFunc(w, func(asked string) bool { return webhook.Matches(asked, name) })
}

// check refuses what selects none of the known names.
func (w wantedTypes) check(flag string, known []string) error {
	for _, asked := range w {
		if !slices.ContainsFunc(known, func(name string) bool { return webhook.Matches(asked, name) }) {
			return fmt.Errorf("%s %q names no event; there are %s, and patterns such as payment_intent.*", flag, asked, strings.Join(known, ", "))
		}
	}
	return nil
}

// eventNames are the names of all events, the test of an endpoint among them.
func eventNames(d webhook.Dialect) []string {
	return append(d.Types(), string(event.WebhookEndpointTest))
}

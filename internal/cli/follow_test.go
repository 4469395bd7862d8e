package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/id"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

const testKey = "sk_sandbox_0123456789abcdefghijklmnopqrstuv"

// eventsHub answers for events as the hub's API does.
type eventsHub struct {
	mu       sync.Mutex
	events   []publicEvent // by id
	words    map[string]map[webhook.Dialect]string
	failures []func(w http.ResponseWriter) // what the next requests get instead
}

// eventAt makes an event that was minted at a time.
func eventAt(t time.Time, kind string) publicEvent {
	eventID := id.Join(id.Event, ulid.MustNew(ulid.Timestamp(t), ulid.DefaultEntropy()).String())
	raw := fmt.Sprintf(`{"id":%q,"type":%q,"created_at":%q,"environment":"sandbox","data":{"object":{"id":"pi_1","status":"succeeded","amount":12000,"currency":"AED","note":"<&>"}}}`,
		eventID, kind, t.UTC().Format(time.RFC3339Nano))
	var e publicEvent
	if err := json.Unmarshal([]byte(raw), &e); err != nil {
		panic(err)
	}
	return e
}

// commit makes events visible.
func (h *eventsHub) commit(events ...publicEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, events...)
	slices.SortFunc(h.events, func(a, b publicEvent) int { return strings.Compare(a.ID, b.ID) })
}

func (h *eventsHub) fail(failures ...func(http.ResponseWriter)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = append(h.failures, failures...)
}

func (h *eventsHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.failures) > 0 {
		fail := h.failures[0]
		h.failures = h.failures[1:]
		fail(w)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+testKey {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":{"code":"unauthenticated","message":"The API key is not valid."}}`))
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/v3/events/"); ok {
		query := r.URL.Query()
		h.payload(w, strings.TrimSuffix(rest, "/payload"), webhook.Dialect(query.Get("dialect")), query["event_types"])
		return
	}
	h.list(w, r)
}

func (h *eventsHub) list(w http.ResponseWriter, r *http.Request) {
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	after := r.URL.Query().Get("ending_before")
	var found []json.RawMessage
	more := false
	rows := slices.Clone(h.events)
	if after == "" { // the newest
		slices.Reverse(rows)
	}
	for _, e := range rows {
		if after != "" && e.ID <= after {
			continue
		}
		if more = len(found) == limit; more {
			break
		}
		found = append(found, e.raw)
	}
	if after != "" {
		slices.Reverse(found)
	}
	if found == nil {
		found = []json.RawMessage{}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(map[string]any{"object": "list", "data": found, "has_more": more})
	_, _ = w.Write(body.Bytes())
}

func (h *eventsHub) payload(w http.ResponseWriter, eventID string, d webhook.Dialect, asked []string) {
	if asked == nil {
		asked = []string{"*"}
	} else if err := webhook.CheckEventTypes(d, asked); err != nil {
		panic(err)
	}
	at := slices.IndexFunc(h.events, func(e publicEvent) bool { return e.ID == eventID })
	e := h.events[at]
	answer := map[string]any{"dialect": d, "type": nil, "body": nil}
	names := strings.Fields(wordFor(h.words, e.Type, d))
	if name := (webhook.Endpoint{EventTypes: asked}).Name(names); name != "" {
		answer["type"], answer["body"] = name, string(e.raw)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// wordFor is what a dialect calls an event: what it is told to, one name or several, or
// its own name in the hub's.
func wordFor(words map[string]map[webhook.Dialect]string, kind string, d webhook.Dialect) string {
	if d == webhook.Hub {
		return kind
	}
	return words[kind][d]
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// buffer is written and read beside each other.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// direct carries requests to a handler without a network.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// following is a follower of a hub, without a network, that hardly waits. How far it looks back
// depends on how long it took: in a bubble of time, that is what a test says.
func following(h *eventsHub) (*follower, *buffer) {
	told := &buffer{}
	client := &hubClient{
		base: "http://hub.test", key: vault.Secret(testKey), told: told, patience: time.Millisecond,
		http: &http.Client{Transport: direct{h}},
	}
	return &follower{hub: client, every: time.Millisecond}, told
}

// collect rounds once and returns the ids of what it was told.
func collect(t require.TestingT, f *follower) (ids []string) {
	for more := true; more; {
		var err error
		more, err = f.round(context.Background(), func(e publicEvent) error {
			ids = append(ids, e.ID)
			return nil
		})
		require.NoError(t, err)
	}
	return ids
}

func idsOf(events ...publicEvent) []string {
	ids := make([]string, 0, len(events))
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestFollowBeginsNowOrEarlier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, now := &eventsHub{}, time.Now()
		f, _ := following(h)
		require.NoError(t, f.begin(t.Context(), time.Time{}))
		first := eventAt(now.Add(-time.Hour), "payment_intent.created")
		h.commit(first)
		require.Equal(t, idsOf(first), collect(t, f), "the hub's first event of all")

		second, third := eventAt(now.Add(-20*time.Minute), "payment_intent.created"), eventAt(now.Add(-time.Second), "payment_intent.created")
		h.commit(second, third)
		f, _ = following(h)
		require.NoError(t, f.begin(t.Context(), time.Time{}))
		require.Empty(t, collect(t, f), "what was there before")
		f, _ = following(h)
		require.NoError(t, f.begin(t.Context(), now.Add(-30*time.Minute)))
		require.Equal(t, idsOf(second, third), collect(t, f))
		require.Empty(t, collect(t, f))
	})
}

func TestFollowPagesThroughAndForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, now := &eventsHub{}, time.Now()
		f, _ := following(h)
		require.NoError(t, f.begin(t.Context(), time.Time{}))
		var all []publicEvent
		for i := range 2*newPerRound + 50 {
			all = append(all, eventAt(now.Add(time.Duration(i)*100*time.Millisecond), "refund.created"))
		}
		h.commit(all...)
		require.Equal(t, idsOf(all...), collect(t, f))
		require.Less(t, len(f.seen), 150, "what cannot come again is not remembered")
		late := eventAt(now.Add(200*time.Second), "refund.created")
		h.commit(late)
		require.Equal(t, idsOf(late), collect(t, f))
	})
}

// What a round does not see because it takes long is seen by the next one.
func TestFollowLooksBackAsFarAsARoundTook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, now := &eventsHub{}, time.Now()
		f, _ := following(h)
		require.NoError(t, f.begin(t.Context(), time.Time{}))
		var all []publicEvent
		for i := range eventsPerPage + 1 {
			all = append(all, eventAt(now.Add(time.Duration(i)*time.Second), "refund.created"))
		}
		late := eventAt(now.Add(89*time.Second+500*time.Millisecond), "refund.created")
		h.commit(all...)
		_, err := f.round(t.Context(), func(e publicEvent) error {
			if e.ID == all[0].ID { // the first page was read: a slow receiver
				h.commit(late)
				time.Sleep(time.Second)
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, idsOf(late), collect(t, f), "11.5 s older than the newest, and committed within the round")
	})
}

// Whatever the order of commits, each event is told of once.
func TestFollowMissesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := &eventsHub{}
		f, _ := following(h)
		now := time.Now()
		require.NoError(t, f.begin(context.Background(), time.Time{}))
		var committed, told []string
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			for range rapid.IntRange(0, 30).Draw(t, "commits") {
				now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "pause")) * time.Millisecond)
				late := time.Duration(rapid.IntRange(0, 9900).Draw(t, "late")) * time.Millisecond
				e := eventAt(now.Add(-late), "dispute.created")
				h.commit(e)
				committed = append(committed, e.ID)
			}
			told = append(told, collect(t, f)...)
		}
		require.ElementsMatch(t, committed, told)
	})
}

func TestFollowWaitsForTheHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &eventsHub{}
		f, said := following(h)
		require.NoError(t, f.begin(t.Context(), time.Time{}))
		e := eventAt(time.Now(), "payment_intent.created")
		h.commit(e)
		h.fail(status(http.StatusServiceUnavailable), status(http.StatusInternalServerError), status(http.StatusBadGateway))
		require.Equal(t, idsOf(e), collect(t, f))
		require.Equal(t, "Waiting for the hub: it answered 503 Service Unavailable\nThe hub answers again.\n", said.String())

		h.fail(status(http.StatusTooManyRequests, "Retry-After", "1"))
		began := time.Now()
		require.Empty(t, collect(t, f))
		require.Equal(t, time.Second, time.Since(began), "as long as it asks for")
		require.Equal(t, 2, strings.Count(said.String(), "\n"), "being slowed down once is nothing to tell of")

		h.fail(status(http.StatusForbidden))
		_, err := f.round(t.Context(), func(publicEvent) error { return nil })
		require.ErrorContains(t, err, "answered 403 Forbidden")
		h.fail(func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) })
		_, err = f.round(t.Context(), func(publicEvent) error { return nil })
		require.ErrorContains(t, err, "what answers at http://hub.test is no hub")
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &eventsHub{}
		f, said := following(h)
		f.hub.patience = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		h.fail(status(http.StatusServiceUnavailable))
		require.ErrorIs(t, f.begin(ctx, time.Time{}), context.DeadlineExceeded)
		require.Contains(t, said.String(), "Waiting for the hub")

		ctx, cancel = context.WithCancel(t.Context())
		f, _ = following(h)
		require.NoError(t, f.begin(ctx, time.Time{}))
		h.commit(eventAt(time.Now(), "payment_intent.created"))
		err := f.follow(ctx, func(publicEvent) error { cancel(); return nil })
		require.ErrorIs(t, err, context.Canceled)
		full := errors.New("no space left")
		f, _ = following(h)
		require.NoError(t, f.begin(t.Context(), time.Now().Add(-time.Hour)))
		require.ErrorIs(t, f.follow(t.Context(), func(publicEvent) error { return full }), full)
	})
}

func TestTypesAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, wantedTypes{"payment_intent.*", "*", "refund.failed", "webhook_endpoint.test"}.check("--type", eventNames(webhook.Hub)))
	require.ErrorContains(t, wantedTypes{"payment.succeeded"}.check("--type", eventNames(webhook.Hub)), `--type "payment.succeeded" names no event; there are payment_intent.created, `)
	require.NoError(t, wantedTypes{"payment.captured"}.check("--events", eventNames(webhook.Acquiring)))
	require.True(t, wantedTypes(nil).has("refund.failed"))
	require.True(t, wantedTypes{"dispute.*", "refund.*"}.has("refund.failed"))
	require.False(t, wantedTypes{"dispute.*"}.has("refund.failed"))
}

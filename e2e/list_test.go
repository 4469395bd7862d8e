package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// idOnly is what lists are compared by.
type idOnly struct {
	ID string `json:"id"`
}

func ids(rows []idOnly) []string {
	var all []string
	for _, r := range rows {
		all = append(all, r.ID)
	}
	return all
}

// page reads one page of any list.
func (c client) page(t *testing.T, path, query string) ([]string, bool) {
	t.Helper()
	l := read[list[idOnly]](t, c.get(t, path+"?"+query), http.StatusOK)
	require.Equal(t, "list", l.Object)
	return ids(l.Data), l.HasMore
}

func TestListsAreReadInBothDirections(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.paid(t, 700)
		for range 6 {
			s.create(t, nil)
			s.post(t, refunds, object{"intent_id": p.ID, "amount": 100}).refund(t)
		}
		for _, r := range all(t, s.client, refunds, nil, func(r refund) string { return r.ID }) {
			s.settled(t, r.ID)
		}
		for path, want := range map[string]int{intents: 7, refunds: 6, events: 2 + 6 + 12, "/v3/ledger/entries": 4 + 12} {
			requirePages(t, s.client, path, want)
		}
	})
}

// requirePages walks a list of want rows down and up again, three at a time.
func requirePages(t *testing.T, c client, path string, want int) {
	t.Helper()
	whole, more := c.page(t, path, "limit=100")
	require.Len(t, whole, want, path)
	require.False(t, more)
	require.IsDecreasing(t, whole, "%s: newest first", path)
	short, more := c.page(t, path, "")
	require.Equal(t, whole[:min(10, want)], short, "%s: 10 unless told otherwise", path)
	require.Equal(t, want > 10, more)

	var down []string
	for query, more := "limit=3", true; more; query = "limit=3&starting_after=" + down[len(down)-1] {
		var rows []string
		rows, more = c.page(t, path, query)
		down = append(down, rows...)
		require.Equal(t, len(down) < want, more, "%s has_more after %d rows", path, len(down))
	}
	require.Equal(t, whole, down, path)

	last := whole[len(whole)-1]
	up := []string{last}
	for more := true; more; {
		var rows []string
		rows, more = c.page(t, path, "limit=3&ending_before="+up[0])
		require.True(t, slices.Equal(rows, whole[len(whole)-len(up)-len(rows):len(whole)-len(up)]), "%s: the rows next to %s", path, up[0])
		up = append(rows, up...)
		require.Equal(t, len(up) < want, more, "%s has_more before %d rows", path, len(up))
	}
	require.Equal(t, whole, up, path)
	none, more := c.page(t, path, "starting_after="+last)
	require.Empty(t, none)
	require.False(t, more)
}

func TestListsAreFiltered(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		first := s.create(t, nil)
		time.Sleep(10 * time.Millisecond)
		paid, open := s.paid(t, 500), s.create(t, object{"currency": "USD"})
		s.cancel(t, first.ID, nil)
		r := s.settled(t, s.post(t, refunds, object{"intent_id": paid.ID}).refund(t).ID)
		at := url.QueryEscape(paid.CreatedAt.Format(time.RFC3339Nano))
		for query, want := range map[string][]string{
			intents + "?status=canceled": {first.ID}, intents + "?status=succeeded": {paid.ID}, intents + "?status=expired": nil,
			intents + "?status=requires_confirmation": {open.ID}, intents + "?created[gte]=" + at: {open.ID, paid.ID},
			intents + "?created[lt]=" + at: {first.ID}, intents + "?created[gte]=" + at + "&status=succeeded": {paid.ID},
			intents + "?created[gte]=0&limit=1": {open.ID}, intents + "?created[gte]=4102444800": nil,
			intents + "?customer_id=cus_01HZY3K8V4N5T6W7X8Y9Z0A1B2": nil,
			refunds + "?intent_id=" + paid.ID:                       {r.ID}, refunds + "?intent_id=" + open.ID: nil,
		} {
			path, rest, _ := strings.Cut(query, "?")
			got, _ := s.page(t, path, rest)
			require.Equal(t, want, got, query)
		}
		require.Equal(t, []string{"payment_intent.succeeded"}, s.typesOf(t, "type=payment_intent.succeeded"))
		require.Equal(t, []string{"refund.completed", "refund.created"}, s.typesOf(t, "object_id="+r.ID))
		require.Empty(t, s.typesOf(t, "type=refund.failed"))
		entries := all(t, s.client, "/v3/ledger/entries", url.Values{"account": {"sales"}, "currency": {"aed"}}, func(e entry) string { return e.ID })
		require.Len(t, entries, 1)
		require.Equal(t, []any{"sales", int64(-500), "captured", paid.ID}, []any{entries[0].Account, entries[0].Amount, entries[0].Kind, entries[0].IntentID})
	})
}

// typesOf lists the types of the events that a query finds, newest first.
func (c client) typesOf(t *testing.T, query string) []string {
	t.Helper()
	var types []string
	for _, e := range read[list[event]](t, c.get(t, events+"?"+query), http.StatusOK).Data {
		types = append(types, e.Type)
	}
	return types
}

package storetest

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
)

// noted has an endpoint of a scope answer that it is gone, and returns the notice of it.
func (w *World) noted(t testing.TB, scope merchant.Scope) notice.Notice {
	own := w.Scope
	w.Scope = scope
	defer func() { w.Scope = own }()
	e := w.Asking(t)
	w.Insert(t, w.Wanted())
	for _, task := range w.claim(t, "one", 10, 10) {
		w.record(t, w.Answered(task.Delivery, http.StatusGone))
	}
	list, _, err := w.Store.Notices().ListNotices(ctx, scope, notice.Page{Limit: 100})
	require.NoError(t, err)
	at := slices.IndexFunc(list, func(n notice.Notice) bool { return n.ObjectID == e.ID })
	require.GreaterOrEqual(t, at, 0)
	require.Equal(t, notice.Notice{
		ID: list[at].ID, Scope: scope, Kind: notice.EndpointDisabled, ObjectID: e.ID, Text: list[at].Text, CreatedAt: w.Clock.Now(),
	}, list[at])
	return list[at]
}

// dueNotices are the objects of the notices that are to be mailed.
func (w *World) dueNotices(t *testing.T, limit int) (objects []string) {
	due, err := w.Store.Notices().DueNotices(ctx, w.Clock.Now(), limit)
	require.NoError(t, err)
	for _, n := range due {
		objects = append(objects, n.ObjectID)
	}
	return objects
}

// noticesByPage: newest first, and of one scope alone.
func noticesByPage(t *testing.T, w *World) {
	notices := w.Store.Notices()
	var ids []string
	for range 5 {
		ids = append(ids, w.noted(t, w.Scope).ID)
	}
	slices.Sort(ids) // of one millisecond they are in any order
	slices.Reverse(ids)
	w.elsewhere(t, func(other merchant.Scope) {
		foreign := w.noted(t, other)
		list, more, err := notices.ListNotices(ctx, other, notice.Page{Limit: 10})
		require.NoError(t, err)
		require.False(t, more)
		require.Equal(t, []notice.Notice{foreign}, list)
	})
	for _, c := range []struct {
		page notice.Page
		want []string
		more bool
	}{
		{notice.Page{Limit: 2}, ids[:2], true},
		{notice.Page{Limit: 5}, ids, false},
		{notice.Page{Limit: 2, StartingAfter: ids[1]}, ids[2:4], true},
		{notice.Page{Limit: 2, StartingAfter: ids[3]}, ids[4:], false},
		{notice.Page{Limit: 2, StartingAfter: ids[4]}, nil, false},
		{notice.Page{Limit: 2, EndingBefore: ids[4]}, ids[2:4], true},
		{notice.Page{Limit: 4, EndingBefore: ids[4]}, ids[:4], false},
		{notice.Page{Limit: 2, EndingBefore: ids[0]}, nil, false},
		{notice.Page{}, ids[:1], true},
	} {
		list, more, err := notices.ListNotices(ctx, w.Scope, c.page)
		require.NoError(t, err)
		var got []string
		for _, n := range list {
			got = append(got, n.ID)
		}
		require.Equal(t, c.want, got, c.page)
		require.Equal(t, c.more, more, c.page)
	}
}

// noticesAreMailedInTurns: of each scope the one that has been due for longest, oldest
// first, until they are settled or postponed.
func noticesAreMailedInTurns(t *testing.T, w *World) {
	notices, elsewhere := w.Store.Notices(), w.NewMerchant(t)
	live := merchant.Scope{MerchantID: w.Scope.MerchantID, Environment: merchant.Live}
	one, two, three := w.noted(t, w.Scope), w.noted(t, w.Scope), w.noted(t, w.Scope)
	other, real := w.noted(t, elsewhere), w.noted(t, live)
	require.Equal(t, []string{one.ObjectID, other.ObjectID, real.ObjectID}, w.dueNotices(t, 10))
	require.Equal(t, []string{one.ObjectID, other.ObjectID}, w.dueNotices(t, 2))
	early, err := notices.DueNotices(ctx, one.CreatedAt.Add(-time.Microsecond), 10)
	require.NoError(t, err)
	require.Empty(t, early)

	mailed := w.now()
	require.NoError(t, notices.MailSettled(ctx, one.ID, mailed))
	require.NoError(t, notices.MailSettled(ctx, one.ID, w.now()), "once")
	require.NoError(t, notices.MailSettled(ctx, real.ID, time.Time{}))
	require.Equal(t, []string{two.ObjectID, other.ObjectID}, w.dueNotices(t, 10))
	list, _, err := notices.ListNotices(ctx, w.Scope, notice.Page{Limit: 10})
	require.NoError(t, err)
	one.MailedAt = mailed
	require.ElementsMatch(t, []notice.Notice{one, two, three}, list)
	list, _, err = notices.ListNotices(ctx, live, notice.Page{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []notice.Notice{real}, list, "settled, and not mailed")

	until := w.now().Add(time.Minute)
	require.NoError(t, notices.PostponeMail(ctx, w.Scope, w.Clock.Now(), until))
	require.Equal(t, []string{other.ObjectID}, w.dueNotices(t, 10))
	four := w.noted(t, w.Scope)
	require.Equal(t, []string{other.ObjectID, four.ObjectID}, w.dueNotices(t, 10), "what comes later is not postponed")
	require.NoError(t, notices.PostponeMail(ctx, w.Scope, four.CreatedAt.Add(-time.Microsecond), until.Add(time.Hour)))
	require.Contains(t, w.dueNotices(t, 10), four.ObjectID, "nor what is not due")
	require.NoError(t, notices.MailSettled(ctx, four.ID, time.Time{}))
	w.Clock.Advance(time.Minute)
	next := w.dueNotices(t, 10)
	require.Len(t, next, 2)
	require.Equal(t, other.ObjectID, next[0])
	require.Contains(t, []string{two.ObjectID, three.ObjectID}, next[1])
}

// mailsAreCounted by scope and time.
func mailsAreCounted(t *testing.T, w *World) {
	notices := w.Store.Notices()
	first, second, silent := w.noted(t, w.Scope), w.noted(t, w.Scope), w.noted(t, w.Scope)
	at := w.now()
	require.NoError(t, notices.MailSettled(ctx, first.ID, at))
	require.NoError(t, notices.MailSettled(ctx, second.ID, at.Add(time.Hour)))
	require.NoError(t, notices.MailSettled(ctx, silent.ID, time.Time{}))
	for since, want := range map[time.Time][]string{
		at.Add(-time.Microsecond): {first.ObjectID, second.ObjectID}, at: {second.ObjectID}, at.Add(time.Hour): nil,
	} {
		objects, err := notices.MailedSince(ctx, w.Scope, since)
		require.NoError(t, err)
		require.ElementsMatch(t, want, objects)
	}
	w.elsewhere(t, func(other merchant.Scope) {
		objects, err := notices.MailedSince(ctx, other, at.Add(-time.Hour))
		require.NoError(t, err)
		require.Empty(t, objects)
	})
}

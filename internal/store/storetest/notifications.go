package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
)

// Notice is a notification as it comes in, due in a minute.
func (w *World) Notice(eventID string) notification.Notification {
	at := w.now()
	return notification.Notification{
		ID: id.New(id.Notification), Environment: merchant.Sandbox, Gateway: "stripe", EventID: eventID, Type: "charge.refunded",
		Notice: payment.Notice{
			ID: eventID, Type: "charge.refunded", Subject: payment.NoticeOfRefund, State: payment.NoticeRefunded, PaymentID: "pi_1",
			RefundID: "rf_1", GatewayReference: "pi_remote", Amount: money.New(1200, "USD"), At: at.Add(-time.Second),
		},
		KeyVersion: 3, Sealed: []byte{0, 1, 2, 0xff}, Status: notification.Received, ReceivedAt: at, UpdatedAt: at, DueAt: at.Add(time.Minute),
	}
}

func (w *World) keep(t *testing.T, n notification.Notification) notification.Notification {
	kept, first, err := w.Store.Notifications().Keep(ctx, n)
	require.NoError(t, err)
	require.True(t, first)
	require.Equal(t, n, kept)
	return n
}

func notificationIsKeptOnce(t *testing.T, w *World) {
	repository := w.Store.Notifications()
	n := w.keep(t, w.Notice("evt_1"))
	got, err := repository.Find(ctx, n.ID)
	require.NoError(t, err)
	require.Equal(t, n, got)

	again := w.Notice("evt_1")
	again.Type, again.Sealed = "other", []byte("other")
	kept, first, err := repository.Keep(ctx, again)
	require.NoError(t, err)
	require.False(t, first)
	require.Equal(t, n, kept)
	for _, change := range []func(*notification.Notification){
		func(n *notification.Notification) { n.Gateway = "connect" },
		func(n *notification.Notification) { n.Environment = merchant.Live },
		func(n *notification.Notification) { n.EventID = "evt_2" },
	} {
		other := w.Notice("evt_1")
		change(&other)
		w.keep(t, other)
	}
	_, err = repository.Find(ctx, "gwn_none")
	require.True(t, fault.Is(err, fault.NotFound), err)

	lost := w.Notice("evt_lost")
	lost.DueAt = time.Time{}
	_, _, err = repository.Keep(ctx, lost)
	require.Error(t, err, "nobody would ever apply it")
}

func oneProcessKeeps(t *testing.T, w *World) {
	const n = 40
	rivals := make([]notification.Notification, n)
	for i := range rivals {
		rivals[i] = w.Notice("evt_1")
	}
	kept := make([]notification.Notification, n)
	var firsts atomic.Int64
	for _, err := range together(n, func(i int) (err error) {
		var first bool
		if kept[i], first, err = w.Store.Notifications().Keep(ctx, rivals[i]); first {
			firsts.Add(1)
		}
		return err
	}) {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, firsts.Load())
	for _, k := range kept {
		require.Equal(t, kept[0], k, "all are told the same one")
	}
	require.Equal(t, 1, w.count(t, "gateway_notifications"))
}

func notificationIsSettledOnce(t *testing.T, w *World) {
	repository := w.Store.Notifications()
	for _, status := range []notification.Status{notification.Applied, notification.Ignored, notification.Raised} {
		n := w.keep(t, w.Notice("evt_"+string(status)))
		settled := n
		settled.Status, settled.Why, settled.MerchantID, settled.PaymentID = status, "because “so”", "mch_1", "pi_1"
		settled.UpdatedAt = w.now()
		if status == notification.Ignored {
			settled.KeyVersion, settled.Sealed = 2, []byte("emptied")
		}
		require.NoError(t, repository.Settle(ctx, settled))
		settled.DueAt = time.Time{}
		got, err := repository.Find(ctx, n.ID)
		require.NoError(t, err)
		require.Equal(t, settled, got)

		late := settled
		late.Status, late.Why, late.PaymentID, late.UpdatedAt = notification.Raised, "too late", "pi_2", w.now()
		require.NoError(t, repository.Settle(ctx, late))
		require.NoError(t, repository.Postpone(ctx, n.ID, w.now()))
		got, err = repository.Find(ctx, n.ID)
		require.NoError(t, err)
		require.Equal(t, settled, got, "it was final already")
	}
	open := w.keep(t, w.Notice("evt_open"))
	require.Error(t, repository.Settle(ctx, open), "received is no final state")
	open.ID, open.Status = "gwn_none", notification.Applied
	require.NoError(t, repository.Settle(ctx, open))

	rivals := []notification.Status{notification.Applied, notification.Raised}
	raced := w.keep(t, w.Notice("evt_raced"))
	for _, err := range together(20, func(i int) error {
		mine := raced
		mine.Status = rivals[i%2]
		mine.Why = string(mine.Status)
		return repository.Settle(ctx, mine)
	}) {
		require.NoError(t, err)
	}
	got, err := repository.Find(ctx, raced.ID)
	require.NoError(t, err)
	require.Equal(t, string(got.Status), got.Why, "nothing is mixed")
}

func notificationsDueAndOld(t *testing.T, w *World) {
	repository := w.Store.Notifications()
	var all []notification.Notification
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		all = append(all, w.keep(t, w.Notice(name)))
		w.Clock.Advance(time.Hour)
	}
	settle := func(n notification.Notification, status notification.Status) {
		n.Status = status
		require.NoError(t, repository.Settle(ctx, n))
	}
	settle(all[0], notification.Applied)
	due := func(at time.Time, limit int) []notification.Notification {
		list, err := repository.Due(ctx, at, at.Add(1000*time.Hour), limit)
		require.NoError(t, err)
		return list
	}
	require.Empty(t, due(all[1].DueAt.Add(-time.Microsecond), 10), "a settled one is never due")
	require.Equal(t, all[1:3], due(all[2].DueAt, 10))
	require.Equal(t, all[1:2], due(all[2].DueAt, 1), "oldest first")
	all[1].DueAt = all[2].DueAt.Add(time.Minute)
	require.NoError(t, repository.Postpone(ctx, all[1].ID, all[1].DueAt))
	require.Equal(t, all[2:3], due(all[2].DueAt, 10))
	require.Equal(t, []notification.Notification{all[2], all[1]}, due(all[1].DueAt, 10), "nothing else changed")

	early, err := repository.Due(ctx, all[0].ReceivedAt, all[3].DueAt, 10)
	require.NoError(t, err)
	require.Equal(t, all[4:], early, "later than it can be")

	settle(all[2], notification.Ignored)
	settle(all[3], notification.Raised)
	settle(all[4], notification.Applied)
	deleted := func(before time.Time, limit int) int64 {
		n, err := repository.DeleteOld(ctx, before, limit)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, deleted(all[0].ReceivedAt, 10), "before is exclusive")
	require.EqualValues(t, 1, deleted(all[4].ReceivedAt, 1))
	require.EqualValues(t, 1, deleted(all[4].ReceivedAt, 10), "what waits and what was raised stays")
	require.Zero(t, deleted(all[4].ReceivedAt, 10))
	left, _, err := repository.List(ctx, notification.Filter{Limit: 10})
	require.NoError(t, err)
	var names []string
	for _, n := range left {
		names = append(names, n.EventID)
	}
	require.ElementsMatch(t, []string{"b", "d", "e"}, names)
	w.keep(t, w.Notice("a"))
}

func notificationsByFilter(t *testing.T, w *World) {
	repository := w.Store.Notifications()
	var all []string // newest first
	for i := range 5 {
		n := w.Notice("evt_" + string(rune('0'+i)))
		n.ID = id.Join(id.Notification, "01J000000000000000000000A"+string(rune('0'+i)))
		w.keep(t, n)
		if i > 0 { // the first stays received
			n.Status, n.PaymentID = notification.Raised, "pi_"+string(rune('0'+i%2))
			require.NoError(t, repository.Settle(ctx, n))
		}
		all = append([]string{n.ID}, all...)
	}
	for name, c := range map[string]struct {
		filter notification.Filter
		want   []string
		more   bool
	}{
		"all":             {notification.Filter{Limit: 10}, all, false},
		"first page":      {notification.Filter{Limit: 2}, all[:2], true},
		"next page":       {notification.Filter{Limit: 2, StartingAfter: all[1]}, all[2:4], true},
		"last page":       {notification.Filter{Limit: 2, StartingAfter: all[3]}, all[4:], false},
		"status":          {notification.Filter{Status: notification.Raised, Limit: 10}, all[:4], false},
		"status, page":    {notification.Filter{Status: notification.Raised, StartingAfter: all[0], Limit: 2}, all[1:3], true},
		"payment":         {notification.Filter{PaymentID: "pi_1", Limit: 10}, []string{all[1], all[3]}, false},
		"payment, status": {notification.Filter{PaymentID: "pi_1", Status: notification.Applied, Limit: 10}, nil, false},
	} {
		got, more, err := repository.List(ctx, c.filter)
		require.NoError(t, err, name)
		var ids []string
		for _, n := range got {
			ids = append(ids, n.ID)
		}
		require.Equal(t, c.want, ids, name)
		require.Equal(t, c.more, more, name)
	}
}

// referencesLead finds payments and their charges by what a provider tells.
func referencesLead(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted()) // knows "pi_remote"
	fresh := w.Begun(t, w.Insert(t, w.Wanted()))
	w.Apply(t, fresh)
	found, err := w.Payments.FindByReference(ctx, merchant.Sandbox, "stripe", "pi_remote")
	require.NoError(t, err)
	require.Equal(t, sold.Intent.ID, found)
	for _, c := range []struct {
		env                merchant.Environment
		gateway, reference string
	}{
		{merchant.Live, "stripe", "pi_remote"}, {merchant.Sandbox, "connect", "pi_remote"}, {merchant.Sandbox, "stripe", "pi_other"},
		{merchant.Sandbox, "stripe", ""}, {"", "", ""},
	} {
		_, err := w.Payments.FindByReference(ctx, c.env, c.gateway, c.reference)
		require.True(t, fault.Is(err, fault.NotFound), "%v: %v", c, err)
	}

	declined, err := fresh.Intent.RecordAuthorization(*fresh.Attempt, *fresh.Transaction, payment.Declined(payment.NewDecline(payment.DeclineGeneric)), w.now())
	require.NoError(t, err)
	again := w.Begun(t, w.Apply(t, declined).Intent)
	captured := w.Captured(t, w.Apply(t, again))
	w.Apply(t, captured)
	refund := w.refunding(t, payment.Aggregate{Intent: captured.Intent, Attempt: captured.Attempt}, 100)
	w.Apply(t, refund)
	charges, err := w.Payments.Charges(ctx, fresh.Intent.ID)
	require.NoError(t, err)
	require.Equal(t, []payment.Transaction{*declined.Transaction, *captured.Transaction}, charges, "oldest first, without the refund")
	charges, err = w.Payments.Charges(ctx, "pi_none")
	require.NoError(t, err)
	require.Empty(t, charges)
}

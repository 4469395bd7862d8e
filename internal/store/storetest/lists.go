package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// inOrder makes n payments whose ids ascend, whatever the clock does.
func (w *World) inOrder(t *testing.T, n int) []payment.Intent {
	list := make([]payment.Intent, n)
	for i := range list {
		wanted := w.Wanted()
		wanted.ID = id.Join(id.Payment, "01J000000000000000000000"+string(rune('A'+i/8))+string(rune('0'+i%8)))
		list[i] = w.Insert(t, wanted)
	}
	return list
}

func idsOf(list []payment.Intent) (ids []string) {
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}

func paymentPages(t *testing.T, w *World) {
	all := idsOf(w.inOrder(t, 7)) // oldest first
	newest := func(indexes ...int) (ids []string) {
		for _, i := range indexes {
			ids = append(ids, all[i])
		}
		return ids
	}
	for _, c := range []struct {
		name string
		page payment.Page
		want []string
		more bool
	}{
		{"first", payment.Page{Limit: 3}, newest(6, 5, 4), true},
		{"second", payment.Page{Limit: 3, StartingAfter: all[4]}, newest(3, 2, 1), true},
		{"last", payment.Page{Limit: 3, StartingAfter: all[1]}, newest(0), false},
		{"ends at the boundary", payment.Page{Limit: 3, StartingAfter: all[3]}, newest(2, 1, 0), false},
		{"after the oldest", payment.Page{Limit: 3, StartingAfter: all[0]}, nil, false},
		{"all at once", payment.Page{Limit: 7}, newest(6, 5, 4, 3, 2, 1, 0), false},
		{"back", payment.Page{Limit: 3, EndingBefore: all[1]}, newest(4, 3, 2), true},
		{"back to the boundary", payment.Page{Limit: 3, EndingBefore: all[3]}, newest(6, 5, 4), false},
		{"back to the newest", payment.Page{Limit: 3, EndingBefore: all[5]}, newest(6), false},
		{"before the newest", payment.Page{Limit: 3, EndingBefore: all[6]}, nil, false},
		{"unknown cursor", payment.Page{Limit: 2, StartingAfter: "pi_zzz"}, newest(6, 5), true},
		{"cursor that is no id", payment.Page{Limit: 2, StartingAfter: "'; --"}, nil, false},
		{"no limit is one row", payment.Page{}, newest(6), true},
	} {
		got, more, err := w.Payments.Payments(ctx, w.Scope, payment.Filter{Page: c.page})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, idsOf(got), c.name)
		require.Equal(t, c.more, more, c.name)
	}
}

func paymentFilters(t *testing.T, w *World) {
	var created []payment.Intent
	for i, customer := range []string{"cus_1", "cus_1", "cus_2", ""} {
		wanted := w.Wanted()
		wanted.CustomerID = customer
		if i == 1 {
			created = append(created, w.Sold(t, wanted).Intent)
		} else {
			created = append(created, w.Insert(t, wanted))
		}
		w.Clock.Advance(time.Hour)
	}
	for name, c := range map[string]struct {
		filter payment.Filter
		want   []payment.Intent
	}{
		"status":            {payment.Filter{Status: payment.Succeeded}, created[1:2]},
		"customer":          {payment.Filter{CustomerID: "cus_1"}, created[0:2]},
		"customer, status":  {payment.Filter{CustomerID: "cus_1", Status: payment.RequiresConfirmation}, created[0:1]},
		"from is inclusive": {payment.Filter{CreatedFrom: created[2].CreatedAt}, created[2:4]},
		"to is exclusive":   {payment.Filter{CreatedBefore: created[2].CreatedAt}, created[0:2]},
		"between":           {payment.Filter{CreatedFrom: created[1].CreatedAt, CreatedBefore: created[3].CreatedAt}, created[1:3]},
		"nothing":           {payment.Filter{CreatedFrom: created[3].CreatedAt.Add(time.Microsecond)}, nil},
	} {
		c.filter.Page.Limit = 10
		got, more, err := w.Payments.Payments(ctx, w.Scope, c.filter)
		require.NoError(t, err, name)
		require.False(t, more, name)
		require.ElementsMatch(t, c.want, got, name)
	}
}

func refundAndEventFilters(t *testing.T, w *World) {
	sold, other := w.Sold(t, w.Wanted()), w.Sold(t, w.Wanted())
	var refunds []payment.Refund
	for _, a := range []payment.Aggregate{sold, other} {
		for range 2 {
			c := w.refunding(t, a, 100)
			require.NoError(t, w.Payments.Apply(ctx, c))
			a.Intent = c.Intent
			refunds = append(refunds, *c.Refund)
		}
	}
	page := payment.Page{Limit: 10}
	got, more, err := w.Payments.Refunds(ctx, w.Scope, payment.RefundFilter{Page: page})
	require.NoError(t, err)
	require.False(t, more)
	require.ElementsMatch(t, refunds, got)
	got, _, err = w.Payments.Refunds(ctx, w.Scope, payment.RefundFilter{PaymentID: sold.Intent.ID, Page: page})
	require.NoError(t, err)
	require.ElementsMatch(t, refunds[:2], got)
	got, more, err = w.Payments.Refunds(ctx, w.Scope, payment.RefundFilter{Page: payment.Page{Limit: 3}})
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.True(t, more)

	events := func(f event.Filter) []event.Event {
		f.Limit = 100
		list, _, err := w.Store.Events().ListEvents(ctx, w.Scope, f)
		require.NoError(t, err)
		return list
	}
	all := events(event.Filter{})
	require.Len(t, all, 8, "created and succeeded twice, four refunds")
	for i := 1; i < len(all); i++ {
		require.Less(t, all[i].ID, all[i-1].ID, "newest first")
	}
	require.Len(t, events(event.Filter{Type: event.RefundCreated}), 4)
	require.Len(t, events(event.Filter{ObjectID: sold.Intent.ID}), 2)
	require.Len(t, events(event.Filter{ObjectID: sold.Intent.ID, Type: event.PaymentSucceeded}), 1)
	require.Equal(t, all[3:], events(event.Filter{StartingAfter: all[2].ID}))
	require.Equal(t, all[:2], events(event.Filter{EndingBefore: all[2].ID}))
}

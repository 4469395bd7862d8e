package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// NewProfile is a routing profile that is not stored yet.
func (w *World) NewProfile() routing.Profile {
	at := w.now()
	return routing.Profile{ID: id.New(id.RoutingProfile), Scope: w.Scope, Name: "Élan", CreatedAt: at, UpdatedAt: at}
}

// NewDraft is a version that is not stored yet.
func (w *World) NewDraft(profileID string) routing.Version {
	at := w.now()
	return routing.Version{ProfileID: profileID, OperationID: id.NewSuffix(), CreatedAt: at, UpdatedAt: at, Rules: routing.RuleSet{
		Rules: []routing.Rule{
			{Name: "euro", When: `currency == "EUR" // "ünter"`, Use: []string{"stripe", "adyen"}},
			{Name: "split", When: "true", Split: map[string]int{"stripe": 70, "adyen": 30}},
		},
		Default: routing.Default{Strategy: routing.Success, Order: []string{"adyen"}},
	}}
}

func routingProfilesAreKept(t *testing.T, w *World) {
	r := w.Store.Routing()
	first := w.NewProfile()
	time.Sleep(2 * time.Millisecond) // ids of one millisecond are in no order
	second := w.NewProfile()
	stored, err := r.InsertProfile(ctx, first, 2)
	require.NoError(t, err)
	first.Default = true
	require.Equal(t, first, stored, "the first is the default")
	again := first
	again.Name = "another name"
	stored, err = r.InsertProfile(ctx, again, 2)
	require.NoError(t, err)
	require.Equal(t, first, stored, "what is stored stays")
	stored, err = r.InsertProfile(ctx, second, 2)
	require.NoError(t, err)
	require.Equal(t, second, stored)
	_, err = r.InsertProfile(ctx, w.NewProfile(), 2)
	require.True(t, fault.Is(err, fault.InvalidState), "%v", err)

	second.Default, second.Name, second.UpdatedAt = true, "", w.now()
	stored, err = r.UpdateProfile(ctx, second)
	require.NoError(t, err)
	second.Name, first.Default = "Élan", false
	require.Equal(t, second, stored)
	all, err := r.Profiles(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, []routing.Profile{first, second}, all)
	first.Name, first.UpdatedAt = "renamed", w.now()
	stored, err = r.UpdateProfile(ctx, first)
	require.NoError(t, err)
	require.Equal(t, first, stored)

	for _, scope := range []merchant.Scope{w.NewMerchant(t), {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}} {
		all, err = r.Profiles(ctx, scope)
		require.NoError(t, err)
		require.Empty(t, all)
		foreign := first
		foreign.Scope = scope
		_, err = r.UpdateProfile(ctx, foreign)
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	}
}

func oneDefaultProfile(t *testing.T, w *World) {
	const n = 10
	r := w.Store.Routing()
	profiles := make([]routing.Profile, n)
	for i := range profiles {
		profiles[i] = w.NewProfile()
	}
	inserted := 0
	for _, err := range together(n, func(i int) error {
		_, err := r.InsertProfile(ctx, profiles[i], 5)
		return err
	}) {
		if err == nil {
			inserted++
			continue
		}
		require.True(t, fault.Is(err, fault.InvalidState), "%v", err)
	}
	require.Equal(t, 5, inserted)
	all, err := r.Profiles(ctx, w.Scope)
	require.NoError(t, err)
	for _, err := range together(len(all), func(i int) error {
		p := all[i]
		p.Default = true
		_, err := r.UpdateProfile(ctx, p)
		return err
	}) {
		require.NoError(t, err)
	}
	all, err = r.Profiles(ctx, w.Scope)
	require.NoError(t, err)
	defaults := 0
	for _, p := range all {
		if p.Default {
			defaults++
		}
	}
	require.Equal(t, 1, defaults)
}

func routingVersionsAreKept(t *testing.T, w *World) {
	r := w.Store.Routing()
	p, err := r.InsertProfile(ctx, w.NewProfile(), 20)
	require.NoError(t, err)
	first, second := w.NewDraft(p.ID), w.NewDraft(p.ID)
	for _, v := range []*routing.Version{&first, &second} {
		stored, err := r.InsertVersion(ctx, w.Scope, *v)
		require.NoError(t, err)
		v.Number = stored.Number
		require.Equal(t, *v, stored)
		stored, err = r.InsertVersion(ctx, w.Scope, *v)
		require.NoError(t, err)
		require.Equal(t, *v, stored, "a repeated request finds its draft")
	}
	require.Equal(t, []int{1, 2}, []int{first.Number, second.Number})
	first.Rules.Rules, first.UpdatedAt = first.Rules.Rules[:1], w.now()
	require.NoError(t, r.UpdateVersion(ctx, w.Scope, first))
	got, err := r.Version(ctx, w.Scope, p.ID, 1)
	require.NoError(t, err)
	require.Equal(t, first, got)

	activation := routing.Activation{ProfileID: p.ID, OperationID: "op", Number: 1, At: w.now()}
	require.NoError(t, r.Activate(ctx, w.Scope, activation))
	err = r.Activate(ctx, w.Scope, activation)
	require.True(t, fault.Is(err, fault.InvalidState), "another is active by now: %v", err)
	first.ActivatedAt = activation.At
	err = r.UpdateVersion(ctx, w.Scope, first)
	require.True(t, fault.Is(err, fault.InvalidState), "%v", err)
	_, err = w.SQL.Exec("UPDATE routing_versions SET rules = '{}' WHERE number = 1")
	require.ErrorContains(t, err, "never changes")

	second.ActivatedAt, second.Replaced = w.now(), 1
	require.NoError(t, r.Activate(ctx, w.Scope, routing.Activation{ProfileID: p.ID, Number: 2, Instead: 1, At: second.ActivatedAt}))
	first.ActivatedAt = w.now()
	require.NoError(t, r.Activate(ctx, w.Scope, routing.Activation{ProfileID: p.ID, OperationID: "back", Number: 1, Instead: 2, Back: true, At: first.ActivatedAt}))
	versions, err := r.VersionsOf(ctx, w.Scope, p.ID, 0, 5)
	require.NoError(t, err)
	require.Equal(t, []routing.Version{second, first}, versions)
	versions, err = r.VersionsOf(ctx, w.Scope, p.ID, 2, 5)
	require.NoError(t, err)
	require.Equal(t, []routing.Version{first}, versions)
	all, err := r.Profiles(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, []any{1, 2, "back"}, []any{all[0].Active, all[0].Versions, all[0].OperationID})

	for _, scope := range []merchant.Scope{w.NewMerchant(t), {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}} {
		_, err = r.Version(ctx, scope, p.ID, 1)
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
		_, err = r.InsertVersion(ctx, scope, w.NewDraft(p.ID))
		require.True(t, fault.Is(err, fault.NotFound), "%v", err)
		require.True(t, fault.Is(r.UpdateVersion(ctx, scope, first), fault.NotFound))
		require.Error(t, r.Activate(ctx, scope, routing.Activation{ProfileID: p.ID, Number: 2, Instead: 1, At: w.now()}))
		versions, err = r.VersionsOf(ctx, scope, p.ID, 0, 5)
		require.NoError(t, err)
		require.Empty(t, versions)
	}
}

func draftsAreNumbered(t *testing.T, w *World) {
	const n = 10
	r := w.Store.Routing()
	p, err := r.InsertProfile(ctx, w.NewProfile(), 20)
	require.NoError(t, err)
	drafts, numbers := make([]routing.Version, n), make([]int, n)
	for i := range drafts {
		drafts[i] = w.NewDraft(p.ID)
	}
	for _, err := range together(n, func(i int) error {
		v, err := r.InsertVersion(ctx, w.Scope, drafts[i])
		numbers[i] = v.Number
		return err
	}) {
		require.NoError(t, err)
	}
	require.ElementsMatch(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, numbers)
	won := 0
	for _, err := range together(n, func(i int) error {
		return r.Activate(ctx, w.Scope, routing.Activation{ProfileID: p.ID, Number: i + 1, At: w.Clock.Now()})
	}) {
		if err == nil {
			won++
		}
	}
	require.Equal(t, 1, won, "one is active")
}

func gatewayHealthIsShared(t *testing.T, w *World) {
	r := w.Store.Routing()
	a, b := routing.Account{Environment: merchant.Sandbox, Gateway: "adyen"}, routing.Account{Environment: merchant.Live, Gateway: "stripe"}
	open := routing.Breaker{State: routing.Open, Since: w.now(), Until: w.now(), Pause: 10 * time.Second, Why: "errors", Prober: "p", Passed: 1, Version: 1}
	put := func(account routing.Account, breaker routing.Breaker) bool {
		mine, err := r.PutBreaker(ctx, account, breaker, w.now())
		require.NoError(t, err)
		return mine
	}
	require.True(t, put(a, open))
	require.False(t, put(a, open), "somebody was faster")
	require.NoError(t, r.Force(ctx, a, routing.ForcedDown, w.now()))
	require.NoError(t, r.Force(ctx, b, routing.ForcedUp, w.now()))
	open.Version = 2
	require.True(t, put(a, open))
	closed := routing.Breaker{State: routing.Closed, Version: 1}
	require.True(t, put(b, closed), "over what the operator decided first")
	all, err := r.Health(ctx)
	require.NoError(t, err)
	require.Equal(t, []routing.HealthRecord{
		{Account: b, Forced: routing.ForcedUp, Breaker: closed}, {Account: a, Forced: routing.ForcedDown, Breaker: open},
	}, all)
	require.NoError(t, r.Force(ctx, a, routing.NotForced, w.now()))
	all, err = r.Health(ctx)
	require.NoError(t, err)
	require.Equal(t, routing.HealthRecord{Account: a, Breaker: open}, all[1])

	said := routing.SignalRecord{Account: a, Process: "one", Signals: routing.Signals{Calls: 3, Errors: 2, Slow: 1}, At: w.now()}
	require.NoError(t, r.PutSignals(ctx, []routing.SignalRecord{said, {Account: b, Process: "two", At: w.now()}}))
	said.Calls, said.At = 4, w.now()
	require.NoError(t, r.PutSignals(ctx, []routing.SignalRecord{said}))
	told, err := r.SignalsOfOthers(ctx, "two", said.At)
	require.NoError(t, err)
	require.Equal(t, []routing.SignalRecord{said}, told)
	for process, since := range map[string]time.Time{"one": said.At, "two": said.At.Add(time.Microsecond)} {
		told, err = r.SignalsOfOthers(ctx, process, since)
		require.NoError(t, err)
		require.Empty(t, told)
	}
}

// seenIn is what a process saw of a cell in a minute.
func (w *World) seenIn(minute int64, process string, approved int64) routing.Bucket {
	return routing.Bucket{
		Cell:   routing.Cell{Scope: w.Scope, Gateway: "stripe", Currency: "EUR", Region: routing.EEA, Kind: "visa"},
		Minute: minute, Process: process, At: w.now(),
		Counts: routing.Counts{Approved: approved, Declined: 2, Failed: 3, Calls: 4, Latency: 5 * time.Second},
	}
}

func outcomesAreShared(t *testing.T, w *World) {
	r := w.Store.Routing()
	mine, theirs, later, old := w.seenIn(100, "one", 1), w.seenIn(100, "two", 10), w.seenIn(131, "two", 100), w.seenIn(99, "two", 1000)
	foreign := w.seenIn(100, "two", 5)
	foreign.Scope = w.NewMerchant(t)
	amex := w.seenIn(101, "two", 7)
	amex.Kind = "amex"
	require.NoError(t, r.PutBuckets(ctx, []routing.Bucket{mine, theirs, later, old, foreign, amex}))
	mine.Approved, mine.At = 2, w.now()
	require.NoError(t, r.PutBuckets(ctx, []routing.Bucket{mine}))
	require.NoError(t, r.PutBuckets(ctx, nil))

	told, err := r.BucketsOfOthers(ctx, "two", theirs.At)
	require.NoError(t, err)
	require.Equal(t, []routing.Bucket{mine}, told, "the last that was said")
	told, err = r.BucketsOfOthers(ctx, "one", later.At)
	require.NoError(t, err)
	require.ElementsMatch(t, []routing.Bucket{later, old, foreign, amex}, told)

	history, err := r.History(ctx, 100, 131, 30)
	require.NoError(t, err)
	require.Len(t, history, 3)
	for _, b := range history {
		if b.Scope == w.Scope && b.Kind == "visa" {
			require.Equal(t, routing.Counts{Approved: 12, Declined: 4, Failed: 6, Calls: 8, Latency: 10 * time.Second}, b.Counts)
			require.EqualValues(t, 90, b.Minute)
		}
	}
	totals, err := r.Totals(ctx, w.Scope, 100)
	require.NoError(t, err)
	require.Len(t, totals, 2)
	require.Equal(t, "amex", totals[0].Kind)
	require.EqualValues(t, 112, totals[1].Approved)

	require.NoError(t, r.PutSignals(ctx, []routing.SignalRecord{{Account: routing.Account{Environment: merchant.Sandbox, Gateway: "x"}, Process: "p", At: time.Unix(99*60, 0).UTC()}}))
	deleted, err := r.DeleteOldOutcomes(ctx, 101, 2)
	require.NoError(t, err)
	require.EqualValues(t, 2, deleted)
	deleted, err = r.DeleteOldOutcomes(ctx, 101, 10)
	require.NoError(t, err)
	require.EqualValues(t, 2, deleted)
	require.Equal(t, 2, w.count(t, "routing_outcomes"))
	require.Zero(t, w.count(t, "gateway_signals"))
}

func declinesAreCounted(t *testing.T, w *World) {
	decline := func(scope merchant.Scope, fingerprint string) time.Time {
		n := w.Wanted()
		n.Scope = scope
		begun := w.Begun(t, w.Insert(t, n))
		begun.Attempt.Card.Fingerprint = fingerprint
		a := w.Apply(t, begun)
		c, err := a.Record(payment.Declined(payment.NewDecline(payment.DeclineDoNotHonor)), w.now())
		require.NoError(t, err)
		w.Apply(t, c)
		return a.Attempt.CreatedAt
	}
	first := decline(w.Scope, "f00d")
	decline(w.Scope, "f00d")
	decline(w.Scope, "cafe")
	decline(w.Scope, "")
	decline(merchant.Scope{MerchantID: w.Scope.MerchantID, Environment: merchant.Live}, "f00d")
	w.Sold(t, w.Wanted()) // with the same card
	count := func(fingerprint string, since time.Time, limit int) int {
		n, err := w.Store.Routing().DeclinedAttempts(ctx, w.Scope, fingerprint, since, limit)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, 2, count("f00d", first.Add(-time.Microsecond), 9))
	require.Equal(t, 1, count("f00d", first, 9))
	require.Equal(t, 1, count("f00d", first.Add(-time.Microsecond), 1), "counts stop at their limit")
	require.Equal(t, 0, count("", first.Add(-time.Hour), 9))
	require.Equal(t, 0, count("none", first.Add(-time.Hour), 9))
}

package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/risk"
)

// nowhere knows no country.
type nowhere struct{}

func (nowhere) OfBIN(string) string { return "" }
func (nowhere) OfIP(string) string  { return "" }

// seen is a shopper who was just seen with a card.
func (w *World) seen() risk.Sighting {
	at := w.now()
	return risk.Sighting{
		OperationID: id.FirstAt(at)[:10] + id.NewSuffix()[10:], // a ULID of the world's time
		Scope:       w.Scope, PaymentID: id.New(id.Payment), Fingerprint: "f00d", BIN: "42424242",
		IP: "203.0.113.7", Email: "amélie@example.com", BillingCountry: "FR", NameDiffers: true, CreatedAt: at,
	}
}

func (w *World) present(t testing.TB, s risk.Sighting) risk.Sighting {
	require.NoError(t, w.Payments.Present(ctx, new(w.card(id.Join(id.VaultCard, s.OperationID))), s))
	return s
}

// Seen stores what was seen of a shopper of a scope, who was seen before.
func (w *World) Seen(t testing.TB, scope merchant.Scope) risk.Sighting {
	s := w.seen()
	s.Scope, s.CreatedAt = scope, time.Now()
	return w.present(t, s)
}

func rulesAreKept(t *testing.T, w *World) {
	rules := w.Store.Risk()
	_, err := rules.Rules(ctx, w.Scope)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)

	first := risk.Defaults(w.Scope)
	first.Version, first.UpdatedAt = 1, w.now()
	first.BlockList = []risk.Entry{{Type: risk.EntryEmail, Value: "åse@example.com"}, {Type: risk.EntryIP, Value: "2001:db8::/32"}}
	first.AmountLimit.Limits = []risk.Limit{{Currency: "JPY", Amount: 1 << 53}}
	put := func(r risk.Rules) bool {
		mine, err := rules.PutRules(ctx, r)
		require.NoError(t, err)
		return mine
	}
	require.True(t, put(first))
	require.False(t, put(first), "the version before it is not there any more")
	got, err := rules.Rules(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, first, got)

	skipping := first
	skipping.Version = 3
	require.False(t, put(skipping))
	second := risk.Defaults(w.Scope)
	second.Version, second.UpdatedAt = 2, w.now()
	require.True(t, put(second))
	got, err = rules.Rules(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, second, got)

	for _, other := range []merchant.Scope{w.NewMerchant(t), {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}} {
		_, err = rules.Rules(ctx, other)
		require.True(t, fault.Is(err, fault.NotFound))
	}
}

func oneReplacementWins(t *testing.T, w *World) {
	const n = 20
	won := make([]bool, n)
	for _, err := range together(n, func(i int) (err error) {
		r := risk.Defaults(w.Scope)
		r.Version, r.UpdatedAt = 1, w.Clock.Now()
		won[i], err = w.Store.Risk().PutRules(ctx, r)
		return err
	}) {
		require.NoError(t, err)
	}
	winners := 0
	for _, mine := range won {
		if mine {
			winners++
		}
	}
	require.Equal(t, 1, winners)

	engine := risk.NewEngine(risk.Options{Repository: w.Store.Risk(), Sandbox: nowhere{}, Live: nowhere{}, Clock: w.Clock})
	seen := 1
	errs := together(n, func(int) error {
		_, err := engine.Replace(ctx, risk.Defaults(w.Scope), &seen)
		return err
	})
	replaced := 0
	for _, err := range errs {
		if err == nil {
			replaced++
			continue
		}
		require.True(t, fault.Is(err, fault.InvalidState), "%v", err)
	}
	require.Equal(t, 1, replaced)
	stored, err := engine.Rules(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, 2, stored.Version)
}

func evidenceReadsBack(t *testing.T, w *World) {
	repository := w.Store.Risk()
	wanted := func(s risk.Sighting) risk.Wanted { return risk.Wanted{Scope: s.Scope, OperationID: s.OperationID} }
	full, bare := w.present(t, w.seen()), w.seen()
	bare.BIN, bare.IP, bare.Email, bare.BillingCountry, bare.NameDiffers = "", "", "", "", false
	w.present(t, bare)
	for _, s := range []risk.Sighting{full, bare} {
		got, err := repository.Evidence(ctx, wanted(s))
		require.NoError(t, err)
		require.Equal(t, risk.Evidence{Sighting: s}, got, "nothing is counted that is not wanted")
	}

	again := full
	again.IP = "203.0.113.8"
	w.present(t, again)
	got, err := repository.Evidence(ctx, wanted(full))
	require.NoError(t, err)
	require.Equal(t, full, got.Sighting, "the first sighting of an operation stands")

	for _, scope := range []merchant.Scope{w.NewMerchant(t), {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}} {
		foreign := wanted(full)
		foreign.Scope = scope
		_, err = repository.Evidence(ctx, foreign)
		require.True(t, fault.Is(err, fault.NotFound))
	}

	w.Clock.Advance(time.Hour)
	all := risk.Wanted{
		Scope: w.Scope, Card: risk.Count{Window: time.Minute, Limit: 100}, IP: risk.Count{Window: time.Minute, Limit: 100},
		Email: risk.Count{Window: time.Minute, Limit: 100},
	}
	unknown := w.seen()
	unknown.IP, unknown.Email = "", ""
	all.OperationID = w.present(t, unknown).OperationID
	got, err = repository.Evidence(ctx, all)
	require.NoError(t, err)
	require.Equal(t, 1, got.ByCard)
	require.Zero(t, got.ByIP, "what is not known is not counted")
	require.Zero(t, got.ByEmail)
}

func sightingsAreCounted(t *testing.T, w *World) {
	const window = time.Minute
	old := w.present(t, w.seen())
	w.Clock.Advance(window)
	w.present(t, w.seen())
	before := w.present(t, w.seen())
	last := w.present(t, w.seen())
	differing := w.seen()
	differing.Fingerprint, differing.Email = "cafe", "other@example.com"
	w.present(t, differing)
	foreign := w.seen()
	foreign.Scope = w.NewMerchant(t)
	w.present(t, foreign)

	count := func(of risk.Sighting, c risk.Count) [3]int {
		got, err := w.Store.Risk().Evidence(ctx, risk.Wanted{Scope: of.Scope, OperationID: of.OperationID, Card: c, IP: c, Email: c})
		require.NoError(t, err)
		return [3]int{got.ByCard, got.ByIP, got.ByEmail}
	}
	require.Equal(t, [3]int{3, 4, 3}, count(last, risk.Count{Window: window, Limit: 100}), "those in the window, and those after")
	require.Equal(t, [3]int{4, 5, 4}, count(last, risk.Count{Window: 2 * window, Limit: 100}))
	require.Equal(t, [3]int{2, 2, 2}, count(last, risk.Count{Window: window, Limit: 2}), "counts stop at their limit")
	require.Equal(t, [3]int{4, 5, 4}, count(old, risk.Count{Window: window, Limit: 100}))
	require.Equal(t, [3]int{1, 1, 1}, count(foreign, risk.Count{Window: window, Limit: 100}))

	// the window does not hold its first instant
	gap := last.CreatedAt.Sub(before.CreatedAt)
	require.Equal(t, [3]int{1, 2, 1}, count(last, risk.Count{Window: gap, Limit: 100}))
	require.Equal(t, [3]int{2, 3, 2}, count(last, risk.Count{Window: gap + time.Microsecond, Limit: 100}))

	one, err := w.Store.Risk().Evidence(ctx, risk.Wanted{Scope: w.Scope, OperationID: last.OperationID, Email: risk.Count{Window: window, Limit: 9}})
	require.NoError(t, err)
	require.Equal(t, [3]int{0, 0, 3}, [3]int{one.ByCard, one.ByIP, one.ByEmail})
}

// noAttemptGoesUncounted presents one card many times at once: never more attempts
// pass than the rule allows.
func noAttemptGoesUncounted(t *testing.T, w *World) {
	const n, limit = 20, 5
	rules := risk.Defaults(w.Scope)
	rules.Version, rules.UpdatedAt = 1, w.now()
	rules.VelocityCard = risk.Velocity{Enabled: true, Points: 100, Limit: limit, Window: 3600}
	mine, err := w.Store.Risk().PutRules(ctx, rules)
	require.NoError(t, err)
	require.True(t, mine)

	actions := make([]risk.Action, n)
	for _, err := range together(n, func(i int) error {
		// each its own engine, as if it were its own process
		engine := risk.NewEngine(risk.Options{Repository: w.Store.Risk(), Sandbox: nowhere{}, Live: nowhere{}, Clock: w.Clock})
		s := w.seen()
		if err := w.Payments.Present(ctx, new(w.card(id.Join(id.VaultCard, s.OperationID))), s); err != nil {
			return err
		}
		judged, err := engine.Assess(ctx, risk.Subject{Scope: w.Scope, PaymentID: s.PaymentID, OperationID: s.OperationID})
		actions[i] = judged.Action
		return err
	}) {
		require.NoError(t, err)
	}
	passed := 0
	for _, a := range actions {
		if a == risk.Allow {
			passed++
		}
	}
	require.LessOrEqual(t, passed, limit)
}

func oldSightingsGo(t *testing.T, w *World) {
	var all []risk.Sighting
	for range 4 {
		all = append(all, w.present(t, w.seen()))
	}
	repository := w.Store.Risk()
	deleted, err := repository.DeleteOldSightings(ctx, all[3].CreatedAt, 2)
	require.NoError(t, err)
	require.EqualValues(t, 2, deleted)
	deleted, err = repository.DeleteOldSightings(ctx, all[3].CreatedAt, 2)
	require.NoError(t, err)
	require.EqualValues(t, 1, deleted)
	for i, s := range all {
		_, err := repository.Evidence(ctx, risk.Wanted{Scope: s.Scope, OperationID: s.OperationID})
		require.Equal(t, i < 3, fault.Is(err, fault.NotFound), "%v", err)
	}
}

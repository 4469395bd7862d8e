package routing

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
)

var begin = time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)

func TestABreakerOpensAndCloses(t *testing.T) {
	closed := Breaker{State: Closed, Version: 7}
	for name, c := range map[string]struct {
		signals Signals
		inARow  int
		opens   bool
	}{
		"nothing":                  {Signals{}, 0, false},
		"four errors in a row":     {Signals{Calls: 400, Errors: 4}, 4, false},
		"five errors in a row":     {Signals{Calls: 400, Errors: 5}, 5, true},
		"half of the calls":        {Signals{Calls: 10, Errors: 5}, 0, true},
		"less than half":           {Signals{Calls: 11, Errors: 5}, 0, false},
		"too few to say":           {Signals{Calls: 4, Errors: 4}, 0, false},
		"slow":                     {Signals{Calls: 10, Slow: 8}, 0, true},
		"slow now and then":        {Signals{Calls: 10, Slow: 7}, 0, false},
		"slow, but too few to say": {Signals{Calls: 9, Slow: 9}, 0, false},
	} {
		b := closed.Judge(c.signals, c.inARow, begin)
		if !c.opens {
			require.Equal(t, closed, b, name)
			continue
		}
		require.Equal(t, Open, b.State, name)
		require.NotEmpty(t, b.Why)
		require.Equal(t, begin.Add(firstPause), b.Until)
		require.EqualValues(t, 7, b.Version)
	}

	b := closed.Judge(Signals{}, 5, begin)
	require.False(t, b.Due(begin.Add(firstPause-1)))
	require.Equal(t, b, b.Claim("a", begin.Add(firstPause-1)))
	at := begin.Add(firstPause)
	require.True(t, b.Due(at))
	b = b.Claim("a", at)
	require.Equal(t, HalfOpen, b.State)
	require.Equal(t, b, b.Claim("b", at.Add(probeTime-1)), "the probe is taken")
	require.Equal(t, b, b.Judge(Signals{Calls: 9, Errors: 9}, 9, at), "only the probe decides")
	require.Equal(t, "b", b.Claim("b", at.Add(probeTime)).Prober, "its time is over")

	failed := b.Probed(false, at)
	require.Equal(t, Open, failed.State)
	require.Equal(t, 2*firstPause, failed.Pause)
	require.Equal(t, at.Add(2*firstPause), failed.Until)
	for range 10 {
		failed = failed.Claim("a", failed.Until).Probed(false, failed.Until)
	}
	require.Equal(t, maxPause, failed.Pause)

	once := b.Probed(true, at)
	require.Equal(t, HalfOpen, once.State)
	require.True(t, once.Due(at), "for the next probe")
	twice := once.Claim("b", at).Probed(true, at)
	require.Equal(t, Breaker{State: Closed, Since: at, Version: 7}, twice)
	require.Equal(t, Open, once.Claim("b", at).Probed(false, at).State)
	require.Equal(t, twice, twice.Probed(false, at))
}

// hub is one process.
type hub struct {
	t     *testing.T
	watch *Watch
	clock *clock.Manual
	book  *book
	*Engine
}

func newHub(t *testing.T, b *book, c *clock.Manual, process string) *hub {
	w := &Watch{Repository: b, Health: NewHealth(process), Outcomes: NewOutcomes(process), Clock: c, Failed: func(err error) { require.NoError(t, err) }}
	return &hub{t, w, c, b, NewEngine(Options{Repository: b, Health: w.Health, Outcomes: w.Outcomes, Clock: c})}
}

func (h *hub) exchange() { require.NoError(h.t, h.watch.Exchange(h.t.Context())) }

func (h *hub) call(gateway string, broken bool) {
	h.Observe(Observation{Cell: Cell{Scope: ordinary().Scope, Gateway: gateway}, Called: true, Broken: broken})
}

// first is where an attempt of a payment goes.
func (h *hub) decide(paymentID string, gateways ...string) Decision {
	q := ordinary()
	q.PaymentID, q.Attempt = paymentID, true
	for _, g := range gateways {
		q.Candidates = append(q.Candidates, Candidate{Gateway: g, Provider: g})
	}
	d, err := h.Decide(h.t.Context(), q)
	require.NoError(h.t, err)
	return d
}

func names(d Decision) (all []string) {
	for _, c := range d.Choices {
		all = append(all, c.Gateway)
	}
	return all
}

func TestProcessesShareHealth(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	one, two := newHub(t, b, at, "one"), newHub(t, b, at, "two")
	both := func() {
		at.Advance(time.Second)
		one.exchange()
		two.exchange()
		one.exchange()
	}
	both()
	for range errorsInARow {
		require.Equal(t, []string{"a", "b"}, names(one.decide("pi_1", "a", "b")))
		one.call("a", true)
	}
	require.Equal(t, []string{"b"}, names(one.decide("pi_1", "a", "b")), "this process knows at once")
	require.Equal(t, []Exclusion{{"a", "does not work at the moment"}}, one.decide("pi_1", "a", "b").Excluded)
	require.Equal(t, []string{"a", "b"}, names(two.decide("pi_1", "a", "b")))
	both()
	require.Equal(t, []string{"b"}, names(two.decide("pi_1", "a", "b")), "and the other within a second")
	alone := two.decide("pi_1", "a")
	require.Equal(t, []Choice{{Gateway: "a", Health: Open}}, alone.Choices, "where there is no other it is asked all the same")

	at.Advance(firstPause)
	both()
	d1, d2 := one.decide("pi_2", "a", "b"), two.decide("pi_3", "a", "b")
	require.True(t, d1.Probe != d2.Probe, "one process has the probe")
	prober, other := one, two
	if d2.Probe {
		prober, other, d1 = two, one, d2
	}
	probing := map[*hub]string{one: "pi_2", two: "pi_3"}[prober]
	require.Equal(t, []string{"a", "b"}, names(d1))
	require.True(t, prober.decide(probing, "a", "b").Probe, "asked again, it is still the probe")
	require.False(t, prober.decide("pi_4", "a", "b").Probe, "and no other payment")
	require.Equal(t, []string{"b"}, names(other.decide("pi_4", "a", "b")))
	prober.call("a", false)
	require.False(t, prober.decide("pi_5", "a", "b").Probe, "the next probe must be claimed")
	both()
	both()
	d1, d2 = one.decide("pi_6", "a", "b"), two.decide("pi_7", "a", "b")
	require.True(t, d1.Probe != d2.Probe)
	prober = one
	if d2.Probe {
		prober = two
	}
	prober.call("a", false)
	both()
	for _, h := range []*hub{one, two} {
		d := h.decide("pi_8", "a", "b")
		require.Equal(t, []string{"a", "b"}, names(d))
		require.Empty(t, d.Excluded)
		h.call("a", true)
		both()
		require.Equal(t, []string{"a", "b"}, names(h.decide("pi_8", "a", "b")), "what was before it closed is forgotten")
		h.call("a", false)
	}
}

func TestErrorsOfAllProcessesAddUp(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	var hubs []*hub
	for _, name := range []string{"one", "two", "three"} {
		hubs = append(hubs, newHub(t, b, at, name))
	}
	for _, h := range hubs {
		h.exchange()
		h.call("a", true)
		h.call("a", false)
		h.call("a", true)
	}
	for range 2 {
		at.Advance(time.Second)
		for _, h := range hubs {
			h.exchange()
		}
	}
	for _, h := range hubs {
		require.Equal(t, []string{"b"}, names(h.decide("pi_1", "a", "b")))
	}
	require.EqualValues(t, 1, b.health[Account{merchant.Sandbox, "a"}].Breaker.Version, "one of them said so")
}

func TestAProbeWhosePaymentNeverComesIsClaimedAgain(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	one := newHub(t, b, at, "one")
	for range errorsInARow {
		one.call("a", true)
	}
	one.exchange()
	at.Advance(firstPause)
	one.decide("pi_1", "a", "b")
	one.exchange()
	require.True(t, one.decide("pi_2", "a", "b").Probe)
	require.False(t, one.decide("pi_3", "a", "b").Probe)
	at.Advance(probeTime)
	require.False(t, one.decide("pi_3", "a", "b").Probe)
	one.exchange()
	require.True(t, one.decide("pi_3", "a", "b").Probe)
	one.call("a", true)
	require.Equal(t, []string{"b"}, names(one.decide("pi_4", "a", "b")))
	require.Equal(t, 2*firstPause, one.watch.Health.known[Account{merchant.Sandbox, "a"}].breaker.Pause)
}

func TestTheOperatorHasTheLastWord(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	one := newHub(t, b, at, "one")
	a, bb := Account{merchant.Sandbox, "a"}, Account{merchant.Sandbox, "b"}
	b.force(a, ForcedDown)
	one.exchange()
	d := one.decide("pi_1", "a", "b")
	require.Equal(t, []string{"b"}, names(d))
	require.Equal(t, []Exclusion{{"a", "is switched off by the operator"}}, d.Excluded)
	require.False(t, d.Down)
	b.force(bb, ForcedDown)
	one.exchange()
	d = one.decide("pi_1", "a", "b")
	require.True(t, d.Down, "nothing is sent")
	require.Len(t, d.Choices, 2)
	require.True(t, one.Only(Question{Scope: ordinary().Scope, Candidates: []Candidate{{Gateway: "a"}}}, Named).Down)

	b.force(a, ForcedUp)
	b.force(bb, NotForced)
	for range errorsInARow {
		one.call("a", true)
	}
	one.exchange()
	require.Equal(t, []string{"a", "b"}, names(one.decide("pi_1", "a", "b")))
	b.force(a, NotForced)
	one.exchange()
	require.Equal(t, []string{"b"}, names(one.decide("pi_1", "a", "b")))
}

func TestADatabaseThatIsAwayKeepsNobodyFromDeciding(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	one, two := newHub(t, b, at, "one"), newHub(t, b, at, "two")
	one.exchange()
	two.exchange()
	one.decide("pi_1", "a", "b")
	b.away = errors.New("away")
	for range 6 {
		one.call("a", true)
		one.Observe(Observation{Cell: Cell{Scope: ordinary().Scope, Gateway: "a"}, Verdict: Failed})
		require.Error(t, one.watch.Exchange(t.Context()))
	}
	require.Equal(t, []string{"b"}, names(one.decide("pi_1", "a", "b")))
	b.away = nil
	at.Advance(time.Second)
	one.exchange()
	two.exchange()
	require.Equal(t, []string{"b"}, names(two.decide("pi_1", "a", "b")))
	var failed int64
	for _, bucket := range b.buckets {
		failed += bucket.Failed
	}
	require.EqualValues(t, 6, failed, "nothing is lost or counted twice")
}

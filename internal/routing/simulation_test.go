package routing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// The simulation: payments one after another at gateways whose true rates are known,
// shift, and break down. What a payment would have met at each gateway is drawn before
// it is routed, so that every way to route is held against the same fate.
const (
	simulated = 12_000
	pause     = 3 * time.Second // between two payments: ten hours in all
	plotSeed  = 1
)

// phase is a gateway's true rate of approvals, in percent, from a payment on; out says
// that it answers nobody.
type phase struct {
	from, percent int
	out           bool
}

// world are the gateways in the operator's order, the worst first.
var world = []struct {
	name   string
	phases []phase
}{
	{"larch", []phase{{from: 0, percent: 84}, {from: 7000, percent: 88}}},
	{"maple", []phase{{from: 0, percent: 90}, {from: 1500, out: true}, {from: 2100, percent: 90}}},
	{"birch", []phase{{from: 0, percent: 93}, {from: 4000, percent: 78}, {from: 8000, percent: 94}, {from: 10_000, out: true}, {from: 10_800, percent: 94}}},
	{"aspen", []phase{{from: 0, percent: 80}, {from: 3000, percent: 92}, {from: 9000, percent: 86}}},
}

func (p phase) String() string { return fmt.Sprintf("%d %% from payment %d", p.percent, p.from) }

// now is the phase that a gateway is in.
func now(phases []phase, payment int) phase {
	i, _ := slices.BinarySearchFunc(phases, payment+1, func(p phase, n int) int { return p.from - n })
	return phases[i-1]
}

// run is what became of one simulation.
type run struct {
	chosen   []int  // the gateway that each payment went to, by its place in world
	approved []bool // by it
	explored int
	probes   int
	fixed    []int       // how many each gateway would have approved of all
	lost     map[int]int // payments sent to a gateway that was out, by the payment that the outage began with
	noticed  map[int]int // payments from then until the last that was sent there without being a probe, exploring, or alone
}

func simulate(t *testing.T, seed uint64) run {
	t.Helper()
	at, b := clock.NewManual(begin), newBook()
	h := newHub(t, b, at, "simulation")
	scope := merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}
	activate(t, h, b, scope, RuleSet{Default: Default{Strategy: Success}})
	h.exchange()
	fate := rand.New(rand.NewPCG(seed, 0))
	r := run{fixed: make([]int, len(world)), lost: map[int]int{}, noticed: map[int]int{}}
	var candidates []Candidate
	for _, g := range world {
		candidates = append(candidates, Candidate{Gateway: g.name, Provider: g.name})
	}
	for n := range simulated {
		at.Advance(pause)
		h.exchange()
		q := Question{
			Scope: scope, PaymentID: fmt.Sprintf("pi_%d_%d", seed, n), Amount: money.New(5000, "EUR"), Method: "card", Brand: "visa",
			CardCountry: "DE", At: at.Now(), Attempt: true, Candidates: candidates,
		}
		d, err := h.Decide(t.Context(), q)
		require.NoError(t, err)
		luck := fate.IntN(10_000)
		approves := func(g int) bool { p := now(world[g].phases, n); return !p.out && luck < p.percent*100 }
		for g := range world {
			if approves(g) {
				r.fixed[g]++
			}
		}
		chosen := slices.IndexFunc(candidates, func(c Candidate) bool { return c.Gateway == d.Gateway() })
		r.note(d, chosen, n)
		o := Observation{Cell: Cell{Scope: scope, Gateway: d.Gateway(), Currency: "EUR", Region: d.Region, Kind: "visa"}, PaymentID: q.PaymentID, Probe: d.Probe, Called: true}
		p := now(world[chosen].phases, n)
		switch {
		case p.out:
			o.Verdict, o.Broken = Failed, true
		case approves(chosen):
			o.Verdict = Approved
		default:
			o.Verdict = Declined
		}
		h.Observe(o)
		r.chosen = append(r.chosen, chosen)
		r.approved = append(r.approved, approves(chosen))
	}
	return r
}

// note counts what a decision shows.
func (r *run) note(d Decision, chosen, n int) {
	if d.Explored {
		r.explored++
	}
	if d.Probe {
		r.probes++
	}
	if p := now(world[chosen].phases, n); p.out {
		r.lost[p.from]++
		if !d.Probe && !d.Explored {
			r.noticed[p.from] = n - p.from + 1
		}
	}
}

// activate gives a scope a profile with rules that decide.
func activate(t *testing.T, h *hub, b *book, scope merchant.Scope, rules RuleSet) Profile {
	t.Helper()
	s := NewProfiles(b, func(context.Context, merchant.Scope) ([]string, error) { return allNames, nil }, h.Forget, h.clock)
	p, err := s.Create(t.Context(), scope, fmt.Sprintf("%026d", len(b.profiles)), "Main")
	require.NoError(t, err)
	v, err := s.Draft(t.Context(), scope, p.ID, "01", rules)
	require.NoError(t, err)
	p, err = s.Activate(t.Context(), scope, p.ID, "02", v.Number)
	require.NoError(t, err)
	return p
}

func total(approved []bool) (n int) {
	for _, a := range approved {
		if a {
			n++
		}
	}
	return n
}

func TestAutoKeepsUpWithTheBestChoiceInHindsight(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := simulate(t, seed)
			best := slices.Max(r.fixed)
			got := total(r.approved)
			t.Logf("auto %.2f %%, gateways alone %v of %d, explored %d, probes %d, lost in outages %v, noticed after %v",
				float64(got)*100/simulated, r.fixed, simulated, r.explored, r.probes, r.lost, r.noticed)
			require.GreaterOrEqual(t, got, best-simulated*2/100, "within 2 points of the best gateway alone")
			require.LessOrEqual(t, r.explored, simulated*6/100, "exploring is bounded")
			for outage, after := range r.noticed {
				require.LessOrEqual(t, after, 20, "the outage from payment %d on", outage)
			}
			require.NotEmpty(t, r.noticed, "an outage hit the favourite")
			for outage, lost := range r.lost {
				require.LessOrEqual(t, lost, 30, "payments lost in the outage from payment %d on, probes and all", outage)
			}
			// A gateway that has recovered is found again: after its last change birch is
			// the best by far, and most payments go there in the end.
			last := r.chosen[simulated-600:]
			birch := 0
			for _, g := range last {
				if world[g].name == "birch" {
					birch++
				}
			}
			require.Greater(t, birch, len(last)*8/10)
		})
	}
}

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killPoint is a place between two steps of a request's life at which the hub
// is killed.
type killPoint struct {
	name string
	// stop sees to it that requests come to a halt there. It returns what waits
	// until they have, and reports whether they have, and what clears the way again
	// once the hub is dead.
	stop func(t *testing.T, p *parts, stuck int) (there func() bool, clear func())
	// kinds are the writes that pass the place.
	kinds []string
	// answered are those of them that are answered before they come there.
	answered []string
}

var (
	everyKind   = []string{"create", "pay", "confirm", "capture", "cancel", "refund"}
	gatewayKind = []string{"pay", "confirm", "capture", "cancel", "refund"}
)

// killPoints are in the order of a request's life. SQLite locks the whole
// database, so there requests are brought to a place where they do not write,
// and the database is held before they go on.
var killPoints = map[dialect][]killPoint{postgres: {
	{name: "reserved", stop: stopAtTables("payment_intents", "vault_cards"), kinds: everyKind},
	{name: "written", stop: stopAtTemporal, kinds: everyKind},
	{name: "workflow started", stop: stopAtTables("payment_attempts", "payment_transactions"),
		kinds: []string{"pay", "confirm", "capture", "cancel"}},
	{name: "call lost", stop: stopAtProvider("timeout_before"), kinds: gatewayKind, answered: []string{"refund"}},
	{name: "call made", stop: stopAtProvider("timeout_after"), kinds: gatewayKind, answered: []string{"refund"}},
	{name: "gateway answered", stop: stopAtTables("ledger_entries"), kinds: gatewayKind, answered: []string{"refund"}},
	{name: "recorded", stop: stopAtAnswer, kinds: everyKind},
}, sqlite: {
	{name: "written", stop: stopAtTemporal, kinds: everyKind},
	{name: "workflow started", stop: stopAfterTemporal, kinds: everyKind},
	{name: "call lost", stop: stopAtProvider("timeout_before"), kinds: gatewayKind, answered: []string{"refund"}},
	{name: "call made", stop: stopAtProvider("timeout_after"), kinds: gatewayKind, answered: []string{"refund"}},
	{name: "gateway answered", stop: stopAfterProvider, kinds: gatewayKind, answered: []string{"refund"}},
}}

// strikes bounds how often a hub is killed until it was at the right place: what waits for
// a lock or for Temporal does so for 5 s, and the machine may stand still for longer.
const strikes = 5

// TestKilledBetweenAnyTwoSteps kills the hub at every place where a request can
// be cut in two, and sends each request again under its key: one payment, one
// charge, one answer.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			p := partsOn(t, d)
			s := newShop(t, p.hub)
			var all []pointedWrite
			for _, k := range killPoints[d] {
				for strike, hit := 1, false; !hit; strike++ {
					require.LessOrEqual(t, strike, strikes, "%s: most are cut off", k.name)
					// Made by the process that is killed: its workflows are at home there.
					writes := k.prepare(t, s, strike)
					began := time.Now()
					hit = k.strike(t, p, s, writes)
					t.Logf("%s: killed and up again after %s, at the right place: %t", k.name, time.Since(began).Round(time.Millisecond), hit)
					all = append(all, writes...)
				}
			}
			began := time.Now()
			requireEachOnce(t, s, all)
			t.Logf("%d requests were answered after %s", len(all), time.Since(began).Round(time.Millisecond))
			requireAgreement(t, s)
			p.verify(t)
		})
	}
}

// pointedWrite is a write that is under way when the hub is killed at a place.
type pointedWrite struct {
	write
	kind string
	want string // the payment's status in the end; a refund's own
}

// prepare makes the payments that the writes of a place are about.
func (k killPoint) prepare(t *testing.T, s shop, strike int) []pointedWrite {
	t.Helper()
	var all []pointedWrite
	for _, kind := range k.kinds {
		w := pointedWrite{kind: kind, want: "succeeded"}
		switch w.name = fmt.Sprintf("%s: %s %d", k.name, kind, strike); kind {
		case "create":
			w.path, w.body, w.want = intents, order(), "requires_confirmation"
		case "pay":
			w.path, w.body = intents, order(paidWith(visa))
		case "confirm":
			w.path, w.body = intents+"/"+s.create(t, nil).ID+"/confirm", with(visa)
		case "capture":
			w.path, w.body = intents+"/"+s.authorized(t, 900).ID+"/capture", object{"amount": 900}
		case "cancel":
			w.path, w.want = intents+"/"+s.authorized(t, 900).ID+"/cancel", "canceled"
		case "refund":
			w.path, w.body = refunds, object{"intent_id": s.paid(t, 1000).ID, "amount": 400}
		}
		all = append(all, w)
	}
	return all
}

// strike sends the writes of the place, kills the hub when they are there, and starts
// it again. It reports whether most were cut off there: what an earlier kill left open may
// meet a fault that was meant for one of them, which is answered then, and those that wait
// for too long on a machine that stands still are told to come again.
func (k killPoint) strike(t *testing.T, p *parts, s shop, writes []pointedWrite) (hit bool) {
	t.Helper()
	there, clear := k.stop(t, p, len(k.kinds))
	var sent, answered sync.WaitGroup
	var cutOff atomic.Int32
	for _, w := range writes {
		early := slices.Contains(k.answered, w.kind)
		group := &sent
		if early {
			group = &answered
		}
		group.Go(func() {
			switch r := w.send(t, s.client); {
			case r.err == nil && r.status != http.StatusOK && !r.shed(), r.err != nil && early:
				t.Errorf("%s: %s", w.name, r)
			case r.err != nil:
				cutOff.Add(1)
			}
		})
	}
	answered.Wait()
	hit = there()
	p.process.kill()
	clear()
	sent.Wait()
	p.startServe(t)
	return hit && 2*int(cutOff.Load()) > len(writes)-len(k.answered)
}

// requireEachOnce sends the writes again until they are answered, and holds that
// each had its effect once.
func requireEachOnce(t *testing.T, s shop, writes []pointedWrite) {
	t.Helper()
	answers := make([]answer, len(writes))
	var sent sync.WaitGroup
	for i, w := range writes {
		sent.Go(func() { answers[i] = w.again(t, s.client) })
	}
	sent.Wait()
	require.False(t, t.Failed(), "every write is answered")
	require.Len(t, s.payments(t), len(writes), "each write made its payment, or acted on one made for it")
	given := s.hub.givenBack(t)
	for i, w := range writes {
		if w.kind == "refund" {
			r := answers[i].refund(t)
			require.Equal(t, w.want, s.settled(t, r.ID).Status, w.name)
			require.Len(t, given[r.ID], 1, w.name)
			continue
		}
		p := s.resolved(t, answers[i].intent(t).ID)
		require.Equal(t, w.want, p.Status, w.name)
		if w.kind == "create" {
			s.hub.requireNoCharge(t, p.ID)
		} else {
			s.hub.onlyCharge(t, p.ID)
		}
	}
}

// stopAtTables stops requests at their first write to one of the tables.
func stopAtTables(tables ...string) func(*testing.T, *parts, int) (func() bool, func()) {
	return func(t *testing.T, p *parts, stuck int) (there func() bool, clear func()) {
		lock := p.hold(t, tables...)
		there = func() bool { return p.stuck(t, stuck, tables...) }
		return there, func() {
			p.buryStuck(t)
			lock.release(t)
		}
	}
}

// stopAtTemporal stops requests when all that they write before their workflow
// is written: Temporal hangs.
func stopAtTemporal(t *testing.T, p *parts, stuck int) (there func() bool, clear func()) {
	before := p.reserved(t)
	freeze(t, p.engine)
	there = func() bool {
		underWay := reached(func() bool { return p.reserved(t) == before+stuck })
		time.Sleep(300 * time.Millisecond) // of which each is at Temporal: nothing else holds it up
		return underWay
	}
	return there, func() { thaw(t, p.engine) }
}

// operations are what the simulator calls the calls of gatewayKind.
var operations = []string{"create_payment_intent", "confirm", "capture", "cancel", "refund"}

// stopAtProvider stops requests in their call to the provider.
func stopAtProvider(fault string) func(*testing.T, *parts, int) (func() bool, func()) {
	return func(t *testing.T, p *parts, _ int) (there func() bool, clear func()) {
		for _, operation := range operations {
			p.fault(t, operation, fault)
		}
		there = func() bool {
			asked := reached(p.noFaults(t))
			time.Sleep(200 * time.Millisecond) // and has done what it was asked for
			return asked
		}
		return there, func() { p.clearFaults(t) }
	}
}

// clearFaults takes back those faults that nobody has met.
func (h *hub) clearFaults(t testing.TB) {
	t.Helper()
	require.Equal(t, http.StatusNoContent, h.simulator(t, http.MethodDelete, "/_sim/faults", nil).status)
}

// stopAtAnswer stops requests that have done everything, before their answer is
// written down: they are held at a first table until the second is held.
func stopAtAnswer(t *testing.T, p *parts, stuck int) (there func() bool, clear func()) {
	held := p.hold(t, "payment_intents")
	there = func() bool {
		if !p.stuck(t, stuck, "payment_intents") {
			return false
		}
		next := p.hold(t, "idempotency_requests")
		held.release(t)
		held = next
		return p.stuck(t, stuck, "idempotency_requests")
	}
	return there, func() {
		p.buryStuck(t)
		held.release(t)
	}
}

// stopAfterTemporal stops requests at the first write of their workflow.
func stopAfterTemporal(t *testing.T, p *parts, stuck int) (there func() bool, clear func()) {
	written, thawed := stopAtTemporal(t, p, stuck)
	var lock grip
	there = func() bool {
		all := written()
		lock = p.hold(t)
		thawed()
		time.Sleep(time.Second)
		return all
	}
	return there, func() { lock.release(t) }
}

// stopAfterProvider stops requests when the provider has answered.
func stopAfterProvider(t *testing.T, p *parts, _ int) (there func() bool, clear func()) {
	const takes = 800 * time.Millisecond
	for _, operation := range operations {
		fault := object{"operation": operation, "fault": "slow", "count": 1, "delay_ms": takes.Milliseconds()}
		require.Equal(t, http.StatusCreated, p.simulator(t, http.MethodPost, "/_sim/faults", fault).status)
	}
	var lock grip
	there = func() bool {
		asked := reached(p.noFaults(t))
		lock = p.hold(t)
		time.Sleep(takes + 500*time.Millisecond)
		return asked
	}
	return there, func() {
		lock.release(t)
		p.clearFaults(t)
	}
}

// noFaults reports whether the provider has met all faults it was given.
func (h *hub) noFaults(t *testing.T) func() bool {
	return func() bool {
		return string(h.simulator(t, http.MethodGet, "/_sim/faults", nil).raw) == "{\"faults\":[]}\n"
	}
}

// reserved is how many keys the hub remembers.
func (p *parts) reserved(t *testing.T) (count int) {
	t.Helper()
	require.NoError(t, p.open(t).QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency_requests").Scan(&count))
	return count
}

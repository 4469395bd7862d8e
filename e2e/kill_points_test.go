package e2e

import (
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
	// until they have, and what clears the way again once the hub is dead.
	stop func(t *testing.T, p *parts, stuck int) (await, clear func())
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
				// Made by the process that is killed: its workflows are at home there.
				writes := k.prepare(t, s)
				began := time.Now()
				k.strike(t, p, s, writes)
				t.Logf("%s: killed and up again after %s", k.name, time.Since(began).Round(time.Millisecond))
				all = append(all, writes...)
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
func (k killPoint) prepare(t *testing.T, s shop) []pointedWrite {
	t.Helper()
	var all []pointedWrite
	for _, kind := range k.kinds {
		w := pointedWrite{kind: kind, want: "succeeded"}
		switch w.name = k.name + ": " + kind; kind {
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
// it again. What an earlier kill left open may meet a fault that was meant for one of
// them: that one is answered, but most are cut off.
func (k killPoint) strike(t *testing.T, p *parts, s shop, writes []pointedWrite) {
	t.Helper()
	stuck, clear := k.stop(t, p, len(k.kinds))
	var sent sync.WaitGroup
	var cutOff atomic.Int32
	for _, w := range writes {
		sent.Go(func() {
			switch r := w.send(t, s.client); {
			case r.err == nil && r.status != http.StatusOK, r.err != nil && slices.Contains(k.answered, w.kind):
				t.Errorf("%s: %s", w.name, r)
			case r.err != nil:
				cutOff.Add(1)
			}
		})
	}
	stuck()
	p.process.kill()
	clear()
	sent.Wait()
	require.Greater(t, 2*int(cutOff.Load()), len(writes)-len(k.answered), "%s: most are cut off", k.name)
	p.startServe(t)
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
func stopAtTables(tables ...string) func(*testing.T, *parts, int) (func(), func()) {
	return func(t *testing.T, p *parts, stuck int) (await, clear func()) {
		lock := p.hold(t, tables...)
		await = func() { p.awaitStuck(t, stuck, tables...) }
		return await, func() {
			p.buryStuck(t)
			lock.release(t)
		}
	}
}

// stopAtTemporal stops requests when all that they write before their workflow
// is written: Temporal hangs.
func stopAtTemporal(t *testing.T, p *parts, stuck int) (await, clear func()) {
	before := p.reserved(t)
	freeze(t, p.engine)
	await = func() {
		awaitIn(t, "the requests are under way", func() bool { return p.reserved(t) == before+stuck })
		time.Sleep(300 * time.Millisecond) // of which each is at Temporal: nothing else holds it up
	}
	return await, func() { thaw(t, p.engine) }
}

// operations are what the simulator calls the calls of gatewayKind.
var operations = []string{"create_payment_intent", "confirm", "capture", "cancel", "refund"}

// stopAtProvider stops requests in their call to the provider.
func stopAtProvider(fault string) func(*testing.T, *parts, int) (func(), func()) {
	return func(t *testing.T, p *parts, _ int) (await, clear func()) {
		for _, operation := range operations {
			p.fault(t, operation, fault)
		}
		await = func() {
			awaitIn(t, "the provider is asked", p.noFaults(t))
			time.Sleep(200 * time.Millisecond) // and has done what it was asked for
		}
		return await, func() {}
	}
}

// stopAtAnswer stops requests that have done everything, before their answer is
// written down: they are held at a first table until the second is held.
func stopAtAnswer(t *testing.T, p *parts, stuck int) (await, clear func()) {
	first := p.hold(t, "payment_intents")
	var second grip
	await = func() {
		p.awaitStuck(t, stuck, "payment_intents")
		second = p.hold(t, "idempotency_requests")
		first.release(t)
		p.awaitStuck(t, stuck, "idempotency_requests")
	}
	return await, func() {
		p.buryStuck(t)
		second.release(t)
	}
}

// stopAfterTemporal stops requests at the first write of their workflow.
func stopAfterTemporal(t *testing.T, p *parts, stuck int) (await, clear func()) {
	written, thawed := stopAtTemporal(t, p, stuck)
	var lock grip
	await = func() {
		written()
		lock = p.hold(t)
		thawed()
		time.Sleep(time.Second)
	}
	return await, func() { lock.release(t) }
}

// stopAfterProvider stops requests when the provider has answered.
func stopAfterProvider(t *testing.T, p *parts, _ int) (await, clear func()) {
	const takes = 800 * time.Millisecond
	for _, operation := range operations {
		fault := object{"operation": operation, "fault": "slow", "count": 1, "delay_ms": takes.Milliseconds()}
		require.Equal(t, http.StatusCreated, p.simulator(t, http.MethodPost, "/_sim/faults", fault).status)
	}
	var lock grip
	await = func() {
		awaitIn(t, "the provider is asked", p.noFaults(t))
		lock = p.hold(t)
		time.Sleep(takes + 500*time.Millisecond)
	}
	return await, func() { lock.release(t) }
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

func awaitIn(t *testing.T, what string, done func() bool) {
	t.Helper()
	await(t, stuckLimit, what, done)
}

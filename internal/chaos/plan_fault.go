package chaos

import (
	"fmt"
	"slices"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// The faults.
const (
	FaultProvider        FaultKind = "provider"         // a call to the provider goes wrong, before or after its effect
	FaultLookUp          FaultKind = "provider look-up" // the same for what only asks
	FaultWebhooks        FaultKind = "webhooks"         // delivered twice, late, out of order, or lost
	FaultKillServe       FaultKind = "kill -9 serve"    // the hub, in the middle of an operation
	FaultKillWorker      FaultKind = "kill -9 worker"   //
	FaultKillBoth        FaultKind = "kill -9 both"     // hub and worker
	FaultRestartServe    FaultKind = "restart serve"    // SIGTERM, then a new one
	FaultKillTemporal    FaultKind = "kill -9 temporal" //
	FaultStopTemporal    FaultKind = "stop temporal"    // SIGSTOP, SIGCONT
	FaultStopServe       FaultKind = "stop serve"       //
	FaultStopWorker      FaultKind = "stop worker"      //
	FaultDatabaseCrash   FaultKind = "database crash"   // Postgres: immediate shutdown
	FaultDatabaseRestart FaultKind = "database restart" // Postgres: fast shutdown
	FaultDatabaseLocked  FaultKind = "database locked"  // every write waits
	FaultClock           FaultKind = "clock step"       // hub and worker come back with another time
)

// kills and restarts are how a summary counts the faults.
var (
	kills    = map[FaultKind]int{FaultKillServe: 1, FaultKillWorker: 1, FaultKillBoth: 2, FaultKillTemporal: 1, FaultDatabaseCrash: 1}
	restarts = map[FaultKind]int{FaultRestartServe: 1, FaultClock: 2, FaultDatabaseRestart: 1}
)

// Fault is one thing that goes wrong.
type Fault struct {
	Kind FaultKind
	// OnStep is the operation that a kill waits for; Delay counts from when that
	// was sent.
	OnStep int
	Delay  time.Duration
	// For is how long the fault lasts, where it lasts.
	For time.Duration

	ProviderFault ProviderFault // of FaultProvider and FaultLookUp
	Webhooks      Webhooks      // of FaultWebhooks
	Offset        time.Duration // of FaultClock: the hub's time against the machine's
}

// ProviderFault is what the simulator is told (POST /_sim/faults).
type ProviderFault struct {
	Operation string `json:"operation"`
	Kind      string `json:"fault"`
	Count     int    `json:"count"`
	DelayMS   int64  `json:"delay_ms,omitempty"`
}

// Webhooks is how the simulator delivers (POST /_sim/webhooks).
type Webhooks struct {
	Seed             uint64 `json:"seed"`
	DuplicatePercent int    `json:"duplicate_percent"`
	DelayPercent     int    `json:"delay_percent"`
	DelayMS          int64  `json:"delay_ms"`
	DropPercent      int    `json:"drop_percent"`
}

// String says it for people.
func (w Webhooks) String() string {
	return fmt.Sprintf("webhooks %d%% twice, %d%% late by up to %d ms, %d%% lost", w.DuplicatePercent, w.DelayPercent, w.DelayMS, w.DropPercent)
}

// String says it for people.
func (f Fault) String() string {
	switch f.Kind {
	case FaultProvider, FaultLookUp:
		p := f.ProviderFault
		return fmt.Sprintf("%s: the next %d of %s: %s (%d ms)", f.Kind, p.Count, p.Operation, p.Kind, p.DelayMS)
	case FaultWebhooks:
		return f.Webhooks.String()
	case FaultClock:
		return fmt.Sprintf("%s: the hub's clock is %s off", f.Kind, f.Offset)
	case FaultKillServe, FaultKillWorker, FaultKillBoth, FaultKillTemporal:
		return fmt.Sprintf("%s, %s after step %d was sent, for %s", f.Kind, f.Delay, f.OnStep, f.For)
	default:
		return fmt.Sprintf("%s, for %s", f.Kind, f.For)
	}
}

// light faults are told to the simulator; the others stop a process.
var light = []struct {
	kind   FaultKind
	weight int
}{{FaultProvider, 6}, {FaultLookUp, 2}, {FaultWebhooks, 2}}

var heavy = []struct {
	kind     FaultKind
	weight   int
	database Database // "": both
}{
	{FaultKillServe, 8, ""}, {FaultKillWorker, 4, ""}, {FaultKillBoth, 3, ""}, {FaultRestartServe, 4, ""},
	{FaultKillTemporal, 3, ""}, {FaultStopTemporal, 2, ""}, {FaultStopServe, 2, ""}, {FaultStopWorker, 1, ""},
	{FaultDatabaseCrash, 3, Postgres}, {FaultDatabaseRestart, 3, Postgres}, {FaultDatabaseLocked, 3, ""}, {FaultClock, 3, ""},
}

func (p *planner) fault() {
	f := Fault{Kind: p.faultKind()}
	switch f.Kind {
	case FaultProvider:
		f.ProviderFault = p.providerFault("create_payment_intent", "create_payment_intent", "confirm", "capture", "cancel", "refund", "*")
	case FaultLookUp:
		f.ProviderFault = p.providerFault("retrieve", "search", "list")
	case FaultWebhooks:
		f.Webhooks = p.webhooks()
	case FaultKillServe, FaultKillWorker, FaultKillBoth, FaultKillTemporal:
		f.OnStep, f.For = p.lastOperation(), p.millis(0, 700)
		f.Delay = pick(p, p.millis(0, 15), p.millis(0, 80), p.millis(0, 400))
	case FaultStopTemporal, FaultStopServe, FaultStopWorker:
		f.For = p.millis(1000, 3000)
	case FaultDatabaseLocked:
		f.For = p.millis(1000, 2000)
	case FaultClock:
		f.Offset = pick(p, 2*time.Minute, -2*time.Minute, 70*time.Minute, 0)
	}
	p.plan.Steps = append(p.plan.Steps, Step{Gap: p.millis(0, 100), Fault: &f})
}

// faultKind is a light fault, or one that stops a process while those are left.
func (p *planner) faultKind() FaultKind {
	if p.heavyLeft == 0 || p.chance(60) {
		n := p.rng.IntN(10)
		for _, l := range light {
			if n -= l.weight; n < 0 {
				return l.kind
			}
		}
	}
	p.heavyLeft--
	for {
		h := heavy[p.rng.IntN(len(heavy))]
		if p.rng.IntN(8) < h.weight && (h.database == "" || h.database == p.plan.Database) {
			return h.kind
		}
	}
}

func (p *planner) providerFault(operations ...string) ProviderFault {
	return ProviderFault{
		Operation: pick(p, operations...), Count: p.between(1, 2), DelayMS: int64(pick(p, 200, 800, 3000)),
		Kind: pick(p, "timeout_before", "timeout_after", "reset_before", "reset_after", "http_500", "http_429", "slow"),
	}
}

func (p *planner) webhooks() Webhooks {
	return Webhooks{
		Seed: p.rng.Uint64N(1 << 53), DuplicatePercent: pick(p, 0, 30, 80), DelayPercent: pick(p, 0, 40, 90),
		DelayMS: int64(pick(p, 200, 1500, 4000)), DropPercent: pick(p, 0, 0, 20, 60),
	}
}

// lastOperation is the newest operation so far.
func (p *planner) lastOperation() int {
	for i := len(p.plan.Steps) - 1; ; i-- {
		if p.plan.Steps[i].Operation != nil {
			return i
		}
	}
}

// stopsHub reports whether the plan stops a process of the hub for some time.
func (p Plan) stopsHub() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.Fault != nil && (s.Fault.Kind == FaultStopServe || s.Fault.Kind == FaultStopWorker)
	})
}

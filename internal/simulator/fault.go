package simulator

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Kind is what goes wrong with a provider call.
type Kind string

// The faults. "before" means that the operation had no effect; "after" means
// that its effect is committed and only the answer is lost.
const (
	TimeoutBefore Kind = "timeout_before"
	TimeoutAfter  Kind = "timeout_after"
	ResetBefore   Kind = "reset_before"
	ResetAfter    Kind = "reset_after"
	HTTP500       Kind = "http_500"
	HTTP429       Kind = "http_429"
	Slow          Kind = "slow"
)

// AnyOperation matches every operation that moves money, and no look-up.
const AnyOperation = "*"

const (
	maxFaults     = 1000
	maxFaultCount = 1_000_000
	maxHold       = 60 * time.Second
	defaultSlow   = 2 * time.Second
)

var kinds = []Kind{TimeoutBefore, TimeoutAfter, ResetBefore, ResetAfter, HTTP500, HTTP429, Slow}

// Fault asks for the next Count calls of Operation to go wrong.
type Fault struct {
	// Operation is one of the provider's money operations or look-ups, or "*".
	Operation string `json:"operation"`
	Kind      Kind   `json:"fault"`
	// Count is how many calls are still to be hit, 1 to 1,000,000; 0 means 1.
	Count int `json:"count"`
	// DelayMS is, in milliseconds, how long "slow" waits (2,000 when 0) and the
	// longest that a timeout holds the connection (60,000 when 0, and at most).
	DelayMS int64 `json:"delay_ms"`
}

// FieldError says which field of a request is wrong, and why.
type FieldError struct {
	Field   string
	Message string
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Message }

// Faults is the table of faults still to come, in memory only. It is safe for
// concurrent use.
type Faults struct {
	money, lookups []string
	done           chan struct{}
	closeOnce      sync.Once

	mu     sync.Mutex
	faults []Fault
}

// NewFaults makes an empty table for a provider with these operations: those
// that move money, and those that only look.
func NewFaults(money, lookups []string) *Faults {
	return &Faults{money: money, lookups: lookups, done: make(chan struct{})}
}

// Close lets go of every connection that a fault is holding, and of those that
// later faults would hold.
func (f *Faults) Close() { f.closeOnce.Do(func() { close(f.done) }) }

// Add puts a fault at the end of the table. Its errors are *FieldError.
func (f *Faults) Add(fault Fault) (Fault, error) {
	if fault.Count == 0 {
		fault.Count = 1
	}
	switch {
	case fault.Operation != AnyOperation && !slices.Contains(f.money, fault.Operation) && !slices.Contains(f.lookups, fault.Operation):
		return Fault{}, &FieldError{"operation", fmt.Sprintf("must be one of %v or %q, which means any of %v", slices.Concat(f.money, f.lookups), AnyOperation, f.money)}
	case !slices.Contains(kinds, fault.Kind):
		return Fault{}, &FieldError{"fault", fmt.Sprintf("must be one of %v", kinds)}
	case fault.Count < 0 || fault.Count > maxFaultCount:
		return Fault{}, &FieldError{"count", fmt.Sprintf("must be between 1 and %d", maxFaultCount)}
	case fault.DelayMS < 0 || fault.DelayMS > maxHold.Milliseconds():
		return Fault{}, &FieldError{"delay_ms", fmt.Sprintf("must be between 0 and %d", maxHold.Milliseconds())}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults) >= maxFaults {
		return Fault{}, &FieldError{"operation", fmt.Sprintf("%d faults are waiting already", maxFaults)}
	}
	f.faults = append(f.faults, fault)
	return fault, nil
}

// List returns the faults still to come, oldest first.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.faults...)
}

// Clear forgets every fault.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// take uses up one count of the oldest fault that matches any of the
// operations, all of one sort. A call that counts as several is hit once.
func (f *Faults) take(operations []string) (Fault, bool) {
	if len(operations) == 0 {
		return Fault{}, false
	}
	money := slices.Contains(f.money, operations[0])
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.faults, func(fault Fault) bool {
		return fault.Operation == AnyOperation && money || slices.Contains(operations, fault.Operation)
	})
	if i < 0 {
		return Fault{}, false
	}
	hit := f.faults[i]
	if f.faults[i].Count--; f.faults[i].Count == 0 {
		f.faults = slices.Delete(f.faults, i, i+1)
	}
	return hit, true
}

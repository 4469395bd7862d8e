package routing

import (
	"context"
	"maps"
	"math"
	"sync"
	"time"
)

// Verdict says what an attempt that has ended tells of its gateway.
type Verdict string

// The verdicts.
const (
	Approved Verdict = "approved"
	Declined Verdict = "declined" // by the issuer, for a reason that may be the gateway's way of asking
	Failed   Verdict = "failed"   // for a technical reason
	// Neither is for what is the card's or the shopper's own fault, and would have been
	// so anywhere.
	Neither Verdict = ""
)

// Observation is what was seen of a gateway.
type Observation struct {
	Cell
	PaymentID string
	Verdict   Verdict // Neither also while the attempt has not ended
	// Probe says that the gateway was known to be broken: that a probe failed tells
	// nothing of how it does when it works.
	Probe bool
	// Called says that the gateway was called, Broken that it gave no useful answer,
	// and Latency how long that took.
	Called  bool
	Broken  bool
	Latency time.Duration
}

// Counts are what was seen in a minute.
type Counts struct {
	Approved, Declined, Failed int64
	Calls                      int64         // whose latency is known
	Latency                    time.Duration // of those, summed up; to the millisecond
}

// Judged is how many attempts count for the rate.
func (c Counts) Judged() int64 { return c.Approved + c.Declined + c.Failed }

func (c Counts) minus(o Counts) Counts {
	return Counts{c.Approved - o.Approved, c.Declined - o.Declined, c.Failed - o.Failed, c.Calls - o.Calls, c.Latency - o.Latency}
}

// Bucket is what one process saw of a cell in one minute.
type Bucket struct {
	Cell
	Minute  int64 // since 1970
	Process string
	Counts
	At time.Time // of the last change
}

// OutcomeRepository keeps what was seen; store.Routing is it.
type OutcomeRepository interface {
	// PutBuckets stores buckets, over what the same process said of the same minute.
	PutBuckets(ctx context.Context, rows []Bucket) error
	// BucketsOfOthers returns what other processes wrote since a time.
	BucketsOfOthers(ctx context.Context, process string, since time.Time) ([]Bucket, error)
	// History sums up what all processes wrote of the minutes before one and not before
	// another, in steps of so many minutes; a bucket's Minute is the first of its step.
	History(ctx context.Context, from, before, step int64) ([]Bucket, error)
}

// Outcomes remembers how attempts ended, and answers from memory how well gateways
// do. It is safe for concurrent use.
type Outcomes struct {
	process string

	mu      sync.RWMutex
	tallies map[tallied]*tally
	own     map[slot]*Bucket // of this process; those that the others do not know yet are in unsaid
	unsaid  map[slot]bool
	heard   map[heardFrom]Bucket // the last of what others wrote, to count only what is new
	begun   int64                // the first minute that is counted bucket by bucket
	since   time.Time            // up to when others were listened to
}

type slot struct {
	Cell
	minute int64
}

type heardFrom struct {
	slot
	process string
}

// NewOutcomes makes an empty memory.
func NewOutcomes(process string) *Outcomes {
	return &Outcomes{process: process, tallies: map[tallied]*tally{}, own: map[slot]*Bucket{}, unsaid: map[slot]bool{}, heard: map[heardFrom]Bucket{}}
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// Observe takes in an observation of this process.
func (m *Outcomes) Observe(o Observation, now time.Time) {
	var c Counts
	if o.Probe && o.Verdict == Failed {
		o.Verdict = Neither
	}
	switch o.Verdict {
	case Approved:
		c.Approved = 1
	case Declined:
		c.Declined = 1
	case Failed:
		c.Failed = 1
	}
	if o.Called {
		c.Calls, c.Latency = 1, o.Latency.Truncate(time.Millisecond)
	}
	if c == (Counts{}) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := slot{o.Cell, minuteOf(now)}
	b := m.own[s]
	if b == nil {
		b = &Bucket{Cell: o.Cell, Minute: s.minute, Process: m.process}
		m.own[s] = b
	}
	b.At = now
	b.Approved += c.Approved
	b.Declined += c.Declined
	b.Failed += c.Failed
	b.Calls += c.Calls
	b.Latency += c.Latency
	m.unsaid[s] = true
	m.count(o.Cell, c, now)
}

// count adds to the tallies of every level.
func (m *Outcomes) count(c Cell, n Counts, at time.Time) {
	if n.Judged() == 0 {
		return
	}
	for _, l := range levels {
		key := c.at(l)
		t := m.tallies[key]
		if t == nil {
			t = &tally{}
			m.tallies[key] = t
		}
		t.add(n.Approved, n.Judged(), at)
	}
}

// Measure is how well a gateway does with payments like one.
type Measure struct {
	Rate    int64 // of approvals, in ten-thousandths
	Samples int64
	Level   Level
}

// Measure returns what is known at the nearest level with enough payments; false
// when there is none.
func (m *Outcomes) Measure(c Cell, now time.Time) (Measure, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	t, l := m.nearest(c, now)
	if t == nil {
		return Measure{}, false
	}
	rate, _ := t.rate(now)
	return Measure{Rate: int64(math.Round(whole * rate)), Samples: t.samples(now), Level: l}, true
}

// possible is the rate that what was seen lately leaves possible, in ten-thousandths:
// the less was seen, the higher.
func (m *Outcomes) possible(c Cell, now time.Time) int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	t, _ := m.nearest(c, now)
	if t == nil {
		return whole
	}
	rate, payments := t.rate(now)
	_, high := wilson(rate, payments)
	return high
}

func (m *Outcomes) nearest(c Cell, now time.Time) (*tally, Level) {
	for _, l := range levels {
		if t := m.tallies[c.at(l)]; t != nil && t.samples(now) >= minSamples {
			return t, l
		}
	}
	return nil, ""
}

// forget drops what says nothing any more.
func (m *Outcomes) forget(now time.Time) {
	old := minuteOf(now) - keptMinutes
	maps.DeleteFunc(m.own, func(s slot, _ *Bucket) bool { return s.minute < old && !m.unsaid[s] })
	maps.DeleteFunc(m.heard, func(h heardFrom, _ Bucket) bool { return h.minute < old })
	maps.DeleteFunc(m.tallies, func(_ tallied, t *tally) bool { return t.samples(now) == 0 })
}

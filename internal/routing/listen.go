package routing

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	// keptMinutes is how long a bucket may still change: what is written later is lost
	// to the other processes' rates, and to nothing else.
	keptMinutes = 10
	// history is how far back a process that starts reads, and step how finely.
	history = 6 * time.Hour
	step    = 15 * time.Minute
	// overlap is by how much the processes' clocks may differ.
	overlap = 20 * time.Second
	// maxUnsaid bounds what waits while the database is away.
	maxUnsaid = 20_000
)

// start reads what was seen before. Until it succeeds nothing is exchanged.
func (m *Outcomes) start(ctx context.Context, repository OutcomeRepository, now time.Time) error {
	begun := minuteOf(now) - 1
	rows, err := repository.History(ctx, minuteOf(now.Add(-history)), begun, int64(step/time.Minute))
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Bucket) int { return int(a.Minute - b.Minute) })
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range rows {
		m.count(row.Cell, row.Counts, time.Unix(row.Minute*60, 0).Add(step/2))
	}
	m.begun, m.since = begun, time.Unix(begun*60, 0)
	return nil
}

// Exchange tells the others what this process saw and learns what they did. It is
// called about once a second, by one goroutine.
func (m *Outcomes) Exchange(ctx context.Context, repository OutcomeRepository, now time.Time) error {
	if m.begun == 0 {
		if err := m.start(ctx, repository, now); err != nil {
			return err
		}
	}
	if err := m.say(ctx, repository); err != nil {
		return err
	}
	told, err := repository.BucketsOfOthers(ctx, m.process, m.since.Add(-overlap))
	if err != nil {
		return err
	}
	m.hear(told)
	m.mu.Lock()
	defer m.mu.Unlock()
	if minuteOf(now) != minuteOf(m.since) {
		m.forget(now)
	}
	m.since = now
	return nil
}

// say writes down what the others do not know. What cannot be written stays unsaid.
func (m *Outcomes) say(ctx context.Context, repository OutcomeRepository) error {
	m.mu.Lock()
	saying := maps.Clone(m.unsaid)
	rows := make([]Bucket, 0, len(saying))
	for s := range saying {
		rows = append(rows, *m.own[s])
	}
	clear(m.unsaid)
	m.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	err := repository.PutBuckets(ctx, rows)
	if err == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.unsaid)+len(saying) <= maxUnsaid {
		maps.Copy(m.unsaid, saying)
	}
	return err
}

// hear counts what is new in what others wrote.
func (m *Outcomes) hear(told []Bucket) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range told {
		if b.Minute < m.begun {
			continue // read with the history
		}
		from := heardFrom{slot{b.Cell, b.Minute}, b.Process}
		before := m.heard[from]
		if b.At.Before(before.At) {
			continue
		}
		m.heard[from] = b
		m.count(b.Cell, b.Counts.minus(before.Counts), time.Unix(b.Minute*60, 0).Add(time.Minute/2))
	}
}

package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// healthRow is a row of gateway_health.
type healthRow struct {
	Environment string
	Gateway     string
	Forced      string
	State       string
	Since       instant
	Until       instant
	PauseMS     int64 `gorm:"column:pause_ms"`
	Why         string
	Prober      string
	Passed      int
	Version     int64
	UpdatedAt   instant
}

// TableName implements schema.Tabler.
func (healthRow) TableName() string { return "gateway_health" }

func (r healthRow) columns() []column {
	return append([]column{{"environment", r.Environment}, {"gateway", r.Gateway}, {"forced", r.Forced}}, r.changes()...)
}

// changes lists what a breaker's change writes: all but what the operator decided.
func (r healthRow) changes() []column {
	return []column{
		{"state", r.State}, {"since", r.Since}, {"until", r.Until}, {"pause_ms", r.PauseMS}, {"why", r.Why}, {"prober", r.Prober},
		{"passed", r.Passed}, {"version", r.Version}, {"updated_at", r.UpdatedAt},
	}
}

func (r healthRow) record() (routing.HealthRecord, error) {
	return routing.HealthRecord{
		Account: routing.Account{Environment: merchant.Environment(r.Environment), Gateway: r.Gateway}, Forced: routing.Forced(r.Forced),
		Breaker: routing.Breaker{
			State: routing.State(r.State), Since: r.Since.Time, Until: r.Until.Time, Pause: time.Duration(r.PauseMS) * time.Millisecond,
			Why: r.Why, Prober: r.Prober, Passed: r.Passed, Version: r.Version,
		},
	}, nil
}

// Health returns all accounts that there is a record of.
func (r Routing) Health(ctx context.Context) (found []routing.HealthRecord, err error) {
	err = r.store.view(ctx, "read gateway health", func(db *gorm.DB) error {
		var rows []healthRow
		all := []string{string(merchant.Sandbox), string(merchant.Live)} // named, to read through the key
		if err := db.Where("environment IN ?", all).Order("environment, gateway").Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, healthRow.record)
		return err
	})
	return found, err
}

// overBreaker replaces the version before the one that is written.
var overBreaker = onConflict("environment, gateway", healthRow{}.changes(), "gateway_health.version = excluded.version - 1")

// PutBreaker stores a breaker in the place of the version before its own, the first
// where there is none, and reports whether that one was there still.
func (r Routing) PutBreaker(ctx context.Context, a routing.Account, b routing.Breaker, when time.Time) (mine bool, err error) {
	row := healthRow{
		Environment: string(a.Environment), Gateway: a.Gateway, State: string(b.State), Since: at(b.Since), Until: at(b.Until),
		PauseMS: b.Pause.Milliseconds(), Why: b.Why, Prober: b.Prober, Passed: b.Passed, Version: b.Version, UpdatedAt: at(when),
	}
	err = r.store.write(ctx, "put breaker", func(db *gorm.DB) error {
		written, err := insert(db, overBreaker, row)
		mine = written == 1
		return err
	})
	return mine, err
}

// Force stores what an operator decided about a gateway, and nothing else.
func (r Routing) Force(ctx context.Context, a routing.Account, forced routing.Forced, when time.Time) error {
	row := healthRow{
		Environment: string(a.Environment), Gateway: a.Gateway, Forced: string(forced), State: string(routing.Closed), UpdatedAt: at(when),
	}
	over := onConflict("environment, gateway", []column{{"forced", nil}, {"updated_at", nil}}, "true")
	return r.store.write(ctx, "force gateway", func(db *gorm.DB) error {
		_, err := insert(db, over, row)
		return err
	})
}

// signalRow is a row of gateway_signals.
type signalRow struct {
	Environment string
	Gateway     string
	Process     string
	Calls       int64
	Errors      int64
	Slow        int64
	UpdatedAt   instant
}

// TableName implements schema.Tabler.
func (signalRow) TableName() string { return "gateway_signals" }

func (r signalRow) columns() []column {
	return append([]column{{"environment", r.Environment}, {"gateway", r.Gateway}, {"process", r.Process}}, r.changes()...)
}

func (r signalRow) changes() []column {
	return []column{{"calls", r.Calls}, {"errors", r.Errors}, {"slow", r.Slow}, {"updated_at", r.UpdatedAt}}
}

func (r signalRow) record() (routing.SignalRecord, error) {
	return routing.SignalRecord{
		Account: routing.Account{Environment: merchant.Environment(r.Environment), Gateway: r.Gateway}, Process: r.Process,
		Signals: routing.Signals{Calls: r.Calls, Errors: r.Errors, Slow: r.Slow}, At: r.UpdatedAt.Time,
	}, nil
}

// overSignals replaces what the process said before.
var overSignals = onConflict("environment, gateway, process", signalRow{}.changes(), "true")

// PutSignals stores what a process saw, over what it said before.
func (r Routing) PutSignals(ctx context.Context, signals []routing.SignalRecord) error {
	if len(signals) == 0 {
		return nil
	}
	rows := make([]signalRow, 0, len(signals))
	for _, s := range signals {
		rows = append(rows, signalRow{
			Environment: string(s.Environment), Gateway: s.Gateway, Process: s.Process, Calls: s.Calls, Errors: s.Errors, Slow: s.Slow, UpdatedAt: at(s.At),
		})
	}
	return r.store.transact(ctx, "put signals", func(tx *gorm.DB) error {
		_, err := insert(tx, overSignals, rows...)
		return err
	})
}

// SignalsOfOthers returns what other processes said since a time.
func (r Routing) SignalsOfOthers(ctx context.Context, process string, since time.Time) (found []routing.SignalRecord, err error) {
	err = r.store.view(ctx, "read signals", func(db *gorm.DB) error {
		var rows []signalRow
		if err := db.Where("updated_at >= ? AND process <> ?", at(since), process).Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, signalRow.record)
		return err
	})
	return found, err
}

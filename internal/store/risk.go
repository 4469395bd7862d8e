package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/risk"
)

// Risk implements risk.Repository.
type Risk struct{ store *Store }

// Risk returns the repository of what attempts are judged by.
func (s *Store) Risk() Risk { return Risk{s} }

var _ risk.Repository = Risk{}

// rulesRow is a row of risk_rules.
type rulesRow struct {
	MerchantID  string
	Environment string
	Rules       string
	Version     int
	UpdatedAt   instant
}

// TableName implements schema.Tabler.
func (rulesRow) TableName() string { return "risk_rules" }

func (r rulesRow) columns() []column {
	return append([]column{{"merchant_id", r.MerchantID}, {"environment", r.Environment}}, r.changes()...)
}

func (r rulesRow) changes() []column {
	return []column{{"rules", r.Rules}, {"version", r.Version}, {"updated_at", r.UpdatedAt}}
}

func (r rulesRow) rules() (risk.Rules, error) {
	kept, err := fromJSON[risk.Rules](&r.Rules)
	if err != nil {
		return risk.Rules{}, err
	}
	kept.Scope, kept.Version, kept.UpdatedAt = scopeOf(r.MerchantID, r.Environment), r.Version, r.UpdatedAt.Time
	return *kept, nil
}

// Rules returns what a scope has stored. Errors: fault.NotFound.
func (r Risk) Rules(ctx context.Context, scope merchant.Scope) (found risk.Rules, err error) {
	err = r.store.view(ctx, "read risk rules", func(db *gorm.DB) error {
		found, err = one(within(db, scope), "risk rules", scope.MerchantID, rulesRow.rules)
		return err
	})
	return found, err
}

// overPredecessor replaces the version before the one that is written.
var overPredecessor = onConflict("merchant_id, environment", rulesRow{}.changes(), "risk_rules.version = excluded.version - 1")

// PutRules stores rules over the version before theirs, and reports whether that
// one was there still.
func (r Risk) PutRules(ctx context.Context, rules risk.Rules) (mine bool, err error) {
	text, err := toJSON(&rules)
	if err != nil {
		return false, err
	}
	row := rulesRow{
		MerchantID: rules.Scope.MerchantID, Environment: string(rules.Scope.Environment),
		Rules: *text, Version: rules.Version, UpdatedAt: at(rules.UpdatedAt),
	}
	err = r.store.write(ctx, "put risk rules", func(db *gorm.DB) error {
		written, err := insert(db, overPredecessor, row)
		mine = written == 1
		return err
	})
	return mine, err
}

// Evidence returns a sighting and the counts that are wanted.
// Errors: fault.NotFound when the sighting is not there.
func (r Risk) Evidence(ctx context.Context, w risk.Wanted) (found risk.Evidence, err error) {
	err = r.store.view(ctx, "read evidence", func(db *gorm.DB) error {
		found.Sighting, err = one(within(db, w.Scope).Where("operation_id = ?", w.OperationID), "sighting", w.OperationID, sightingRow.sighting)
		if err != nil {
			return err
		}
		return countSightings(db, w, &found)
	})
	return found, err
}

// counted are the counts of one statement; what it does not count is 0.
type counted struct {
	ByCard  int `gorm:"column:by_card"`
	ByIP    int `gorm:"column:by_ip"`
	ByEmail int `gorm:"column:by_email"`
}

// countSightings counts what is wanted in one statement, and nothing of what is
// not known. The terms on empty columns are those of the partial indexes.
func countSightings(db *gorm.DB, w risk.Wanted, into *risk.Evidence) error {
	var counts []string
	var values []any
	seen := into.Sighting
	for _, c := range []struct {
		risk.Count
		name, same, value string
	}{
		{w.Card, "by_card", "fingerprint = ?", seen.Fingerprint},
		{w.IP, "by_ip", "ip <> '' AND ip = ?", seen.IP},
		{w.Email, "by_email", "email <> '' AND email = ?", seen.Email},
	} {
		if c.Limit == 0 || c.value == "" {
			continue
		}
		counts = append(counts, "(SELECT count(*) FROM (SELECT 1 FROM risk_sightings WHERE merchant_id = ? AND environment = ? AND "+
			c.same+" AND created_at > ? LIMIT ?) AS seen) AS "+c.name)
		values = append(values, w.Scope.MerchantID, string(w.Scope.Environment), c.value, at(seen.CreatedAt.Add(-c.Window)), c.Limit)
	}
	if len(counts) == 0 {
		return nil
	}
	var row counted
	err := db.Raw("SELECT "+strings.Join(counts, ", "), values...).Find(&row).Error
	into.ByCard, into.ByIP, into.ByEmail = row.ByCard, row.ByIP, row.ByEmail
	return err
}

// DeleteOldSightings removes up to limit sightings from before a time, oldest first.
func (r Risk) DeleteOldSightings(ctx context.Context, before time.Time, limit int) (deleted int64, err error) {
	err = r.store.write(ctx, "delete old sightings", func(db *gorm.DB) error {
		done := db.Exec(`DELETE FROM risk_sightings WHERE operation_id IN (
			SELECT operation_id FROM risk_sightings WHERE operation_id < ? ORDER BY operation_id LIMIT ?)`, id.FirstAt(before), limit)
		deleted = done.RowsAffected
		return done.Error
	})
	return deleted, err
}

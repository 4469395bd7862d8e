package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// Routing implements the repositories of package routing.
type Routing struct{ store *Store }

// Routing returns the repository of what payments are routed by.
func (s *Store) Routing() Routing { return Routing{s} }

var _ interface {
	routing.Repository
	routing.WatchRepository
	routing.StatsRepository
	routing.Declines
} = Routing{}

// profileRow is a row of routing_profiles.
type profileRow struct {
	ID          string
	MerchantID  string
	Environment string
	Name        string
	IsDefault   bool
	Active      int
	Versions    int
	OperationID string
	CreatedAt   instant
	UpdatedAt   instant
}

// TableName implements schema.Tabler.
func (profileRow) TableName() string { return "routing_profiles" }

func (r profileRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"name", r.Name}, {"is_default", r.IsDefault},
		{"active", r.Active}, {"versions", r.Versions}, {"operation_id", r.OperationID}, {"created_at", r.CreatedAt}, {"updated_at", r.UpdatedAt},
	}
}

func (r profileRow) profile() (routing.Profile, error) {
	return routing.Profile{
		ID: r.ID, Scope: scopeOf(r.MerchantID, r.Environment), Name: r.Name, Default: r.IsDefault, Active: r.Active, Versions: r.Versions,
		OperationID: r.OperationID, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}, nil
}

// Profiles returns those of a scope, oldest first.
func (r Routing) Profiles(ctx context.Context, scope merchant.Scope) (found []routing.Profile, err error) {
	err = r.store.view(ctx, "list routing profiles", func(db *gorm.DB) error {
		found, err = profilesOf(db, scope)
		return err
	})
	return found, err
}

func profilesOf(db *gorm.DB, scope merchant.Scope) ([]routing.Profile, error) {
	var rows []profileRow
	if err := within(db, scope).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, profileRow.profile)
}

// lockMerchant lets the changes of a merchant's profiles come one after another.
// Writes of SQLite do so by themselves; payments, which refer to the merchant, go on.
func lockMerchant(tx *gorm.DB, scope merchant.Scope) error {
	if tx.Name() != string(Postgres) {
		return nil
	}
	var row merchantRow
	return tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("id = ?", scope.MerchantID).Take(&row).Error
}

// InsertProfile stores a profile, the first of its scope as the default, and returns
// what is stored: the same id twice is stored once. Errors: fault.InvalidState when
// the scope has limit profiles already.
func (r Routing) InsertProfile(ctx context.Context, p routing.Profile, limit int) (stored routing.Profile, err error) {
	err = r.store.transact(ctx, "insert routing profile", func(tx *gorm.DB) error {
		if err := lockMerchant(tx, p.Scope); err != nil {
			return err
		}
		all, err := profilesOf(tx, p.Scope)
		if err != nil {
			return err
		}
		for _, known := range all {
			if known.ID == p.ID {
				stored = known
				return nil
			}
		}
		if len(all) >= limit {
			return fault.New(fault.InvalidState, "There are %d routing profiles already, and no more are possible.", limit)
		}
		stored = p
		stored.Default = len(all) == 0
		_, err = insert(tx, "", profileRow{
			ID: p.ID, MerchantID: p.Scope.MerchantID, Environment: string(p.Scope.Environment), Name: p.Name, IsDefault: stored.Default,
			CreatedAt: at(p.CreatedAt), UpdatedAt: at(p.UpdatedAt),
		})
		return err
	})
	return stored, err
}

// UpdateProfile stores a name ("" leaves it), and makes the profile the default
// instead of the one that is, if asked to. Errors: fault.NotFound.
func (r Routing) UpdateProfile(ctx context.Context, p routing.Profile) (stored routing.Profile, err error) {
	err = r.store.transact(ctx, "update routing profile", func(tx *gorm.DB) error {
		if err := lockMerchant(tx, p.Scope); err != nil {
			return err
		}
		mine := within(tx, p.Scope).Where("id = ?", p.ID)
		if _, err := one(mine, "routing profile", p.ID, profileRow.profile); err != nil {
			return err
		}
		columns := []column{{"updated_at", at(p.UpdatedAt)}}
		if p.Name != "" {
			columns = append(columns, column{"name", p.Name})
		}
		if p.Default {
			_, err := update(tx, profileRow{}.TableName(), []column{{"is_default", false}}, "merchant_id = ? AND environment = ? AND is_default = ? AND id <> ?",
				p.Scope.MerchantID, string(p.Scope.Environment), true, p.ID)
			if err != nil {
				return err
			}
			columns = append(columns, column{"is_default", true})
		}
		if _, err := update(tx, profileRow{}.TableName(), columns, "id = ?", p.ID); err != nil {
			return err
		}
		stored, err = one(within(tx, p.Scope).Where("id = ?", p.ID), "routing profile", p.ID, profileRow.profile)
		return err
	})
	return stored, err
}

// Activate makes a version the active one instead of the one named.
// Errors: fault.NotFound; fault.InvalidState when another is active by now.
func (r Routing) Activate(ctx context.Context, scope merchant.Scope, a routing.Activation) error {
	return r.store.transact(ctx, "activate routing version", func(tx *gorm.DB) error {
		written, err := update(tx, profileRow{}.TableName(),
			[]column{{"active", a.Number}, {"operation_id", a.OperationID}, {"updated_at", at(a.At)}},
			"id = ? AND merchant_id = ? AND environment = ? AND active = ?", a.ProfileID, scope.MerchantID, string(scope.Environment), a.Instead)
		err = atLeastOne(written, err, fault.New(fault.InvalidState, "Another version was activated at the same moment. Look which one is active now."))
		if err != nil {
			return err
		}
		columns := []column{{"activated_at", at(a.At)}}
		if !a.Back {
			columns = append(columns, column{"replaced", a.Instead})
		}
		written, err = update(tx, versionRow{}.TableName(), columns, "profile_id = ? AND number = ?", a.ProfileID, a.Number)
		return atLeastOne(written, err, missing("routing version", a.ProfileID))
	})
}

// versionRow is a row of routing_versions.
type versionRow struct {
	ProfileID   string
	Number      int
	OperationID string
	Rules       string
	Replaced    int
	CreatedAt   instant
	UpdatedAt   instant
	ActivatedAt instant
}

// TableName implements schema.Tabler.
func (versionRow) TableName() string { return "routing_versions" }

func (r versionRow) columns() []column {
	return []column{
		{"profile_id", r.ProfileID}, {"number", r.Number}, {"operation_id", r.OperationID}, {"rules", r.Rules}, {"replaced", r.Replaced},
		{"created_at", r.CreatedAt}, {"updated_at", r.UpdatedAt}, {"activated_at", r.ActivatedAt},
	}
}

func (r versionRow) version() (routing.Version, error) {
	rules, err := fromJSON[routing.RuleSet](&r.Rules)
	if err != nil {
		return routing.Version{}, err
	}
	return routing.Version{
		ProfileID: r.ProfileID, Number: r.Number, OperationID: r.OperationID, Rules: *rules, Replaced: r.Replaced,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, ActivatedAt: r.ActivatedAt.Time,
	}, nil
}

// versionsWithin selects the versions of a profile of the scope.
func versionsWithin(db *gorm.DB, scope merchant.Scope, profileID string) *gorm.DB {
	return db.Select("routing_versions.*").
		Joins("JOIN routing_profiles ON routing_profiles.id = routing_versions.profile_id AND routing_profiles.merchant_id = ? AND routing_profiles.environment = ?",
			scope.MerchantID, string(scope.Environment)).
		Where("routing_versions.profile_id = ?", profileID)
}

// Version returns one version. Errors: fault.NotFound.
func (r Routing) Version(ctx context.Context, scope merchant.Scope, profileID string, number int) (found routing.Version, err error) {
	err = r.store.view(ctx, "read routing version", func(db *gorm.DB) error {
		found, err = one(versionsWithin(db, scope, profileID).Where("routing_versions.number = ?", number), "routing version", profileID, versionRow.version)
		return err
	})
	return found, err
}

// VersionsOf returns up to limit versions before one, newest first; before 0: the newest.
func (r Routing) VersionsOf(ctx context.Context, scope merchant.Scope, profileID string, before, limit int) (found []routing.Version, err error) {
	err = r.store.view(ctx, "list routing versions", func(db *gorm.DB) error {
		query := versionsWithin(db, scope, profileID)
		if before > 0 {
			query = query.Where("routing_versions.number < ?", before)
		}
		var rows []versionRow
		if err := query.Order("routing_versions.number DESC").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		found, err = convert(rows, versionRow.version)
		return err
	})
	return found, err
}

// InsertVersion stores a draft as the next version, and returns what is stored: the
// same OperationID twice is stored once. Errors: fault.NotFound.
func (r Routing) InsertVersion(ctx context.Context, scope merchant.Scope, v routing.Version) (stored routing.Version, err error) {
	rules, err := toJSON(&v.Rules)
	if err != nil {
		return v, translate("insert routing version", err)
	}
	err = r.store.transact(ctx, "insert routing version", func(tx *gorm.DB) error {
		mine := versionsWithin(tx, scope, v.ProfileID).Where("routing_versions.operation_id = ?", v.OperationID)
		known, err := one(mine, "routing version", v.OperationID, versionRow.version)
		if err == nil || !fault.Is(err, fault.NotFound) {
			stored = known
			return err
		}
		counted := tx.Model(&profileRow{}).Where("id = ? AND merchant_id = ? AND environment = ?", v.ProfileID, scope.MerchantID, string(scope.Environment)).
			UpdateColumn("versions", gorm.Expr("versions + 1"))
		if err := atLeastOne(counted.RowsAffected, counted.Error, missing("routing profile", v.ProfileID)); err != nil {
			return err
		}
		profile, err := one(within(tx, scope).Where("id = ?", v.ProfileID), "routing profile", v.ProfileID, profileRow.profile)
		if err != nil {
			return err
		}
		stored = v
		stored.Number = profile.Versions
		_, err = insert(tx, "", versionRow{
			ProfileID: v.ProfileID, Number: stored.Number, OperationID: v.OperationID, Rules: *rules, CreatedAt: at(v.CreatedAt), UpdatedAt: at(v.UpdatedAt),
		})
		return err
	})
	return stored, err
}

// errFinal: what decided once says for ever what it decided by.
var errFinal = fault.New(fault.InvalidState, "This version was active, so it cannot be changed any more. Make a new draft.")

// UpdateVersion replaces a draft's rules. Errors: fault.NotFound; fault.InvalidState
// when it is none.
func (r Routing) UpdateVersion(ctx context.Context, scope merchant.Scope, v routing.Version) error {
	rules, err := toJSON(&v.Rules)
	if err != nil {
		return translate("update routing version", err)
	}
	return r.store.transact(ctx, "update routing version", func(tx *gorm.DB) error {
		_, err := one(versionsWithin(tx, scope, v.ProfileID).Where("routing_versions.number = ?", v.Number), "routing version", v.ProfileID, versionRow.version)
		if err != nil {
			return err
		}
		written, err := update(tx, versionRow{}.TableName(), []column{{"rules", *rules}, {"updated_at", at(v.UpdatedAt)}},
			"profile_id = ? AND number = ? AND activated_at IS NULL", v.ProfileID, v.Number)
		return atLeastOne(written, err, errFinal)
	})
}

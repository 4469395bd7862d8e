package routing

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
)

// MaxProfiles is how many profiles a merchant can have in an environment.
const MaxProfiles = 20

// Profile is a rule set with a history. One of a merchant's profiles decides for
// payments with routing 'auto'; a payment can name another one.
type Profile struct {
	ID       string // rp_…
	Scope    merchant.Scope
	Name     string // 1 to MaxRuleName characters
	Default  bool   // decides for 'auto'; exactly one of a scope's profiles does
	Active   int    // the version that decides; 0: none was activated yet, and Standard holds
	Versions int    // how many there are; they are numbered from 1
	// OperationID is the ULID of the request that last activated a version.
	OperationID string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Version is one state of a profile's rules. Once it was active it never changes.
type Version struct {
	ProfileID   string
	Number      int
	OperationID string // ULID of the request that made it
	Rules       RuleSet
	// Replaced is the version that was active before it, when it was last activated: what
	// a rollback goes back to. 0: none.
	Replaced    int
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ActivatedAt time.Time // last; zero of a draft
}

// Draft reports whether the version can still be changed.
func (v Version) Draft() bool { return v.ActivatedAt.IsZero() }

// Repository keeps profiles. Reads and writes within a scope return fault.NotFound for
// what does not belong to it.
type Repository interface {
	// Profiles returns those of a scope, oldest first.
	Profiles(ctx context.Context, scope merchant.Scope) ([]Profile, error)
	// InsertProfile stores a profile, the first of its scope as the default, and returns
	// what is stored: the same id twice is stored once. Errors: fault.InvalidState when
	// the scope has limit profiles already.
	InsertProfile(ctx context.Context, p Profile, limit int) (Profile, error)
	// UpdateProfile stores a name ("" leaves it), and makes the profile the default
	// instead of the one that is, if asked to.
	UpdateProfile(ctx context.Context, p Profile) (Profile, error)

	// Version returns one version.
	Version(ctx context.Context, scope merchant.Scope, profileID string, number int) (Version, error)
	// VersionsOf returns up to limit versions before one, newest first; before 0: the newest.
	VersionsOf(ctx context.Context, scope merchant.Scope, profileID string, before, limit int) ([]Version, error)
	// InsertVersion stores a draft as the next version, and returns what is stored: the
	// same OperationID twice is stored once.
	InsertVersion(ctx context.Context, scope merchant.Scope, v Version) (Version, error)
	// UpdateVersion replaces a draft's rules. Errors: fault.InvalidState when it is none.
	UpdateVersion(ctx context.Context, scope merchant.Scope, v Version) error
	// Activate makes a version the active one instead of the one named, and remembers
	// with it which that was, unless keep says that it goes back to what it replaced.
	// Errors: fault.InvalidState when another is active by now.
	Activate(ctx context.Context, scope merchant.Scope, a Activation) error
}

// Activation changes which version of a profile is active.
type Activation struct {
	ProfileID   string
	OperationID string
	Number      int
	Instead     int  // of this version, which is active; 0: of none
	Back        bool // a rollback: what Number itself replaced stays as it was
	At          time.Time
}

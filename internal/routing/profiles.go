package routing

import (
	"cmp"
	"context"
	"slices"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// Names returns the gateways that a merchant can use, in the operator's order.
type Names func(ctx context.Context, scope merchant.Scope) ([]string, error)

// Profiles is what merchants do with their rules.
type Profiles struct {
	repository Repository
	gateways   Names
	changed    func(merchant.Scope) // told after each change
	clock      clock.Clock
}

// NewProfiles makes a Profiles. changed is told of whose profiles changed.
func NewProfiles(r Repository, gateways Names, changed func(merchant.Scope), c clock.Clock) *Profiles {
	return &Profiles{repository: r, gateways: gateways, changed: changed, clock: c}
}

// List returns the profiles of a scope, oldest first.
func (s *Profiles) List(ctx context.Context, scope merchant.Scope) ([]Profile, error) {
	return s.repository.Profiles(ctx, scope)
}

// Get returns one. Errors: fault.NotFound.
func (s *Profiles) Get(ctx context.Context, scope merchant.Scope, profileID string) (Profile, error) {
	all, err := s.repository.Profiles(ctx, scope)
	if err != nil {
		return Profile{}, err
	}
	i := slices.IndexFunc(all, func(p Profile) bool { return p.ID == profileID })
	if i < 0 {
		return Profile{}, noProfile(profileID)
	}
	return all[i], nil
}

// Create makes a profile; operationID decides its id. The first is the default.
// Errors: fault.Invalid naming "name"; fault.InvalidState when there are MaxProfiles.
func (s *Profiles) Create(ctx context.Context, scope merchant.Scope, operationID, name string) (Profile, error) {
	if err := checkName("name", name); err != nil {
		return Profile{}, err
	}
	defer s.changed(scope)
	now := s.clock.Now()
	return s.repository.InsertProfile(ctx, Profile{
		ID: id.Join(id.RoutingProfile, operationID), Scope: scope, Name: name, CreatedAt: now, UpdatedAt: now,
	}, MaxProfiles)
}

// Update renames a profile ("" leaves the name), and makes it the default if asked to.
// Errors: fault.Invalid naming "name"; fault.NotFound.
func (s *Profiles) Update(ctx context.Context, scope merchant.Scope, profileID, name string, byDefault bool) (Profile, error) {
	if name != "" {
		if err := checkName("name", name); err != nil {
			return Profile{}, err
		}
	}
	defer s.changed(scope)
	return s.repository.UpdateProfile(ctx, Profile{ID: profileID, Scope: scope, Name: name, Default: byDefault, UpdatedAt: s.clock.Now()})
}

// Version returns a version of a profile. Errors: fault.NotFound.
func (s *Profiles) Version(ctx context.Context, scope merchant.Scope, profileID string, number int) (Version, error) {
	return s.repository.Version(ctx, scope, profileID, number)
}

// Versions returns up to limit versions before one, newest first, and whether there
// are more; before 0 means the newest. Errors: fault.NotFound.
func (s *Profiles) Versions(ctx context.Context, scope merchant.Scope, profileID string, before, limit int) ([]Version, bool, error) {
	if _, err := s.Get(ctx, scope, profileID); err != nil {
		return nil, false, err
	}
	rows, err := s.repository.VersionsOf(ctx, scope, profileID, before, limit+1)
	return rows[:min(limit, len(rows))], len(rows) > limit, err
}

// Draft makes a new version of a profile, which decides nothing until it is
// activated. Errors: fault.Invalid naming the field; fault.NotFound.
func (s *Profiles) Draft(ctx context.Context, scope merchant.Scope, profileID, operationID string, rules RuleSet) (Version, error) {
	if err := s.Check(ctx, scope, rules); err != nil {
		return Version{}, err
	}
	now := s.clock.Now()
	return s.repository.InsertVersion(ctx, scope, Version{ProfileID: profileID, OperationID: operationID, Rules: rules, CreatedAt: now, UpdatedAt: now})
}

// Change replaces the rules of a draft.
// Errors: fault.Invalid naming the field; fault.NotFound; fault.InvalidState when it was active.
func (s *Profiles) Change(ctx context.Context, scope merchant.Scope, profileID string, number int, rules RuleSet) (Version, error) {
	if err := s.Check(ctx, scope, rules); err != nil {
		return Version{}, err
	}
	v, err := s.repository.Version(ctx, scope, profileID, number)
	if err != nil {
		return Version{}, err
	}
	v.Rules, v.UpdatedAt = rules, s.clock.Now()
	return v, s.repository.UpdateVersion(ctx, scope, v)
}

// Check checks rules against the gateways that there are now.
// Errors: fault.Invalid naming the field.
func (s *Profiles) Check(ctx context.Context, scope merchant.Scope, rules RuleSet) error {
	known, err := s.gateways(ctx, scope)
	if err != nil {
		return err
	}
	return rules.Check(known)
}

// Activate makes a version decide, in all processes within seconds; a draft is final
// from then on. Activating the active one changes nothing. Errors: fault.NotFound;
// fault.Invalid when a gateway of the rules is gone; fault.InvalidState when somebody
// else activates another one at the same moment.
func (s *Profiles) Activate(ctx context.Context, scope merchant.Scope, profileID, operationID string, number int) (Profile, error) {
	p, err := s.Get(ctx, scope, profileID)
	if err != nil || p.Active == number {
		return p, err
	}
	v, err := s.repository.Version(ctx, scope, profileID, number)
	if err != nil {
		return Profile{}, err
	}
	if err := s.Check(ctx, scope, v.Rules); err != nil {
		return Profile{}, err
	}
	return s.activate(ctx, scope, Activation{ProfileID: profileID, OperationID: operationID, Number: number, Instead: p.Active})
}

// Rollback goes back to the version that was active before the one that is. Its rules
// are not checked: they decided before. The same operationID goes back once. Errors:
// fault.NotFound; fault.InvalidState when there is none to go back to.
func (s *Profiles) Rollback(ctx context.Context, scope merchant.Scope, profileID, operationID string) (Profile, error) {
	p, err := s.Get(ctx, scope, profileID)
	if err != nil || p.OperationID == operationID {
		return p, err
	}
	none := fault.New(fault.InvalidState, "Routing profile '%s' has no version to go back to.", profileID)
	if p.Active == 0 {
		return Profile{}, none
	}
	v, err := s.repository.Version(ctx, scope, profileID, p.Active)
	if err != nil {
		return Profile{}, err
	}
	if v.Replaced == 0 {
		return Profile{}, none
	}
	return s.activate(ctx, scope, Activation{ProfileID: profileID, OperationID: operationID, Number: v.Replaced, Instead: p.Active, Back: true})
}

func (s *Profiles) activate(ctx context.Context, scope merchant.Scope, a Activation) (Profile, error) {
	a.At = s.clock.Now()
	err := s.repository.Activate(ctx, scope, a)
	s.changed(scope)
	if err != nil {
		return Profile{}, err
	}
	return s.Get(ctx, scope, a.ProfileID)
}

// Effective returns what decides for payments that name no profile: the active version
// of the default profile, or Standard, of version 0.
func (s *Profiles) Effective(ctx context.Context, scope merchant.Scope) (Profile, Version, error) {
	all, err := s.repository.Profiles(ctx, scope)
	if err != nil {
		return Profile{}, Version{}, err
	}
	for _, p := range all {
		if p.Default && p.Active > 0 {
			v, err := s.repository.Version(ctx, scope, p.ID, p.Active)
			return p, v, err
		}
	}
	return Profile{}, Version{Rules: Standard()}, nil
}

func noProfile(profileID string) error {
	return fault.New(fault.NotFound, "There is no routing profile '%s'.", cmp.Or(profileID, "default"))
}

package api_test

import (
	"context"
	"slices"
	"sync"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/interleave"
	"paymenthub/internal/merchant"
	"paymenthub/internal/routing"
)

// rulebook keeps routing profiles in memory, and what was seen of the gateways.
type rulebook struct {
	mu       sync.Mutex
	profiles []routing.Profile
	versions []routing.Version
	seen     []routing.Bucket
	health   *routing.Health
	engine   *routing.Engine
}

// newRouting makes what the hub's routing is, with gateways stripe and adyen.
func newRouting(c clock.Clock) (*rulebook, apiRouting) {
	b := &rulebook{health: routing.NewHealth("api")}
	gateways := gateway.NewRegistry()
	for _, name := range []string{"stripe", "adyen"} {
		for _, env := range []merchant.Environment{merchant.Sandbox, merchant.Live} {
			_ = gateways.Register(env, interleave.NewProvider(name)) // fails for one that is there twice
		}
	}
	b.engine = routing.NewEngine(routing.Options{Repository: b, Health: b.health, Clock: c})
	router := gateway.NewRouter(gateways, b.engine)
	return b, apiRouting{
		routing.NewProfiles(b, router.NamesInRules, b.engine.Forget, c),
		&routing.Reports{Repository: b, Health: b.health, Gateways: router.Names, Clock: c}, router,
	}
}

// apiRouting is all that the façade asks of routing.
type apiRouting struct {
	*routing.Profiles
	*routing.Reports
	*gateway.Router
}

func (b *rulebook) Profiles(_ context.Context, scope merchant.Scope) (found []routing.Profile, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.profiles {
		if p.Scope == scope {
			found = append(found, p)
		}
	}
	return found, nil
}

func (b *rulebook) InsertProfile(_ context.Context, p routing.Profile, _ int) (routing.Profile, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.Default = len(b.profiles) == 0
	b.profiles = append(b.profiles, p)
	return p, nil
}

func (b *rulebook) UpdateProfile(_ context.Context, p routing.Profile) (routing.Profile, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	mine, err := b.profile(p.Scope, p.ID)
	if err != nil {
		return p, err
	}
	for i := range b.profiles {
		b.profiles[i].Default = b.profiles[i].Default && !p.Default
	}
	mine.Default = mine.Default || p.Default
	if p.Name != "" {
		mine.Name = p.Name
	}
	mine.UpdatedAt = p.UpdatedAt
	return *mine, nil
}

func (b *rulebook) profile(scope merchant.Scope, profileID string) (*routing.Profile, error) {
	i := slices.IndexFunc(b.profiles, func(p routing.Profile) bool { return p.ID == profileID && p.Scope == scope })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "No such routing profile.")
	}
	return &b.profiles[i], nil
}

func (b *rulebook) version(scope merchant.Scope, profileID string, number int) (*routing.Version, error) {
	_, err := b.profile(scope, profileID)
	i := slices.IndexFunc(b.versions, func(v routing.Version) bool { return v.ProfileID == profileID && v.Number == number })
	if err != nil || i < 0 {
		return nil, fault.New(fault.NotFound, "No such routing version.")
	}
	return &b.versions[i], nil
}

func (b *rulebook) Version(_ context.Context, scope merchant.Scope, profileID string, number int) (routing.Version, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, err := b.version(scope, profileID, number)
	if err != nil {
		return routing.Version{}, err
	}
	return *v, nil
}

func (b *rulebook) VersionsOf(_ context.Context, _ merchant.Scope, profileID string, before, limit int) (found []routing.Version, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range slices.Backward(b.versions) {
		if v.ProfileID == profileID && (before == 0 || v.Number < before) && len(found) < limit {
			found = append(found, v)
		}
	}
	return found, nil
}

func (b *rulebook) InsertVersion(_ context.Context, scope merchant.Scope, v routing.Version) (routing.Version, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := b.profile(scope, v.ProfileID)
	if err != nil {
		return v, err
	}
	p.Versions++
	v.Number = p.Versions
	b.versions = append(b.versions, v)
	return v, nil
}

func (b *rulebook) UpdateVersion(_ context.Context, scope merchant.Scope, changed routing.Version) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, err := b.version(scope, changed.ProfileID, changed.Number)
	if err != nil {
		return err
	}
	if !v.Draft() {
		return fault.New(fault.InvalidState, "This version was active.")
	}
	*v = changed
	return nil
}

func (b *rulebook) Activate(_ context.Context, scope merchant.Scope, a routing.Activation) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := b.profile(scope, a.ProfileID)
	if err != nil {
		return err
	}
	v, err := b.version(scope, a.ProfileID, a.Number)
	if err != nil {
		return err
	}
	p.Active, p.OperationID, v.ActivatedAt = a.Number, a.OperationID, a.At
	if !a.Back {
		v.Replaced = a.Instead
	}
	return nil
}

func (b *rulebook) Totals(_ context.Context, scope merchant.Scope, from int64) (found []routing.Bucket, err error) {
	for _, s := range b.seen {
		if s.Scope == scope && s.Minute >= from {
			found = append(found, s)
		}
	}
	return found, nil
}

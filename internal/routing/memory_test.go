package routing

import (
	"context"
	"slices"
	"sync"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// book keeps in memory what the store keeps in its database, and counts what it is asked.
type book struct {
	mu       sync.Mutex
	asked    int
	away     error // what it answers instead
	profiles []Profile
	versions []Version
	health   map[Account]HealthRecord
	signals  map[SignalRecord]bool
	buckets  map[heardFrom]Bucket
}

func newBook() *book {
	return &book{health: map[Account]HealthRecord{}, signals: map[SignalRecord]bool{}, buckets: map[heardFrom]Bucket{}}
}

func (b *book) ask() error {
	b.mu.Lock()
	b.asked++
	return b.away
}

func (b *book) Profiles(_ context.Context, scope merchant.Scope) (found []Profile, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for _, p := range b.profiles {
		if p.Scope == scope {
			found = append(found, p)
		}
	}
	return found, err
}

func (b *book) InsertProfile(_ context.Context, p Profile, limit int) (Profile, error) {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return p, err
	}
	if i := slices.IndexFunc(b.profiles, func(o Profile) bool { return o.ID == p.ID }); i >= 0 {
		return b.profiles[i], nil
	}
	if len(b.profiles) >= limit {
		return p, fault.New(fault.InvalidState, "full")
	}
	p.Default = len(b.profiles) == 0
	b.profiles = append(b.profiles, p)
	return p, nil
}

func (b *book) UpdateProfile(_ context.Context, p Profile) (Profile, error) {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return p, err
	}
	for i := range b.profiles {
		if p.Default {
			b.profiles[i].Default = b.profiles[i].ID == p.ID
		}
		if b.profiles[i].ID == p.ID && p.Name != "" {
			b.profiles[i].Name = p.Name
		}
	}
	return b.profiles[b.profile(p.ID)], nil
}

func (b *book) profile(profileID string) int {
	return slices.IndexFunc(b.profiles, func(p Profile) bool { return p.ID == profileID })
}

func (b *book) version(profileID string, number int) int {
	return slices.IndexFunc(b.versions, func(v Version) bool { return v.ProfileID == profileID && v.Number == number })
}

func (b *book) Version(_ context.Context, _ merchant.Scope, profileID string, number int) (Version, error) {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return Version{}, err
	}
	i := b.version(profileID, number)
	if i < 0 {
		return Version{}, fault.New(fault.NotFound, "no version")
	}
	return b.versions[i], nil
}

func (b *book) VersionsOf(_ context.Context, _ merchant.Scope, profileID string, before, limit int) (found []Version, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for _, v := range slices.Backward(b.versions) {
		if v.ProfileID == profileID && (before == 0 || v.Number < before) && len(found) < limit {
			found = append(found, v)
		}
	}
	return found, err
}

func (b *book) InsertVersion(_ context.Context, _ merchant.Scope, v Version) (Version, error) {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return v, err
	}
	p := b.profile(v.ProfileID)
	if p < 0 {
		return v, fault.New(fault.NotFound, "no profile")
	}
	b.profiles[p].Versions++
	v.Number = b.profiles[p].Versions
	b.versions = append(b.versions, v)
	return v, nil
}

func (b *book) UpdateVersion(_ context.Context, _ merchant.Scope, v Version) error {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return err
	}
	i := b.version(v.ProfileID, v.Number)
	if !b.versions[i].Draft() {
		return fault.New(fault.InvalidState, "final")
	}
	b.versions[i] = v
	return nil
}

func (b *book) Activate(_ context.Context, _ merchant.Scope, a Activation) error {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return err
	}
	p, v := b.profile(a.ProfileID), b.version(a.ProfileID, a.Number)
	if b.profiles[p].Active != a.Instead {
		return fault.New(fault.InvalidState, "another")
	}
	b.profiles[p].Active, b.profiles[p].OperationID = a.Number, a.OperationID
	b.versions[v].ActivatedAt = a.At
	if !a.Back {
		b.versions[v].Replaced = a.Instead
	}
	return nil
}

func (b *book) Health(context.Context) (all []HealthRecord, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for _, r := range b.health {
		all = append(all, r)
	}
	return all, err
}

func (b *book) PutBreaker(_ context.Context, a Account, next Breaker, _ time.Time) (bool, error) {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return false, err
	}
	r := b.health[a]
	if r.Breaker.Version != next.Version-1 {
		return false, nil
	}
	r.Account, r.Breaker = a, next
	b.health[a] = r
	return true, nil
}

// force does what the operator's command does.
func (b *book) force(a Account, f Forced) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, known := b.health[a]
	if !known {
		r.Account, r.Breaker.State = a, Closed
	}
	r.Forced = f
	b.health[a] = r
}

func (b *book) PutSignals(_ context.Context, rows []SignalRecord) error {
	defer b.mu.Unlock()
	err := b.ask()
	for _, r := range rows {
		for old := range b.signals {
			if old.Account == r.Account && old.Process == r.Process {
				delete(b.signals, old)
			}
		}
		b.signals[r] = true
	}
	return err
}

func (b *book) SignalsOfOthers(_ context.Context, process string, since time.Time) (found []SignalRecord, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for r := range b.signals {
		if r.Process != process && !r.At.Before(since) {
			found = append(found, r)
		}
	}
	return found, err
}

func (b *book) PutBuckets(_ context.Context, rows []Bucket) error {
	defer b.mu.Unlock()
	if err := b.ask(); err != nil {
		return err
	}
	for _, r := range rows {
		b.buckets[heardFrom{slot{r.Cell, r.Minute}, r.Process}] = r
	}
	return nil
}

func (b *book) BucketsOfOthers(_ context.Context, process string, since time.Time) (found []Bucket, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for _, r := range b.buckets {
		if r.Process != process && !r.At.Before(since) {
			found = append(found, r)
		}
	}
	return found, err
}

func (b *book) History(_ context.Context, from, before, step int64) (found []Bucket, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for _, r := range b.buckets {
		if r.Minute >= from && r.Minute < before {
			r.Minute = r.Minute / step * step
			found = append(found, r)
		}
	}
	return found, err
}

func (b *book) Totals(_ context.Context, scope merchant.Scope, from int64) (found []Bucket, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for _, r := range b.buckets {
		if r.Scope == scope && r.Minute >= from {
			found = append(found, r)
		}
	}
	return found, err
}

func (b *book) DeleteOldOutcomes(_ context.Context, before int64, _ int) (n int64, err error) {
	defer b.mu.Unlock()
	err = b.ask()
	for k := range b.buckets {
		if k.minute < before {
			delete(b.buckets, k)
			n++
		}
	}
	return n, err
}

// allNames are the gateways that tests know.
var allNames = []string{"a", "b", "c", "d", "larch", "maple", "birch", "aspen"}

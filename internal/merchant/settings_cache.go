package merchant

import (
	"context"
	"sync"
	"time"

	"paymenthub/internal/clock"
)

// Bounds of a settings cache's memory.
const (
	// settingsTTL is how long settings are believed: a change is seen within it.
	settingsTTL = 3 * time.Second
	// settingsLimit bounds the remembered scopes; a logo makes one large.
	settingsLimit = 500
)

// SettingsCache reads settings for whoever asks often. What it returns is shared
// and must not be changed.
type SettingsCache struct {
	repo  SettingsRepository
	clock clock.Clock

	mu    sync.Mutex
	known map[Scope]remembered
}

type remembered struct {
	settings Settings
	expires  time.Time
}

// NewSettingsCache makes a cache with an empty memory.
func NewSettingsCache(repo SettingsRepository, c clock.Clock) *SettingsCache {
	return &SettingsCache{repo: repo, clock: c, known: map[Scope]remembered{}}
}

// Settings returns a scope's settings, at most 3 s old. Errors: those of the
// repository.
func (s *SettingsCache) Settings(ctx context.Context, scope Scope) (Settings, error) {
	now := s.clock.Now()
	s.mu.Lock()
	r, ok := s.known[scope]
	s.mu.Unlock()
	if ok && now.Before(r.expires) {
		return r.settings, nil
	}
	found, err := s.repo.Settings(ctx, scope)
	if err != nil {
		return Settings{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= settingsLimit {
		clear(s.known)
	}
	s.known[scope] = remembered{found, now.Add(settingsTTL)}
	return found, nil
}

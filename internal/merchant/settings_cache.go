package merchant

import (
	"context"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/recall"
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
	known *recall.Memory[Scope, Settings]
}

// NewSettingsCache makes a cache with an empty memory.
func NewSettingsCache(repo SettingsRepository, c clock.Clock) *SettingsCache {
	return &SettingsCache{repo: repo, known: recall.New[Scope, Settings](settingsTTL, settingsLimit, c)}
}

// Settings returns a scope's settings, at most 3 s old. Errors: those of the
// repository.
func (s *SettingsCache) Settings(ctx context.Context, scope Scope) (Settings, error) {
	return s.known.Get(ctx, scope, func(ctx context.Context) (Settings, error) { return s.repo.Settings(ctx, scope) })
}

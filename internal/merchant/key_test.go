package merchant_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// memory is a repository that counts how often it is asked.
type memory struct {
	mu      sync.Mutex
	keys    map[string]merchant.Key
	used    map[string]time.Time
	lookups atomic.Int64
	down    atomic.Bool
}

func (m *memory) CreateMerchant(context.Context, merchant.Merchant) error { return nil }

func (m *memory) Merchant(_ context.Context, merchantID string) (merchant.Merchant, error) {
	if merchantID != "mch_1" {
		return merchant.Merchant{}, fault.New(fault.NotFound, "no merchant")
	}
	return merchant.Merchant{ID: merchantID}, nil
}

func (m *memory) CreateKey(_ context.Context, k merchant.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[k.ID] = k
	return nil
}

func (m *memory) ReplaceKey(_ context.Context, oldID string, endsAt time.Time, successor merchant.Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.keys[oldID]
	old.ExpiresAt = endsAt
	m.keys[oldID], m.keys[successor.ID] = old, successor
	return nil
}

func (m *memory) RevokeKey(_ context.Context, keyID string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.keys[keyID]
	k.RevokedAt = at
	m.keys[keyID] = k
	return nil
}

func (m *memory) Key(_ context.Context, keyID string) (merchant.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[keyID]
	if !ok {
		return k, fault.New(fault.NotFound, "no key")
	}
	return k, nil
}

func (m *memory) KeysByPrefix(_ context.Context, prefix string) ([]merchant.Key, error) {
	m.lookups.Add(1)
	if m.down.Load() {
		return nil, errors.New("database is away")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []merchant.Key
	for _, k := range m.keys {
		if k.Prefix == prefix {
			found = append(found, k)
		}
	}
	return found, nil
}

func (m *memory) KeysOf(context.Context, string) ([]merchant.Key, error) { return nil, nil }

func (m *memory) TouchKeys(_ context.Context, used map[string]time.Time) error {
	m.used = used
	return nil
}

func setUp(t *testing.T) (*memory, *clock.Manual, *merchant.Keys, *merchant.Authenticator, merchant.Key, string) {
	t.Helper()
	repo := &memory{keys: map[string]merchant.Key{}}
	c := clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	service := merchant.NewKeys(repo, c)
	key, clear, err := service.Create(context.Background(), merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}, merchant.SecretKey, "shop", nil)
	require.NoError(t, err)
	return repo, c, service, merchant.NewAuthenticator(repo, c), key, clear
}

func TestKeysAreStoredAsHashes(t *testing.T) {
	_, _, _, _, key, clear := setUp(t)
	require.True(t, strings.HasPrefix(clear, "sk_live_"))
	require.Len(t, clear, len("sk_live_")+32)
	require.True(t, strings.HasPrefix(clear, key.Prefix))
	require.NotContains(t, fmt.Sprintf("%+v", key), clear)
	require.Equal(t, merchant.Permissions, key.Permissions)
}

func TestPublishableKeysMayOnlyConfirm(t *testing.T) {
	_, _, service, _, _, _ := setUp(t)
	key, clear, err := service.Create(context.Background(), merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, merchant.PublishableKey, "web", merchant.Permissions)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(clear, "pk_sandbox_"))
	require.True(t, key.May(merchant.ConfirmPayments))
	require.False(t, key.May(merchant.ReadPayments))
}

func TestAuthenticationAsksOnceForMany(t *testing.T) {
	repo, c, _, auth, key, clear := setUp(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got, err := auth.Authenticate(context.Background(), clear)
			if err != nil || got.ID != key.ID {
				t.Errorf("got %v, %v", got.ID, err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, repo.lookups.Load())
	c.Advance(4 * time.Second)
	_, err := auth.Authenticate(context.Background(), clear)
	require.NoError(t, err)
	require.EqualValues(t, 2, repo.lookups.Load(), "an answer is believed for 3 s")
	require.NoError(t, auth.Flush(context.Background()))
	require.Equal(t, c.Now(), repo.used[key.ID])
}

func TestWrongKeysAreRefusedAndRememberedToo(t *testing.T) {
	repo, _, _, auth, key, clear := setUp(t)
	for range 3 {
		for _, wrong := range []string{"", "sk_live_", clear + "x", clear[:len(clear)-1], key.Prefix} {
			_, err := auth.Authenticate(context.Background(), wrong)
			require.True(t, fault.Is(err, fault.Unauthenticated), "%q", wrong)
		}
	}
	require.EqualValues(t, 5, repo.lookups.Load())
}

func TestRevokedKeysStopWithinFiveSeconds(t *testing.T) {
	_, c, service, auth, key, clear := setUp(t)
	_, err := auth.Authenticate(context.Background(), clear)
	require.NoError(t, err)
	require.NoError(t, service.Revoke(context.Background(), key.ID))
	c.Advance(5 * time.Second)
	_, err = auth.Authenticate(context.Background(), clear)
	require.True(t, fault.Is(err, fault.Unauthenticated))
}

func TestRotatedKeysOverlapForADay(t *testing.T) {
	_, c, service, auth, key, old := setUp(t)
	_, fresh, err := service.Rotate(context.Background(), key.ID)
	require.NoError(t, err)
	_, _, err = service.Rotate(context.Background(), key.ID)
	require.True(t, fault.Is(err, fault.InvalidState), "a key is rotated once")
	c.Advance(merchant.RotationOverlap - time.Second)
	for _, k := range []string{old, fresh} {
		_, err = auth.Authenticate(context.Background(), k)
		require.NoError(t, err)
	}
	c.Advance(time.Second)
	_, err = auth.Authenticate(context.Background(), old)
	require.True(t, fault.Is(err, fault.Unauthenticated), "also while its look-up is remembered")
	_, err = auth.Authenticate(context.Background(), fresh)
	require.NoError(t, err)
}

func TestAFailedLookupIsNotRemembered(t *testing.T) {
	repo, _, _, auth, _, clear := setUp(t)
	repo.down.Store(true)
	_, err := auth.Authenticate(context.Background(), clear)
	require.ErrorContains(t, err, "away")
	repo.down.Store(false)
	_, err = auth.Authenticate(context.Background(), clear)
	require.NoError(t, err)
}

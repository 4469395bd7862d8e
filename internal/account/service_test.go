package account_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/store"
	"paymenthub/internal/vault"
)

// provider is a connector that counts what it is asked, and runs something meanwhile.
type provider struct {
	mu     sync.Mutex
	probes int
	during func()
	at     string // the provider's id of the account that credentials are of
}

func (p *provider) Providers() []account.Provider {
	return []account.Provider{{Name: "adyen", Title: "Adyen", Credentials: []account.Credential{
		{Name: "api_key", Title: "API key", Required: true}, {Name: "merchant_account", Title: "Merchant account", Required: true, Public: true},
		{Name: "hmac_key", Title: "HMAC key"},
	}}}
}

func (p *provider) Probe(context.Context, string, merchant.Environment, account.Credentials) (string, error) {
	p.mu.Lock()
	p.probes++
	during, at := p.during, p.at
	p.during = nil
	p.mu.Unlock()
	if during != nil {
		during()
	}
	return at, nil
}

func newDesk(t *testing.T) (*account.Service, *provider, *vault.Vault, merchant.Scope) {
	t.Helper()
	at := clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC))
	db, err := store.Open(t.Context(), store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	shop := merchant.Merchant{ID: id.New(id.Merchant), Name: "Shop", CreatedAt: at.Now()}
	require.NoError(t, db.Merchants().CreateMerchant(t.Context(), shop))
	sealer, err := vault.New(db.Vault(), vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, at)
	require.NoError(t, err)
	p := &provider{}
	s := account.NewService(account.Options{Repository: db.GatewayAccounts(), Sealer: sealer, Connector: p, Clock: at, Changed: func(account.Account) {}})
	return s, p, sealer, merchant.Scope{MerchantID: shop.ID, Environment: merchant.Sandbox}
}

func wanted(scope merchant.Scope) account.New {
	return account.New{
		OperationID: id.NewSuffix(), Scope: scope, Provider: "adyen",
		Credentials: account.Credentials{"api_key": "first", "merchant_account": "ExampleECOM"},
	}
}

// What others change while the provider is asked is not undone.
func TestChangesAtTheSameTimeKeepEachOther(t *testing.T) {
	t.Parallel()
	s, p, sealer, scope := newDesk(t)
	a, err := s.Connect(t.Context(), wanted(scope))
	require.NoError(t, err)
	label, disabled := "renamed meanwhile", account.Disabled
	p.during = func() {
		_, err := s.Update(t.Context(), scope, a.Name, account.Changes{Label: &label, Status: &disabled})
		require.NoError(t, err)
	}
	after, err := s.Update(t.Context(), scope, a.Name, account.Changes{Credentials: account.Credentials{"api_key": "second"}})
	require.NoError(t, err)
	require.Equal(t, []any{label, account.Disabled, 3}, []any{after.Label, after.Status, after.Version})
	require.Equal(t, 3, p.probes, "once for the account, and once for each try to change it")
	stored, err := s.Get(t.Context(), scope, a.Name)
	require.NoError(t, err)
	require.Equal(t, after, stored)
	opened, err := stored.Open(sealer)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"api_key": "second", "merchant_account": "ExampleECOM"}, opened.Reveal())
}

func TestOfSimultaneousChangesNoneIsLost(t *testing.T) {
	t.Parallel()
	s, _, _, scope := newDesk(t)
	a, err := s.Connect(t.Context(), wanted(scope))
	require.NoError(t, err)
	var all sync.WaitGroup
	var mu sync.Mutex
	stored := 1
	for priority := range 8 {
		all.Go(func() {
			_, err := s.Update(t.Context(), scope, a.Name, account.Changes{Priority: &priority})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored++
			} else if !fault.Is(err, fault.Unavailable) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	after, err := s.Get(t.Context(), scope, a.Name)
	require.NoError(t, err)
	require.Equal(t, stored, after.Version, "who was told that it is changed, changed it")
}

// Payments that an account took would not be found at another one, and be charged again.
func TestCredentialsOfAnotherAccountAreRefused(t *testing.T) {
	t.Parallel()
	s, p, _, scope := newDesk(t)
	active, disabled := account.Active, account.Disabled
	for _, first := range []string{"acct_first", ""} { // a provider may tell none
		p.at = first
		a, err := s.Connect(t.Context(), wanted(scope))
		require.NoError(t, err)
		require.Equal(t, first, a.ProviderAccount)
		off, err := s.Update(t.Context(), scope, a.Name, account.Changes{Status: &disabled})
		require.NoError(t, err)
		p.at = "acct_second"
		for param, c := range map[string]account.Changes{
			"credentials.api_key": {Credentials: account.Credentials{"api_key": "another's", "hmac_key": "ABCD"}},
			"credentials":         {Status: &active},
		} {
			_, err := s.Update(t.Context(), scope, a.Name, c)
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			require.Equal(t, param, fault.From(err).Param)
			require.Contains(t, err.Error(), "another account at Adyen")
			require.NotContains(t, err.Error(), "another's")
		}
		stored, err := s.Get(t.Context(), scope, a.Name)
		require.NoError(t, err)
		require.Equal(t, off, stored, "what was refused changed nothing")
		p.at = first
		after, err := s.Update(t.Context(), scope, a.Name, account.Changes{Status: &active, Credentials: account.Credentials{"api_key": "rolled"}})
		require.NoError(t, err)
		require.Equal(t, []any{account.Active, first}, []any{after.Status, after.ProviderAccount})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	own := account.NameOf("adyen", id.NewSuffix())
	require.Equal(t, "adyen", account.ProviderOf(own))
	require.Equal(t, "adyen", account.ProviderOf("adyen"))
	require.True(t, account.ValidName(own))
	for _, name := range []string{"", "_", "adyen", "adyen_", "adyen_x", "_" + id.NewSuffix(), own + "x", "adyen_" + own} {
		require.False(t, account.ValidName(name), name)
	}
}

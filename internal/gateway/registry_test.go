package gateway_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	merchants "paymenthub/internal/account"
	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
	"paymenthub/internal/store"
	"paymenthub/internal/vault"
)

var ctx = context.Background()

// line is an adapter that remembers what it was made with.
type line struct {
	gateway.Gateway
	provider string
	settings gateway.Settings
	caps     gateway.Capabilities
	probe    error
}

func (l line) Provider() string                   { return l.provider }
func (l line) Capabilities() gateway.Capabilities { return l.caps }
func keyOf(a *gateway.Account) string             { return a.Gateway.(line).settings.Values["key"] }

// Probe says that keys which differ in what follows a tilde alone are of one account.
func (l line) Probe(context.Context) (string, error) {
	root, _, _ := strings.Cut(l.settings.Values["key"], "~")
	return "acct_" + root, l.probe
}

// provider is a catalogue entry whose adapters keep cards or do not.
func provider(name string, savesCards bool, probe error) gateway.Provider {
	caps := gateway.Capabilities{
		Methods: map[payment.MethodType]gateway.MethodSupport{payment.MethodIDEAL: {}, payment.MethodCard: {}}, SavesCards: savesCards,
		Currencies: map[money.Currency]bool{"EUR": true, "USD": true}, Fees: routing.Fees{{BasisPoints: 290}},
	}
	return gateway.Provider{
		Name: name, Title: name, Credentials: []gateway.Credential{{Name: "key", Title: "Key", Required: true}}, Capabilities: caps,
		New: func(s gateway.Settings) (gateway.Gateway, error) {
			if s.Values["key"] == "malformed" {
				return nil, errors.New("the key malformed is malformed")
			}
			return line{provider: name, settings: s, caps: caps, probe: probe}, nil
		},
	}
}

// town is a database with two merchants, and a service that connects accounts.
type town struct {
	clock     *clock.Manual
	store     *store.Store
	vault     *vault.Vault
	connector *gateway.Connector
	accounts  *merchants.Service
	shop      merchant.Scope
	stranger  merchant.Scope
}

func newTown(t *testing.T) *town {
	t.Helper()
	db, err := store.Open(ctx, store.Options{SQLiteFile: t.TempDir() + "/hub.db"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(ctx))
	w := &town{clock: clock.NewManual(time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC)), store: db}
	w.vault, err = vault.New(db.Vault(), vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, w.clock)
	require.NoError(t, err)
	catalogue := gateway.Catalogue{provider("stripe", true, nil), provider("adyen", true, nil), provider("mollie", false, nil)}
	w.connector = gateway.NewConnector(catalogue, func(name string, env merchant.Environment) gateway.Settings {
		return gateway.Settings{BaseURL: "http://" + name + "." + string(env)}
	})
	w.accounts = merchants.NewService(merchants.Options{Repository: db.GatewayAccounts(), Sealer: w.vault, Connector: w.connector, Clock: w.clock, Changed: func(merchants.Account) {}})
	w.shop, w.stranger = w.merchant(t), w.merchant(t)
	return w
}

func (w *town) merchant(t *testing.T) merchant.Scope {
	m := merchant.Merchant{ID: id.New(id.Merchant), Name: "Shop", CreatedAt: w.clock.Now()}
	require.NoError(t, w.store.Merchants().CreateMerchant(ctx, m))
	return merchant.Scope{MerchantID: m.ID, Environment: merchant.Sandbox}
}

// process is a registry with a memory of its own: the operator's Stripe and Mollie,
// and whatever merchants have connected.
func (w *town) process(t *testing.T, catalogue ...gateway.Provider) *gateway.Registry {
	connector := w.connector
	if len(catalogue) > 0 {
		connector = gateway.NewConnector(catalogue, func(string, merchant.Environment) gateway.Settings { return gateway.Settings{} })
	}
	r := gateway.NewRegistry()
	require.NoError(t, r.Register(merchant.Sandbox, line{provider: "stripe"}))
	require.NoError(t, r.Register(merchant.Sandbox, line{provider: "mollie"}))
	r.Connect(gateway.NewConnected(gateway.ConnectedOptions{
		Repository: w.store.GatewayAccounts(), Sealer: w.vault, Connector: connector, Clock: w.clock, Logger: zap.NewNop(),
	}))
	return r
}

// connect connects an account of the shop's; a later one is younger.
func (w *town) connect(t *testing.T, provider, key string, priority int) string {
	w.clock.Advance(5 * time.Millisecond)
	a, err := w.accounts.Connect(ctx, merchants.New{
		OperationID: id.FirstAt(w.clock.Now())[:10] + id.NewSuffix()[10:], Scope: w.shop, Provider: provider, Priority: priority,
		Credentials: merchants.Credentials{"key": vault.Secret(key)},
	})
	require.NoError(t, err)
	return a.Name
}

func names(t *testing.T, r *gateway.Registry, scope merchant.Scope) (list []string) {
	all, err := r.Of(ctx, scope)
	require.NoError(t, err)
	for _, a := range all {
		list = append(list, a.Name)
	}
	return list
}

func TestAMerchantsOwnAccountsComeFirst(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	old, young := w.connect(t, "adyen", "old", 0), w.connect(t, "adyen", "young", 0)
	best, stripe := w.connect(t, "adyen", "best", 9), w.connect(t, "stripe", "own", -1)
	r := w.process(t)
	require.Equal(t, []string{best, old, young, stripe, "stripe", "mollie"}, names(t, r, w.shop), "by priority and age, then the operator's")
	for name, want := range map[string]string{"adyen": best, "stripe": stripe, "mollie": "mollie", young: young, stripe: stripe} {
		a, err := r.Named(ctx, w.shop, name)
		require.NoError(t, err)
		require.Equal(t, want, a.Name)
	}
	for name, key := range map[string]string{old: "old", young: "young", best: "best"} {
		a, err := r.Find(ctx, merchant.Sandbox, name)
		require.NoError(t, err)
		require.Equal(t, key, keyOf(a), "each is behind an adapter of its own")
		require.Equal(t, []string{"adyen", w.shop.MerchantID}, []string{a.Provider(), a.MerchantID})
		require.Equal(t, "http://adyen.sandbox", a.Gateway.(line).settings.BaseURL, "where to is the operator's to say")
	}
	keeper, err := r.Keeper(ctx, w.shop)
	require.NoError(t, err)
	require.Equal(t, best, keeper)
}

func TestAStrangersAccountIsNotThere(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	own := w.connect(t, "adyen", "own", 0)
	r := w.process(t)
	live := merchant.Scope{MerchantID: w.shop.MerchantID, Environment: merchant.Live}
	require.Equal(t, []string{"stripe", "mollie"}, names(t, r, w.stranger))
	require.Empty(t, names(t, r, live))
	for _, scope := range []merchant.Scope{w.stranger, live} {
		for _, name := range []string{own, "adyen"} {
			_, err := r.Named(ctx, scope, name)
			require.True(t, fault.Is(err, fault.NotFound), "%v", err)
		}
	}
	_, err := r.Find(ctx, merchant.Live, own)
	require.True(t, fault.Is(err, fault.NotFound))
	for _, name := range []string{id.New("adyen"), "adyen", "adyen_x", "", "_", "paypal"} {
		_, err := r.Find(ctx, merchant.Sandbox, name)
		require.True(t, fault.Is(err, fault.NotFound), name)
	}
}

func TestADisabledAccountGoesOnWithWhatItTook(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	own := w.connect(t, "stripe", "own", 0)
	disabled := merchants.Disabled
	_, err := w.accounts.Update(ctx, w.shop, own, merchants.Changes{Status: &disabled})
	require.NoError(t, err)
	r := w.process(t)
	require.Equal(t, []string{"stripe", "mollie"}, names(t, r, w.shop))
	a, err := r.Named(ctx, w.shop, "stripe")
	require.NoError(t, err)
	require.Equal(t, "stripe", a.Name, "a provider's name means the operator's account again")
	_, err = r.Named(ctx, w.shop, own)
	require.True(t, fault.Is(err, fault.NotFound))
	for _, find := range []func() (*gateway.Account, error){
		func() (*gateway.Account, error) { return r.Find(ctx, merchant.Sandbox, own) },
		func() (*gateway.Account, error) { return r.Webhooks(ctx, "stripe", own) },
	} {
		a, err := find()
		require.NoError(t, err)
		require.Equal(t, own, a.Name)
	}
}

func TestRotatedCredentialsReachEveryProcessWithinSeconds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	own := w.connect(t, "adyen", "first", 0)
	r := w.process(t)
	found := func() *gateway.Account {
		a, err := r.Find(ctx, merchant.Sandbox, own)
		require.NoError(t, err)
		listed, err := r.Of(ctx, w.shop)
		require.NoError(t, err)
		require.Same(t, a, listed[0], "one adapter serves all")
		return a
	}
	before := found()
	w.clock.Advance(time.Minute)
	require.Same(t, before, found(), "an account that did not change keeps its adapter")
	_, err := w.accounts.Update(ctx, w.shop, own, merchants.Changes{
		Credentials: merchants.Credentials{"key": "first~2"}, Fees: &routing.Fees{{BasisPoints: 10}},
	})
	require.NoError(t, err)
	require.Equal(t, "first", keyOf(found()))
	w.clock.Advance(3 * time.Second)
	after := found()
	require.Equal(t, "first~2", keyOf(after))
	require.Equal(t, routing.Fees{{BasisPoints: 290}}, before.Capabilities().Fees)
	require.Equal(t, routing.Fees{{BasisPoints: 10}}, after.Capabilities().Fees, "its own price list")
	require.Equal(t, before.Capabilities().Currencies, after.Capabilities().Currencies)
}

func TestWebhooksNameTheirAccount(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	own := w.connect(t, "adyen", "own", 0)
	r := w.process(t)
	for path, want := range map[[2]string]string{{"stripe", "sandbox"}: "stripe", {"adyen", own}: own} {
		a, err := r.Webhooks(ctx, path[0], path[1])
		require.NoError(t, err)
		require.Equal(t, want, a.Name)
		require.Equal(t, merchant.Sandbox, a.Environment)
	}
	for _, path := range [][2]string{
		{"stripe", "live"}, {"adyen", "sandbox"}, {"stripe", own}, {"adyen", id.New("adyen")}, {"adyen", "adyen"}, {"adyen", ""}, {own, "sandbox"},
	} {
		_, err := r.Webhooks(ctx, path[0], path[1])
		require.True(t, fault.Is(err, fault.NotFound), path)
	}
}

// What a process has not met costs a look-up; all else does not.
func TestAMetAccountIsKnown(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	own := w.connect(t, "adyen", "own", 0)
	r := w.process(t)
	guess := id.New("adyen")
	require.False(t, r.Known("adyen", own))
	for range 2 {
		_, err := r.Webhooks(ctx, "adyen", guess)
		require.True(t, fault.Is(err, fault.NotFound))
		require.False(t, r.Known("adyen", guess), "what is not there stays unknown")
	}
	_, err := r.Webhooks(ctx, "adyen", own)
	require.NoError(t, err)
	w.clock.Advance(time.Minute)
	for _, path := range [][2]string{{"adyen", own}, {"stripe", "sandbox"}, {"stripe", "live"}, {"stripe", own}, {"adyen", "adyen_x"}, {"", ""}} {
		require.True(t, r.Known(path[0], path[1]), "%v", path)
	}
	require.True(t, gateway.NewRegistry().Known("adyen", guess), "merchants connect none")
}

func TestAnAccountThatCannotBeUsedStopsNoOther(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	gone, good := w.connect(t, "mollie", "x", 5), w.connect(t, "adyen", "y", 0)
	r := w.process(t, provider("stripe", true, nil), provider("adyen", true, nil))
	require.Equal(t, []string{good, "stripe", "mollie"}, names(t, r, w.shop))
	_, err := r.Find(ctx, merchant.Sandbox, gone)
	require.Error(t, err)
	require.False(t, fault.Is(err, fault.NotFound), "it is there, and a payment that it took must wait for it")
}

func TestCredentialsAreTriedAtTheProvider(t *testing.T) {
	t.Parallel()
	refusal := fault.Field("credentials.key", "Adyen does not take this 'key'.")
	for key, c := range map[string]struct {
		probe error
		code  fault.Code
		param string
	}{
		"good": {}, "refused": {probe: refusal, code: fault.Invalid, param: "credentials.key"},
		"down": {probe: errors.New("no answer"), code: fault.Unavailable}, "malformed": {code: fault.Invalid, param: "credentials"},
		"away": {probe: fault.New(fault.Unavailable, "Adyen could not be asked."), code: fault.Unavailable},
	} {
		connector := gateway.NewConnector(gateway.Catalogue{provider("adyen", true, c.probe)},
			func(string, merchant.Environment) gateway.Settings { return gateway.Settings{} })
		accountID, err := connector.Probe(ctx, "adyen", merchant.Live, merchants.Credentials{"key": vault.Secret(key)})
		if c.code == "" {
			require.NoError(t, err)
			require.Equal(t, "acct_good", accountID)
			continue
		}
		require.Empty(t, accountID)
		require.True(t, fault.Is(err, c.code), "%s: %v", key, err)
		require.Equal(t, c.param, fault.From(err).Param)
		require.NotContains(t, err.Error(), "malformed", "what an adapter says beside that may quote them")
	}
}

func TestTheCatalogueIsTold(t *testing.T) {
	t.Parallel()
	told := newTown(t).connector.Providers()
	require.Equal(t, merchants.Provider{
		Name: "adyen", Title: "adyen", Credentials: []merchants.Credential{{Name: "key", Title: "Key", Required: true}},
		Methods: []string{"card", "ideal"}, Currencies: 2,
	}, told[1])
}

package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/account"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/routing"
)

// Connected makes an account at a provider, without storing it.
func (w *World) Connected(provider string, priority int) account.Account {
	now := w.now()
	return account.Account{
		Name: account.NameOf(provider, id.FirstAt(now)[:10]+id.NewSuffix()[10:]), Provider: provider, ProviderAccount: "acct_1", Scope: w.Scope, Label: "Ærø",
		Status: account.Active, Priority: priority, Public: map[string]string{"merchant_account": "AeroECOM"}, Secrets: []string{"api_key"},
		KeyVersion: 3, Sealed: []byte{0, 1, 0xff}, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}

func accountReadsBack(t *testing.T, w *World) {
	accounts := w.Store.GatewayAccounts()
	a := w.Connected("adyen", -7)
	a.Fees = routing.Fees{
		{Method: "card", Currency: "EUR", Brand: "amex", Region: "eea", BasisPoints: 350, Fixed: money.New(11, "EUR")}, {BasisPoints: 0},
	}
	require.NoError(t, accounts.Insert(ctx, a))
	other := a
	other.Label, other.Scope = "taken over", w.NewMerchant(t)
	require.NoError(t, accounts.Insert(ctx, other), "one with the same name stays as it is")
	same := func(want account.Account) {
		t.Helper()
		got, err := accounts.Account(ctx, w.Scope, want.Name)
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, err = accounts.Find(ctx, want.Name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	same(a)
	a.Fees, a.Version, a.UpdatedAt = routing.Fees{}, 2, w.now()
	mine, err := accounts.Update(ctx, a)
	require.NoError(t, err)
	require.True(t, mine)
	same(a)
	bare := w.Connected("stripe", 0)
	bare.Public, bare.Secrets = map[string]string{}, []string{}
	require.NoError(t, accounts.Insert(ctx, bare))
	same(bare) // without fees, which are not the same as none

	for _, scope := range []merchant.Scope{other.Scope, {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}} {
		_, err = accounts.Account(ctx, scope, a.Name)
		require.True(t, fault.Is(err, fault.NotFound))
		theirs, _, err := accounts.Accounts(ctx, scope, account.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, theirs)
	}
	_, err = accounts.Find(ctx, id.New("adyen"))
	require.True(t, fault.Is(err, fault.NotFound))
}

func accountIsGuarded(t *testing.T, w *World) {
	accounts := w.Store.GatewayAccounts()
	a := w.Connected("adyen", 0)
	require.NoError(t, accounts.Insert(ctx, a))
	const n = 10
	won := make([]bool, n)
	for _, err := range together(n, func(i int) (err error) {
		changed := a
		changed.Priority, changed.Version, changed.Status = i, 2, account.Disabled
		won[i], err = accounts.Update(ctx, changed)
		return err
	}) {
		require.NoError(t, err)
	}
	got, err := accounts.Account(ctx, w.Scope, a.Name)
	require.NoError(t, err)
	require.Equal(t, account.Disabled, got.Status)
	for i, mine := range won {
		require.Equal(t, i == got.Priority, mine, "of simultaneous changes one wins")
	}
	stolen := got
	stolen.Scope, stolen.Version = w.NewMerchant(t), 3
	mine, err := accounts.Update(ctx, stolen)
	require.NoError(t, err)
	require.False(t, mine, "nobody changes what is another merchant's")
}

func accountsByPreferenceAndPage(t *testing.T, w *World) {
	accounts := w.Store.GatewayAccounts()
	var all []account.Account
	for i, provider := range []string{"stripe", "adyen", "mollie", "adyen", "checkout"} {
		a := w.Connected(provider, []int{0, 5, 0, -1, 5}[i])
		all = append(all, a)
		require.NoError(t, accounts.Insert(ctx, a))
	}
	off := w.Connected("paypal", 100)
	off.Status = account.Disabled
	require.NoError(t, accounts.Insert(ctx, off))
	elsewhere := w.Connected("adyen", 100)
	elsewhere.Scope.Environment = merchant.Live
	require.NoError(t, accounts.Insert(ctx, elsewhere))

	names := func(list []account.Account) (names []string) {
		for _, a := range list {
			names = append(names, a.Name)
		}
		return names
	}
	preferred, err := accounts.Preferred(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, names([]account.Account{all[1], all[4], all[0], all[2], all[3]}), names(preferred))
	count, err := accounts.Count(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, 6, count)

	page := func(p account.Page) ([]string, bool) {
		rows, more, err := accounts.Accounts(ctx, w.Scope, p)
		require.NoError(t, err)
		return names(rows), more
	}
	newest, more := page(account.Page{Limit: 2})
	require.Equal(t, names([]account.Account{off, all[4]}), newest, "newest first, whatever the provider")
	require.True(t, more)
	older, more := page(account.Page{Limit: 10, StartingAfter: newest[1]})
	require.Equal(t, names([]account.Account{all[3], all[2], all[1], all[0]}), older)
	require.False(t, more)
	newer, more := page(account.Page{Limit: 2, EndingBefore: all[2].Name})
	require.Equal(t, names([]account.Account{all[4], all[3]}), newer)
	require.True(t, more)
}

package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
)

func (w *World) shopperOf(p payment.Intent) risk.Sighting {
	return risk.Sighting{
		OperationID: id.NewSuffix(), Scope: p.Scope, PaymentID: p.ID, Fingerprint: "f00d", BIN: "42424242",
		IP: "192.0.2.7", Email: "ada@example.com", EmailByShopper: true, BillingCountry: "FR", NameDiffers: true, CreatedAt: w.now(),
	}
}

func (w *World) sightings(t *testing.T) (count int) {
	require.NoError(t, w.SQL.QueryRow("SELECT count(*) FROM risk_sightings").Scan(&count))
	return count
}

func presentedIsKeptOnce(t *testing.T, w *World) {
	p := w.Insert(t, w.Wanted())
	record, seen := w.card(id.New(id.VaultCard)), w.shopperOf(p)
	for range 2 {
		require.NoError(t, w.Payments.Present(ctx, &record, seen))
	}
	require.Equal(t, 1, w.sightings(t))
	kept, err := w.Store.Vault().Card(ctx, record.Token)
	require.NoError(t, err)
	require.Equal(t, record, kept)
	got, err := w.Payments.Payment(ctx, w.Scope, p.ID)
	require.NoError(t, err)
	require.Equal(t, payment.Customer{ShopperEmail: "ada@example.com"}, got.Customer)
	require.Equal(t, p.Version, got.Version, "the e-mail address is no change of state")

	// what the shopper told last counts, what the merchant told replaces nothing, and
	// no address reaches another merchant's payment
	other := seen
	other.OperationID, other.Email = id.NewSuffix(), "eve@example.com"
	told := seen
	told.OperationID, told.Email, told.EmailByShopper = id.NewSuffix(), "merchant@example.com", false
	require.NoError(t, w.Payments.Present(ctx, new(w.card(id.New(id.VaultCard))), other))
	require.NoError(t, w.Payments.Present(ctx, nil, told))
	foreign := w.Insert(t, w.Wanted())
	stranger := w.shopperOf(foreign)
	stranger.Scope = w.NewMerchant(t)
	require.NoError(t, w.Payments.Present(ctx, new(w.card(id.New(id.VaultCard))), stranger))
	for paymentID, email := range map[string]string{p.ID: "eve@example.com", foreign.ID: ""} {
		got, err := w.Payments.Payment(ctx, w.Scope, paymentID)
		require.NoError(t, err)
		require.Equal(t, email, got.Customer.ShopperEmail)
	}

	// one that comes with a new payment is stored with it or not at all
	opened, err := payment.Open(w.Wanted(), w.now())
	require.NoError(t, err)
	first := w.shopperOf(opened.Intent)
	opened.Sighting = &first
	require.NoError(t, w.Payments.Insert(ctx, opened))
	require.Equal(t, 5, w.sightings(t))
	require.ErrorIs(t, w.Payments.Insert(ctx, opened), payment.ErrExists)
	require.Equal(t, 5, w.sightings(t))
}

func transactionPages(t *testing.T, w *World) {
	sold := w.Sold(t, w.Wanted())
	manual := w.Wanted()
	manual.CaptureMethod = payment.CaptureManual
	w.Apply(t, w.Captured(t, w.Apply(t, w.Begun(t, w.Insert(t, manual)))))
	w.Apply(t, w.Begun(t, w.Insert(t, w.Wanted())))
	refused := w.Apply(t, w.Begun(t, w.Insert(t, w.Wanted())))
	change, err := refused.Record(payment.Declined(payment.NewDecline(payment.DeclineExpiredCard)), w.now())
	require.NoError(t, err)
	w.Apply(t, change)

	for result, want := range map[payment.TransactionResult]int{
		"": 4, payment.ResultCaptured: 1, payment.ResultAuthorized: 1, payment.ResultDeclined: 1,
		payment.ResultVoided: 0, payment.ResultRefunded: 0,
	} {
		rows, total, err := w.Payments.Transactions(ctx, w.Scope, payment.TransactionFilter{Result: result, Limit: 10})
		require.NoError(t, err)
		require.Len(t, rows, want, result)
		require.EqualValues(t, want, total, result)
		for _, row := range rows {
			require.True(t, result == "" || row.Result() == result, "%s is %s", row.ID, row.Result())
			require.Equal(t, w.Scope, row.Scope)
		}
	}
	all, _, err := w.Payments.Transactions(ctx, w.Scope, payment.TransactionFilter{Limit: 10})
	require.NoError(t, err)
	require.True(t, slices.IsSortedFunc(all, func(a, b payment.Transaction) int { return strings.Compare(b.ID, a.ID) }), "newest first")
	rows, total, err := w.Payments.Transactions(ctx, w.Scope, payment.TransactionFilter{Limit: 2, Offset: 1})
	require.NoError(t, err)
	require.EqualValues(t, 4, total)
	require.Equal(t, all[1:3], rows)

	got, err := w.Payments.MerchantTransaction(ctx, w.Scope, sold.Transaction.ID)
	require.NoError(t, err)
	require.Equal(t, sold.Intent.ID, got.PaymentID)
	for _, stranger := range []merchant.Scope{w.NewMerchant(t), {MerchantID: w.Scope.MerchantID, Environment: merchant.Live}} {
		_, err = w.Payments.MerchantTransaction(ctx, stranger, sold.Transaction.ID)
		require.True(t, fault.Is(err, fault.NotFound))
		rows, total, err := w.Payments.Transactions(ctx, stranger, payment.TransactionFilter{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, rows)
		require.Zero(t, total)
	}
}

func settingsReadBack(t *testing.T, w *World) {
	settings := w.Store.Merchants()
	got, err := settings.Settings(ctx, w.Scope)
	require.NoError(t, err)
	require.Equal(t, merchant.Settings{Scope: w.Scope, DisplayName: "Ærø Books"}, got, "never set: the merchant's name")
	_, err = settings.Settings(ctx, merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Live})
	require.True(t, fault.Is(err, fault.NotFound))

	first := merchant.Settings{
		Scope: w.Scope, DisplayName: "Ærø", BrandColor: "#0a7d5a", UpdatedAt: w.now(),
		Logo: &merchant.Logo{MediaType: "image/png", Data: []byte{0x89, 0, 0xff}},
	}
	second := merchant.Settings{Scope: w.Scope, DisplayName: "Books", Currencies: merchant.AcquiringCurrencies, UpdatedAt: w.now()}
	for _, s := range []merchant.Settings{first, second} {
		require.NoError(t, settings.PutSettings(ctx, s))
		got, err := settings.Settings(ctx, w.Scope)
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	live, err := settings.Settings(ctx, merchant.Scope{MerchantID: w.Scope.MerchantID, Environment: merchant.Live})
	require.NoError(t, err)
	require.Empty(t, live.Currencies, "the environments have settings of their own")
}

package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/config"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/datadir"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/vault"
)

// attend runs an attention command on a data folder.
func attend(t *testing.T, dir datadir.Dir, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append(append([]string{"attention"}, args...), "--data-dir", dir.Path()))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAttentionListsShowsAndCloses(t *testing.T) {
	ctx := context.Background()
	dir := datadir.At(filepath.Join(t.TempDir(), "data"))
	require.NoError(t, dir.Create())
	keys, err := config.DevKeys(dir.Keys())
	require.NoError(t, err)
	db, err := store.Open(ctx, store.Options{SQLiteFile: dir.HubDatabase()})
	require.NoError(t, err)
	require.NoError(t, db.Migrate(ctx))
	out, err := attend(t, dir)
	require.NoError(t, err)
	require.Equal(t, "Nothing needs an operator.\n", out)

	now := clock.System{}.Now()
	shop := merchant.Merchant{ID: id.New(id.Merchant), Name: "Shop", CreatedAt: now}
	require.NoError(t, db.Merchants().CreateMerchant(ctx, shop))
	opened, err := payment.Open(payment.New{
		ID: id.New(id.Payment), Scope: merchant.Scope{MerchantID: shop.ID, Environment: merchant.Live}, Amount: 500,
		Currency: "EUR", CaptureMethod: payment.CaptureAutomatic, Routing: "auto", Gateway: "stripe",
	}, now)
	require.NoError(t, err)
	require.NoError(t, db.Payments().Insert(ctx, opened))
	raised, err := opened.Intent.Raise("the gateway does not tell", now)
	require.NoError(t, err)
	require.NoError(t, db.Payments().Apply(ctx, raised))
	n := notification.Notification{
		ID: id.New(id.Notification), Environment: merchant.Live, Gateway: "stripe", EventID: "evt_1", Type: "payment_intent.succeeded",
		Status: notification.Raised, Why: "the hub does not have it", ReceivedAt: now, UpdatedAt: now,
	}
	n.KeyVersion, n.Sealed = sealer(t, keys).SealBytes([]byte(`{"id":"evt_1"}`), n.ID)
	_, _, err = db.Notifications().Keep(ctx, n)
	require.NoError(t, err)
	shopper := customer.Customer{ID: id.New(id.Customer), Scope: opened.Intent.Scope, CreatedAt: now, UpdatedAt: now}
	require.NoError(t, db.Customers().InsertCustomer(ctx, shopper))
	m := customer.PaymentMethod{
		ID: id.New(id.PaymentMethod), Scope: shopper.Scope, CustomerID: shopper.ID, Status: customer.MethodPending, Gateway: "stripe",
		CardToken: "tok_1", ConsentedAt: now, CreatedAt: now, DueAt: now,
	}
	require.NoError(t, db.Customers().OpenMethod(ctx, m, vault.Record{Token: "tok_1", Scope: m.Scope, ExpMonth: 1, ExpYear: 2040, CreatedAt: now}))
	require.NoError(t, db.Customers().RaiseMethod(ctx, m.ID, "it does not tell either", now))
	require.NoError(t, db.Close())

	out, err = attend(t, dir)
	require.NoError(t, err)
	at := now.Format(time.RFC3339)
	require.Equal(t, at+"  "+opened.Intent.ID+"  -  "+shop.ID+"  the gateway does not tell\n"+
		at+"  "+m.ID+"  -  "+shop.ID+"  stripe: it does not tell either\n"+
		at+"  "+n.ID+"  -  -  stripe payment_intent.succeeded: the hub does not have it\n", out)
	out, err = attend(t, dir, "show", n.ID)
	require.NoError(t, err)
	require.Equal(t, "{\"id\":\"evt_1\"}\n", out)

	_, err = attend(t, dir, "close", n.ID)
	require.ErrorContains(t, err, "because")
	_, err = attend(t, dir, "close", n.ID, "--because", "charged by hand")
	require.NoError(t, err)
	_, err = attend(t, dir, "close", n.ID, "--because", "again")
	require.ErrorContains(t, err, "not waiting")
	out, err = attend(t, dir, "--json")
	require.NoError(t, err)
	require.NotContains(t, out, n.ID)
	require.Contains(t, out, opened.Intent.ID)
}

func sealer(t *testing.T, keys config.Keys) *vault.Vault {
	t.Helper()
	byVersion, err := keys.Vault.ByVersion()
	require.NoError(t, err)
	fingerprint, err := keys.Fingerprint.Bytes()
	require.NoError(t, err)
	v, err := vault.New(nil, vault.Keys{Active: keys.Vault.Active, ByVersion: byVersion, Fingerprint: fingerprint}, clock.System{})
	require.NoError(t, err)
	return v
}

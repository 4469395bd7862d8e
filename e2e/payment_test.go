package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPaymentInOneCallSucceeds(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		before := time.Now().Add(-time.Second)
		a := s.pay(t, visa, object{
			"amount": 12000, "currency": "aed", "routing": "auto", "description": "Order 998", "statement_descriptor": "CORNER SHOP",
			"return_url": "https://shop.example/thanks", "settlement_currency": "AED", "metadata": object{"order_id": "ord_998"},
		})
		p := a.intent(t)
		t.Run("fields", func(t *testing.T) { requireContractFields(t, a.raw) })
		secret := p.ClientSecret
		require.True(t, strings.HasPrefix(secret, p.ID+"_secret_") && len(secret) > len(p.ID)+40, "client_secret %q", secret)
		require.WithinRange(t, p.CreatedAt, before, time.Now().Add(time.Second))
		require.Equal(t, time.Hour, p.ExpiresAt.Sub(p.CreatedAt))
		settled, aed := int64(12000), "AED"
		require.Equal(t, intent{
			ID: p.ID, Object: "payment_intent", Status: "succeeded", Gateway: "stripe", ClientSecret: secret, Amount: 12000, Currency: "AED",
			CaptureMethod: "automatic", AmountCaptured: 12000, SettledAmount: &settled, SettledCurrency: &aed,
			Metadata: map[string]string{"order_id": "ord_998"}, Environment: "sandbox", CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt,
		}, p)

		got := s.intent(t, p.ID)
		require.Len(t, got.Attempts, 1)
		made := got.Attempts[0]
		require.Equal(t, "captured", made.Status)
		require.Equal(t, "visa 4242", made.Card.Brand+" "+made.Card.Last4)
		got.Attempts = nil
		require.Equal(t, p, got, "what is fetched is what was answered")

		paid := h.onlyCharge(t, p.ID)
		require.Equal(t, "captured", paid.Status)
		require.Equal(t, []int64{12000, 12000, 0}, []int64{paid.Amount, paid.AmountCaptured, paid.AmountRefunded})
		require.Equal(t, "aed", paid.Currency)
		require.Equal(t, []string{p.ID, made.ID, s.id, "sandbox", paid.IdempotencyKey}, []string{
			paid.Metadata["payment_id"], paid.Metadata["attempt_id"], paid.Metadata["merchant_id"],
			paid.Metadata["environment"], paid.Metadata["idempotency_key"],
		})
		require.NotEmpty(t, paid.IdempotencyKey)

		require.Equal(t, sold(12000, 0), s.books(t, p.ID))
		require.Equal(t, sold(12000, 0), s.balances(t, "AED"))
		requireToldOnce(t, s.client, p)
	})
}

// requireContractFields holds the body against the list of contracts/hub.md.
func requireContractFields(t *testing.T, raw []byte) {
	var body map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &body))
	want := strings.Fields(`amount amount_capturable amount_captured amount_refunded capture_method client_secret
		created_at currency customer_id environment escrow_account expires_at gateway id last_error metadata
		next_action object settled_amount settled_currency status`)
	require.Equal(t, want, slices.Sorted(maps.Keys(body)))
	for _, absent := range []string{"customer_id", "escrow_account", "next_action", "last_error"} {
		require.Equal(t, "null", string(body[absent]), absent)
	}
}

// requireToldOnce holds that creation and success were told, each once, with
// the payment as it was and without its client secret.
func requireToldOnce(t *testing.T, c client, p intent) {
	t.Helper()
	told := c.eventsOf(t, p.ID)
	require.Len(t, told, 2)
	succeeded, created := told[0], told[1]
	require.Equal(t, "payment_intent.created", created.Type)
	require.Equal(t, "requires_confirmation", created.Data.Object.Status)
	require.Equal(t, "payment_intent.succeeded", succeeded.Type)
	require.Equal(t, "sandbox", succeeded.Environment)
	want := p
	want.ClientSecret = ""
	require.Equal(t, want, succeeded.Data.Object)
	one := c.get(t, events+"/"+succeeded.ID)
	require.Equal(t, succeeded, read[event](t, one, http.StatusOK))
	require.NotContains(t, string(one.raw), "_secret_")
}

func TestCurrenciesHaveTheirOwnMinorUnits(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for _, currency := range []string{"JPY", "USD", "KWD"} {
			p := s.pay(t, mastercard, object{"amount": 5000, "currency": currency}).intent(t)
			require.Equal(t, "succeeded", p.Status, currency)
			require.Equal(t, []any{int64(5000), currency}, []any{p.AmountCaptured, p.Currency})
			paid := h.onlyCharge(t, p.ID)
			require.Equal(t, []any{int64(5000), strings.ToLower(currency)}, []any{paid.AmountCaptured, paid.Currency})
			require.Equal(t, sold(5000, 0), s.balances(t, currency))
		}
	})
}

func TestIntentIsConfirmedLater(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		publishable := s.newKey(t, "--kind", "publishable")

		p := s.create(t, nil)
		require.Equal(t, "requires_confirmation", p.Status)
		h.requireNoCharge(t, p.ID)
		require.Equal(t, []string{"payment_intent.created"}, s.told(t, p.ID))
		done := s.confirm(t, p.ID, with(visa)).intent(t)
		require.Equal(t, "succeeded", done.Status)
		require.Equal(t, p.ID, done.ID)
		require.Equal(t, int64(12000), h.onlyCharge(t, p.ID).AmountCaptured)
		s.confirm(t, p.ID, with(visa)).failure(t, http.StatusConflict, "invalid_state")

		p, other := s.create(t, nil), s.create(t, nil)
		confirm := func(secret any) answer {
			return publishable.confirm(t, p.ID, object{"client_secret": secret, "payment_method": card(visa)})
		}
		for _, wrong := range []any{nil, "", "wrong", p.ClientSecret + "0", p.ClientSecret[:len(p.ClientSecret)-1], other.ClientSecret} {
			require.Equal(t, "client_secret", confirm(wrong).failure(t, http.StatusUnauthorized, "unauthenticated").Param)
		}
		h.requireNoCharge(t, p.ID)
		require.Equal(t, "succeeded", confirm(p.ClientSecret).intent(t).Status)
		h.onlyCharge(t, p.ID)

		wrong := object{"client_secret": "wrong", "payment_method": card(visa)}
		s.confirm(t, other.ID, wrong).failure(t, http.StatusUnauthorized, "unauthenticated")
	})
}

func TestPublishableKeyOnlyConfirms(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		pk := s.newKey(t, "--kind", "publishable")
		p := s.authorized(t, 100)
		for _, call := range []struct{ method, path string }{
			{"POST", intents}, {"GET", intents}, {"GET", intents + "/" + p.ID}, {"POST", intents + "/" + p.ID + "/capture"},
			{"POST", intents + "/" + p.ID + "/cancel"}, {"POST", refunds}, {"GET", refunds}, {"GET", refunds + "/rf_x"},
			{"GET", events}, {"GET", events + "/evt_x"}, {"GET", "/v3/ledger/balances"}, {"GET", "/v3/ledger/entries"},
		} {
			pk.do(t, call.method, call.path, nil).failure(t, http.StatusForbidden, "forbidden")
		}
		require.Equal(t, "requires_capture", s.intent(t, p.ID).Status)
	})
}

func TestCallersWithoutAValidKeyAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		good := newShop(t, h).key
		for _, key := range []string{"", "sk_sandbox_", "sk_sandbox_" + strings.Repeat("x", 32), good[:len(good)-1], good + "x", strings.Repeat("k", 5000)} {
			a := client{h.API, key}.get(t, intents)
			a.failure(t, http.StatusUnauthorized, "unauthenticated")
			require.Equal(t, `Bearer realm="paymenthub"`, a.header.Get("WWW-Authenticate"))
		}
		a := client{api: h.API}.do(t, "GET", intents, nil, header{"Authorization", "Basic " + good})
		a.failure(t, http.StatusUnauthorized, "unauthenticated")

		var health answer
		await(t, settleLimit, "the hub is healthy", func() (healthy bool) {
			var err error
			health, err = client{api: h.API}.send(t, http.MethodGet, healthPath, nil)
			return err == nil && health.status == http.StatusOK
		})
		require.JSONEq(t, `{"database":"ok","temporal":"ok"}`, string(read[map[string]json.RawMessage](t, health, http.StatusOK)["checks"]))
		require.NotContains(t, string(health.raw), "version")
		require.Contains(t, string(client{h.API, good}.get(t, "/v3/payments/health").raw), `"version"`)
	})
}

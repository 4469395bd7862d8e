package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMerchantsAndEnvironmentsAreStrangers(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		open, held, done := s.create(t, nil), s.authorized(t, 600), s.paid(t, 600)
		r := s.settled(t, s.post(t, refunds, object{"intent_id": done.ID, "amount": 1}).refund(t).ID)
		told := s.eventsOf(t, done.ID)[0].ID
		was := s.balances(t, "AED")

		strangers := map[string]client{"another merchant": newShop(t, h).client, "the live environment": s.newKey(t, "--environment", "live")}
		for who, c := range strangers {
			for _, path := range []string{intents + "/" + done.ID, refunds + "/" + r.ID, events + "/" + told} {
				c.get(t, path).failure(t, http.StatusNotFound, "not_found")
			}
			for _, id := range []string{open.ID, held.ID, done.ID} {
				c.confirm(t, id, object{"payment_method": card(visa), "client_secret": open.ClientSecret})
				c.confirm(t, id, with(visa)).failure(t, http.StatusNotFound, "not_found")
				c.capture(t, id, nil).failure(t, http.StatusNotFound, "not_found")
				c.cancel(t, id, nil).failure(t, http.StatusNotFound, "not_found")
				c.post(t, refunds, object{"intent_id": id}).failure(t, http.StatusNotFound, "not_found")
			}
			for _, path := range []string{
				intents, refunds, events, "/v3/ledger/entries", "/v3/ledger/balances", intents + "?status=succeeded",
				refunds + "?intent_id=" + done.ID, events + "?object_id=" + done.ID, "/v3/ledger/entries?intent_id=" + done.ID,
				intents + "?ending_before=" + open.ID, intents + "?starting_after=" + done.ID,
			} {
				rows := read[list[idOnly]](t, c.get(t, path), http.StatusOK)
				require.Empty(t, rows.Data, "%s sees %s", who, path)
				require.False(t, rows.HasMore)
			}
		}
		require.Equal(t, was, s.balances(t, "AED"))
		require.Equal(t, []string{"requires_confirmation", "requires_capture", "succeeded"},
			[]string{s.intent(t, open.ID).Status, s.intent(t, held.ID).Status, s.intent(t, done.ID).Status})
		require.Equal(t, "authorized", h.onlyCharge(t, held.ID).Status)

		live := strangers["the live environment"].paid(t, 300)
		require.Equal(t, "live", live.Environment)
		require.Equal(t, "live", h.onlyCharge(t, live.ID).Metadata["environment"])
		require.Equal(t, was, s.balances(t, "AED"))
		require.Equal(t, sold(300, 0), strangers["the live environment"].balances(t, "AED"))
	})
}

func TestPublishableKeyOfAStrangerConfirmsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.create(t, nil)
		body := object{"client_secret": p.ClientSecret, "payment_method": card(visa)}
		for _, pk := range []client{newShop(t, h).newKey(t, "--kind", "publishable"), s.newKey(t, "--kind", "publishable", "--environment", "live")} {
			pk.confirm(t, p.ID, body).failure(t, http.StatusNotFound, "not_found")
		}
		h.requireNoCharge(t, p.ID)
	})
}

func TestKeysAreRotatedAndRevokedBesideARunningHub(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		old, oldID := s.newNamedKey(t, "--name", "web shop")
		p := old.create(t, nil)
		successor, successorID := h.keyFrom(t, h.run(t, "key", "rotate", oldID))
		require.NotEqual(t, old.key, successor.key)
		require.Equal(t, p.ID, old.intent(t, p.ID).ID, "the old key is valid for another day")
		require.Equal(t, p.ID, successor.intent(t, p.ID).ID)

		h.run(t, "key", "revoke", oldID)
		await(t, 5*time.Second, "the revoked key stops working", func() bool { return old.get(t, intents).status == http.StatusUnauthorized })
		old.get(t, intents).failure(t, http.StatusUnauthorized, "unauthenticated")
		require.Equal(t, p.ID, successor.intent(t, p.ID).ID)

		listed := h.run(t, "key", "list", "--merchant", s.id)
		require.Contains(t, listed, oldID)
		require.Contains(t, listed, "revoked")
		require.Contains(t, listed, successorID)
		for _, c := range []client{old, successor, s.client} {
			require.NotContains(t, listed, c.key, "a key is shown once")
		}
	})
}

func TestKeysDoOnlyWhatTheyMay(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.paid(t, 100)
		reader := s.newKey(t, "--permission", "payments:read")
		require.Equal(t, p.ID, reader.intent(t, p.ID).ID)
		for _, a := range []answer{
			reader.post(t, intents, order()), reader.post(t, refunds, object{"intent_id": p.ID}), reader.get(t, refunds),
			reader.get(t, events), reader.get(t, "/v3/ledger/balances"), reader.cancel(t, p.ID, nil),
		} {
			require.Contains(t, a.failure(t, http.StatusForbidden, "forbidden").Message, "permission")
		}
		require.Zero(t, s.intent(t, p.ID).AmountRefunded)
	})
}

func TestCallersAreHeldToTheirRate(t *testing.T) {
	onOwn(t, []string{"PAYMENTHUB_RATE_LIMITS_HUB_PER_MINUTE=60", "PAYMENTHUB_RATE_LIMITS_HUB_BURST=5"}, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		key := idempotent("limited")
		for i := range 5 {
			a := s.get(t, intents)
			require.Equal(t, http.StatusOK, a.status, "request %d", i)
			require.Equal(t, "60", a.header.Get("RateLimit-Limit"))
		}
		var a answer
		for range 3 { // a token may have been earned on the way
			if a = s.post(t, intents, order(), key); a.status == http.StatusTooManyRequests {
				break
			}
		}
		a.failure(t, http.StatusTooManyRequests, "rate_limited")
		require.Equal(t, "0", a.header.Get("RateLimit-Remaining"))
		require.Contains(t, []string{"1"}, a.header.Get("Retry-After"))
		require.NotEmpty(t, a.header.Get("RateLimit-Reset"))
		newShop(t, h).create(t, nil)
		await(t, 5*time.Second, "a request is allowed again", func() bool { return s.get(t, intents).status == http.StatusOK })
	})
}

package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
)

// Every route of the table answers every kind of caller as the contract says,
// and whatever they try changes nothing. Routes that are added to the table are
// tested without a change here; where the matrix must know more, it says so.
func TestEveryRouteKnowsItsCallers(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		m := newMatrix(t, h)
		was := m.picture(t, m.owner)
		routes := api.Routes()
		// Lists first: strangers have none of their own until they write.
		slices.SortStableFunc(routes, func(a, b api.Route) int { return strings.Compare(a.Method, b.Method) })
		for _, r := range routes {
			t.Run(r.Method+" "+r.Path, func(t *testing.T) { m.test(t, r) })
		}
		for i, now := range m.picture(t, m.owner) {
			require.Equal(t, was[i], now, "strangers changed something")
		}

		// All that was refused was right but for the caller.
		require.Equal(t, "succeeded", m.owner.confirm(t, m.toConfirm.ID, with(visa)).intent(t).Status)
		require.Equal(t, "succeeded", m.owner.capture(t, m.toCapture.ID, object{}).intent(t).Status)
		require.Equal(t, "canceled", m.owner.cancel(t, m.toCancel.ID, object{}).intent(t).Status)
		again := m.owner.post(t, webhookDeliveries+"/"+m.told.delivery+"/redeliver", nil, idempotent("again"))
		require.Equal(t, m.event, read[delivery](t, again, http.StatusOK).EventID)
		require.Equal(t, m.toRefund.ID, m.owner.post(t, refunds, object{"intent_id": m.toRefund.ID, "amount": 5}).refund(t).IntentID)
	})
}

func TestMoneyOfOneEnvironmentIsNotInTheOther(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		s.paid(t, 600)
		real := s.newKey(t, "--environment", "live")
		p := real.paid(t, 300)
		require.Equal(t, "live", p.Environment)
		require.Equal(t, "live", h.onlyCharge(t, p.ID).Metadata["environment"])
		require.Equal(t, sold(600, 0), s.balances(t, "AED"))
		require.Equal(t, sold(300, 0), real.balances(t, "AED"))
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
		promptly(t, 5*time.Second, "the revoked key stops working", func() bool { return old.get(t, intents).status == http.StatusUnauthorized })
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
		await(t, settleLimit, "requests are limited", func() bool { // a token a second is earned on the way
			a = s.post(t, intents, order(), key)
			return a.status == http.StatusTooManyRequests
		})
		a.failure(t, http.StatusTooManyRequests, "rate_limited")
		require.Equal(t, "0", a.header.Get("RateLimit-Remaining"))
		require.Contains(t, []string{"1"}, a.header.Get("Retry-After"))
		require.NotEmpty(t, a.header.Get("RateLimit-Reset"))
		newShop(t, h).create(t, nil)
		await(t, settleLimit, "a request is allowed again", func() bool { return s.get(t, intents).status == http.StatusOK })
	})
}

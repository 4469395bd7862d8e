package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// together makes n calls at the same moment and returns their answers.
func together(n int, call func(i int) answer) []answer {
	answers := make([]answer, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			answers[i] = call(i)
		})
	}
	close(start)
	all.Wait()
	return answers
}

func TestFiftySimultaneousRequestsWithOneKeyMakeOneCharge(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		body := order(object{"amount": 4321}, paidWith(visa))
		key := idempotent("once-only")
		answers := together(50, func(int) answer { return s.post(t, intents, body, key) })

		var first []byte
		originals := 0
		for _, a := range answers {
			if a.status == http.StatusConflict {
				a.failure(t, http.StatusConflict, "idempotency_conflict")
				require.NotEmpty(t, a.header.Get("Retry-After"))
				continue
			}
			require.Equal(t, "succeeded", a.intent(t).Status)
			if first == nil {
				first = a.raw
			}
			require.Equal(t, string(first), string(a.raw), "byte for byte")
			if a.header.Get("Idempotent-Replayed") == "" {
				originals++
			}
		}
		require.Equal(t, 1, originals, "answers that are not replays")
		last := s.post(t, intents, body, key)
		require.Equal(t, string(first), string(last.raw))
		require.Equal(t, "true", last.header.Get("Idempotent-Replayed"))

		made := all(t, s.client, intents, nil, func(p intent) string { return p.ID })
		require.Len(t, made, 1)
		require.Equal(t, int64(4321), h.onlyCharge(t, made[0].ID).AmountCaptured)
		require.Equal(t, sold(4321, 0), s.balances(t, "AED"))
	})
}

// requireReplayed holds that a call under a key acts once: sent again it gives
// the first answer, and with another body it is refused.
func requireReplayed(t *testing.T, status int, other object, call func(body object, key header) answer, body object) answer {
	t.Helper()
	key := idempotent("key " + t.Name())
	first := call(body, key)
	require.Equal(t, status, first.status, "%s", first.raw)
	require.Empty(t, first.header.Get("Idempotent-Replayed"))
	again := call(body, key)
	require.Equal(t, []any{status, "true", string(first.raw)}, []any{again.status, again.header.Get("Idempotent-Replayed"), string(again.raw)})
	require.NotEqual(t, first.header.Get("Request-Id"), again.header.Get("Request-Id"))
	conflict := call(other, key)
	conflict.failure(t, http.StatusConflict, "idempotency_conflict")
	require.Empty(t, conflict.header.Get("Retry-After"), "retrying does not help")
	return first
}

func TestEveryWriteActsOnceUnderItsKey(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		t.Run("create and decline", func(t *testing.T) {
			post := func(body object, key header) answer { return s.post(t, intents, body, key) }
			a := requireReplayed(t, http.StatusPaymentRequired, order(paidWith(visa)), post, order(paidWith(noFunds)))
			declined := a.failure(t, http.StatusPaymentRequired, "payment_failed").Intent
			require.Len(t, s.intent(t, declined.ID).Attempts, 1)
		})
		t.Run("confirm", func(t *testing.T) {
			p := s.create(t, nil)
			requireReplayed(t, http.StatusPaymentRequired, with(visa), func(body object, key header) answer {
				return s.confirm(t, p.ID, body, key)
			}, with(noFunds))
			require.Len(t, s.intent(t, p.ID).Attempts, 1)
		})
		t.Run("capture", func(t *testing.T) {
			p := s.authorized(t, 800)
			requireReplayed(t, http.StatusOK, object{"amount": 301}, func(body object, key header) answer {
				return s.capture(t, p.ID, body, key)
			}, object{"amount": 300})
			require.Equal(t, int64(300), h.onlyCharge(t, p.ID).AmountCaptured)
		})
		t.Run("cancel", func(t *testing.T) {
			p := s.authorized(t, 800)
			requireReplayed(t, http.StatusOK, object{"reason": "another"}, func(body object, key header) answer {
				return s.cancel(t, p.ID, body, key)
			}, object{"reason": "one"})
			require.Equal(t, "voided", h.onlyCharge(t, p.ID).Status)
		})
		t.Run("refund", func(t *testing.T) {
			p := s.paid(t, 1000)
			part := func(amount int64) object { return object{"intent_id": p.ID, "amount": amount} }
			a := requireReplayed(t, http.StatusOK, part(101), func(body object, key header) answer {
				return s.post(t, refunds, body, key)
			}, part(100))
			s.settled(t, a.refund(t).ID)
			require.Equal(t, int64(100), h.onlyCharge(t, p.ID).AmountRefunded)
		})
	})
}

func TestRequestsThatDidNothingAreNotRemembered(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		key := idempotent("corrected")
		wrong := order(paidWith(visa))
		wrong["amount"] = 0
		s.post(t, intents, wrong, key).failure(t, http.StatusBadRequest, "validation_failed")
		s.post(t, intents, wrong, key).failure(t, http.StatusBadRequest, "validation_failed")
		s.post(t, intents, `{`, key).failure(t, http.StatusBadRequest, "validation_failed")
		client{h.API, "sk_sandbox_wrong"}.post(t, intents, order(), key).failure(t, http.StatusUnauthorized, "unauthenticated")
		right := s.post(t, intents, order(paidWith(visa)), key)
		require.Equal(t, "succeeded", right.intent(t).Status)
		require.Empty(t, right.header.Get("Idempotent-Replayed"))

		p := s.authorized(t, 900)
		early := object{"intent_id": p.ID}
		s.post(t, refunds, early, key).failure(t, http.StatusConflict, "invalid_state")
		s.capture(t, p.ID, nil)
		require.Equal(t, int64(900), s.post(t, refunds, early, key).refund(t).Amount, "the state allows it now")
	})
}

func TestKeysAreScopedToMerchantMethodAndPath(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		key := idempotent(strings.Repeat("k", 255))
		seen := map[string]bool{}
		for _, s := range []shop{newShop(t, h), newShop(t, h)} {
			for _, c := range []client{s.client, s.newKey(t, "--environment", "live")} {
				p := c.post(t, intents, order(paidWith(visa)), key).intent(t)
				seen[p.ID] = true
				r := c.post(t, refunds, object{"intent_id": p.ID}, key).refund(t)
				require.Equal(t, p.ID, r.IntentID)
			}
		}
		require.Len(t, seen, 4, "%v", slices.Collect(maps.Keys(seen)))
		for name, bad := range map[string]string{"empty": "", "too long": strings.Repeat("k", 256), "not ASCII": "schlüssel", "a tab": "a\tb", "a card": visa} {
			c := newShop(t, h).client
			f := c.post(t, intents, order(), idempotent(bad)).failure(t, http.StatusBadRequest, "validation_failed")
			require.Equal(t, "Idempotency-Key", f.Param, name)
		}
	})
}

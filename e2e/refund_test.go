package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRefundsInPartsUpToTheAmountAndNoFurther(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.paid(t, 10000)
		give := func(amount any, reason any) answer {
			return s.post(t, refunds, object{"intent_id": p.ID, "amount": amount, "reason": reason})
		}
		var made []refund
		for _, part := range []struct {
			amount int64
			reason string
		}{{3000, "requested_by_customer"}, {2000, "duplicate"}, {1000, "fraudulent"}} {
			r := give(part.amount, part.reason).refund(t)
			require.Equal(t, refund{
				ID: r.ID, Object: "refund", Status: "pending", IntentID: p.ID, Amount: part.amount, Currency: "AED",
				Reason: &part.reason, Environment: "sandbox",
			}, r)
			f := give(10000, nil).failure(t, http.StatusBadRequest, "validation_failed")
			require.Equal(t, "amount", f.Param, "what is pending counts as given back")
			made = append(made, s.settled(t, r.ID))
			require.Equal(t, "succeeded", made[len(made)-1].Status)
			require.Equal(t, []string{"refund.created", "refund.completed"}, s.told(t, r.ID))
		}
		f := give(4001, nil).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "amount", f.Param)
		require.Contains(t, f.Message, "4000")
		requireRefunded(t, s, p.ID, 10000, 6000, "partially_refunded")

		rest := give(nil, "other").refund(t)
		require.Equal(t, int64(4000), rest.Amount, "the default is all that is left")
		made = append(made, s.settled(t, rest.ID))
		requireRefunded(t, s, p.ID, 10000, 10000, "refunded")
		for _, amount := range []any{nil, 1} {
			f := give(amount, nil).failure(t, http.StatusConflict, "invalid_state")
			require.Contains(t, f.Message, p.ID)
		}
		requireRefunded(t, s, p.ID, 10000, 10000, "refunded")

		slices.Reverse(made)
		listed := all(t, s.client, refunds, url.Values{"intent_id": {p.ID}}, func(r refund) string { return r.ID })
		require.Equal(t, made, listed)
		given := h.givenBack(t)
		for _, r := range made {
			require.Equal(t, r, s.refund(t, r.ID))
			require.Len(t, given[r.ID], 1)
			require.Equal(t, r.Amount, given[r.ID][0].Amount)
		}
	})
}

// requireRefunded holds that hub, books and provider agree on what of a
// payment was given back.
func requireRefunded(t *testing.T, s shop, id string, captured, given int64, status string) {
	t.Helper()
	p := s.intent(t, id)
	require.Equal(t, []any{"succeeded", captured, given}, []any{p.Status, p.AmountCaptured, p.AmountRefunded})
	c := s.hub.onlyCharge(t, id)
	require.Equal(t, []any{status, captured, given}, []any{c.Status, c.AmountCaptured, c.AmountRefunded})
	require.Equal(t, sold(captured, given), s.books(t, id))
}

func TestOnlyWhatWasCapturedCanBeRefunded(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		held := s.authorized(t, 700)
		declined := s.pay(t, noFunds, nil).failure(t, http.StatusPaymentRequired, "payment_failed").Intent
		for _, p := range []intent{s.create(t, nil), held, *declined} {
			f := s.post(t, refunds, object{"intent_id": p.ID}).failure(t, http.StatusConflict, "invalid_state")
			require.Contains(t, f.Message, "'"+p.Status+"'")
		}
		missing := s.post(t, refunds, object{"intent_id": "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"}).failure(t, http.StatusNotFound, "not_found")
		require.Contains(t, []string{"", "intent_id"}, missing.Param)
		require.Equal(t, "authorized", h.onlyCharge(t, held.ID).Status)
		require.Empty(t, all(t, s.client, refunds, nil, func(r refund) string { return r.ID }))
	})
}

package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAuthorizedAmountIsHeldUntilCaptured(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.authorized(t, 9000)
		require.Equal(t, int64(9000), p.AmountCapturable)
		require.Zero(t, p.AmountCaptured)
		require.WithinDuration(t, time.Now().Add(7*24*time.Hour), p.ExpiresAt, time.Minute, "it says when the authorization ends")
		require.Equal(t, "authorized", h.onlyCharge(t, p.ID).Status)
		require.Equal(t, held(9000), s.books(t, p.ID))

		done := s.capture(t, p.ID, nil).intent(t)
		require.Equal(t, "succeeded", done.Status)
		require.Equal(t, []int64{0, 9000, 9000}, []int64{done.AmountCapturable, done.AmountCaptured, *done.SettledAmount})
		paid := h.onlyCharge(t, p.ID)
		require.Equal(t, "captured", paid.Status)
		require.Equal(t, int64(9000), paid.AmountCaptured)
		require.Equal(t, sold(9000, 0), s.books(t, p.ID), "nothing is held any more")
		require.Equal(t, sold(9000, 0), s.balances(t, "AED"))
		require.Equal(t, []string{"payment_intent.created", "payment_intent.authorized", "payment_intent.succeeded"}, s.told(t, p.ID))
		requireOver(t, s, p.ID, "succeeded")
	})
}

func TestPartialCaptureReleasesTheRest(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.authorized(t, 9000)
		f := s.capture(t, p.ID, object{"amount": 9001}).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "amount", f.Param)
		require.Contains(t, f.Message, "9000")
		require.Equal(t, "authorized", h.onlyCharge(t, p.ID).Status)

		done := s.capture(t, p.ID, object{"amount": 2500}).intent(t)
		require.Equal(t, "succeeded", done.Status)
		require.Equal(t, []int64{9000, 0, 2500}, []int64{done.Amount, done.AmountCapturable, done.AmountCaptured})
		paid := h.onlyCharge(t, p.ID)
		require.Equal(t, []any{"captured", int64(2500), int64(0)}, []any{paid.Status, paid.AmountCaptured, paid.AmountRefunded})
		require.Equal(t, sold(2500, 0), s.books(t, p.ID), "what was not captured is not held")
		requireOver(t, s, p.ID, "succeeded")

		f = s.post(t, refunds, object{"intent_id": p.ID, "amount": 2501}).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "amount", f.Param, "only what was captured can be refunded")
	})
}

func TestCancelingVoidsTheAuthorization(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.authorized(t, 9000)
		done := s.cancel(t, p.ID, object{"reason": "out of stock"}).intent(t)
		require.Equal(t, "canceled", done.Status)
		require.Zero(t, done.AmountCapturable+done.AmountCaptured)
		released := h.onlyCharge(t, p.ID)
		require.Equal(t, []any{"voided", int64(0)}, []any{released.Status, released.AmountCaptured})
		require.Empty(t, s.books(t, p.ID))
		require.Equal(t, []string{"payment_intent.created", "payment_intent.authorized", "payment_intent.canceled"}, s.told(t, p.ID))
		require.Equal(t, "voided", s.intent(t, p.ID).Attempts[0].Status)
		requireOver(t, s, p.ID, "canceled")
	})
}

func TestIntentIsCanceledBeforeItIsPaid(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		fresh := s.create(t, nil)
		declined := s.pay(t, noFunds, nil).failure(t, http.StatusPaymentRequired, "payment_failed").Intent
		for _, id := range []string{fresh.ID, declined.ID} {
			require.Equal(t, "canceled", s.cancel(t, id, nil).intent(t).Status)
			h.requireNoCharge(t, id)
			require.Empty(t, s.books(t, id))
			requireOver(t, s, id, "canceled")
		}
		require.Equal(t, []string{"payment_intent.created", "payment_intent.canceled"}, s.told(t, fresh.ID))
	})
}

// requireOver holds that nothing more can be done with a payment, and that
// what is refused names the payment's state.
func requireOver(t *testing.T, s shop, id, status string) {
	t.Helper()
	was, charges := s.intent(t, id), s.hub.charges(t)[id]
	for name, a := range map[string]answer{
		"capture": s.capture(t, id, nil), "capture of a part": s.capture(t, id, object{"amount": 1}),
		"cancel": s.cancel(t, id, nil), "confirm": s.confirm(t, id, with(visa)),
	} {
		f := a.failure(t, http.StatusConflict, "invalid_state")
		require.Contains(t, f.Message, "'"+status+"'", name)
	}
	require.Equal(t, was, s.intent(t, id))
	require.Equal(t, charges, s.hub.charges(t)[id])
}

func TestActionsNeedTheRightState(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		fresh, held := s.create(t, nil), s.authorized(t, 500)
		for name, a := range map[string]answer{
			"'requires_confirmation'": s.capture(t, fresh.ID, nil),
			"'requires_capture'":      s.confirm(t, held.ID, with(visa)),
		} {
			require.Contains(t, a.failure(t, http.StatusConflict, "invalid_state").Message, name)
		}
		require.Equal(t, "requires_confirmation", s.intent(t, fresh.ID).Status)
		require.Equal(t, "requires_capture", s.intent(t, held.ID).Status)
		require.Equal(t, "authorized", h.onlyCharge(t, held.ID).Status)
	})
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// declinedCards are the declined test cards of contracts/acquiring.md.
var declinedCards = []struct{ name, number, code, advice string }{
	{"do not honour", "4000000000000002", "do_not_honor", "try_again_later"},
	{"insufficient funds", noFunds, "insufficient_funds", "try_again_later"},
	{"expired card", "4000000000000069", "expired_card", "confirm_card_data"},
	{"CVV mismatch", "4000000000000127", "incorrect_cvc", "confirm_card_data"},
	{"processing error", "4000000000000119", "processing_error", "try_again_later"},
	{"fraud", "4000000000000259", "fraudulent", "do_not_try_again"},
}

func TestDeclinesAreToldInTheHubsWords(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for _, test := range declinedCards {
			t.Run(test.name, func(t *testing.T) {
				requireDeclined(t, s, test.code, test.advice, s.pay(t, test.number, nil))
				p := s.create(t, nil)
				requireDeclined(t, s, test.code, test.advice, s.confirm(t, p.ID, with(test.number)))
				manual := s.pay(t, test.number, object{"capture_method": "manual"})
				requireDeclined(t, s, test.code, test.advice, manual)
			})
		}
		require.Empty(t, s.balances(t, "AED"))
	})
}

// requireDeclined holds that a card was declined, that all places say so, and
// that no money moved.
func requireDeclined(t *testing.T, s shop, code, advice string, a answer) {
	t.Helper()
	f := a.failure(t, http.StatusPaymentRequired, "payment_failed")
	require.Equal(t, []string{code, advice, ""}, []string{f.DeclineCode, f.Advice, f.Param})
	require.NotNil(t, f.Intent)
	require.Equal(t, "requires_payment_method", f.Intent.Status)
	require.Equal(t, &decline{code, advice, f.Message}, f.Intent.LastError)
	require.Zero(t, f.Intent.AmountCaptured+f.Intent.AmountCapturable)

	p := s.intent(t, f.Intent.ID)
	require.Equal(t, f.Intent.LastError, p.LastError)
	require.Len(t, p.Attempts, 1)
	require.Equal(t, "declined", p.Attempts[0].Status)
	require.Equal(t, code, *p.Attempts[0].DeclineCode)
	require.Equal(t, []string{"payment_intent.created", "payment_intent.failed"}, s.told(t, p.ID))
	require.Empty(t, s.books(t, p.ID))
	s.hub.requireNoCharge(t, p.ID)
}

func TestPaymentFailsWithItsThirdDecline(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.create(t, nil)
		for i, want := range []string{"requires_payment_method", "requires_payment_method", "failed"} {
			f := s.confirm(t, p.ID, with(noFunds)).failure(t, http.StatusPaymentRequired, "payment_failed")
			require.Equal(t, want, f.Intent.Status, "after decline %d", i+1)
		}
		f := s.confirm(t, p.ID, with(visa)).failure(t, http.StatusConflict, "invalid_state")
		require.Contains(t, f.Message, "'failed'")
		f = s.cancel(t, p.ID, nil).failure(t, http.StatusConflict, "invalid_state")
		require.Contains(t, f.Message, "'failed'")
		got := s.intent(t, p.ID)
		require.Equal(t, "failed", got.Status)
		require.Len(t, got.Attempts, 3)
		h.requireNoCharge(t, p.ID)
	})
}

func TestAnotherCardMayBeTriedAfterADecline(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		declined := s.pay(t, noFunds, nil).failure(t, http.StatusPaymentRequired, "payment_failed")
		p := s.confirm(t, declined.Intent.ID, with(mastercard)).intent(t)
		require.Equal(t, "succeeded", p.Status)
		require.Nil(t, p.LastError)
		got := s.intent(t, p.ID)
		require.Equal(t, []string{"declined", "captured"}, []string{got.Attempts[0].Status, got.Attempts[1].Status})
		require.Equal(t, "mastercard", got.Attempts[1].Card.Brand)
		require.Equal(t, int64(12000), h.onlyCharge(t, p.ID).AmountCaptured)
		require.Equal(t, sold(12000, 0), s.books(t, p.ID))
		require.Equal(t, []string{"payment_intent.created", "payment_intent.failed", "payment_intent.succeeded"}, s.told(t, p.ID))
	})
}

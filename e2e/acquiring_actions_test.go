package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCaptureTakesWhatIsHeldOrAPart(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		whole := s.act(t, "capture", s.authorize(t).ID, nil).payment(t, http.StatusOK)
		require.Equal(t, []any{"captured", int64(9999)}, []any{whole.Status, whole.AmountCaptured})
		require.Equal(t, sold(9999, 0), s.books(t, whole.ID))

		p := s.authorize(t)
		for _, wrong := range []any{0, -1, "1", 1.5} {
			r := s.act(t, "capture", p.ID, object{"amount": wrong}).refused(t, http.StatusBadRequest, "INVALID_AMOUNT")
			require.Equal(t, "amount", r.Details.Field)
		}
		r := s.act(t, "capture", p.ID, object{"amount": 10000}).refused(t, http.StatusBadRequest, "AMOUNT_TOO_HIGH")
		require.Equal(t, "amount", r.Details.Field)
		require.Contains(t, r.Message, "9999")
		part := s.act(t, "capture", p.ID, object{"amount": 2500}).payment(t, http.StatusOK)
		require.Equal(t, []any{"captured", int64(9999), int64(2500)}, []any{part.Status, part.Amount, part.AmountCaptured})
		require.Equal(t, part, s.acquired(t, p.ID))
		require.Equal(t, int64(2500), h.onlyCharge(t, p.ID).AmountCaptured)
		require.Equal(t, sold(2500, 0), s.books(t, p.ID), "the rest is released")

		for _, amount := range []any{nil, 1, 99999} {
			r = s.act(t, "capture", p.ID, object{"amount": amount}).refused(t, http.StatusBadRequest, "ALREADY_CAPTURED")
			require.Contains(t, r.Message, "'captured'")
		}
		s.act(t, "capture", p.ID, object{"reason": "x"}).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	})
}

func TestVoidReleasesWhatIsHeld(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.authorize(t)
		s.act(t, "void", p.ID, object{"reason": strings.Repeat("r", 501)}).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		voided := s.act(t, "void", p.ID, object{"reason": "Customer requested cancellation"}).payment(t, http.StatusOK)
		require.Equal(t, []any{"voided", int64(0)}, []any{voided.Status, voided.AmountCaptured})
		require.Equal(t, voided, s.acquired(t, p.ID))
		require.Equal(t, "voided", h.onlyCharge(t, p.ID).Status)
		require.Empty(t, s.books(t, p.ID))
		require.Equal(t, "Customer requested cancellation", h.stored(t, "SELECT cancellation_reason FROM payment_intents WHERE id = $1", p.ID))

		s.act(t, "void", p.ID, nil).refused(t, http.StatusBadRequest, "ALREADY_VOIDED")
		s.act(t, "capture", p.ID, nil).refused(t, http.StatusConflict, "INVALID_STATE")
		s.act(t, "refund", p.ID, nil).refused(t, http.StatusBadRequest, "NOT_CAPTURED")
		s.act(t, "void", s.sell(t).ID, nil).refused(t, http.StatusBadRequest, "ALREADY_CAPTURED")
	})
}

func TestRefundsGiveBackUpToWhatWasCaptured(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		whole := s.act(t, "refund", s.sell(t).ID, object{"reason": "Product returned"}).payment(t, http.StatusOK)
		require.Equal(t, []any{"refunded", int64(9999)}, []any{whole.Status, whole.AmountRefunded})
		require.Equal(t, "Product returned", h.stored(t, "SELECT note FROM refunds WHERE payment_id = $1", whole.ID))
		require.Equal(t, "other", *all(t, s.client, refunds, nil, func(r refund) string { return r.ID })[0].Reason)

		p := s.sell(t)
		for i, wrong := range []any{0, "1", 9999.5} {
			s.act(t, "refund", p.ID, object{"amount": wrong}).refused(t, http.StatusBadRequest, "INVALID_AMOUNT")
			require.Equal(t, "captured", s.acquired(t, p.ID).Status, "%d", i)
		}
		s.act(t, "refund", p.ID, object{"amount": 10000}).refused(t, http.StatusBadRequest, "AMOUNT_TOO_HIGH")
		first := s.act(t, "refund", p.ID, object{"amount": 4000}).payment(t, http.StatusOK)
		require.Equal(t, []any{"partially_refunded", int64(4000)}, []any{first.Status, first.AmountRefunded})
		r := s.act(t, "refund", p.ID, object{"amount": 6000}).refused(t, http.StatusBadRequest, "AMOUNT_TOO_HIGH")
		require.Contains(t, r.Message, "5999")
		require.Equal(t, "partially_refunded", s.act(t, "refund", p.ID, object{"amount": 1000}).payment(t, http.StatusOK).Status)
		last := s.act(t, "refund", p.ID, nil).payment(t, http.StatusOK)
		require.Equal(t, []any{"refunded", int64(9999)}, []any{last.Status, last.AmountRefunded}, "the default is all that is left")
		require.Equal(t, last, s.acquired(t, p.ID))
		require.Equal(t, sold(9999, 9999), s.books(t, p.ID))
		require.Equal(t, int64(9999), h.onlyCharge(t, p.ID).AmountRefunded)
		s.act(t, "refund", p.ID, nil).refused(t, http.StatusBadRequest, "ALREADY_REFUNDED")
		s.act(t, "refund", p.ID, object{"amount": 1}).refused(t, http.StatusBadRequest, "ALREADY_REFUNDED")

		held := s.authorize(t)
		s.act(t, "refund", held.ID, nil).refused(t, http.StatusBadRequest, "NOT_CAPTURED")
		require.Equal(t, "authorized", s.acquired(t, held.ID).Status)
	})
}

// A gateway that settles refunds a moment later is waited for.
func TestRefundIsAnsweredOnceItIsSettled(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.call(t, acquiring+"/sale", purchase("4000000000007726")).payment(t, http.StatusCreated)
		given := s.act(t, "refund", p.ID, object{"amount": 100}).payment(t, http.StatusOK)
		if given.Status == "processing" { // it took longer than a request waits
			await(t, settleLimit, "the refund is settled", func() bool { return s.acquired(t, p.ID).Status != "processing" })
			given = s.acquired(t, p.ID)
		}
		require.Equal(t, []any{"partially_refunded", int64(100)}, []any{given.Status, given.AmountRefunded})
	})
}

// Of many requests at the same moment one acts, and the others are told what it
// has made of the payment.
func TestSimultaneousActionsAreAnsweredByWhatHappened(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p := s.authorize(t)
		winner, words := "", map[string]int{}
		for i, a := range together(9, func(i int) answer { return s.act(t, []string{"capture", "void", "refund"}[i%3], p.ID, nil) }) {
			if a.status == http.StatusOK {
				if status := a.payment(t, http.StatusOK).Status; i%3 < 2 {
					require.Empty(t, winner, "%s after %s", status, winner)
					winner = status
				}
				continue
			}
			code := read[struct {
				Error refusal `json:"error"`
			}](t, a, a.status).Error.Code
			require.Contains(t, []string{"ALREADY_CAPTURED", "ALREADY_VOIDED", "ALREADY_REFUNDED", "NOT_CAPTURED", "INVALID_STATE"}, code, "%s", a.raw)
			words[code]++
		}
		// A capture that a refund follows at once is told with what the refund makes of it.
		require.Contains(t, []string{"captured", "voided", "processing", "refunded"}, winner, "%v", words)

		sale := s.sell(t, object{"amount": 1000})
		given := 0
		for _, a := range together(8, func(int) answer { return s.act(t, "refund", sale.ID, object{"amount": 300}) }) {
			if a.status == http.StatusOK {
				given++
				continue
			}
			a.refused(t, http.StatusBadRequest, "AMOUNT_TOO_HIGH")
		}
		require.Equal(t, 3, given)
		require.Equal(t, int64(900), s.acquired(t, sale.ID).AmountRefunded)
	})
}

// An authorization that is not captured in time is voided by itself. Seven days
// are too long to wait for: the database is told that they are over.
func TestAuthorizationsExpire(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a sweep, half a minute")
	}
	onEach(t, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		p, unpaid, paid := s.authorize(t), s.host(t), s.host(t, object{"capture_method": "manual"})
		require.Equal(t, "authorized", data[shown](t, s.checkOut(t, paid, visa), http.StatusOK).Status)
		h.age(t, "authorized_until", p.ID)
		h.age(t, "authorized_until", paid.ID)
		h.age(t, "expires_at", unpaid.ID)
		await(t, settleLimit, "the authorization expires", func() bool { return s.acquired(t, p.ID).Status == "expired" })
		require.Equal(t, "voided", h.onlyCharge(t, p.ID).Status)
		require.Empty(t, s.books(t, p.ID))
		s.act(t, "capture", p.ID, nil).refused(t, http.StatusBadRequest, "AUTHORIZATION_EXPIRED")
		s.act(t, "void", p.ID, nil).refused(t, http.StatusBadRequest, "ALREADY_VOIDED")
		s.act(t, "refund", p.ID, nil).refused(t, http.StatusBadRequest, "NOT_CAPTURED")

		await(t, settleLimit, "the shopper's authorization expires", func() bool { return s.acquired(t, paid.ID).Status == "expired" })
		s.checkOut(t, paid, visa).refused(t, http.StatusGone, "AUTHORIZATION_EXPIRED")
		require.Equal(t, "voided", h.onlyCharge(t, paid.ID).Status)

		await(t, settleLimit, "the intent expires", func() bool { return s.acquired(t, unpaid.ID).Status == "expired" })
		require.Equal(t, "expired", s.show(t, unpaid).Status)
		s.checkOut(t, unpaid, visa).refused(t, http.StatusGone, "INTENT_EXPIRED")
		s.act(t, "capture", unpaid.ID, nil).refused(t, http.StatusConflict, "INVALID_STATE")
		s.call(t, hostedIntents+"/"+unpaid.ID+"/cancel", nil).refused(t, http.StatusConflict, "INVALID_STATE")
		h.requireNoCharge(t, unpaid.ID)
	})
}

// age puts a moment of a payment into the past, and when the sweep looks at it.
func (h *hub) age(t testing.TB, column, paymentID string) {
	t.Helper()
	h.update(t, "UPDATE payment_intents SET "+column+" = created_at, due_at = created_at WHERE id = $1", paymentID)
}

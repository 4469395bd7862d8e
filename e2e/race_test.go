package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// winners returns the indexes of the calls that succeeded. The others must have
// been told that the state or the amount does not allow it.
func winners(t *testing.T, answers []answer) []int {
	t.Helper()
	var won []int
	for i, a := range answers {
		switch a.status {
		case http.StatusOK:
			won = append(won, i)
		case http.StatusBadRequest:
			require.Equal(t, "amount", a.failure(t, http.StatusBadRequest, "validation_failed").Param)
		default:
			a.failure(t, http.StatusConflict, "invalid_state")
		}
	}
	return won
}

func TestTwoSimultaneousCapturesTakeTheMoneyOnce(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for range 5 {
			p := s.authorized(t, 1000)
			won := winners(t, together(4, func(i int) answer { return s.capture(t, p.ID, object{"amount": 600 + i}) }))
			require.Len(t, won, 1)
			taken := int64(600 + won[0])
			require.Equal(t, taken, s.intent(t, p.ID).AmountCaptured)
			require.Equal(t, taken, h.onlyCharge(t, p.ID).AmountCaptured)
			require.Equal(t, sold(taken, 0), s.books(t, p.ID))
		}
	})
}

func TestSimultaneousRefundsNeverPassTheCapture(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		p := s.paid(t, 1050)
		answers := together(20, func(int) answer { return s.post(t, refunds, object{"intent_id": p.ID, "amount": 100}) })
		won := winners(t, answers)
		require.Len(t, won, 10)
		for _, i := range won {
			require.Equal(t, "succeeded", s.settled(t, answers[i].refund(t).ID).Status)
		}
		require.Equal(t, int64(1000), s.intent(t, p.ID).AmountRefunded)
		require.Equal(t, int64(1000), h.onlyCharge(t, p.ID).AmountRefunded)
		require.Equal(t, sold(1050, 1000), s.books(t, p.ID))
		listed := all(t, s.client, refunds, nil, func(r refund) string { return r.ID })
		require.Len(t, listed, 10)
	})
}

func TestSimultaneousConfirmationsChargeOnce(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for range 5 {
			p := s.create(t, nil)
			cards := []string{visa, mastercard, visa, mastercard}
			won := winners(t, together(len(cards), func(i int) answer { return s.confirm(t, p.ID, with(cards[i])) }))
			require.Len(t, won, 1)
			got := s.intent(t, p.ID)
			require.Equal(t, "succeeded", got.Status)
			require.Len(t, got.Attempts, 1)
			require.Equal(t, int64(12000), h.onlyCharge(t, p.ID).AmountCaptured)
			require.Equal(t, sold(12000, 0), s.books(t, p.ID))
		}
	})
}

func TestConfirmationAgainstCancellationHasOneWinner(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for range 8 {
			p := s.create(t, nil)
			won := winners(t, together(2, func(i int) answer {
				if i == 0 {
					return s.confirm(t, p.ID, with(visa))
				}
				return s.cancel(t, p.ID, nil)
			}))
			require.Len(t, won, 1)
			if won[0] == 0 {
				require.Equal(t, "succeeded", s.intent(t, p.ID).Status)
				h.onlyCharge(t, p.ID)
				require.Equal(t, sold(12000, 0), s.books(t, p.ID))
			} else {
				require.Equal(t, "canceled", s.intent(t, p.ID).Status)
				h.requireNoCharge(t, p.ID)
				require.Empty(t, s.books(t, p.ID))
			}
		}
	})
}

func TestCaptureAgainstCancellationHasOneWinner(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		for range 8 {
			p := s.authorized(t, 1000)
			won := winners(t, together(2, func(i int) answer {
				if i == 0 {
					return s.capture(t, p.ID, nil)
				}
				return s.cancel(t, p.ID, nil)
			}))
			require.Len(t, won, 1)
			want := [][]any{{"succeeded", "captured"}, {"canceled", "voided"}}[won[0]]
			require.Equal(t, want, []any{s.intent(t, p.ID).Status, h.onlyCharge(t, p.ID).Status})
		}
	})
}

func TestSimultaneousPaymentsDoNotMix(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		answers := together(40, func(i int) answer {
			body := order(paidWith(visa), object{"amount": 1000 + i, "metadata": object{"n": fmt.Sprint(i)}})
			return s.post(t, intents, body, idempotent(fmt.Sprint("payment ", i))) // one that is made again is the same
		})
		var total, fees int64
		for i, a := range answers {
			p := a.intent(t)
			require.Equal(t, []any{"succeeded", int64(1000 + i), fmt.Sprint(i)}, []any{p.Status, p.AmountCaptured, p.Metadata["n"]})
			require.Equal(t, int64(1000+i), h.onlyCharge(t, p.ID).AmountCaptured)
			total, fees = total+p.AmountCaptured, fees+feeOf(p.AmountCaptured)
		}
		require.Equal(t, accounts{"sales": -total, "gateway_fees": fees, "gateway_receivable": total - fees}, s.balances(t, "AED"))
	})
}

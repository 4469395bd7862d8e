package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// hasty hubs wait for an outcome for two seconds, and for a provider's answer for one.
var hasty = append([]string{"PAYMENTHUB_PAYMENTS_WAIT=2s"}, impatient...)

// What the provider did, and did not get to tell, is "processing": nobody is told a
// guess, nothing can be done on top of it, and what is told in the end is the truth.
func TestAcquiringTellsNoOutcomeBeforeItIsKnown(t *testing.T) {
	onOwn(t, hasty, func(t *testing.T, h *hub) {
		s := newAcquirer(t, h)
		known := func(path string, count int) (made pool) {
			for range count {
				made = append(made, s.resolved(t, s.call(t, acquiring+path, purchase(visa)).payment(t, http.StatusCreated).ID))
			}
			return made
		}
		authorized, taken := known("/authorize", 2+strikes), known("/sale", strikes)
		hear := h.deafen(t)
		unknown := []struct {
			operation, fault string
			call             func() answer
			answer           int
			want             string
			captured, back   int64
			books            accounts
		}{
			{"create_payment_intent", "timeout_after", func() answer { return s.call(t, acquiring+"/authorize", purchase(visa)) }, 201, "authorized", 0, 0, held(9999)},
			{"create_payment_intent", "reset_after", func() answer { return s.call(t, acquiring+"/sale", purchase(visa)) }, 201, "captured", 9999, 0, sold(9999, 0)},
			{"create_payment_intent", "reset_after", func() answer { return s.checkOut(t, s.host(t), visa) }, 200, "captured", 9999, 0, sold(9999, 0)},
			{"capture", "reset_after", func() answer { return s.act(t, "capture", authorized.next(), object{"amount": 4000}) }, 200, "captured", 4000, 0, sold(4000, 0)},
			{"cancel", "reset_after", func() answer { return s.act(t, "void", authorized.next(), nil) }, 200, "voided", 0, 0, accounts{}},
			{"refund", "reset_after", func() answer { return s.act(t, "refund", taken.next(), object{"amount": 500}) }, 200, "partially_refunded", 9999, 500, sold(9999, 500)},
		}
		var ids []string
		for _, test := range unknown {
			var p acquired
			for strike := 0; strike < strikes && p.Status != "processing"; strike++ { // as hub.unknown
				h.fault(t, test.operation, test.fault)
				p = test.call().payment(t, test.answer)
			}
			require.Equal(t, "processing", p.Status, "%s after %s: never a guess", test.operation, test.fault)
			require.Equal(t, "processing", s.acquired(t, p.ID).Status, test.operation)
			if test.operation != "refund" {
				s.act(t, "void", p.ID, nil).refused(t, http.StatusConflict, "INVALID_STATE")
			}
			ids = append(ids, p.ID)
		}
		hear()
		for i, test := range unknown {
			var p acquired
			await(t, settleLimit, "the outcome of "+test.operation+" is known", func() bool {
				p = s.acquired(t, ids[i])
				return p.Status != "processing"
			})
			require.Equal(t, []any{test.want, test.captured, test.back}, []any{p.Status, p.AmountCaptured, p.AmountRefunded}, test.operation)
			made := h.onlyCharge(t, p.ID)
			require.Equal(t, []int64{9999, test.captured, test.back}, []int64{made.Amount, made.AmountCaptured, made.AmountRefunded}, test.operation)
			require.Equal(t, test.books, s.books(t, p.ID), test.operation)
			require.Len(t, s.intent(t, p.ID).Attempts, 1, test.operation)
		}
	})
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const quotes = "/v3/fx/quotes"

// quote is an FX quote as the API answers it.
type quote struct {
	ID       string  `json:"id"`
	Rate     string  `json:"rate"`
	ToAmount int64   `json:"to_amount"`
	IntentID *string `json:"intent_id"`
}

// setRate sets the rate at which quotes of these tests are made, 1 AED = 0.9 CHF.
// Others of the shared hub must not be given a rate by it.
func setRate(t *testing.T, h *hub) {
	t.Helper()
	h.run(t, "fx", "set", "AED", "CHF", "0.9", "--by", "e2e")
}

func TestAPaymentIsSettledInAnotherCurrency(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		setRate(t, h)
		q := read[quote](t, s.post(t, quotes, object{"from": "AED", "to": "CHF", "amount": 12_000}), http.StatusOK)
		require.Equal(t, quote{ID: q.ID, Rate: "0.9", ToAmount: 10_800}, q)

		p := s.post(t, intents, order(paidWith(visa), object{"settlement_currency": "CHF", "fx_quote_id": q.ID})).intent(t)
		require.Equal(t, "succeeded", p.Status)
		require.Equal(t, []any{int64(10_800), "CHF"}, []any{*p.SettledAmount, *p.SettledCurrency})
		used := read[quote](t, s.get(t, quotes+"/"+q.ID), http.StatusOK)
		require.Equal(t, p.ID, *used.IntentID)
		s.post(t, intents, order(object{"fx_quote_id": q.ID})).failure(t, http.StatusConflict, "invalid_state")

		r := s.settled(t, s.post(t, refunds, object{"intent_id": p.ID, "amount": 4000}).refund(t).ID)
		require.Equal(t, []any{int64(4000), "AED", "succeeded"}, []any{r.Amount, r.Currency, r.Status})
		type exchanged struct {
			Exchange struct {
				Share, Value int64
				Currency     string
			} `json:"exchange"`
		}
		back := read[exchanged](t, s.get(t, refunds+"/"+r.ID), http.StatusOK).Exchange
		require.Equal(t, []any{int64(3600), int64(3600), "CHF"}, []any{back.Share, back.Value, back.Currency}, "its share, at a rate that has not moved")
		require.Equal(t, int64(8000), s.balances(t, "AED")["fx_clearing"])
		require.Equal(t, int64(-7200), s.balances(t, "CHF")["fx_clearing"])
		require.Equal(t, int64(7200), s.balances(t, "CHF")["gateway_receivable"])
	})
}

func TestWhatCannotBeConvertedIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		f := s.post(t, intents, order(object{"settlement_currency": "XPF"})).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "settlement_currency", f.Param)
		f = s.post(t, quotes, object{"from": "AED", "to": "XPF"}).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "to", f.Param)
	})
}

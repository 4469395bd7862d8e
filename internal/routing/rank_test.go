package routing

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// A gateway without a price can never be compared by value: exploring it again and again
// would keep the others from being found.
func TestValueFindsTheBestAmongThoseWithAPrice(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	h := newHub(t, b, at, "value")
	scope := merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}
	activate(t, h, b, scope, RuleSet{Default: Default{Strategy: Value}})
	h.exchange()
	candidates := []Candidate{
		{Gateway: "stripe", Provider: "stripe", Fees: Fees{{BasisPoints: 140}}},
		{Gateway: "checkout", Provider: "checkout"},
		{Gateway: "adyen", Provider: "adyen", Fees: Fees{{BasisPoints: 140}}},
	}
	approvals := map[string]int{"stripe": 60, "checkout": 50, "adyen": 95}
	tries, fate := map[string]int{}, rand.New(rand.NewPCG(1, 0))
	for i := range 3000 {
		at.Advance(3 * time.Second)
		h.exchange()
		q := Question{
			Scope: scope, PaymentID: fmt.Sprintf("pi_%d", i), Amount: money.New(5000, "EUR"), Method: "card", Brand: "visa", CardCountry: "DE",
			At: at.Now(), Attempt: true, Candidates: candidates,
		}
		d, err := h.Decide(t.Context(), q)
		require.NoError(t, err)
		tries[d.Gateway()]++
		o := Observation{
			Cell:      Cell{Scope: scope, Gateway: d.Gateway(), Currency: "EUR", Region: d.Region, Kind: "visa"},
			PaymentID: q.PaymentID, Called: true, Verdict: Declined,
		}
		if fate.IntN(100) < approvals[d.Gateway()] {
			o.Verdict = Approved
		}
		h.Observe(o)
	}
	require.Greater(t, tries["adyen"], 1500, "%v", tries)
	require.Less(t, tries["checkout"], 300, "%v", tries)
}

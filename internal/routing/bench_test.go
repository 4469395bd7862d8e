package routing

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// crowd is four gateways with price lists and histories, and 50 rules of which none
// holds but the last.
func crowd(t testing.TB, strategy Strategy) (*Engine, *book, Question) {
	at, b := clock.NewManual(begin), newBook()
	e := NewEngine(Options{Repository: b, Clock: at})
	scope := merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}
	rules := RuleSet{Default: Default{Strategy: strategy}}
	for i := range 49 {
		rules.Rules = append(rules.Rules, Rule{
			Name: fmt.Sprint("rule ", i), Use: []string{"a"},
			When: fmt.Sprintf(`currency == "EUR" and amount > %d and bin startsWith "4242" and (card_country in ["US", "CA"] or metadata.channel == "app%d") and hour in 0..23`, i, i),
		})
	}
	rules.Rules = append(rules.Rules, Rule{Name: "the last", When: `region == "eea"`, Strategy: strategy})
	b.profiles = []Profile{{ID: "rp_1", Scope: scope, Default: true, Active: 1}}
	b.versions = []Version{{ProfileID: "rp_1", Number: 1, Rules: rules}}
	q := ordinary()
	q.Scope, q.Attempt, q.At = scope, true, begin
	for _, name := range []string{"a", "b", "c", "d"} {
		fees := Fees{{Method: "card", Brand: "amex", BasisPoints: 300}, {Method: "card", Region: "eea", BasisPoints: 140, Fixed: money.New(25, "EUR")}}
		q.Candidates = append(q.Candidates, Candidate{Gateway: name, Provider: name, Fees: fees})
		for i := range 100 {
			v := Approved
			if i%10 == 0 {
				v = Declined
			}
			e.Observe(Observation{Cell: Cell{Scope: scope, Gateway: name, Currency: "EUR", Region: EEA, Kind: "visa"}, Verdict: v, Called: true})
		}
	}
	return e, b, q
}

func TestADecisionReadsNoDatabase(t *testing.T) {
	for _, strategy := range []Strategy{Order, Success, Cost, Value} {
		e, b, q := crowd(t, strategy)
		for i := range 100 {
			q.PaymentID = fmt.Sprint("pi_", i)
			d, err := e.Decide(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, "the last", d.Rule)
			require.Len(t, d.Choices, 4)
			require.Empty(t, d.Failed)
		}
		require.Equal(t, 2, b.asked, "the profiles and the version, once")
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, strategy := range []Strategy{Order, Success, Value} {
		b.Run(string(strategy), func(b *testing.B) {
			e, _, q := crowd(b, strategy)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Decide(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

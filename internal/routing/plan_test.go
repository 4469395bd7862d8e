package routing

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// by decides an ordinary payment by rules.
func by(t *testing.T, e *Engine, rules RuleSet, change func(*Question)) Decision {
	t.Helper()
	q := ordinary()
	for _, name := range []string{"a", "b", "c"} {
		q.Candidates = append(q.Candidates, Candidate{Gateway: name, Provider: name})
	}
	if change != nil {
		change(&q)
	}
	d, err := e.DecideBy(q, rules)
	require.NoError(t, err)
	return d
}

func plainEngine() (*Engine, *clock.Manual) {
	at := clock.NewManual(begin)
	return NewEngine(Options{Repository: newBook(), Clock: at}), at
}

func TestTheFirstRuleThatHoldsDecides(t *testing.T) {
	e, _ := plainEngine()
	rules := RuleSet{Rules: []Rule{
		{Name: "broken", When: `[1][amount] == 1`, Use: []string{"c"}},
		{Name: "gone", When: "true", Use: []string{"x", "y"}},
		{Name: "dollars", When: `currency == "USD"`, Use: []string{"c"}},
		{Name: "euros", When: `currency == "EUR"`, Use: []string{"b", "x", "a"}},
		{Name: "all", When: "true", Use: []string{"a"}},
	}, Default: Default{Strategy: Order, Order: []string{"c", "x", "b"}}}
	d := by(t, e, rules, nil)
	require.Equal(t, Decision{
		Strategy: Listed, Choices: []Choice{{Gateway: "b"}, {Gateway: "a"}}, At: begin, Rule: "euros", Failed: []string{"broken"}, Region: EEA,
	}, d, "only the gateways that the rule names; one of which none is there is passed over")
	rules.Rules = rules.Rules[:3]
	d = by(t, e, rules, nil)
	require.Equal(t, []any{Order, ""}, []any{d.Strategy, d.Rule})
	require.Equal(t, []string{"c", "b", "a"}, names(d), "preferred ones first, the others as the operator has them")

	rules.Rules = []Rule{{Name: "as ever", When: "true", Strategy: Automatic}, {Name: "never", When: "true", Use: []string{"a"}}}
	d = by(t, e, rules, nil)
	require.Equal(t, []any{Order, "as ever", "c"}, []any{d.Strategy, d.Rule, d.Gateway()})
}

func TestRulesMayNameAProvider(t *testing.T) {
	e, _ := plainEngine()
	accounts := func(q *Question) {
		q.Candidates = []Candidate{{Gateway: "stripe_1", Provider: "stripe"}, {Gateway: "stripe_2", Provider: "stripe"}, {Gateway: "adyen", Provider: "adyen"}, {Gateway: "stripe", Provider: "stripe"}}
	}
	rule := func(use ...string) RuleSet {
		return RuleSet{Rules: []Rule{{Name: "r", When: "true", Use: use}}, Default: Default{Strategy: Order, Order: []string{"adyen", "stripe_2", "stripe"}}}
	}
	require.Equal(t, []string{"adyen", "stripe"}, names(by(t, e, rule("adyen", "stripe"), accounts)), "the account of exactly this name")
	require.Equal(t, []string{"adyen", "stripe_2", "stripe", "stripe_1"}, names(by(t, e, RuleSet{Default: rule().Default}, func(q *Question) {
		accounts(q)
		q.Candidates[0], q.Candidates[3] = q.Candidates[3], q.Candidates[0]
	})))
	require.Equal(t, []string{"stripe_1", "adyen"}, names(by(t, e, rule("stripe", "adyen", "stripe_1"), func(q *Question) {
		accounts(q)
		q.Candidates = q.Candidates[:3]
	})), "or the first there, once")
}

func TestASplitSharesOutAndRepeatsItself(t *testing.T) {
	e, _ := plainEngine()
	rules := RuleSet{Rules: []Rule{{Name: "split", When: "true", Split: map[string]int{"a": 70, "b": 30, "c": 0}}}, Default: Default{Strategy: Order}}
	counts := map[string]int{}
	const n = 4000
	for i := range n {
		payment := func(q *Question) { q.PaymentID = fmt.Sprint("pi_", i) }
		d := by(t, e, rules, payment)
		require.Equal(t, d, by(t, e, rules, payment))
		require.Equal(t, Split, d.Strategy)
		require.Equal(t, map[string]int{"a": 70, "b": 30}[d.Gateway()], d.Share)
		require.Equal(t, map[string][]string{"a": {"a", "b", "c"}, "b": {"b", "a", "c"}}[d.Gateway()], names(d), "the others follow, the largest share first")
		counts[d.Gateway()]++
	}
	require.InDelta(t, n*70/100, counts["a"], n*3/100)
	without := by(t, e, rules, func(q *Question) { q.Candidates = q.Candidates[1:] })
	require.Equal(t, []string{"b", "c"}, names(without))
}

// seen lets a gateway have approved so many of all.
func seen(e *Engine, gateway string, approved, all int) {
	for i := range all {
		v := Declined
		if i < approved {
			v = Approved
		}
		e.Observe(Observation{Cell: Cell{Scope: ordinary().Scope, Gateway: gateway, Currency: "EUR", Region: EEA, Kind: "visa"}, Verdict: v})
	}
}

// plain is a payment that is not drawn to explore.
func plain(q *Question) {
	for drawn(q.PaymentID, "explore", whole) < exploring {
		q.PaymentID += "x"
	}
}

func TestTheBestRateGoesFirstOnceThereIsEnoughToGoBy(t *testing.T) {
	e, at := plainEngine()
	rules := RuleSet{Default: Default{Strategy: Success}}
	seen(e, "b", 19, 19)
	d := by(t, e, rules, plain)
	require.Equal(t, []string{"a", "b", "c"}, names(d), "too few to say")
	require.Nil(t, d.Choices[1].Rate)
	seen(e, "b", 0, 1)
	seen(e, "a", 10, 20)
	d = by(t, e, rules, plain)
	require.Equal(t, []string{"b", "a", "c"}, names(d), "what cannot be compared keeps its place")
	require.Equal(t, []any{int64(9500), int64(20), LevelCell}, []any{*d.Choices[0].Rate, d.Choices[0].Samples, d.Choices[0].Level})
	require.Equal(t, int64(5000), *d.Choices[1].Rate)
	seen(e, "c", 30, 30)
	require.Equal(t, []string{"c", "b", "a"}, names(by(t, e, rules, plain)))

	amex := func(q *Question) { plain(q); q.Brand = "amex" }
	d = by(t, e, rules, amex)
	require.Equal(t, []any{"c", LevelCurrency}, []any{d.Gateway(), d.Choices[0].Level}, "those of its currency stand in")
	yen := func(q *Question) { plain(q); q.Amount.Currency = "JPY" }
	require.Equal(t, LevelGateway, by(t, e, rules, yen).Choices[0].Level)
	other := func(q *Question) { plain(q); q.Scope.MerchantID = "mch_2" }
	require.Equal(t, []string{"a", "b", "c"}, names(by(t, e, rules, other)), "a merchant learns nothing of others")

	seen(e, "a", 10, 20)
	seen(e, "b", 19, 20)
	at.Advance(3 * time.Hour)
	seen(e, "c", 0, 5)
	d = by(t, e, rules, plain)
	require.Equal(t, "b", d.Gateway(), "what is recent weighs more")
	require.Less(t, *d.Choices[2].Rate, int64(5500))
	at.Advance(100 * time.Hour)
	require.Nil(t, by(t, e, rules, plain).Choices[0].Rate, "in the end all is forgotten")
}

func TestExploringIsBoundedAndPrefersWhatMayBeTheBest(t *testing.T) {
	e, at := plainEngine()
	seen(e, "b", 60, 100)
	seen(e, "c", 60, 100)
	at.Advance(2 * time.Hour)
	seen(e, "a", 90, 100)
	seen(e, "b", 12, 20) // lately as before; of c nothing is known for two hours
	rules := RuleSet{Default: Default{Strategy: Success}}
	explored := map[string]int{}
	const n = 10_000
	for i := range n {
		d := by(t, e, rules, func(q *Question) { q.PaymentID = fmt.Sprint("pi_", i) })
		require.Equal(t, d.Explored, d.Gateway() != "a")
		if d.Explored {
			explored[d.Gateway()]++
			require.Equal(t, "a", d.Choices[1].Gateway, "the best comes next")
		}
	}
	require.InDelta(t, n*exploring/whole, explored["c"], n/200)
	require.Zero(t, explored["b"])
	require.False(t, by(t, e, rules, func(q *Question) { q.Candidates = q.Candidates[:1] }).Explored)
}

func TestCostAndValue(t *testing.T) {
	e, _ := plainEngine()
	e.options.Rates = func(m money.Money, to money.Currency) (money.Money, bool) {
		return money.New(m.Minor*2, to), m.Currency == "USD"
	}
	priced := func(q *Question) {
		plain(q)
		q.Candidates[0].Fees = Fees{{Brand: "amex", BasisPoints: 1}, {Region: "gb", BasisPoints: 2}, {Method: "card", BasisPoints: 290, Fixed: money.New(30, "EUR")}}
		q.Candidates[1].Fees = Fees{{Currency: "USD", BasisPoints: 1}, {Region: International, BasisPoints: 140, Fixed: money.New(25, "USD")}}
		q.Candidates[2].Fees = Fees{{BasisPoints: 150, Fixed: money.New(1, "JPY")}} // for which there is no rate
	}
	cost := RuleSet{Default: Default{Strategy: Cost}}
	d := by(t, e, cost, priced)
	require.Equal(t, []string{"b", "a", "c"}, names(d))
	require.Equal(t, []int64{168 + 50, 348 + 30}, []int64{*d.Choices[0].Cost, *d.Choices[1].Cost})
	require.Nil(t, d.Choices[2].Cost)
	require.False(t, d.Explored)

	seen(e, "a", 40, 40)
	seen(e, "b", 20, 40)
	d = by(t, e, RuleSet{Default: Default{Strategy: Value}}, priced)
	require.Equal(t, []string{"a", "b", "c"}, names(d), "cheap is not enough")
	require.Equal(t, []int64{12_000 - 378, (12_000 - 218) / 2}, []int64{*d.Choices[0].Value, *d.Choices[1].Value})
	require.Nil(t, d.Choices[2].Value)

	require.Nil(t, Fees{}.cost(&Question{Amount: money.New(5, "EUR")}, "", nil))
	require.Nil(t, Fees{{Region: International}}.cost(&Question{Amount: money.New(5, "EUR")}, "", nil), "nobody knows where the card is from")
	require.Nil(t, Fees{{Fixed: money.New(1, "USD")}}.cost(&Question{Amount: money.New(5, "EUR")}, "", nil))
}

func TestExpectedIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount, cost, rate := rapid.Int64Range(1, money.MaxAmount).Draw(t, "amount"), rapid.Int64Range(0, money.MaxAmount).Draw(t, "cost"), rapid.Int64Range(0, whole).Draw(t, "rate")
		got, left := expected(amount, cost, rate), amount-cost
		// (left/whole)·rate·whole ≤ left·rate, without an overflow
		want := left/whole*rate + left%whole*rate/whole
		require.Equal(t, want, got)
	})
}

func TestProfiles(t *testing.T) {
	at, b := clock.NewManual(begin), newBook()
	h := newHub(t, b, at, "one")
	scope := ordinary().Scope
	euros := RuleSet{Rules: []Rule{{Name: "euros", When: `currency == "EUR"`, Use: []string{"b"}}}, Default: Default{Strategy: Order}}
	require.Equal(t, []string{"a", "b"}, names(h.decide("pi_1", "a", "b")))
	p := activate(t, h, b, scope, euros)
	d := h.decide("pi_1", "a", "b")
	require.Equal(t, []any{"b", p.ID, 1, "euros"}, []any{d.Gateway(), d.Profile, d.Version, d.Rule}, "at once in the process that changed it")

	s := NewProfiles(b, func(ctx, merchant.Scope) ([]string, error) { return allNames, nil }, h.Forget, at)
	v, err := s.Draft(t.Context(), scope, p.ID, "03", RuleSet{Default: Default{Strategy: Order, Order: []string{"a"}}})
	require.NoError(t, err)
	_, err = s.Change(t.Context(), scope, p.ID, v.Number, RuleSet{Default: Default{Strategy: Order, Order: []string{"b", "a"}}})
	require.NoError(t, err)
	p, err = s.Activate(t.Context(), scope, p.ID, "04", 2)
	require.NoError(t, err)
	require.Equal(t, 2, p.Active)
	_, err = s.Change(t.Context(), scope, p.ID, 2, euros)
	require.True(t, fault.Is(err, fault.InvalidState))
	for range 2 {
		p, err = s.Rollback(t.Context(), scope, p.ID, "05")
		require.NoError(t, err)
		require.Equal(t, 1, p.Active, "a rollback that is repeated goes back once")
	}
	_, err = s.Rollback(t.Context(), scope, p.ID, "06")
	require.True(t, fault.Is(err, fault.InvalidState), "there is nothing before the first")

	s.gateways = func(ctx, merchant.Scope) ([]string, error) { return []string{"a"}, nil }
	_, err = s.Draft(t.Context(), scope, p.ID, "07", euros)
	require.True(t, fault.Is(err, fault.Invalid))
	_, err = s.Activate(t.Context(), scope, p.ID, "08", 2)
	require.True(t, fault.Is(err, fault.Invalid), "one of its gateways is gone")

	q := ordinary()
	q.Candidates, q.Profile = []Candidate{{Gateway: "a"}}, "rp_nobody"
	_, err = h.Decide(t.Context(), q)
	require.ErrorIs(t, err, ErrNoProfile)
	other := activate(t, h, b, scope, euros)
	q.Profile = other.ID
	d, err = h.Decide(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, other.ID, d.Profile)
	profile, version, err := s.Effective(t.Context(), scope)
	require.NoError(t, err)
	require.Equal(t, []any{p.ID, 1}, []any{profile.ID, version.Number})
	_, version, err = s.Effective(t.Context(), merchant.Scope{MerchantID: "mch_2"})
	require.NoError(t, err)
	require.Equal(t, Standard(), version.Rules)
}

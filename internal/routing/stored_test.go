package routing

import (
	"testing"

	"github.com/expr-lang/expr/vm"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// What was saved before a check was there, or before the world changed, must not keep
// payments from being routed.
func TestAStoredConditionThatIsNotTakenAnyMoreCostsItsRuleAlone(t *testing.T) {
	p := storedPlan("rp_1", 3, RuleSet{
		Rules:   []Rule{{Name: "Deutschmarks", When: `currency == "DEM"`, Use: []string{"adyen"}}, {Name: "All", When: "true", Use: []string{"stripe"}}},
		Default: Default{Strategy: Order},
	})
	q := &Question{Scope: merchant.Scope{MerchantID: "mch_1"}, PaymentID: "pi_1", Amount: money.New(100, "EUR"), Method: "card"}
	d := p.choose(q, []Candidate{{Gateway: "adyen", Provider: "adyen"}, {Gateway: "stripe", Provider: "stripe"}}, ranking{question: q})
	require.Equal(t, "stripe", d.Gateway())
	require.Equal(t, []string{"Deutschmarks"}, d.Failed)
	_, err := p.conditions[0].holds(new(vm.VM), &Facts{})
	require.Error(t, err)
}

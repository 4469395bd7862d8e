package verify

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/account"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// A provider's witness knows all accounts there, and the hub's record names one of them.
func TestAWitnessSpeaksForAllAccountsOfItsProvider(t *testing.T) {
	own := account.NameOf("adyen", id.NewSuffix())
	s := &spool{witnesses: []Witness{{Name: "adyen"}}}
	require.True(t, s.witnessed("adyen"))
	require.True(t, s.witnessed(own))
	require.False(t, s.witnessed(account.NameOf("stripe", id.NewSuffix())))

	paid := payment.Intent{ID: "pi_1", Status: payment.Succeeded, Amount: 1200, AmountCaptured: 1200, Currency: "ISK", Gateway: own}
	d := &dossier{
		intent:       paid,
		attempts:     []payment.Attempt{{ID: "att_1", Gateway: own, GatewayReference: "psp_1"}},
		transactions: []payment.Transaction{{ID: "txn_1", AttemptID: "att_1", Kind: payment.Sale, Status: payment.TransactionSucceeded, Gateway: own}},
		disputes:     []payment.Dispute{{ID: "dp_1", Gateway: own, GatewayReference: "theirs_1"}},
	}
	taken := charge{
		ID: "ch_1", PaymentIntent: "psp_1", Amount: 1200, Currency: "isk", Status: "captured", AmountCaptured: 1200,
		Metadata: metadata{TransactionID: "txn_1"}, gateway: "adyen",
	}
	f := newFindings()
	f.origin(d, taken)
	f.standing(d, []charge{taken}, s.witnessed(own))
	require.Empty(t, f.report.Violations)
	require.NotZero(t, f.report.Checked[ProviderChargeAgrees])

	elsewhere := taken
	elsewhere.gateway = "mollie"
	f.standing(d, []charge{elsewhere}, true)
	require.Len(t, f.report.Violations, 1, "at another provider than the hub says")

	_, known := d.dispute(dispute{ID: "theirs_1", gateway: "adyen"})
	require.True(t, known)
	_, known = d.dispute(dispute{ID: "theirs_1", gateway: "mollie"})
	require.False(t, known)
}

package payment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/vault"
)

func TestNamesDifferWhenTheyShareNoWord(t *testing.T) {
	for _, c := range []struct {
		holder, customer string
		differ           bool
	}{
		{"Ada Lovelace", "Ada Lovelace", false},
		{"LOVELACE ADA", "Ada King-Lovelace", false},
		{"A. Lovelace", "Ada Lovelace", false},
		{"Élodie Ñandú", "élodie martin", false},
		{"Ada Lovelace", "Grace Hopper", true},
		{"A B", "A Hopper", false}, // nothing but initials to compare
		{"", "Grace Hopper", false},
		{"Ada Lovelace", "", false},
		{"محمد علي", "محمد حسن", false},
		{"محمد علي", "Grace Hopper", true},
	} {
		require.Equal(t, c.differ, nameDiffers(c.holder, c.customer), "%q and %q", c.holder, c.customer)
	}
}

// Whoever tries cards must not learn which of them were reported.
func TestShoppersAreNotToldWhatAnIssuerKnows(t *testing.T) {
	for code := range explanations {
		told := NewDecline(code).ForShopper()
		switch code {
		case DeclineFraud, DeclineLostOrStolen, DeclineDoNotHonor:
			require.Equal(t, DeclineGeneric, told, code)
		case DeclineInsufficientFunds, DeclineExpiredCard, DeclineIncorrectCVC:
			require.Equal(t, code, told)
		}
	}
}

func TestASightingHoldsWhatTheMerchantOrTheShopperTold(t *testing.T) {
	p := Intent{ID: "pi_1", Scope: merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}, Customer: Customer{Email: "Ada@Example.com", Name: "Ada Lovelace"}}
	now := clock.System{}.Now()
	record := CardSummary{Fingerprint: "f00d", BIN: "42424242"}
	m := Method{Card: vault.Card{HolderName: "Grace Hopper"}, Shopper: Shopper{IP: "192.0.2.7", BillingCountry: "FR"}}
	s := m.sighting(p, "op", record, now)
	require.Equal(t, "ada@example.com", s.Email)
	require.True(t, s.NameDiffers)
	require.Equal(t, []string{"pi_1", "op", "f00d", "42424242", "192.0.2.7", "FR"}, []string{s.PaymentID, s.OperationID, s.Fingerprint, s.BIN, s.IP, s.BillingCountry})

	m.Shopper.Email, m.Shopper.Name = "grace@example.com", "Grace Hopper"
	s = m.sighting(p, "op", record, now)
	require.Equal(t, "ada@example.com", s.Email, "what the merchant told counts")
	require.True(t, s.NameDiffers)

	require.False(t, s.EmailByShopper)

	p.Customer = Customer{}
	s = m.sighting(p, "op", record, now)
	require.Equal(t, "grace@example.com", s.Email)
	require.True(t, s.EmailByShopper)
	require.False(t, s.NameDiffers)
}

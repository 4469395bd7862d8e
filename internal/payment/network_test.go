package payment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIssuersCodesMapIntoTheTaxonomy(t *testing.T) {
	for from, code := range issuerCodes {
		require.Equal(t, code, NewDecline(code).Code, "%s maps to a code that is not in the taxonomy", from)
		told, known := DeclineOfIssuer(from)
		require.True(t, known)
		require.Equal(t, code, told)
	}
	_, known := DeclineOfIssuer("00")
	require.False(t, known)
}

// The advice that forbids to try again is what routing holds failover to.
func TestTheNetworksNeverIsNever(t *testing.T) {
	for code, advice := range networkAdvice {
		d := Decline{Code: DeclineGeneric, NetworkAdvice: code}
		require.Equal(t, advice != AdviceNeverRetry, d.Elsewhere("mastercard"), code)
	}
	require.Empty(t, AdviceOfNetwork("99"))
}

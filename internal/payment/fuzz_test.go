package payment_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

// FuzzClientSecrets holds that a payment's secret opens that payment, by that
// hub, and nothing else does.
func FuzzClientSecrets(f *testing.F) {
	const known = "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"
	ours := payment.NewClientSecrets(bytes.Repeat([]byte{1}, 32))
	theirs := payment.NewClientSecrets(bytes.Repeat([]byte{2}, 32))
	f.Add(known, ours.For(known))
	f.Add(known, theirs.For(known))
	f.Add(known, strings.ToUpper(ours.For(known)))
	f.Add(known, known+"_secret_")
	f.Add("", "")
	f.Add(known[:5], ours.For(known))
	f.Add(known+"_secret_", ours.For(known))
	f.Fuzz(func(t *testing.T, paymentID, secret string) {
		right := ours.For(paymentID)
		require.True(t, ours.Check(paymentID, right))
		require.True(t, strings.HasPrefix(right, paymentID+"_secret_"))
		require.Equal(t, secret == right, ours.Check(paymentID, secret))
		require.False(t, theirs.Check(paymentID, right))
		require.False(t, ours.Check(paymentID+"x", right))
		require.False(t, ours.Check(paymentID, right+secret+"0"))
	})
}

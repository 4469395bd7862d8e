package mollie_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/payment"
)

// TestConformance runs the suite of all adapters against the simulator, for each
// method whose payments Mollie can be told to cancel. Of iDEAL, whose payments it
// cannot, TestAPaymentThatCannotBeCanceledEndsByItself has what is different.
func TestConformance(t *testing.T) {
	for _, method := range []payment.MethodType{payment.MethodPayPal, payment.MethodBancontact} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			core, logs := observer.New(zapcore.DebugLevel)
			gatewaytest.Run(t, startProvider(t).harness(t, method, zap.New(core)))

			var text strings.Builder
			for _, entry := range logs.All() {
				fmt.Fprintln(&text, entry.Message, entry.ContextMap())
			}
			require.NotZero(t, logs.Len())
			require.NotContains(t, text.String(), apiKey)
			require.NotContains(t, text.String(), "/checkout/", "where the shopper pays is theirs alone")
		})
	}
}

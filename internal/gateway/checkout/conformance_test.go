package checkout_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/gateway/gatewaytest"
)

// TestConformance runs the suite of all adapters against the simulator, and
// then searches everything that was logged meanwhile for the cards.
func TestConformance(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	h := startProvider(t).harness(t, zap.New(core))
	gatewaytest.Run(t, h)

	var text strings.Builder
	for _, entry := range logs.All() {
		fields := entry.ContextMap()
		delete(fields, "took") // its digits are chance
		fmt.Fprintln(&text, entry.Message, fields)
	}
	require.NotZero(t, logs.Len())
	gatewaytest.AssertNoCard(t, text.String(), h.Approve, h.Challenge)
}

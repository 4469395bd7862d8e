package stripe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"paymenthub/internal/gateway"
	"paymenthub/internal/gateway/gatewaytest"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
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

// TestWhatStripesBooksSay reads fee, settlement and the hold's end from the
// provider's answers.
func TestWhatStripesBooksSay(t *testing.T) {
	adapter := newAdapter(t, startProvider(t).url, nil)
	request := sale()
	sold := adapter.Authorize(t.Context(), request)
	require.Equal(t, payment.OutcomeSucceeded, sold.Class, "%+v", sold)
	require.Equal(t, "00", sold.ResponseCode)
	require.NotEmpty(t, sold.AuthCode)
	require.NotNil(t, sold.Fee)
	require.Positive(t, sold.Fee.Minor)
	require.NotNil(t, sold.Settled)
	require.Equal(t, money.New(12_000, "AED"), *sold.Settled)
	require.Zero(t, sold.AuthorizedUntil)

	request = sale()
	request.Capture = false
	held := adapter.Authorize(t.Context(), request)
	require.Equal(t, payment.OutcomeSucceeded, held.Class, "%+v", held)
	require.Nil(t, held.Fee, "what is only held costs nothing yet")
	require.Nil(t, held.Settled)
	require.True(t, held.AuthorizedUntil.After(time.Now()))

	capture := request.Call
	capture.GatewayReference, capture.IdempotencyKey = held.GatewayReference, capture.IdempotencyKey+"-capture"
	capture.Amount.Minor = 5_000
	taken := adapter.Capture(t.Context(), capture)
	require.Equal(t, payment.OutcomeSucceeded, taken.Class, "%+v", taken)
	require.NotNil(t, taken.Fee)
	require.Equal(t, money.New(5_000, "AED"), *taken.Settled)
	found := adapter.Lookup(t.Context(), gateway.Lookup{Call: capture, Kind: payment.Capture})
	require.Equal(t, taken, found, "a look-up tells the same as the answer did")
}

// TestWhatStripesBooksSayOfADispute reads the fee, which a dispute costs and an
// inquiry does not.
func TestWhatStripesBooksSayOfADispute(t *testing.T) {
	provider := startProvider(t)
	adapter := newAdapter(t, provider.url, nil)
	reference := provider.openDispute(t, adapter.Authorize(t.Context(), sale()), false)
	for _, stage := range []payment.DisputeStatus{payment.DisputeUnderReview, payment.DisputeWon} {
		provider.moveDispute(t, reference, stage)
		report, err := adapter.Dispute(t.Context(), gateway.DisputeLookup{Reference: reference})
		require.NoError(t, err)
		require.NotNil(t, report.Fee, stage)
		require.Equal(t, money.New(1_500, "AED"), *report.Fee, "%s: once, and kept when it is won", stage)
	}
}

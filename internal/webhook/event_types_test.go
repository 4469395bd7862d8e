package webhook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
)

func TestEveryNameAndKindOfADialectCanBeAskedFor(t *testing.T) {
	t.Parallel()
	for _, d := range webhook.Dialects {
		require.NoError(t, webhook.CheckEventTypes(d, []string{"*"}), d)
		require.NoError(t, webhook.CheckEventTypes(d, d.Types()), d)
		for _, name := range d.Types() {
			kind, _, _ := strings.Cut(name, ".")
			require.NoError(t, webhook.CheckEventTypes(d, []string{"*", kind + ".*", name}), name)
			require.True(t, webhook.Matches(kind+".*", name), "what is taken covers something")
		}
	}
}

func TestWhatIsNoEventTypeIsRefusedByName(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "payment_intent", "payment_intent.", "payment_intent*", "payment_*", "**", ".*", "*.*", "payment_intent.*.*", "Payment_intent.*", " *", "payout.*", "payment.captured", "webhook_endpoint.test", "4242424242424242"} {
		err := webhook.CheckEventTypes(webhook.Hub, []string{"*", wrong})
		f := fault.From(err)
		require.Equal(t, []string{string(fault.Invalid), "event_types.1"}, []string{string(f.Code), f.Param}, wrong)
		require.Contains(t, f.Message, "payment_intent.*")
		require.Contains(t, f.Message, "dispute.closed")
		require.NotContains(t, f.Message, "4242")
	}
	require.NoError(t, webhook.CheckEventTypes(webhook.Acquiring, []string{"payment.captured"}))
	require.Contains(t, fault.From(webhook.CheckEventTypes(webhook.Cashier, []string{"payment_intent.*"})).Message, "deposit.*")
}

func TestEventTypesAreBoundedAndGivenOnce(t *testing.T) {
	t.Parallel()
	require.Equal(t, "event_types", fault.From(webhook.CheckEventTypes(webhook.Hub, nil)).Param)
	require.Equal(t, "event_types", fault.From(webhook.CheckEventTypes(webhook.Hub, make([]string, webhook.MaxEventTypes+1))).Param)
	require.Equal(t, "event_types.2", fault.From(webhook.CheckEventTypes(webhook.Hub, []string{"refund.*", "*", "refund.*"})).Param)
}

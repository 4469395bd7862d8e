package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"paymenthub/workflows"
)

// story is what became of a payment, for the reader of a failed test: when what
// happened in its workflow, and what the hub logged of it.
func (h *hub) story(t testing.TB, paymentID string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), settleLimit) // a test's own context has ended when it is cleaned up
	defer cancel()
	var b strings.Builder
	fmt.Fprintf(&b, "the story of %s, told at %s:\n", paymentID, clockTime(time.Now()))
	events, err := readHistory(ctx, h.temporal(t), workflows.PaymentWorkflowID(paymentID), "")
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s %s\n", clockTime(e.EventTime.AsTime()), e.EventType, e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName())
	}
	if err != nil {
		fmt.Fprintf(&b, "no more history: %v\n", err)
	}
	b.WriteString(h.process.wrote(paymentID))
	return b.String()
}

func clockTime(at time.Time) string { return at.UTC().Format("15:04:05.000") }

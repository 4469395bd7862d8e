package event_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
)

func TestEventsOfOneChangeSortAsTheyHappened(t *testing.T) {
	scope := merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}
	var all []event.Event
	var err error
	for range 50 { // within a millisecond or so
		all, err = event.Add(all, scope, event.PaymentCreated, "pi_1", "object", time.Now())
		require.NoError(t, err)
	}
	for i := 1; i < len(all); i++ {
		require.Less(t, all[i-1].ID, all[i].ID)
	}
	_, err = event.Add(all, scope, event.PaymentCreated, "pi_1", func() {}, time.Now())
	require.Error(t, err, "what cannot be written is no event")
}

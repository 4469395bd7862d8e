package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	webhookReplays = "/v3/webhook_replays"
	notices        = "/v3/notices"
)

// newReceiverAt is a receiver at an address that nothing listened at before.
func newReceiverAt(t testing.TB, address string, answer func(message) int) *receiver {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	r := &receiver{answer: answer}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(r.take))
	require.NoError(t, r.Listener.Close())
	r.Listener = listener
	r.Start()
	t.Cleanup(r.Close)
	return r
}

// told is what there is of webhooks once an event was told: an endpoint, its delivery and
// its replay, all done with, and the notice of another endpoint that is gone.
type told struct {
	receiver                           *receiver
	endpoint, delivery, replay, notice string
	secret                             string
}

// quietType asks for an event that no test brings about by accident.
var quietType = object{"event_types": []string{"dispute.closed"}}

// newTold has an event of the shop's told.
func (s shop) newTold(t testing.TB, eventID string) told {
	t.Helper()
	r, gone := newReceiver(t, nil), newReceiver(t, always(http.StatusGone))
	e, other := s.tell(t, r, quietType), s.tell(t, gone, quietType)
	one := func(at endpoint) delivery {
		return read[delivery](t, s.post(t, webhookEndpoints+"/"+at.ID+"/redeliver", object{"event_id": eventID}, idempotent(at.ID)), http.StatusOK)
	}
	d := one(e)
	one(other)
	await(t, deliverLimit, "the event is told", func() bool {
		return read[delivery](t, s.get(t, webhookDeliveries+"/"+d.ID), http.StatusOK).Status == "succeeded"
	})
	await(t, deliverLimit, "the other endpoint is disabled", func() bool { return !s.endpoint(t, other.ID).Enabled })
	s.do(t, http.MethodDelete, webhookEndpoints+"/"+other.ID, nil)
	asked := read[replay](t, s.post(t, webhookEndpoints+"/"+e.ID+"/redeliver",
		object{"failed_since": time.Now().Add(-time.Hour).Format(time.RFC3339)}, idempotent("failed "+e.ID)), http.StatusOK)
	require.Equal(t, "completed", s.ended(t, asked.ID).Status)
	noticed := read[list[idOnly]](t, s.get(t, notices), http.StatusOK).Data
	require.NotEmpty(t, noticed)
	return told{receiver: r, endpoint: e.ID, delivery: d.ID, replay: asked.ID, notice: noticed[0].ID, secret: e.Secret}
}

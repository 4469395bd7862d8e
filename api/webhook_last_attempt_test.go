package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/event"
	"paymenthub/internal/webhook"
)

// attempted tells an endpoint of an event: its server answers each attempt with a code.
func (s *stage) attempted(endpointID string, told event.Event, codes ...int) webhook.Delivery {
	s.t.Helper()
	e := s.outbox.endpoints[endpointID]
	d := s.outbox.add(e, told)
	for _, code := range codes {
		s.outbox.code = code
		var err error
		d, err = s.outbox.Attempt(s.t.Context(), webhook.Task{Delivery: d, Endpoint: e, Event: told})
		require.NoError(s.t, err)
	}
	return d
}

// listedDeliveries reads a list of deliveries.
func (s *stage) listedDeliveries(path string) (rows []map[string]any) {
	s.t.Helper()
	w := s.call(http.MethodGet, path, "")
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	for _, row := range fields(s.t, w)["data"].([]any) {
		rows = append(rows, row.(map[string]any))
	}
	return rows
}

// outline is what differs between the attempts here.
func outline(attempt any) []any {
	v, made := attempt.(map[string]any)
	if !made {
		return nil
	}
	response, _ := v["response"].(map[string]any)
	return []any{v["number"], v["round"], response["status_code"], v["error"]}
}

func TestListedWebhookDeliveriesHaveTheirLastAttempt(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	want := map[string][]any{
		s.attempted(name, s.told()).ID:           nil,
		s.attempted(name, s.told(), 204).ID:      {1.0, 1.0, 204.0, nil},
		s.attempted(name, s.told(), 500, 503).ID: {2.0, 1.0, 503.0, nil},
		s.attempted(name, s.told(), 500, 0).ID:   {2.0, 1.0, nil, "The connection was refused."},
	}
	s.outbox.lastAsked, s.outbox.bodiesAsked = 0, 0
	rows := s.listedDeliveries(endpoints + "/" + name + "/deliveries")
	require.Len(t, rows, len(want))
	require.Equal(t, []int{1, 1}, []int{s.outbox.lastAsked, s.outbox.bodiesAsked}, "once for the whole list")
	for _, d := range rows {
		require.Contains(t, d, "last_attempt")
		require.NotContains(t, d, "attempts", "all of them are with one delivery alone")
		require.Equal(t, want[d["id"].(string)], outline(d["last_attempt"]))
		require.Equal(t, []map[string]any{d}, s.listedDeliveries("/v3/events/"+d["event_id"].(string)+"/deliveries"))

		w := s.call(http.MethodGet, deliveries+"/"+d["id"].(string), "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		one := fields(t, w)
		require.Equal(t, one["last_attempt"], d["last_attempt"])
		made := one["attempts"].([]any)
		require.Len(t, made, int(d["attempt_count"].(float64)))
		if len(made) == 0 {
			continue
		}
		require.Equal(t, made[len(made)-1], d["last_attempt"])
		require.Equal(t, map[string]any{
			"url": "https://shop.example/hooks", "headers": map[string]any{"Content-Type": "application/json", "X-Shop": "********"},
			"body": `{"dialect":"hub","name":"payment_intent.succeeded","id":"` + d["event_id"].(string) + `"}`, "body_matches": true,
		}, d["last_attempt"].(map[string]any)["request"])
	}
}

// What came back is shown also when it is not known any more what was sent.
func TestLastAttemptOutlivesWhatWasSent(t *testing.T) {
	s := newStage(t)
	name, told := s.listen(shopListens), s.told()
	s.attempted(name, told, 500)
	last := func() map[string]any {
		return s.listedDeliveries("/v3/events/" + told.ID + "/deliveries")[0]["last_attempt"].(map[string]any)
	}
	s.outbox.body = `{"other":true}`
	request := last()["request"].(map[string]any)
	require.Equal(t, []any{`{"other":true}`, false}, []any{request["body"], request["body_matches"]})
	s.call(http.MethodDelete, endpoints+"/"+name, "")
	request = last()["request"].(map[string]any)
	require.Equal(t, []any{"https://shop.example/hooks", nil, nil}, []any{request["url"], request["body"], request["body_matches"]})
	require.Equal(t, "thanks", last()["response"].(map[string]any)["body"])
}

package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
	"paymenthub/internal/webhook"
)

func TestWebhookEndpointIsTested(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	w := s.call(http.MethodPost, endpoints+"/"+name+"/test", "", "Idempotency-Key", "t")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	v := fields(t, w)
	require.Equal(t, []any{"webhook_endpoint.test", "succeeded", "test", float64(1), float64(1), float64(200), nil, name, name},
		[]any{v["type"], v["status"], v["trigger"], v["attempt_count"], v["round"], v["last_status_code"], v["failure"], v["endpoint_id"], v["object_id"]})
	attempt := v["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, []any{float64(1), float64(1), "2026-04-21T09:30:00.123456Z", 42.1, nil},
		[]any{attempt["number"], attempt["round"], attempt["started_at"], attempt["duration_ms"], attempt["error"]})
	require.Equal(t, map[string]any{
		"url": "https://shop.example/hooks", "headers": map[string]any{"Content-Type": "application/json", "X-Shop": "********"},
		"body": `{"dialect":"hub","name":"webhook_endpoint.test","id":"` + v["event_id"].(string) + `"}`, "body_matches": true,
	}, attempt["request"])
	require.Equal(t, map[string]any{"status_code": float64(200), "headers": map[string]any{"Vary": "Accept, Origin"}, "body": "thanks", "truncated": false}, attempt["response"])
	require.Equal(t, attempt, v["last_attempt"])
	require.Equal(t, w.Body.String(), s.call(http.MethodPost, endpoints+"/"+name+"/test", "", "Idempotency-Key", "t").Body.String())
	require.Len(t, s.outbox.deliveries, 1)
	require.JSONEq(t, w.Body.String(), s.call(http.MethodGet, deliveries+"/"+v["id"].(string), "").Body.String())

	told := s.call(http.MethodGet, "/v3/events/"+v["event_id"].(string), "")
	require.Equal(t, http.StatusOK, told.Code, told.Body.String())
	require.Equal(t, "webhook_endpoint", fields(t, told)["data"].(map[string]any)["object"].(map[string]any)["object"])
	require.NotContains(t, told.Body.String(), "whsec_")

	s.outbox.code = 500
	v = fields(t, s.call(http.MethodPost, endpoints+"/"+name+"/test", ""))
	require.Equal(t, []any{"failed", "The endpoint answered 500.", nil}, []any{v["status"], v["failure"], v["next_attempt_at"]})
	s.outbox.code = 0
	v = fields(t, s.call(http.MethodPost, endpoints+"/"+name+"/test", ""))
	attempt = v["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"failed", nil, nil, "The connection was refused."}, []any{v["status"], v["last_status_code"], attempt["response"], attempt["error"]})

	s.call(http.MethodPost, endpoints+"/"+name, `{"enabled":false}`)
	require.Equal(t, http.StatusConflict, s.call(http.MethodPost, endpoints+"/"+name+"/test", "").Code)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, endpoints+"/"+name+"/test", `{"type":"x"}`).Code)
}

func TestWebhookDeliveryTellsWhetherItsBodyIsWhatWasSent(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	v := fields(t, s.call(http.MethodPost, endpoints+"/"+name+"/test", ""))
	request := func() map[string]any {
		w := s.call(http.MethodGet, deliveries+"/"+v["id"].(string), "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		return fields(t, w)["attempts"].([]any)[0].(map[string]any)["request"].(map[string]any)
	}
	s.outbox.body = `{"other":true}`
	require.Equal(t, []any{`{"other":true}`, false}, []any{request()["body"], request()["body_matches"]})
	s.call(http.MethodDelete, endpoints+"/"+name, "")
	require.Equal(t, []any{nil, nil}, []any{request()["body"], request()["body_matches"]}, "how it was told is gone with the endpoint")
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, deliveries+"/"+v["id"].(string)+"?expand=all", "").Code)
}

func TestWebhookDeliveriesAreListed(t *testing.T) {
	s := newStage(t)
	name, told := s.listen(shopListens), s.told()
	d := s.outbox.add(s.outbox.endpoints[name], told)
	for _, path := range []string{endpoints + "/" + name + "/deliveries?status=pending&type=payment_intent.succeeded", "/v3/events/" + told.ID + "/deliveries"} {
		w := s.call(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		v := fields(t, w)
		require.Equal(t, true, v["has_more"])
		require.Equal(t, []any{map[string]any{
			"id": d.ID, "object": "webhook_delivery", "event_id": told.ID, "endpoint_id": name, "object_id": told.ObjectID, "type": "payment_intent.succeeded", "status": "pending",
			"trigger": "event", "attempt_count": float64(0), "round": float64(1), "next_attempt_at": "2026-04-21T09:30:00.123456Z", "last_status_code": nil, "failure": nil,
			"environment": "sandbox", "created_at": "2026-04-21T09:30:00.123456Z", "ended_at": nil, "last_attempt": nil,
		}}, v["data"])
	}
	require.Equal(t, webhook.DeliveryFilter{EventID: told.ID, Page: webhook.Page{Limit: 10}}, s.outbox.listed)
	s.call(http.MethodGet, endpoints+"/"+name+"/deliveries?status=failed&type=webhook_endpoint.test", "")
	require.Equal(t, webhook.DeliveryFilter{EndpointID: name, Status: webhook.Failed, Type: "webhook_endpoint.test", Page: webhook.Page{Limit: 10}}, s.outbox.listed)
	for _, status := range webhook.Statuses {
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, endpoints+"/"+name+"/deliveries?status="+string(status), "").Code)
	}
	for query, param := range map[string]string{"status=lost": "status", "type=payment.captured": "type", "type=*": "type"} {
		w := s.call(http.MethodGet, endpoints+"/"+name+"/deliveries?"+query, "")
		require.Equal(t, []any{http.StatusBadRequest, param}, []any{w.Code, failure(t, w)["param"]}, query)
	}
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, "/v3/events/"+told.ID+"/deliveries?status=failed", "").Code)
}

func TestWebhookActivityIsCounted(t *testing.T) {
	s := newStage(t)
	path := endpoints + "/" + s.listen(shopListens) + "/activity"
	s.outbox.buckets = []webhook.Bucket{{At: s.clock.Now().Truncate(webhook.BucketLength), Succeeded: 3, Failed: 1, Took: 10 * time.Millisecond}}
	w := s.call(http.MethodGet, path, "")
	require.JSONEq(t, `{"object":"list","data":[{"object":"webhook_activity","from":"2026-04-21T09:30:00Z","succeeded":3,"failed":1,"average_ms":2.5}],"has_more":false}`, w.Body.String())
	require.Equal(t, s.clock.Now().Add(-24*time.Hour), s.outbox.since)
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, path+"?from=2026-04-01T00:00:00Z", "").Code)
	require.Equal(t, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), s.outbox.since)
	for _, query := range []string{"from=yesterday", "from=2026-03-01T00:00:00Z", "from=2026-04-22T00:00:00Z", "to=1"} {
		require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, path+"?"+query, "").Code, query)
	}
}

func TestWebhookDeliveryIsSentAgain(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	done := fields(t, s.call(http.MethodPost, endpoints+"/"+name+"/test", ""))["id"].(string)
	path := deliveries + "/" + done + "/redeliver"
	requireKeyAsked(t, s, path, "")
	w := s.call(http.MethodPost, path, "", "Idempotency-Key", "a")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	v := fields(t, w)
	require.Equal(t, []any{"pending", "redelivery", float64(2), float64(1)}, []any{v["status"], v["trigger"], v["round"], v["attempt_count"]})
	require.NotContains(t, v, "attempts")
	require.Equal(t, []any{1.0, 1.0, 200.0, nil}, outline(v["last_attempt"]), "of the round before")
	require.Equal(t, w.Body.String(), s.call(http.MethodPost, path, "", "Idempotency-Key", "a").Body.String())
	require.Equal(t, 2, s.outbox.deliveries[done].Round, "once for each key")

	waits := s.outbox.deliveries[done]
	waits.Status = webhook.Retrying
	s.outbox.deliveries[done] = waits
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, path, "", "Idempotency-Key", "b").Code)
	require.Equal(t, []string{done}, s.outbox.begun, "what waits is tried at once")
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, path, `{"now":true}`, "Idempotency-Key", "c").Code)
	s.call(http.MethodPost, endpoints+"/"+name, `{"enabled":false}`)
	require.Equal(t, http.StatusConflict, s.call(http.MethodPost, path, "", "Idempotency-Key", "d").Code)
}

func requireKeyAsked(t *testing.T, s *stage, path, body string) {
	t.Helper()
	w := s.call(http.MethodPost, path, body)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, "Idempotency-Key", failure(t, w)["param"])
	require.Contains(t, failure(t, w)["message"], "Header 'Idempotency-Key' is required")
	require.Equal(t, "Idempotency-Key", failure(t, s.call(http.MethodPost, path, body, "Idempotency-Key", ""))["param"])
}

func TestEventIsSentToAnEndpointAgain(t *testing.T) {
	s := newStage(t)
	name, told := s.listen(shopListens), s.told()
	path, body := endpoints+"/"+name+"/redeliver", `{"event_id":"`+told.ID+`"}`
	requireKeyAsked(t, s, path, body)
	w := s.call(http.MethodPost, path, body, "Idempotency-Key", "a")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	v := fields(t, w)
	require.Equal(t, []any{"webhook_delivery", told.ID, name, "pending"}, []any{v["object"], v["event_id"], v["endpoint_id"], v["status"]})
	require.Contains(t, v, "last_attempt")
	require.Nil(t, v["last_attempt"])
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPost, path, `{"event_id":"`+id.New(id.Event)+`"}`, "Idempotency-Key", "b").Code)
	s.call(http.MethodPost, endpoints+"/"+name, `{"enabled":false}`)
	require.Equal(t, http.StatusConflict, s.call(http.MethodPost, path, body, "Idempotency-Key", "c").Code)
}

func TestManyDeliveriesAreSentAgain(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	path := endpoints + "/" + name + "/redeliver"
	for i, c := range []struct{ body, kind, from, to string }{
		{`{"failed_since":"2026-04-21T00:00:00Z"}`, "failed", "2026-04-21T00:00:00Z", "2026-04-21T09:30:00.123456Z"},
		{`{"from":"2026-04-20T02:00:00+02:00","to":"2026-04-21T00:00:00Z","event_id":null}`, "range", "2026-04-20T00:00:00Z", "2026-04-21T00:00:00Z"},
	} {
		w := s.call(http.MethodPost, path, c.body, "Idempotency-Key", fmt.Sprint(i))
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		v := fields(t, w)
		require.Equal(t, []any{"webhook_replay", name, c.kind, c.from, c.to, "running", float64(1204), float64(0), float64(0), "sandbox", nil},
			[]any{v["object"], v["endpoint_id"], v["kind"], v["from"], v["to"], v["status"], v["total"], v["seen"], v["queued"], v["environment"], v["ended_at"]})
		require.Equal(t, v["id"], s.outbox.begun[i])
		require.JSONEq(t, w.Body.String(), s.call(http.MethodGet, "/v3/webhook_replays/"+v["id"].(string), "").Body.String())
	}
	w := s.call(http.MethodGet, endpoints+"/"+name+"/replays", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Len(t, fields(t, w)["data"], 2)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, "/v3/webhook_replays/"+s.outbox.begun[0]+"?x=1", "").Code)
}

func TestRedeliveryIsOfOneThing(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.RedeliverLimit = api.RateLimit{PerMinute: 600, Burst: 100} })
	path := endpoints + "/" + s.listen(shopListens) + "/redeliver"
	told := `"event_id":"` + id.New(id.Event) + `"`
	i := 0
	for body, param := range map[string]any{
		``: nil, `{}`: nil, `{` + told + `,"failed_since":"2026-04-21T00:00:00Z"}`: nil, `{"failed_since":"2026-04-21T00:00:00Z","to":"2026-04-21T00:00:00Z"}`: nil,
		`{` + told + `,"from":"2026-04-21T00:00:00Z","to":"2026-04-21T01:00:00Z"}`: nil,
		`{"event_id":"evt_1"}`: "event_id", `{"event_id":"4242424242424242"}`: "event_id", `{"event_id":""}`: "event_id", `{"event_id":7}`: "event_id",
		`{"from":"2026-04-21T00:00:00Z"}`: "to", `{"to":"2026-04-21T00:00:00Z"}`: "from", `{"failed_since":"yesterday"}`: "failed_since", `{"failed_since":1713650000}`: "failed_since",
		`{"from":{},"to":"2026-04-21T00:00:00Z"}`: "from", `{"failed_since":"2026-01-01T00:00:00Z"}`: "failed_since", `{"failed_since":"2026-05-01T00:00:00Z"}`: "failed_since",
		`{"from":"2026-01-01T00:00:00Z","to":"2026-04-21T00:00:00Z"}`: "from", `{"from":"2026-04-21T00:00:00Z","to":"2026-04-20T00:00:00Z"}`: "to", `{"since":1}`: "since",
	} {
		i++
		w := s.call(http.MethodPost, path, body, "Idempotency-Key", fmt.Sprint(i))
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
		require.Equal(t, param, failure(t, w)["param"], "%s: %s", body, w.Body)
		require.NotContains(t, failure(t, w)["message"], "4242", "the request's id has any digits")
	}
	require.Empty(t, s.outbox.begun)
}

// Each is a request to a server of the merchant's choice.
func TestRedeliveriesAreLimitedByMerchantAndEnvironment(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.RedeliverLimit = api.RateLimit{PerMinute: 30, Burst: 2} })
	name := s.listen(shopListens)
	second := "Bearer " + s.key(s.scope, merchant.SecretKey)
	w := s.call(http.MethodPost, endpoints+"/"+name+"/test", "")
	require.Equal(t, http.StatusOK, w.Code)
	again := deliveries + "/" + fields(t, w)["id"].(string) + "/redeliver"
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, again, "", "Idempotency-Key", "a", "Authorization", second).Code)
	for i, path := range []string{again, endpoints + "/" + name + "/redeliver", endpoints + "/" + name + "/test"} {
		w := s.call(http.MethodPost, path, "", "Idempotency-Key", fmt.Sprint(i))
		require.Equal(t, []any{http.StatusTooManyRequests, "rate_limited", "2", "30"}, []any{w.Code, failure(t, w)["code"], w.Header().Get("Retry-After"), w.Header().Get("RateLimit-Limit")})
	}
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, endpoints, "", "Authorization", second).Code)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPost, endpoints+"/"+name+"/test", "", "Authorization", s.strangers()[0]).Code, "another merchant has its own")
	s.clock.Advance(2 * time.Second)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, endpoints+"/"+name+"/test", "").Code)
}

func TestEventIsShownAsAWebhookWouldCarryIt(t *testing.T) {
	s := newStage(t)
	told := s.told()
	payload := func(query string) map[string]any {
		w := s.call(http.MethodGet, "/v3/events/"+told.ID+"/payload"+query, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		return fields(t, w)
	}
	require.Equal(t, map[string]any{"dialect": "hub", "type": "payment_intent.succeeded", "body": `{"dialect":"hub","name":"payment_intent.succeeded","id":"` + told.ID + `"}`}, payload(""))
	require.Equal(t, "payment.captured", payload("?dialect=acquiring")["type"])
	require.Equal(t, "deposit.successful", payload("?dialect=cashier")["type"])
	require.Equal(t, "payment_intent.succeeded", payload("?dialect=connect")["type"])

	// A hosted payment has two names: its first, unless the other is asked for.
	hosted, err := event.New(s.scope, event.PaymentSucceeded, id.New(id.Payment), map[string]any{"checkout": map[string]any{}}, s.clock.Now())
	require.NoError(t, err)
	s.books.events, told = append(s.books.events, hosted), hosted
	for query, name := range map[string]any{
		"":                              "payment_intent.succeeded",
		"&event_types=*":                "payment_intent.succeeded",
		"&event_types=payment.captured": "payment.captured",
		"&event_types=payment.*":        "payment.captured",
		"&event_types=payment.failed":   nil,
		"&event_types=payment.failed&event_types=payment.captured":           "payment.captured",
		"&event_types=payment.captured&event_types=payment_intent.succeeded": "payment_intent.succeeded",
	} {
		v := payload("?dialect=acquiring" + query)
		require.Equal(t, name, v["type"], query)
		if name == nil {
			require.Nil(t, v["body"])
		} else {
			require.Contains(t, v["body"], `"name":"`+name.(string)+`"`)
		}
	}
	tested, err := event.New(s.scope, event.WebhookEndpointTest, id.New(id.WebhookEndpoint), webhook.Endpoint{}, s.clock.Now())
	require.NoError(t, err)
	s.books.events, told = append(s.books.events, tested), tested
	require.Equal(t, "webhook_endpoint.test", payload("?dialect=acquiring")["type"])

	disabled, err := event.New(s.scope, event.WebhookEndpointDisabled, id.New(id.WebhookEndpoint), webhook.Endpoint{}, s.clock.Now())
	require.NoError(t, err)
	s.books.events, told = append(s.books.events, disabled), disabled
	require.Equal(t, map[string]any{"dialect": "acquiring", "type": nil, "body": nil}, payload("?dialect=acquiring"))
	for query, param := range map[string]string{
		"dialect=klingon": "dialect", "name=x": "name", "dialect=hub&dialect=hub": "dialect", "event_types=": "event_types",
		"event_types=payment.captured": "event_types", "event_types=*&event_types=*": "event_types",
		"event_types=*&event_types=": "event_types", strings.Repeat("event_types=*&", 51): "event_types",
	} {
		w := s.call(http.MethodGet, "/v3/events/"+told.ID+"/payload?"+query, "")
		require.Equal(t, []any{http.StatusBadRequest, param}, []any{w.Code, failure(t, w)["param"]})
		require.Contains(t, strings.ToLower(failure(t, w)["message"].(string)), "query parameter '"+param+"'", query)
	}
}

func TestAFilterOfNoKnownValueIsToldWhatThereIs(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodGet, "/v3/payments/intents?status=paid", "")
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Equal(t, []any{"status", "Query parameter 'status' must be one of requires_confirmation, requires_payment_method, requires_action, processing, requires_capture, succeeded, failed, canceled, expired."},
		[]any{failure(t, w)["param"], failure(t, w)["message"]})
}

func TestDisabledEndpointIsAnEvent(t *testing.T) {
	s := newStage(t)
	name := s.listen(`{"url":"https://shop.example/hooks","event_types":["*"],"headers":{"X-Token":"hunter2"}}`)
	e := s.outbox.endpoints[name]
	e.Disabled, e.DisabledAt = webhook.Gone, s.clock.Now()
	told, err := event.New(s.scope, event.WebhookEndpointDisabled, name, e, s.clock.Now())
	require.NoError(t, err)
	s.books.events = append(s.books.events, told)
	w := s.call(http.MethodGet, "/v3/events?type=webhook_endpoint.disabled&object_id="+name, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	object := fields(t, w)["data"].([]any)[0].(map[string]any)["data"].(map[string]any)["object"].(map[string]any)
	require.Equal(t, []any{name, "gone", "2026-04-21T09:30:00.123456Z", "sandbox", []any{"X-Token"}},
		[]any{object["id"], object["disabled_reason"], object["disabled_at"], object["environment"], object["header_names"]})
	require.NotContains(t, object, "secret")
	require.NotContains(t, w.Body.String(), "hunter")
}

func TestNoticesAreListed(t *testing.T) {
	s := newStage(t)
	of := func(scope merchant.Scope, mailed time.Time) notice.Notice {
		return notice.Notice{ID: id.New(id.Notice), Scope: scope, Kind: notice.EndpointDisabled, ObjectID: "we_x", Text: "It was disabled.", CreatedAt: s.clock.Now(), MailedAt: mailed}
	}
	s.outbox.notices = []notice.Notice{of(s.scope, s.clock.Now()), of(s.scope, time.Time{}), of(merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, time.Time{})}
	w := s.call(http.MethodGet, "/v3/notices", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	rows := fields(t, w)["data"].([]any)
	require.Len(t, rows, 2)
	require.Equal(t, map[string]any{
		"id": s.outbox.notices[0].ID, "object": "notice", "kind": "webhook_endpoint.disabled", "object_id": "we_x", "text": "It was disabled.",
		"environment": "sandbox", "created_at": "2026-04-21T09:30:00.123456Z", "mailed_at": "2026-04-21T09:30:00.123456Z",
	}, rows[0])
	require.Nil(t, rows[1].(map[string]any)["mailed_at"])
}

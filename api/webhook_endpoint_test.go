package api_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/event"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/webhook"
)

const (
	endpoints  = "/v3/webhook_endpoints"
	deliveries = "/v3/webhook_deliveries"
)

// listen adds a webhook endpoint and returns its id.
func (s *stage) listen(body string) string {
	s.t.Helper()
	w := s.call(http.MethodPost, endpoints, body)
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	return fields(s.t, w)["id"].(string)
}

const shopListens = `{"url":"https://shop.example/hooks","event_types":["payment_intent.*","refund.completed"]}`

// told has an event happen to a payment.
func (s *stage) told() event.Event {
	s.t.Helper()
	p := payment.Intent{ID: id.New(id.Payment), Scope: s.scope, Amount: 100, Currency: "USD", Status: payment.Succeeded, CaptureMethod: payment.CaptureAutomatic, CreatedAt: s.clock.Now(), ExpiresAt: s.clock.Now()}
	e, err := event.New(s.scope, event.PaymentSucceeded, p.ID, p, s.clock.Now())
	require.NoError(s.t, err)
	s.books.events = append(s.books.events, e)
	return e
}

// strangers are keys of another merchant, and of the same one's other environment.
func (s *stage) strangers() []string {
	other := s.key(merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}, merchant.SecretKey)
	return []string{"Bearer " + other, "Bearer " + s.live}
}

func TestWebhookEndpointIsAddedAndItsSecretsShownOnce(t *testing.T) {
	s := newStage(t)
	w := s.call(http.MethodPost, endpoints, `{"url":"https://shop.example/hooks?a=b","event_types":["payment.*","payment_intent.succeeded"],"dialect":"acquiring",
		"description":"Ærø","headers":{"X-Token":"hunter2","X-Shop":"hunter3"},"enabled":false}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	v := fields(t, w)
	name, secret := v["id"].(string), v["secret"].(string)
	require.True(t, id.Valid(id.WebhookEndpoint, name))
	require.True(t, strings.HasPrefix(secret, "whsec_"))
	require.Equal(t, []any{"https://shop.example/hooks?a=b", "acquiring", "Ærø", false, "merchant", "sandbox"},
		[]any{v["url"], v["dialect"], v["description"], v["enabled"], v["disabled_reason"], v["environment"]})
	require.Equal(t, []any{"payment.*", "payment_intent.succeeded"}, v["event_types"])
	require.Equal(t, []any{"X-Shop", "X-Token"}, v["header_names"])
	require.Equal(t, map[string]any{"state": "disabled", "failing_since": nil, "consecutive_failures": float64(0), "paused_until": nil}, v["health"])
	require.Equal(t, secret, s.private(name).Secret.Reveal())
	require.Equal(t, map[string]string{"X-Token": "hunter2", "X-Shop": "hunter3"}, headersOf(s.private(name)))

	for _, w := range []*httptest.ResponseRecorder{
		s.call(http.MethodGet, endpoints, ""), s.call(http.MethodGet, endpoints+"/"+name, ""), s.call(http.MethodPost, endpoints+"/"+name, `{"enabled":true}`),
		s.call(http.MethodPost, endpoints+"/"+name+"/test", ""), s.call(http.MethodGet, endpoints+"/"+name+"/deliveries", ""),
	} {
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.Contains(t, w.Body.String(), name)
		requireNothingOf(t, w.Body.String(), secret)
		requireNothingOf(t, w.Body.String(), "hunter")
	}
	for _, entry := range s.logs.All() {
		requireNothingOf(t, fmt.Sprint(entry.Message, entry.ContextMap()), secret)
		requireNothingOf(t, fmt.Sprint(entry.Message, entry.ContextMap()), "hunter")
	}
	for _, r := range s.memory.requests {
		requireNothingOf(t, fmt.Sprintf("%+v", r), secret)
	}
	requireNothingOf(t, fmt.Sprintf("%+v %s", s.outbox.endpoints[name], s.outbox.endpoints[name].Sealed), "hunter")
}

func requireNothingOf(t *testing.T, text, secret string) {
	t.Helper()
	require.NotContains(t, text, strings.TrimPrefix(secret, "whsec_"))
}

func TestWebhookEndpointIsOfTheHubAndEnabledUnlessToldOtherwise(t *testing.T) {
	s := newStage(t)
	v := fields(t, s.call(http.MethodPost, endpoints, `{"url":"https://shop.example/hooks","event_types":["*"],"dialect":null,"description":null,"headers":null,"enabled":null}`))
	require.Equal(t, []any{"hub", true, nil, nil, nil, []any{}}, []any{v["dialect"], v["enabled"], v["description"], v["disabled_reason"], v["disabled_at"], v["header_names"]})
	require.Equal(t, "healthy", v["health"].(map[string]any)["state"])
}

func TestWebhookEndpointIsAddedOnce(t *testing.T) {
	s := newStage(t)
	first := s.call(http.MethodPost, endpoints, shopListens, "Idempotency-Key", "k")
	require.Equal(t, http.StatusOK, first.Code, first.Body.String())
	require.Equal(t, first.Body.String(), s.call(http.MethodPost, endpoints, shopListens, "Idempotency-Key", "k").Body.String())
	// The first try stored the endpoint and died before it could answer.
	for slot, r := range s.memory.requests {
		r.Response, r.LockedUntil = nil, s.clock.Now()
		s.memory.requests[slot] = r
	}
	again := s.call(http.MethodPost, endpoints, shopListens, "Idempotency-Key", "k")
	require.Equal(t, fields(t, first)["secret"], fields(t, again)["secret"])
	require.Len(t, s.outbox.endpoints, 1)
}

func TestWebhookEndpointIsChecked(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60_000, Burst: 10_000} })
	name := s.listen(shopListens)
	type fault struct{ members, param string }
	for _, c := range []fault{
		{`"url":""`, "url"}, {`"url":7`, "url"}, {`"url":"/hooks"`, "url"}, {`"url":"http://shop.example/"`, "url"}, {`"url":"https://10.0.0.1/"`, "url"},
		{`"url":"https://a:b@shop.example/"`, "url"}, {`"url":"https://shop.example/4242424242424242"`, "url"}, {`"url":"https://shop.example/` + strings.Repeat("x", 2048) + `"`, "url"},
		{`"url":"https://shop.example/\u0000"`, "url"}, {`"url":"https://shop.example:22/"`, "url"},
		{`"event_types":[]`, "event_types"}, {`"event_types":"*"`, "event_types"}, {`"event_types":["*",7]`, "event_types.1"}, {`"event_types":[null]`, "event_types.0"},
		{`"event_types":["*","payment.captured"]`, "event_types.1"}, {`"event_types":["*","payout.*"]`, "event_types.1"}, {`"event_types":["4242424242424242"]`, "event_types.0"},
		{`"event_types":["*","*"]`, "event_types.1"}, {`"event_types":[` + strings.Repeat(`"*",`, 50) + `"*"]`, "event_types"},
		{`"description":"` + strings.Repeat("é", 501) + `"`, "description"}, {`"description":"4242 4242 4242 4242"`, "description"}, {`"description":["x"]`, "description"},
		{`"headers":"x"`, "headers"}, {`"headers":{"X-Shop":7}`, "headers.X-Shop"}, {`"headers":{"X-Shop":null}`, "headers.X-Shop"}, {`"headers":{"X-Shop":""}`, "headers.X-Shop"},
		{`"headers":{"X-Shop":"a\r\nX-Evil: b"}`, "headers.X-Shop"}, {`"headers":{"X-Shop\r\n":"a"}`, "headers"}, {`"headers":{"Webhook-Signature":"a"}`, "headers.Webhook-Signature"},
		{`"headers":{"X-Shop":"a","X-Shop":"b"}`, "headers.X-Shop"}, {`"headers":{"X-Card":"4242 4242 4242 4242"}`, "headers.X-Card"}, {`"headers":{"4242424242424242":"x"}`, "headers"},
		{`"enabled":"yes"`, "enabled"}, {`"secret":"whsec_mine"`, "secret"}, {`"environment":"live"`, "environment"},
	} {
		whole := map[string]string{"url": `"url":"https://shop.example/hooks"`, "event_types": `"event_types":["*"]`}
		member, _, _ := strings.Cut(strings.TrimPrefix(c.members, `"`), `"`)
		whole[member] = c.members
		var members []string
		for _, m := range whole {
			members = append(members, m)
		}
		for path, body := range map[string]string{endpoints: `{` + strings.Join(members, ",") + `}`, endpoints + "/" + name: `{` + c.members + `}`} {
			w := s.call(http.MethodPost, path, body)
			require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
			require.Equal(t, c.param, failure(t, w)["param"], "%s: %s", body, w.Body)
			require.NotContains(t, strings.ReplaceAll(w.Body.String(), " ", ""), "4242424242424242")
		}
	}
	for body, param := range map[string]string{
		`{}`: "url", `{"url":"https://shop.example/"}`: "event_types", `{"url":null,"event_types":["*"]}`: "url", `{"url":"https://shop.example/","event_types":null}`: "event_types",
		`{"url":"https://shop.example/","event_types":["*"],"dialect":"klingon"}`:               "dialect",
		`{"url":"https://shop.example/","event_types":["refund.*"],"dialect":"cashier"}`:        "event_types.0",
		`{"url":"https://shop.example/","event_types":["deposit.*"]}`:                           "event_types.0",
		`{"url":"https://shop.example/","event_types":["deposit.*"],"dialect":"cashier","x":1}`: "x",
	} {
		w := s.call(http.MethodPost, endpoints, body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", body, w.Body)
		require.Equal(t, param, failure(t, w)["param"], body)
	}
	require.Contains(t, failure(t, s.call(http.MethodPost, endpoints, `{"url":"https://shop.example/","event_types":["deposit"],"dialect":"cashier"}`))["message"], "deposit.successful, deposit.rejected")
	require.Len(t, s.outbox.endpoints, 1)
	require.Equal(t, 1, s.outbox.endpoints[name].Version, "what was refused changed nothing")
}

func TestThereIsAnEndToWebhookEndpoints(t *testing.T) {
	s := newStage(t)
	for range webhook.MaxEndpoints {
		s.listen(shopListens)
	}
	w := s.call(http.MethodPost, endpoints, shopListens)
	require.Equal(t, []any{http.StatusConflict, "invalid_state"}, []any{w.Code, failure(t, w)["code"]})
}

func TestWebhookEndpointIsChanged(t *testing.T) {
	s := newStage(t)
	name := s.listen(`{"url":"https://shop.example/hooks","event_types":["*"],"description":"old","headers":{"X-Token":"one"}}`)
	change := func(body string) map[string]any {
		t.Helper()
		w := s.call(http.MethodPost, endpoints+"/"+name, body)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		return fields(t, w)
	}
	require.Equal(t, "https://shop.example/other", change(`{"url":"https://shop.example/other"}`)["url"])
	require.Equal(t, []any{"refund.*"}, change(`{"event_types":["refund.*"]}`)["event_types"])
	require.Nil(t, change(`{"description":""}`)["description"])
	s.clock.Advance(time.Minute)
	v := change(`{"enabled":false}`)
	require.Equal(t, []any{false, "merchant", "2026-04-21T09:31:00.123456Z", "2026-04-21T09:31:00.123456Z"}, []any{v["enabled"], v["disabled_reason"], v["disabled_at"], v["updated_at"]})
	v = change(`{"enabled":true}`)
	require.Equal(t, []any{true, nil, nil}, []any{v["enabled"], v["disabled_reason"], v["disabled_at"]})
	require.Equal(t, map[string]string{"X-Token": "one"}, headersOf(s.private(name)), "what is not sent stays")
	require.Equal(t, []any{"X-Shop"}, change(`{"headers":{"X-Shop":"two"}}`)["header_names"])
	require.Equal(t, map[string]string{"X-Shop": "two"}, headersOf(s.private(name)), "headers replace all")
	require.Empty(t, change(`{"headers":{}}`)["header_names"])
	before := change(`{"url":null,"event_types":null,"description":null,"headers":null,"enabled":null,"dialect":null}`)
	require.Equal(t, []any{"https://shop.example/other", []any{"refund.*"}, true}, []any{before["url"], before["event_types"], before["enabled"]})

	for _, dialect := range []string{"hub", "cashier"} {
		w := s.call(http.MethodPost, endpoints+"/"+name, `{"dialect":"`+dialect+`"}`)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Equal(t, "dialect", failure(t, w)["param"])
		require.Contains(t, failure(t, w)["message"], "Make another endpoint")
	}
}

func TestWebhookEndpointTellsItsHealth(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	health := func(h webhook.Health) map[string]any {
		e := s.outbox.endpoints[name]
		e.Health = h
		s.outbox.endpoints[name] = e
		return fields(t, s.call(http.MethodGet, endpoints+"/"+name, ""))["health"].(map[string]any)
	}
	now := s.clock.Now()
	require.Equal(t, map[string]any{"state": "failing", "failing_since": "2026-04-21T09:30:00.123456Z", "consecutive_failures": float64(2), "paused_until": nil},
		health(webhook.Health{FailingSince: now, Failures: 2}))
	require.Equal(t, map[string]any{"state": "paused", "failing_since": "2026-04-21T09:30:00.123456Z", "consecutive_failures": float64(5), "paused_until": "2026-04-21T09:30:30.123456Z"},
		health(webhook.Health{FailingSince: now, Failures: 5, PausedUntil: now.Add(30 * time.Second)}))
	s.clock.Advance(30 * time.Second)
	require.Equal(t, map[string]any{"state": "failing", "failing_since": "2026-04-21T09:30:00.123456Z", "consecutive_failures": float64(5), "paused_until": nil},
		health(webhook.Health{FailingSince: now, Failures: 5, PausedUntil: now.Add(30 * time.Second)}), "a pause that is over is not told")
	require.Equal(t, "healthy", health(webhook.Health{})["state"])
}

func TestWebhookSecretIsRotated(t *testing.T) {
	s := newStage(t)
	first := fields(t, s.call(http.MethodPost, endpoints, shopListens))
	path := endpoints + "/" + first["id"].(string)
	require.Nil(t, first["secret_previous_ends_at"])
	w := s.call(http.MethodPost, path+"/rotate_secret", "", "Idempotency-Key", "r")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	second := fields(t, w)
	require.NotEqual(t, first["secret"], second["secret"])
	require.Equal(t, "2026-04-22T09:30:00.123456Z", second["secret_previous_ends_at"])
	require.Equal(t, w.Body.String(), s.call(http.MethodPost, path+"/rotate_secret", "", "Idempotency-Key", "r").Body.String())
	read := s.call(http.MethodGet, path, "")
	require.Equal(t, "2026-04-22T09:30:00.123456Z", fields(t, read)["secret_previous_ends_at"])
	require.NotContains(t, fields(t, read), "secret")

	require.Equal(t, http.StatusConflict, s.call(http.MethodPost, path+"/rotate_secret", `{"revoke_previous":false}`).Code, "the first would end too soon")
	third := fields(t, s.call(http.MethodPost, path+"/rotate_secret", `{"revoke_previous":true}`))
	require.Nil(t, third["secret_previous_ends_at"])
	require.Equal(t, third["secret"], s.private(first["id"].(string)).Secret.Reveal())
	require.Empty(t, s.private(first["id"].(string)).Previous)

	require.Equal(t, http.StatusOK, s.call(http.MethodPost, path+"/rotate_secret", `{"revoke_previous":null}`).Code)
	s.clock.Advance(24 * time.Hour)
	require.Nil(t, fields(t, s.call(http.MethodGet, path, ""))["secret_previous_ends_at"], "it has ended")
	for body, param := range map[string]string{`{"revoke_previous":"now"}`: "revoke_previous", `{"secret":"whsec_mine"}`: "secret"} {
		w := s.call(http.MethodPost, path+"/rotate_secret", body)
		require.Equal(t, []any{http.StatusBadRequest, param}, []any{w.Code, failure(t, w)["param"]})
	}
}

func TestWebhookEndpointIsDeleted(t *testing.T) {
	s := newStage(t)
	name := s.listen(shopListens)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodDelete, endpoints+"/"+name, `{"force":true}`).Code)
	w := s.call(http.MethodDelete, endpoints+"/"+name, "")
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"id":"`+name+`","object":"webhook_endpoint","deleted":true}`, w.Body.String())
	require.Equal(t, http.StatusNotFound, s.call(http.MethodDelete, endpoints+"/"+name, "").Code)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, endpoints+"/"+name, "").Code)
	require.JSONEq(t, `{"object":"list","data":[],"has_more":false}`, s.call(http.MethodGet, endpoints, "").Body.String())
}

// What is another merchant's, of the other environment, or nobody's is not there.
func TestWebhooksAreTheirMerchantsAlone(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.RedeliverLimit = api.RateLimit{PerMinute: 600, Burst: 100} })
	name, told := s.listen(shopListens), s.told()
	d := s.outbox.add(s.outbox.endpoints[name], told)
	w := s.call(http.MethodPost, endpoints+"/"+name+"/redeliver", `{"failed_since":"2026-04-21T00:00:00Z"}`, "Idempotency-Key", "first")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	type request struct{ method, path, body string }
	of := func(endpointID, deliveryID, replayID, eventID string) []request {
		at := endpoints + "/" + endpointID
		return []request{
			{http.MethodGet, at, ""}, {http.MethodPost, at, `{"enabled":false}`}, {http.MethodDelete, at, ""}, {http.MethodPost, at + "/rotate_secret", ""}, {http.MethodPost, at + "/test", ""},
			{http.MethodGet, at + "/deliveries", ""}, {http.MethodGet, at + "/activity", ""}, {http.MethodGet, at + "/replays", ""},
			{http.MethodPost, at + "/redeliver", `{"event_id":"` + told.ID + `"}`}, {http.MethodPost, at + "/redeliver", `{"failed_since":"2026-04-21T00:00:00Z"}`},
			{http.MethodGet, "/v3/webhook_replays/" + replayID, ""}, {http.MethodGet, deliveries + "/" + deliveryID, ""}, {http.MethodPost, deliveries + "/" + deliveryID + "/redeliver", ""},
			{http.MethodGet, "/v3/events/" + eventID + "/deliveries", ""}, {http.MethodGet, "/v3/events/" + eventID + "/payload", ""},
		}
	}
	refused := func(key, note string, requests []request) {
		for i, r := range requests {
			asked := s.request(r.method, r.path, r.body, "Authorization", key, "Idempotency-Key", fmt.Sprint(note, i))
			asked.TLS = &tls.ConnectionState{} // as live keys ask
			w := serve(s, asked)
			require.Equal(t, http.StatusNotFound, w.Code, "%s %s as %s: %s", r.method, r.path, note, w.Body)
		}
	}
	for i, key := range s.strangers() {
		refused(key, fmt.Sprint("stranger", i), of(name, d.ID, fields(t, w)["id"].(string), told.ID))
		asked := s.request(http.MethodGet, endpoints, "", "Authorization", key)
		asked.TLS = &tls.ConnectionState{}
		require.JSONEq(t, `{"object":"list","data":[],"has_more":false}`, serve(s, asked).Body.String())
	}
	refused("Bearer "+s.sk, "unknown", of(id.New(id.WebhookEndpoint), id.New(id.WebhookDelivery), id.New(id.WebhookReplay), id.New(id.Event)))
	refused("Bearer "+s.sk, "mistaken", of("we_x", "whd_x", id.New(id.WebhookDelivery), "evt"))
	require.True(t, s.outbox.endpoints[name].Enabled())
	require.Empty(t, s.outbox.attempts)
}

func TestWebhookPermissions(t *testing.T) {
	s := newStage(t)
	reader := "Bearer " + s.key(s.scope, merchant.SecretKey, merchant.ReadWebhooks)
	writer := "Bearer " + s.key(s.scope, merchant.SecretKey, merchant.WriteWebhooks)
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, endpoints, "", "Authorization", reader).Code)
	require.Equal(t, http.StatusForbidden, s.call(http.MethodPost, endpoints, shopListens, "Authorization", reader).Code)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, endpoints, shopListens, "Authorization", writer).Code)
	w := s.call(http.MethodGet, endpoints, "", "Authorization", writer)
	require.Equal(t, []any{http.StatusForbidden, "This key lacks the permission 'webhooks:read'."}, []any{w.Code, failure(t, w)["message"]})
}

func TestWebhookListsArePaged(t *testing.T) {
	s := newStage(t)
	name, told := s.listen(shopListens), s.told()
	for path, kind := range map[string]id.Prefix{
		endpoints: id.WebhookEndpoint, endpoints + "/" + name + "/deliveries": id.WebhookDelivery, endpoints + "/" + name + "/replays": id.WebhookReplay,
		"/v3/events/" + told.ID + "/deliveries": id.WebhookDelivery, "/v3/notices": id.Notice,
	} {
		cursor := id.New(kind)
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, path+"?limit=3&starting_after="+cursor, "").Code, path)
		seen := fmt.Sprint(s.outbox.page, s.outbox.listed.Page)
		require.Contains(t, seen, fmt.Sprintf("{3 %s }", cursor), path)
		for query, param := range map[string]string{
			"limit=0": "limit", "limit=101": "limit", "starting_after=x": "starting_after", "starting_after=" + id.New(id.Payment): "starting_after",
			"starting_after=" + cursor + "&ending_before=" + cursor: "ending_before", "color=red": "color",
		} {
			w := s.call(http.MethodGet, path+"?"+query, "")
			require.Equal(t, []any{http.StatusBadRequest, param}, []any{w.Code, failure(t, w)["param"]}, "%s?%s", path, query)
		}
	}
}

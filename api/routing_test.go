package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

const (
	profilesPath = "/v3/routing/profiles"
	simulatePath = "/v3/routing/simulate"
	euroRules    = `{"rules":[{"name":"euro","when":"currency == \"EUR\"","use":["adyen","stripe"]}],"default":{"strategy":"order"}}`
)

// answer is the body of an answer that must be 200.
func answer(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var v map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

// profile makes a profile and returns its path.
func (s *stage) profile(name string) string {
	s.t.Helper()
	v := answer(s.t, s.call(http.MethodPost, profilesPath, fmt.Sprintf(`{"name":%q}`, name)))
	return profilesPath + "/" + v["id"].(string)
}

func TestRulesAreDraftedActivatedAndRolledBack(t *testing.T) {
	s := newStage(t)
	got := answer(t, s.call(http.MethodGet, "/v3/routing", ""))
	require.Equal(t, map[string]any{"object": "routing", "profile": nil, "version": 0., "rules": []any{}, "default": map[string]any{"strategy": "order"}}, got)

	profile := s.profile("Main")
	p := answer(t, s.call(http.MethodGet, profile, ""))
	require.Equal(t, []any{true, nil, 0.}, []any{p["default"], p["active_version"], p["versions"]})
	v := answer(t, s.call(http.MethodPost, profile+"/versions", euroRules))
	require.Equal(t, []any{1., "draft", nil, nil}, []any{v["version"], v["status"], v["activated_at"], v["replaced"]})
	v = answer(t, s.call(http.MethodPut, profile+"/versions/1", strings.ReplaceAll(euroRules, "euro", "euros")))
	require.Equal(t, "euros", v["rules"].([]any)[0].(map[string]any)["name"])

	p = answer(t, s.call(http.MethodPost, profile+"/versions/1/activate", ""))
	require.Equal(t, 1., p["active_version"])
	require.Equal(t, "active", answer(t, s.call(http.MethodGet, profile+"/versions/1", ""))["status"])
	w := s.call(http.MethodPut, profile+"/versions/1", euroRules)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Equal(t, "invalid_state", failure(t, w)["code"])
	require.Equal(t, http.StatusConflict, s.call(http.MethodPost, profile+"/rollback", "").Code, "there is nothing before it")

	answer(t, s.call(http.MethodPost, profile+"/versions", strings.ReplaceAll(euroRules, "EUR", "USD")))
	p = answer(t, s.call(http.MethodPost, profile+"/versions/2/activate", "", "Idempotency-Key", "two"))
	require.Equal(t, 2., p["active_version"])
	list := answer(t, s.call(http.MethodGet, profile+"/versions?limit=1", ""))
	require.Equal(t, true, list["has_more"])
	require.Equal(t, 2., list["data"].([]any)[0].(map[string]any)["version"])
	list = answer(t, s.call(http.MethodGet, profile+"/versions?before=2", ""))
	require.Equal(t, []any{"retired", false}, []any{list["data"].([]any)[0].(map[string]any)["status"], list["has_more"]})
	p = answer(t, s.call(http.MethodPost, profile+"/rollback", ""))
	require.Equal(t, 1., p["active_version"])
	got = answer(t, s.call(http.MethodGet, "/v3/routing", ""))
	require.Equal(t, 1., got["version"])

	other := s.profile("Other")
	p = answer(t, s.call(http.MethodPost, other, `{"name":"Second","default":true}`))
	require.Equal(t, []any{"Second", true}, []any{p["name"], p["default"]})
	all := answer(t, s.call(http.MethodGet, profilesPath, ""))["data"].([]any)
	require.Len(t, all, 2)
	require.Equal(t, false, all[0].(map[string]any)["default"])
}

func TestWhatIsWrongWithRulesIsNamed(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60_000, Burst: 10_000} })
	versions := s.profile("Main") + "/versions"
	rule := func(members string) string {
		return `{"rules":[{"name":"first","when":"true","use":["stripe"]},{` + members + `}],"default":{"strategy":"order"}}`
	}
	for body, want := range map[string][2]string{
		rule(`"name":"x","when":"amout > 5","use":["stripe"]`):                         {"rules[1].when", "Field 'rules[1].when' unknown name amout (line 1, column 1)\n | amout > 5\n | ^"},
		rule(`"name":"x","when":"amount > \"a\"","use":["stripe"]`):                    {"rules[1].when", "(line 1, column 8)"},
		rule(`"name":"x","when":"amount","use":["stripe"]`):                            {"rules[1].when", "expected bool"},
		rule(`"name":"x","when":"` + strings.Repeat("a", 2001) + `","use":["stripe"]`): {"rules[1].when", "at most 2000 characters"},
		rule(`"name":"x","use":["stripe"]`):                                            {"rules[1].when", "must be an expression"},
		rule(`"name":"x","when":"bin == \"4242424242424242\"","use":["stripe"]`):       {"rules[1].when", "card number"},
		rule(`"name":"","when":"true","use":["stripe"]`):                               {"rules[1].name", "1 to 60"},
		rule(`"name":"x","when":"true"`):                                               {"rules[1]", "exactly one"},
		rule(`"name":"x","when":"true","use":["stripe"],"strategy":"cost"`):            {"rules[1]", "exactly one"},
		rule(`"name":"x","when":"true","use":["strype"]`):                              {"rules[1].use", "'strype', which is not set up"},
		rule(`"name":"x","when":"true","use":["stripe","stripe"]`):                     {"rules[1].use", "twice"},
		rule(`"name":"x","when":"true","use":["<b>"]`):                                 {"rules[1].use", "must name gateways"},
		rule(`"name":"x","when":"true","use":["a4242424242424242"]`):                   {"rules[1].use", "card number"},
		rule(`"name":"x","when":"true","split":{"stripe":70,"adyen":20}`):              {"rules[1].split", "100 percent, not 90"},
		rule(`"name":"x","when":"true","split":{"stripe":170,"adyen":-70}`):            {"rules[1].split", "from 0 to 100"},
		rule(`"name":"x","when":"true","split":{"stripe":50.5,"adyen":49.5}`):          {"rules.1.split.stripe", "integer"},
		rule(`"name":"x","when":"true","strategy":"best"`):                             {"rules[1].strategy", "must be"},
		rule(`"name":"x","when":"true","use":["stripe"],"extra":1`):                    {"rules.1.extra", "Unknown"},
		`{"rules":[],"default":{"strategy":"auto"}}`:                                   {"default.strategy", "must be"},
		`{"rules":[],"default":{"strategy":"order","order":["strype"]}}`:               {"default.order", "not set up"},
		`{"default":{"strategy":"order"}}`:                                             {"rules", "required"},
		`{"rules":null,"default":{"strategy":"order"}}`:                                {"rules", "required"},
		`{"rules":[` + strings.Repeat(`{"name":"x","when":"true","use":["stripe"]},`, 100) + `{"name":"x","when":"true","use":["stripe"]}],"default":{"strategy":"order"}}`: {"rules", "at most 100"},
	} {
		w := s.call(http.MethodPost, versions, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, want[0], failure(t, w)["param"], "%s: %s", body, w.Body)
		require.Contains(t, failure(t, w)["message"], want[1])
	}
	for path, body := range map[string]string{
		profilesPath + "/rp_none": "", versions + "/1": "", versions + "/0": "", versions + "/01": "", versions + "/x": "",
		profilesPath + "/" + id.New(id.RoutingProfile): "", profilesPath + "/" + id.New(id.RoutingProfile) + "/versions": "",
	} {
		require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, path, body).Code, path)
	}
	for body, param := range map[string]string{`{}`: "name", `{"name":" "}`: "name", `{"name":"` + strings.Repeat("n", 61) + `"}`: "name", `{"name":"x","y":1}`: "y", `{"name":"a\u0000"}`: "name"} {
		w := s.call(http.MethodPost, profilesPath, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, param, failure(t, w)["param"])
	}
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, profilesPath+"/"+id.New(id.RoutingProfile), `{"name":""}`).Code)
	require.Empty(t, s.rulebook.versions)
}

func TestASimulationAnswersWhatAPaymentWouldMeet(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60_000, Burst: 10_000} })
	profile := s.profile("Main")
	profileID := strings.TrimPrefix(profile, profilesPath+"/")
	answer(t, s.call(http.MethodPost, profile+"/versions", euroRules))
	simulate := func(members string) map[string]any {
		t.Helper()
		return answer(t, s.call(http.MethodPost, simulatePath, `{"amount":1200,"currency":"EUR"`+members+`}`))
	}
	first := func(d map[string]any) string { return d["choices"].([]any)[0].(map[string]any)["gateway"].(string) }
	require.Equal(t, "stripe", first(simulate("")), "nothing is active yet")
	draft := simulate(`,"routing":"` + profileID + `","version":1`)
	require.Equal(t, []any{"adyen", "listed", "euro"}, []any{first(draft), draft["strategy"], draft["rule"]})
	answer(t, s.call(http.MethodPost, profile+"/versions/1/activate", ""))
	d := simulate("")
	require.Equal(t, []any{"adyen", profileID, 1.}, []any{first(d), d["profile"], d["version"]})
	require.Equal(t, "stripe", first(answer(t, s.call(http.MethodPost, simulatePath, `{"amount":1200,"currency":"USD"}`))))
	require.Equal(t, "named", simulate(`,"routing":"stripe"`)["strategy"])

	shared := `,"rules":{"rules":[{"name":"s","when":"metadata.tier == \"gold\" and brand == \"visa\" and hour == 3 and billing_country == \"GB\"","split":{"stripe":50,"adyen":50}}],"default":{"strategy":"success"}}`
	asked := `,"metadata":{"tier":"gold"},"card":{"brand":"visa","bin":"424242","country":"DE"},"billing_country":"GB","at":"2026-11-27T05:30:00+02:00","capture_method":"manual"`
	counts := map[string]int{}
	for range 50 { // all of them on one side would be one run in 10^15
		intent := `,"intent_id":"` + id.New(id.Payment) + `"`
		d := simulate(shared + asked + intent)
		require.Equal(t, []any{"split", 50., "s", "eea", nil}, []any{d["strategy"], d["share"], d["rule"], d["region"], d["profile"]})
		require.Equal(t, d["choices"], simulate(shared + asked + intent)["choices"], "asked again, it is decided the same")
		counts[first(d)]++
	}
	require.Len(t, counts, 2)
	require.Equal(t, "success", simulate(shared)["strategy"])

	for members, param := range map[string]string{
		`,"routing":"nobody"`: "routing", `,"routing":"` + id.New(id.RoutingProfile) + `"`: "routing", `,"routing":"a b"`: "routing", `,"version":1`: "version",
		`,"routing":"` + profileID + `","version":0`: "version", shared + `,"routing":"` + profileID + `","version":1`: "version",
		`,"card":{"bin":"42"}`: "card.bin", `,"card":{"number":"4242424242424242"}`: "card.number", `,"card":{"country":"Germany"}`: "card.country", `,"card":{"brand":"VISA!"}`: "card.brand",
		`,"method":"paypal","card":{}`: "card", `,"method":"cash"`: "method", `,"capture_method":"later"`: "capture_method", `,"billing_country":"de"`: "billing_country",
		`,"customer_id":"x"`: "customer_id", `,"intent_id":"x"`: "intent_id", `,"at":"now"`: "at", `,"metadata":{"a":1}`: "metadata.a",
		`,"rules":{"rules":[{"name":"x","when":"nope","use":["stripe"]}],"default":{"strategy":"order"}}`: "rules.rules[0].when", `,"rules":{"rules":[],"default":{}}`: "rules.default.strategy", `,"rules":{}`: "rules.rules",
		`,"rules":{"rules":[],"default":{"strategy":"order","order":["gone"]}}`: "rules.default.order",
	} {
		w := s.call(http.MethodPost, simulatePath, `{"amount":1200,"currency":"EUR"`+members+`}`)
		require.Equal(t, http.StatusBadRequest, w.Code, members)
		require.Equal(t, param, failure(t, w)["param"], "%s: %s", members, w.Body)
	}
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPost, simulatePath, `{"amount":1,"currency":"EUR","routing":"`+profileID+`","version":9}`).Code)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, simulatePath, `{"currency":"EUR"}`).Code)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, simulatePath, `{"amount":1,"currency":"EURO"}`).Code)
	reader := "Bearer " + s.key(s.scope, merchant.SecretKey, merchant.ReadRouting)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, simulatePath, `{"amount":1,"currency":"EUR"}`, "Authorization", reader).Code)
	require.Equal(t, http.StatusForbidden, s.call(http.MethodPost, profilesPath, `{"name":"x"}`, "Authorization", reader).Code)
}

func TestAttemptsShowHowTheirGatewayWasChosen(t *testing.T) {
	s := newStage(t)
	paymentID := decodeID(t, s.call(http.MethodPost, intents, `{"amount":100,"currency":"USD"}`).Body.Bytes())
	card := payment.CardSummary{Brand: "visa", Last4: "4242", ExpMonth: 1, ExpYear: 2030}
	rate := int64(9342)
	attempt := payment.Attempt{ID: id.New(id.Attempt), Status: payment.AttemptCaptured, Gateway: "stripe", Card: card, Routing: &routing.Decision{
		Strategy: routing.Success, Choices: []routing.Choice{{Gateway: "stripe", Rate: &rate, Samples: 1204, Level: routing.LevelCell, Health: routing.HalfOpen}},
		Excluded: []routing.Exclusion{{Gateway: "adyen", Why: "does not take USD"}}, At: s.clock.Now(), Profile: "rp_1", Version: 3, Region: routing.EEA, Probe: true,
	}}
	older := attempt
	older.Routing = nil
	s.core.attempts = []payment.Attempt{older, attempt}
	body := s.call(http.MethodGet, intents+"/"+paymentID, "").Body.String()
	require.Contains(t, body, `"routing":null`)
	require.Contains(t, body, `"routing":{"strategy":"success","choices":[{"gateway":"stripe","rate":0.9342,"samples":1204,"level":"cell","cost":null,"value":null,"health":"half_open"}],`+
		`"excluded":[{"gateway":"adyen","why":"does not take USD"}],"profile":"rp_1","version":3,"rule":null,"failed_rules":[],"share":null,"region":"eea","explored":false,"probe":true,"down":false,`)
}

func TestStatisticsAreTheMerchantsOwn(t *testing.T) {
	s := newStage(t)
	cell := routing.Cell{Scope: s.scope, Gateway: "stripe", Currency: "EUR", Region: routing.EEA, Kind: "visa"}
	minute := s.clock.Now().Unix() / 60
	s.rulebook.seen = []routing.Bucket{
		{Cell: cell, Minute: minute, Counts: routing.Counts{Approved: 93, Declined: 5, Failed: 2, Calls: 100, Latency: 41_200 * time.Millisecond}},
		{Cell: routing.Cell{Scope: s.scope, Gateway: "stripe", Currency: "USD"}, Minute: minute - 10, Counts: routing.Counts{Calls: 1}},
		{Cell: routing.Cell{Scope: merchant.Scope{MerchantID: "mch_other", Environment: merchant.Sandbox}, Gateway: "stripe"}, Minute: minute},
	}
	for range 5 {
		s.rulebook.engine.Observe(routing.Observation{Cell: cell, Called: true, Broken: true})
	}
	stats := answer(t, s.call(http.MethodGet, "/v3/routing/stats", ""))
	require.Len(t, stats["rates"], 2)
	require.Equal(t, map[string]any{
		"gateway": "stripe", "currency": "EUR", "region": "eea", "kind": "visa", "approved": 93., "declined": 5., "failed": 2.,
		"rate": .93, "low": .8625, "high": .9657, "latency_ms": 412.,
	}, stats["rates"].([]any)[0])
	require.Nil(t, stats["rates"].([]any)[1].(map[string]any)["rate"])
	health := stats["health"].([]any)
	require.Len(t, health, 2)
	require.Equal(t, []any{"stripe", "open", "errors one after another", 5.}, []any{
		health[0].(map[string]any)["gateway"], health[0].(map[string]any)["state"], health[0].(map[string]any)["why"], health[0].(map[string]any)["errors"],
	})
	require.Equal(t, "closed", health[1].(map[string]any)["state"])
	require.Len(t, answer(t, s.call(http.MethodGet, "/v3/routing/stats?minutes=5", ""))["rates"], 1)
	for _, query := range []string{"minutes=0", "minutes=1441", "minutes=x", "window=5"} {
		require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, "/v3/routing/stats?"+query, "").Code, query)
	}
}

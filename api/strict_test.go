package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api"
	"paymenthub/internal/id"
)

// with replaces or adds members of a valid creation.
func with(members string) string { return `{"amount":100,"currency":"USD",` + members + `}` }

func TestBadBodiesAreRefusedByName(t *testing.T) {
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60_000, Burst: 10_000} })
	long := strings.Repeat("x", 501)
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprintf(`"k%d":"v"`, i))
	}
	withCard := func(members string) string {
		return with(`"confirm":true,"payment_method":{"type":"card","card":{"number":"4242424242424242","exp_month":12,"exp_year":2030,"cvc":"123"` + members + `}}`)
	}
	for body, param := range map[string]string{
		``: "amount", `{}`: "amount", `{"amount":0,"currency":"USD"}`: "amount", `{"amount":-5,"currency":"USD"}`: "amount",
		`{"amount":1.5,"currency":"USD"}`: "amount", `{"amount":1e3,"currency":"USD"}`: "amount", `{"amount":"12","currency":"USD"}`: "amount",
		`{"amount":1.0,"currency":"USD"}`: "amount", `{"amount":9007199254740992,"currency":"USD"}`: "amount",
		`{"amount":99999999999999999999999,"currency":"USD"}`: "amount", `{"amount":true,"currency":"USD"}`: "amount",
		`{"amount":null,"currency":"USD"}`: "amount", `{"amount":[1],"currency":"USD"}`: "amount", `{"amount":{"a":1},"currency":"USD"}`: "amount",
		`{"amuont":1,"amount":1,"currency":"USD"}`: "amuont", `{"Amount":1,"amount":1,"currency":"USD"}`: "Amount",
		`{"amount":1,"amount":2,"currency":"USD"}`: "amount", `{"amount":1}`: "currency", `{"amount":1,"currency":"XXQ"}`: "currency",
		`{"amount":1,"currency":5}`: "currency", `null`: "", `[]`: "", `"x"`: "", `{`: "", `{"amount":1}{}`: "", "{\"amount\":1,\"currency\":\"U\xff\"}": "",
		strings.Repeat(`{"metadata":`, 20_000): "", strings.Repeat("[", 20_000): "",
		with(`"capture_method":"later"`): "capture_method", with(`"confirm":"yes"`): "confirm", with(`"confirm":true`): "payment_method",
		with(`"payment_method":` + card): "confirm", with(`"customer_id":"cus_1"`): "customer_id",
		with(`"routing":"a b"`): "routing", with(`"routing":""`): "routing", with(`"settlement_currency":"XXQ"`): "settlement_currency",
		with(`"fx_quote_id":"fxq_1"`): "fx_quote_id", with(`"settlement_currency":"usd","fx_quote_id":"fxq_01HZY3K8V4N5T6W7X8Y9Z0A1B2"`): "fx_quote_id",
		with(`"return_url":"javascript:alert(1)"`): "return_url", with(`"return_url":"/x"`): "return_url", with(`"return_url":"http://shop.example/"`): "return_url",
		with(`"return_url":"https://a:b@shop.example/"`): "return_url", with(`"return_url":""`): "return_url",
		with(`"description":"a\u0000b"`): "description", with(`"description":"` + long + long + `"`): "description",
		with(`"statement_descriptor":"abc"`): "statement_descriptor", with(`"statement_descriptor":"shop * of"`): "statement_descriptor",
		with(`"metadata":[]`): "metadata", with(`"metadata":{"a":1}`): "metadata.a", with(`"metadata":{"a":null}`): "metadata.a",
		with(`"metadata":{"a":"` + long + `"}`): "metadata.a", with(`"metadata":{"` + long[:41] + `":"b"}`): "metadata",
		with(`"metadata":{"a":"1","a":"2"}`): "metadata.a", with(`"metadata":{` + strings.Join(many, ",") + `}`): "metadata",
		with(`"metadata":{"a":"b\u0000"}`): "metadata.a", with(`"metadata":{"a":{"b":{}}}`): "metadata.a",
		with(`"confirm":true,"payment_method":{"type":"saved","id":"pm_1"}`): "payment_method.id",
		with(`"confirm":true,"payment_method":{"type":"bank"}`):              "payment_method.type",
		with(`"confirm":true,"payment_method":{"type":"card"}`):              "payment_method.card",
		with(`"confirm":true,"payment_method":{}`):                           "payment_method",
		withCard(`,"number":"x"`):                                            "payment_method.card.number", withCard(`,"pin":"1234"`): "payment_method.card.pin",
		strings.Replace(withCard(``), `"4242424242424242"`, `4242424242424242`, 1):   "payment_method.card.number",
		strings.Replace(withCard(``), `"4242424242424242"`, `"4242424242424241"`, 1): "payment_method.card.number",
		strings.Replace(withCard(``), `2030`, `2020`, 1):                             "payment_method.card.exp_year",
		strings.Replace(withCard(``), `"123"`, `"12"`, 1):                            "payment_method.card.cvc",
		strings.Replace(withCard(``), `"exp_month":12`, `"exp_month":"12"`, 1):       "payment_method.card.exp_month",
	} {
		w := s.call(http.MethodPost, intents, body)
		shown := body[:min(len(body), 120)]
		require.Equal(t, http.StatusBadRequest, w.Code, "%s\n%s", shown, w.Body.String())
		e := failure(t, w)
		require.Equal(t, "validation_failed", e["code"])
		if param == "" {
			require.NotContains(t, e, "param", shown)
			continue
		}
		require.Equal(t, param, e["param"], "%s\n%s", shown, w.Body.String())
	}
	require.Zero(t, s.core.calls, "nothing reached the core")
	require.Equal(t, "Field 'amount' must be a positive integer.", failure(t, s.call("POST", intents, `{"amount":1.5,"currency":"USD"}`))["message"])
}

func TestNullStandsForAbsent(t *testing.T) {
	s := newStage(t)
	w := s.call("POST", intents, with(`"customer_id":null,"routing":null,"capture_method":null,"confirm":null,"payment_method":null,
		"settlement_currency":"usd","return_url":null,"description":null,"statement_descriptor":null,"metadata":null`))
	require.Equal(t, 200, w.Code, w.Body.String())
}

func TestBodiesOfOtherKindsAndSizes(t *testing.T) {
	s := newStage(t)
	ok := `{"amount":1,"currency":"USD"}`
	for contentType, want := range map[string]int{
		"application/json": 200, "application/json; charset=UTF-8": 200, "text/plain": 415, "application/x-www-form-urlencoded": 415,
		"application/json; charset=latin1": 415, "": 415, ";;": 415,
	} {
		require.Equal(t, want, s.call("POST", intents, ok, "Content-Type", contentType).Code, contentType)
	}
	require.Equal(t, 415, s.call("POST", intents, ok, "Content-Encoding", "gzip").Code)
	w := s.call("POST", intents, with(`"description":"`+strings.Repeat("x", 1<<20)+`"`))
	require.Equal(t, 413, w.Code)
	require.Equal(t, "validation_failed", failure(t, w)["code"])
	paymentID := s.open()
	require.Equal(t, 200, s.call("POST", intents+"/"+paymentID+"/cancel", "").Code, "no body needs no content type")
}

func TestBadQueriesAreRefusedByName(t *testing.T) {
	s := newStage(t)
	cursor := id.New(id.Payment)
	for query, param := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=x": "limit", "limit=": "limit", "limit=1&limit=2": "limit", "limt=1": "limt",
		"starting_after=x": "starting_after", "starting_after=" + cursor + "&ending_before=" + cursor: "ending_before",
		"status=paid": "status", "customer_id=bob": "customer_id", "created[gte]=yesterday": "created[gte]", "created[lt]=-1": "created[lt]",
		"%zz=1": "",
	} {
		w := s.call("GET", intents+"?"+query, "")
		require.Equal(t, 400, w.Code, query)
		if param != "" {
			require.Equal(t, param, failure(t, w)["param"], query)
		}
	}
	for _, query := range []string{"limit=100", "created[gte]=1700000000&created[lt]=2026-01-01T00:00:00%2B02:00", "created[gte]=2026-01-01T00:00:00+02:00", "status=succeeded&starting_after=" + cursor} {
		require.Equal(t, 200, s.call("GET", intents+"?"+query, "").Code, query)
	}
	for _, path := range []string{intents + "/" + cursor, "/v3/payments/health", "/v3/ledger/balances"} {
		require.Equal(t, 400, s.call("GET", path+"?expand=all", "").Code, path)
	}
	require.Equal(t, 400, s.call("POST", intents+"?dry_run=true", `{"amount":1,"currency":"USD"}`).Code)
}

// A card number in any place of a request must not come back, nor be logged.
func TestCardNumbersAreNeverRepeated(t *testing.T) {
	const plain, spaced = "4539578763621486", "4539 5787 6362 1486"
	s := newStage(t, func(o *api.Options) { o.HubLimit = api.RateLimit{PerMinute: 60_000, Burst: 10_000} })
	paymentID := s.open()
	var bodies []string
	for _, n := range []string{plain, spaced} {
		bodies = append(bodies,
			n, `"`+n+`"`, `{"`+n+`":1}`, `{"amount":"`+n+`"}`, `{"amount":`+plain+`.5}`, `{"currency":"`+n+`"}`, `{"amount":1,"currency":"USD","x`+n+`":"`+n+`"}`,
			with(`"customer_id":"`+n+`"`), with(`"routing":"`+n+`"`), with(`"routing":"r`+n+`"`), with(`"description":"pan`+n+`x"`), with(`"capture_method":"`+n+`"`),
			with(`"description":"card `+n+`, thanks"`), with(`"statement_descriptor":"`+n+`"`), with(`"settlement_currency":"`+n+`"`),
			with(`"return_url":"https://shop.example/?pan=`+strings.ReplaceAll(n, " ", "-")+`"`), with(`"metadata":"`+n+`"`),
			with(`"metadata":{"`+n+`":"x"}`), with(`"metadata":{"`+n+`":1}`), with(`"metadata":{"note":"pan:`+n+`."}`), with(`"metadata":{"note":`+plain+`}`),
			with(`"payment_method":"`+n+`"`), with(`"payment_method":{"type":"`+n+`"}`), with(`"confirm":"`+n+`"`),
			with(`"payment_method":{"type":"card","card":"`+n+`"}`), with(`"payment_method":{"type":"card","card":{"number":`+plain+`}}`),
			with(`"confirm":true,"payment_method":{"type":"card","card":{"number":"`+n+`","exp_month":99,"exp_year":2030,"cvc":"123"}}`),
			with(`"confirm":true,"payment_method":{"type":"card","card":{"number":"`+n+`","exp_month":9,"exp_year":2030,"cvc":"`+n+`"}}`),
			with(`"confirm":true,"payment_method":{"type":"card","card":{"number":"`+n+`","`+n+`":9}}`),
			`{"amount":1 `+n+`}`, `{"client_secret":"`+n+`","payment_method":`+card+`}`, `{"reason":"`+n+`"}`, `{"intent_id":"`+n+`"}`)
	}
	paths := []string{intents, intents + "/" + paymentID + "/confirm", intents + "/" + paymentID + "/cancel", intents + "/" + paymentID + "/capture", "/v3/payments/refunds"}
	before := s.core.calls
	for _, path := range paths {
		for i, body := range bodies {
			w := s.call("POST", path, body, "Idempotency-Key", fmt.Sprint("k", i))
			require.GreaterOrEqual(t, w.Code, 400, body)
			require.Less(t, w.Code, 500, body)
			requireNoCard(t, w.Body.String(), body)
		}
	}
	require.Equal(t, before, s.core.calls)
	for _, path := range []string{
		intents + "/" + plain, intents + "/pi_" + plain, "/v3/payments/refunds/" + plain, "/v3/events/" + plain, "/" + plain, "/return/" + plain,
		intents + "?limit=" + plain, intents + "?" + plain + "=1", intents + "?starting_after=" + plain, intents + "?status=" + plain,
		"/v3/ledger/entries?account=" + plain, "/v3/ledger/entries?currency=" + plain, "/v3/events?type=" + plain, "/v3/events?object_id=" + plain,
	} {
		requireNoCard(t, s.call("GET", path, "").Body.String(), path)
	}
	w := s.call("POST", intents, `{"amount":1,"currency":"USD"}`, "Idempotency-Key", plain)
	require.Equal(t, 400, w.Code)
	requireNoCard(t, w.Body.String(), "Idempotency-Key")
	requireNoCard(t, s.call("GET", intents, "", "Authorization", "Bearer "+plain).Body.String(), "Authorization")
	for _, line := range s.logs.All() {
		requireNoCard(t, fmt.Sprint(line.Message, line.ContextMap()), "log")
	}
	for slot := range s.memory.requests {
		requireNoCard(t, fmt.Sprint(slot), "idempotency slot")
	}
}

func requireNoCard(t *testing.T, text, of string) {
	t.Helper()
	require.NotContains(t, strings.NewReplacer(" ", "", "-", "").Replace(text), "4539578763621486", of)
}

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// badBody is a body that must be refused, and the field that is at fault (""
// where it is the body as a whole).
type badBody struct{ name, body, param string }

// someCard is a card with one of its fields written another way.
func someCard(fields string) string {
	return `{"amount":1,"currency":"USD","confirm":true,"payment_method":{"type":"card","card":{` + fields + `}}}`
}

const restOfCard = `"exp_month":12,"exp_year":2040,"cvc":"123"`

func badIntents() []badBody {
	const ok = `"currency":"USD"`
	many := strings.Repeat(`"k%d":"v",`, 51)
	numbers := make([]any, 51)
	for i := range numbers {
		numbers[i] = i
	}
	pairs := strings.TrimSuffix(fmt.Sprintf(many, numbers...), ",")
	with := func(field string) string { return `{"amount":1,` + ok + `,` + field + `}` }
	return []badBody{
		{"nothing", ``, "amount"}, {"empty object", `{}`, "amount"}, {"cut off", `{"amount":1`, ""}, {"not JSON", `amount=1&currency=USD`, ""},
		{"an array", `[]`, ""}, {"a string", `"amount"`, ""}, {"null", `null`, ""}, {"two objects", `{} {}`, ""}, {"trailing comma", `{"amount":1,}`, ""},
		{"broken UTF-8", "{\"description\":\"\xff\xfe\"}", ""}, {"NUL", "{\"amount\":1}\x00", ""}, {"deep", strings.Repeat("[", 100_000), ""},
		{"deep value", `{"metadata":` + strings.Repeat(`{"a":`, 20_000), ""},
		{"amount as string", `{"amount":"1",` + ok + `}`, "amount"}, {"amount as float", `{"amount":1.0,` + ok + `}`, "amount"},
		{"amount with exponent", `{"amount":1e2,` + ok + `}`, "amount"}, {"zero", `{"amount":0,` + ok + `}`, "amount"},
		{"negative", `{"amount":-5,` + ok + `}`, "amount"}, {"minus zero", `{"amount":-0,` + ok + `}`, "amount"},
		{"above 2^53-1", `{"amount":9007199254740992,` + ok + `}`, "amount"}, {"above 64 bits", `{"amount":18446744073709551616,` + ok + `}`, "amount"},
		{"a hundred digits", `{"amount":` + strings.Repeat("9", 100) + `,` + ok + `}`, "amount"}, {"amount null", `{"amount":null,` + ok + `}`, "amount"},
		{"amount true", `{"amount":true,` + ok + `}`, "amount"}, {"amount object", `{"amount":{},` + ok + `}`, "amount"},
		{"misspelt", `{"amuont":1,` + ok + `}`, "amuont"}, {"other case", `{"Amount":1,` + ok + `}`, "Amount"},
		{"twice", `{"amount":1,"amount":2,` + ok + `}`, "amount"}, {"unknown nested", someCard(`"nmuber":"1",` + restOfCard), "payment_method.card.nmuber"},
		{"no currency", `{"amount":1}`, "currency"}, {"unknown currency", `{"amount":1,"currency":"XXZ"}`, "currency"},
		{"currency too long", `{"amount":1,"currency":"USDD"}`, "currency"}, {"currency a number", `{"amount":1,"currency":840}`, "currency"},
		{"capture method", with(`"capture_method":"later"`), "capture_method"}, {"confirm as string", with(`"confirm":"true"`), "confirm"},
		{"confirm alone", with(`"confirm":true`), "payment_method"}, {"routing", with(`"routing":"no spaces"`), "routing"},
		{"unknown gateway", with(`"routing":"nowhere"`), "routing"}, {"customer", with(`"customer_id":"cus_01HZY3K8V4N5T6W7X8Y9Z0A1B2"`), "customer_id"},
		{"settlement", with(`"settlement_currency":"EUR"`), "settlement_currency"}, {"return URL", with(`"return_url":"javascript:alert(1)"`), "return_url"},
		{"plain http", with(`"return_url":"http://shop.example/"`), "return_url"}, {"relative", with(`"return_url":"/thanks"`), "return_url"},
		{"long description", with(`"description":"` + strings.Repeat("d", 1001) + `"`), "description"},
		{"control character", with(`"description":"a\u0000b"`), "description"}, {"descriptor", with(`"statement_descriptor":"<shop>"`), "statement_descriptor"},
		{"metadata array", with(`"metadata":[]`), "metadata"}, {"metadata number", with(`"metadata":{"a":1}`), "metadata.a"},
		{"metadata keys", with(`"metadata":{` + pairs + `}`), "metadata"}, {"metadata twice", with(`"metadata":{"a":"1","a":"2"}`), "metadata.a"},
		{"metadata key", with(`"metadata":{"` + strings.Repeat("k", 41) + `":"v"}`), "metadata"}, {"metadata empty key", with(`"metadata":{"":"v"}`), "metadata"},
		{"metadata value", with(`"metadata":{"a":"` + strings.Repeat("v", 501) + `"}`), "metadata.a"},
		{"method", with(`"confirm":true,"payment_method":{}`), "payment_method"}, {"method type", with(`"confirm":true,"payment_method":{"type":"cash"}`), "payment_method.type"},
		{"method without confirm", with(`"payment_method":{"type":"card","card":{"number":"4242424242424242",` + restOfCard + `}}`), "confirm"},
		{"card check digit", someCard(`"number":"4242424242424241",` + restOfCard), "payment_method.card.number"},
		{"card short", someCard(`"number":"4242",` + restOfCard), "payment_method.card.number"}, {"card letters", someCard(`"number":"4242x",` + restOfCard), "payment_method.card.number"},
		{"card a number", someCard(`"number":42,` + restOfCard), "payment_method.card.number"}, {"no card number", someCard(restOfCard), "payment_method.card.number"},
		{"expired", someCard(`"number":"4242424242424242","exp_month":1,"exp_year":2024,"cvc":"123"`), "payment_method.card.exp_year"},
		{"month", someCard(`"number":"4242424242424242","exp_month":13,"exp_year":2040,"cvc":"123"`), "payment_method.card.exp_month"},
		{"month a string", someCard(`"number":"4242424242424242","exp_month":"12","exp_year":2040,"cvc":"123"`), "payment_method.card.exp_month"},
		{"cvc", someCard(`"number":"4242424242424242","exp_month":12,"exp_year":2040,"cvc":"12"`), "payment_method.card.cvc"},
		{"no cvc", someCard(`"number":"4242424242424242","exp_month":12,"exp_year":2040`), "payment_method.card.cvc"},
	}
}

func TestBadBodiesAreRefusedAndTheFieldNamed(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		held := s.authorized(t, 100)
		bad := map[string][]badBody{
			intents: badIntents(),
			intents + "/" + held.ID + "/confirm": {
				{"nothing", ``, "payment_method"}, {"null", `{"payment_method":null}`, "payment_method"}, {"secret", `{"client_secret":7}`, "client_secret"},
				{"unknown", `{"confirm":true}`, "confirm"},
			},
			intents + "/" + held.ID + "/capture": {
				{"zero", `{"amount":0}`, "amount"}, {"negative", `{"amount":-1}`, "amount"}, {"string", `{"amount":"1"}`, "amount"},
				{"huge", `{"amount":9007199254740992}`, "amount"}, {"unknown", `{"amuont":1}`, "amuont"}, {"array", `[]`, ""},
			},
			intents + "/" + held.ID + "/cancel": {
				{"reason", `{"reason":1}`, "reason"}, {"long", `{"reason":"` + strings.Repeat("r", 501) + `"}`, "reason"}, {"unknown", `{"why":"x"}`, "why"},
			},
			refunds: {
				{"nothing", ``, "intent_id"}, {"reason", `{"intent_id":"` + held.ID + `","reason":"bored"}`, "reason"},
				{"amount", `{"intent_id":"` + held.ID + `","amount":0}`, "amount"}, {"number", `{"intent_id":7}`, "intent_id"},
				{"unknown", `{"intent_id":"` + held.ID + `","currency":"AED"}`, "currency"},
			},
		}
		for path, bodies := range bad {
			for _, b := range bodies {
				f := s.post(t, path, b.body).failure(t, http.StatusBadRequest, "validation_failed")
				if f.Param != b.param {
					t.Errorf("POST %s with %s names %q instead of %q: %s", path, b.name, f.Param, b.param, f.Message)
				}
			}
		}
		require.Equal(t, "requires_capture", s.intent(t, held.ID).Status)
		require.Len(t, s.payments(t), 1, "none was made")
	})
}

func TestBadRequestsAreRefusedInOneEnvelope(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		large := `{"amount":1,"currency":"USD","description":"` + strings.Repeat("d", 1<<20) + `"}`
		s.post(t, intents, large).failure(t, http.StatusRequestEntityTooLarge, "validation_failed")
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json"} {
			s.post(t, intents, order(), header{"Content-Type", kind}).failure(t, http.StatusUnsupportedMediaType, "validation_failed")
		}
		s.post(t, intents, order(), header{"Content-Encoding", "gzip"}).failure(t, http.StatusUnsupportedMediaType, "validation_failed")
		for _, path := range []string{"/v3", "/v3/intents", "/v3/payments/payouts", "/v3/payments/intents/x/y/z", "/V3/payments/intents", "/v3/payments/%2e%2e/intents"} {
			s.get(t, path).failure(t, http.StatusNotFound, "not_found")
		}
		for _, call := range []struct{ method, path string }{
			{"DELETE", intents}, {"PUT", intents}, {"GET", intents + "/x/confirm"}, {"PATCH", refunds}, {"POST", events},
		} {
			a := s.do(t, call.method, call.path, nil)
			a.failure(t, http.StatusMethodNotAllowed, "validation_failed")
			require.NotEmpty(t, a.header.Get("Allow"))
		}
		strange := []string{"x", "pi_", "pi_1", "rf_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2", "pi_01hzy3k8v4n5t6w7x8y9z0a1b2", "%00", "'%20OR%201=1--", strings.Repeat("i", 3000)}
		for _, id := range strange {
			s.get(t, intents+"/"+id).failure(t, http.StatusNotFound, "not_found")
			s.capture(t, id, nil).failure(t, http.StatusNotFound, "not_found")
			s.cancel(t, id, nil).failure(t, http.StatusNotFound, "not_found")
			s.confirm(t, id, with(visa)).failure(t, http.StatusNotFound, "not_found")
			s.get(t, events+"/"+id).failure(t, http.StatusNotFound, "not_found")
			if !strings.HasPrefix(id, "rf_") {
				s.get(t, refunds+"/"+id).failure(t, http.StatusNotFound, "not_found")
			}
		}
	})
}

func TestBadQueriesAreRefusedAndTheParameterNamed(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		const nobody = "=pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2"
		for query, param := range map[string]string{
			intents + "?limit=0": "limit", intents + "?limit=101": "limit", intents + "?limit=-1": "limit", intents + "?limit=ten": "limit",
			intents + "?limit=1.5": "limit", intents + "?limit=": "limit", intents + "?limit=1&limit=2": "limit", intents + "?limit=99999999999999999999": "limit",
			intents + "?status=paid": "status", intents + "?customer_id=x": "customer_id", intents + "?created[gte]=yesterday": "created[gte]",
			intents + "?created[lt]=-1": "created[lt]", intents + "?created=1": "created", intents + "?starting_after=x": "starting_after",
			intents + "?ending_before=rf_01HZY3K8V4N5T6W7X8Y9Z0A1B2":         "ending_before",
			intents + "?starting_after" + nobody + "&ending_before" + nobody: "ending_before",
			intents + "?stauts=succeeded":                                    "stauts",
			refunds + "?intent_id=7":                                         "intent_id",
			refunds + "?status=pending":                                      "status",
			events + "?type=payment_intent.exploded":                         "type",
			events + "?object_id=x":                                          "object_id",
			"/v3/ledger/entries?account=cash":                                "account",
			"/v3/ledger/entries?currency=ZZZ":                                "currency",
			"/v3/ledger/balances?currency=AED":                               "currency",
			intents + "/pi_01HZY3K8V4N5T6W7X8Y9Z0A1B2?expand=attempts":       "expand",
			intents + "?limit=%zz":                                           "",
		} {
			f := s.get(t, query).failure(t, http.StatusBadRequest, "validation_failed")
			require.Equal(t, param, f.Param, "%s: %s", query, f.Message)
		}
		require.Equal(t, "verbose", s.post(t, intents+"?verbose=1", order()).failure(t, http.StatusBadRequest, "validation_failed").Param)
	})
}

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A card that nobody has, and what must never be seen of it. The number is
// approved by the simulator; the test cards go the ways that it cannot.
const (
	secretNumber = "4929617382059435"
	secretCVC    = "987"
	secretHolder = "Zacharias Quillfeather"
	marker       = "the hub may keep this"
)

func secretCard(number string) object {
	return object{"type": "card", "card": object{
		"number": number, "exp_month": 11, "exp_year": 2041, "cvc": secretCVC, "holder_name": secretHolder,
	}}
}

// gossip is a client that writes down all that it is told.
type gossip struct {
	client
	told finds
}

func (g gossip) call(t *testing.T, method, path string, body any, headers ...header) answer {
	t.Helper()
	a := g.do(t, method, path, body, headers...)
	g.told[fmt.Sprintf("answer %d to %s", len(g.told), method)] = fmt.Appendf(nil, "%d %v\n%s", a.status, a.header, a.raw)
	return a
}

func (g gossip) try(t *testing.T, body any, headers ...header) answer {
	t.Helper()
	return g.call(t, http.MethodPost, intents, body, headers...)
}

func TestNobodyEverSeesACardNumber(t *testing.T) {
	onOwn(t, append([]string{"PAYMENTHUB_LOG_LEVEL=debug"}, patient...), func(t *testing.T, h *hub) {
		s := newShop(t, h)
		g := gossip{s.client, finds{}}
		payWithSecrets(t, h, g)
		breakWithSecrets(t, g)
		acquireWithSecrets(t, h, g)
		for _, list := range []string{intents, refunds, events, "/v3/ledger/entries"} {
			g.call(t, http.MethodGet, list+"?limit=100", nil)
		}
		g.told.metrics(t, h)
		g.told.temporal(t, h)
		if h.databaseURL != "" {
			g.told.postgres(t, h.databaseURL)
		}
		g.told.files(t, h.dir.Path())
		g.told.files(t, h.logs)
		requireSecrecy(t, g.told)

		require.NoError(t, h.retire())
		after := finds{}
		after.files(t, h.dir.Path())
		after.files(t, h.logs)
		requireSecrecy(t, after)
	})
}

// requireSecrecy searches everything for the cards, after it has made sure
// that the search finds what may be there.
func requireSecrecy(t *testing.T, f finds) {
	t.Helper()
	require.NotEmpty(t, f.lookFor([]string{marker}), "the search sees nothing")
	needles := []string{`"` + secretCVC + `"`, `\"` + secretCVC + `\"`}
	for _, name := range []string{"cvc", "cvv"} {
		for _, between := range []string{"=", "]=", "%5D=", ":", `":`, `\":`, ": ", `": `} {
			needles = append(needles, name+between+secretCVC)
		}
	}
	for _, number := range []string{secretNumber, threeDS, noFunds} {
		needles = append(needles, spellings(number)...)
	}
	require.Empty(t, f.lookFor(needles))
	ours := finds{}
	for where, content := range f {
		if !strings.Contains(where, "simulator.db") { // the provider may know its shoppers
			ours[where] = content
		}
	}
	require.Empty(t, ours.lookFor([]string{secretHolder, url.QueryEscape(secretHolder)}))
}

// payWithSecrets sends the card through every way that a payment can go.
func payWithSecrets(t *testing.T, h *hub, g gossip) {
	t.Helper()
	fields := func(more ...object) object {
		return order(append([]object{{"confirm": true, "payment_method": secretCard(secretNumber), "description": marker}}, more...)...)
	}
	for range 2 { // the second is a replay
		require.Equal(t, "succeeded", g.try(t, fields(), idempotent("kept")).intent(t).Status)
	}
	g.try(t, fields(object{"amount": 1}), idempotent("kept")).failure(t, http.StatusConflict, "idempotency_conflict")
	held := g.try(t, fields(object{"capture_method": "manual"})).intent(t)
	done := g.call(t, http.MethodPost, intents+"/"+held.ID+"/capture", object{"amount": 100}).intent(t)
	r := g.call(t, http.MethodPost, refunds, object{"intent_id": done.ID}).refund(t)
	g.settled(t, r.ID)

	later := g.try(t, order(object{"description": marker})).intent(t)
	grouped := strings.Join([]string{secretNumber[:4], secretNumber[4:8], secretNumber[8:12], secretNumber[12:]}, " ")
	confirm := object{"client_secret": "wrong", "payment_method": secretCard(grouped)}
	g.call(t, http.MethodPost, intents+"/"+later.ID+"/confirm", confirm).failure(t, http.StatusUnauthorized, "unauthenticated")
	delete(confirm, "client_secret")
	require.Equal(t, "succeeded", g.call(t, http.MethodPost, intents+"/"+later.ID+"/confirm", confirm).intent(t).Status)
	g.call(t, http.MethodPost, intents+"/"+later.ID+"/confirm", confirm).failure(t, http.StatusConflict, "invalid_state")

	declined := fields(object{"payment_method": secretCard(noFunds)})
	for range 2 {
		g.try(t, declined, idempotent("declined")).failure(t, http.StatusPaymentRequired, "payment_failed")
	}
	challenge := g.try(t, fields(object{"payment_method": secretCard(threeDS), "return_url": thanks})).intent(t)
	requireSentTo(t, comeBack(t, h, challenge, answerChallenge(t, h, challenge, "approve")), challenge, "succeeded")

	var unknown []intent
	h.fault(t, "create_payment_intent", "http_429")
	g.try(t, fields()).failure(t, http.StatusPaymentRequired, "payment_failed")
	hear := h.deafen(t)
	for _, kind := range []string{"timeout_after", "reset_before", "http_500"} {
		unknown = append(unknown, h.unknown(t, "create_payment_intent", kind, func() answer { return g.try(t, fields()) }))
	}
	hear()
	for _, p := range unknown {
		require.Equal(t, "succeeded", g.resolved(t, p.ID).Status)
	}
}

// breakWithSecrets sends the card in every way that is refused.
func breakWithSecrets(t *testing.T, g gossip) {
	t.Helper()
	in := func(field string, value any) object { return order(object{field: value}) }
	cardWith := func(field string, value any) object {
		method := secretCard(secretNumber)
		method["card"].(object)[field] = value
		return order(object{"confirm": true, "payment_method": method})
	}
	refused := map[string]any{
		"amount":            order(object{"amount": 0, "confirm": true, "payment_method": secretCard(secretNumber)}),
		"unknown field":     order(object{"confrim": true, "payment_method": secretCard(secretNumber)}),
		"month":             cardWith("exp_month", 13),
		"year":              cardWith("exp_year", 2001),
		"cvc":               cardWith("cvc", secretCVC+"6"),
		"number as number":  cardWith("number", 4929617382059435),
		"two numbers":       cardWith("number", secretNumber+secretNumber),
		"wrong check digit": cardWith("number", secretNumber[:15]+"6"),
		"letters in it":     cardWith("number", secretNumber+"x"),
		"pan":               cardWith("pan", secretNumber),
		"number as name":    cardWith(secretNumber, 1),
		"method is number":  in("payment_method", secretNumber),
		"type is number":    in("payment_method", object{"type": secretNumber}),
		"amount is number":  in("amount", secretNumber),
		"currency":          in("currency", secretNumber),
		"customer":          in("customer_id", secretNumber),
		"routing":           in("routing", "r"+secretNumber),
		"capture method":    in("capture_method", secretNumber),
		"return URL":        in("return_url", "https://shop.example/?n="+secretNumber),
		"description":       in("description", "paid with "+secretNumber),
		"descriptor":        in("statement_descriptor", secretNumber),
		"metadata value":    in("metadata", object{"note": secretNumber}),
		"metadata name":     in("metadata", object{secretNumber: "note"}),
		"cut off":           `{"amount":1,"payment_method":{"card":{"number":"` + secretNumber + `","cvc":"987`,
		"broken":            `{"number":"` + secretNumber + `","cvc":"` + secretCVC + `"]`,
		"twice":             `{"amount":1,"description":"` + secretNumber + `","description":"` + secretNumber + `"}`,
		"bare":              secretNumber,
		"too large":         `{"description":"` + strings.Repeat(secretNumber+" ", 70_000) + `"}`,
	}
	for name, body := range refused {
		a := g.try(t, body)
		require.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}, a.status, "%s: %s", name, a.raw)
	}
	p := g.try(t, order()).intent(t)
	g.try(t, cardWith("cvc", secretCVC), header{"Content-Type", "text/plain"}).failure(t, http.StatusUnsupportedMediaType, "validation_failed")
	g.try(t, order(), idempotent("card "+secretNumber)).failure(t, http.StatusBadRequest, "validation_failed")
	g.call(t, http.MethodPost, intents+"/"+p.ID+"/cancel", object{"reason": secretNumber}).failure(t, http.StatusBadRequest, "validation_failed")
	g.call(t, http.MethodPost, refunds, object{"intent_id": secretNumber})
	for _, path := range []string{intents + "/" + secretNumber, "/" + secretNumber, "/return/" + secretNumber} {
		require.Equal(t, http.StatusNotFound, g.call(t, http.MethodGet, path, nil).status, path)
	}
	for _, query := range slices.Sorted(slices.Values([]string{"status=", "starting_after=", "limit=", secretNumber + "=", "created[gte]="})) {
		g.call(t, http.MethodGet, intents+"?"+query+secretNumber, nil).failure(t, http.StatusBadRequest, "validation_failed")
	}
	g.call(t, http.MethodGet, intents, nil, header{"Authorization", "Bearer " + secretNumber}).failure(t, http.StatusUnauthorized, "unauthenticated")
	g.call(t, http.MethodGet, intents, nil, header{"User-Agent", secretNumber}, header{"X-Request-Id", secretNumber}, header{"Traceparent", secretNumber})
}

// metrics adds what the hub tells its operators.
func (f finds) metrics(t *testing.T, h *hub) {
	t.Helper()
	res, err := web.Get(h.API + "/metrics")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	defer res.Body.Close()
	var text strings.Builder
	require.NoError(t, res.Write(&text))
	f["metrics"] = []byte(text.String())
}

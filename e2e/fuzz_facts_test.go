package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/conform"
	"paymenthub/api/openapi/generate"
	"paymenthub/internal/payment"
)

// fuzz sends generated requests to a hub, as a merchant of its own.
type fuzz struct {
	hub        *hub
	shop       shop
	generators []*generate.Generator // one of each document

	refused stock // what faulty requests are about; nothing may happen to it
	hostile stock // what hostile ones are about; anything allowed may happen to it
	again   told  // what valid ones have delivered again

	mu           sync.Mutex
	callers      map[string]*testing.T // the test of each operation, for objects made on the way
	secrets      map[string]string     // client secrets by payment
	about        map[string]string     // the payment that an operation's last request names
	endpoints    map[string]string     // the webhook endpoint that an operation changed last
	returnTokens payment.ClientSecrets
}

// stock is one object in each state that an operation asks for.
type stock struct {
	open, held, paid, refund, dispute, event, entry, movement, customer, method, account, quote, profile string
	told                                                                                                 told
}

func newFuzz(t *testing.T, h *hub) *fuzz {
	t.Helper()
	f := &fuzz{hub: h, shop: newShop(t, h), callers: map[string]*testing.T{}, secrets: map[string]string{}, about: map[string]string{}, endpoints: map[string]string{}, returnTokens: h.secrets(t)}
	f.refused, f.hostile = f.newStock(t), f.newStock(t)
	f.again = f.shop.newTold(t, f.hostile.event)
	facts := generate.Facts{Key: f.shop.key, Known: f.known, Settle: settle, Signed: []string{"receiveNotification"}}
	for _, doc := range conform.Documents(t) {
		f.generators = append(f.generators, generate.New(doc, facts, fuzzSeed, fuzzValid, fuzzHostile))
	}
	return f
}

func (f *fuzz) newStock(t *testing.T) stock {
	t.Helper()
	paid := f.shop.paid(t, 100_000)
	r := f.shop.settled(t, f.shop.post(t, refunds, object{"intent_id": paid.ID, "amount": 1}).refund(t).ID)
	entries := read[list[entry]](t, f.shop.get(t, "/v3/ledger/entries?intent_id="+paid.ID), 200).Data
	require.NotEmpty(t, entries)
	c := f.shop.newCustomer(t, object{"email": "ada@example.com"})
	account := read[idOnly](t, f.shop.post(t, gatewayAccounts, connection()), http.StatusOK).ID
	f.shop.post(t, gatewayAccounts+"/"+account, object{"status": "disabled"})
	setRate(t, f.hub)
	event := f.shop.eventsOf(t, paid.ID)[0].ID
	return stock{
		told:    f.shop.newTold(t, event),
		profile: f.shop.routes(t, routingRules(), routingRules(), routingRules()),
		quote:   read[idOnly](t, f.shop.post(t, quotes, object{"from": "AED", "to": "CHF"}), http.StatusOK).ID,
		account: account, customer: c.ID, method: f.shop.keep(t, c.ID, visa).ID,
		open: f.remember(f.shop.create(t, nil)), held: f.shop.authorized(t, 100_000).ID, paid: paid.ID,
		refund: r.ID, dispute: f.shop.disputed(t), event: event, entry: entries[0].ID,
		movement: read[movementPage](t, f.shop.acquirer().fetch(t, movements), 200).Data[0].ID,
	}
}

// remember keeps a payment's client secret, and returns its id.
func (f *fuzz) remember(p intent) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[p.ID] = p.ClientSecret
	return p.ID
}

// untouched is how the objects look that faulty requests are about.
func (f *fuzz) untouched(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, path := range []string{
		intents + "/" + f.refused.open, intents + "/" + f.refused.held, intents + "/" + f.refused.paid,
		refunds + "/" + f.refused.refund, disputes + "/" + f.refused.dispute,
		customers + "/" + f.refused.customer, paymentMethods + "/" + f.refused.method, gatewayAccounts + "/" + f.refused.account, quotes + "/" + f.refused.quote, routingProfiles + "/" + f.refused.profile, routingProfiles + "/" + f.refused.profile + "/versions", events + "/" + f.refused.event,
		webhookEndpoints + "/" + f.refused.told.endpoint, webhookDeliveries + "/" + f.refused.told.delivery, webhookReplays + "/" + f.refused.told.replay,
		webhookEndpoints + "/" + f.refused.told.endpoint + "/deliveries", webhookEndpoints + "/" + f.refused.told.endpoint + "/replays",
	} {
		all = append(all, string(f.shop.get(t, path).raw))
	}
	return all
}

func (f *fuzz) current(operation string, t *testing.T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callers[operation] = t
}

// known says what the document says in prose alone, and which objects there
// are. An operation that is added to the document is served by its schemas; it
// needs a line here when those let through what the hub refuses, or when its
// path names an object that must be in a certain state.
func (f *fuzz) known(p generate.Place) (any, bool) {
	if v, ok := f.named(p); ok {
		return v, true
	}
	switch {
	case p.Operation == "putRiskRules":
		return f.rule(p)
	case p.Operation == "createGatewayAccount" || p.Operation == "updateGatewayAccount":
		return f.connection(p)
	case p.Operation == "returnFromAction" && p.Name == "return_token":
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.returnTokens.ForReturn(f.about[p.Operation]), true
	}
	if v, ok := f.ofWebhooks(p); ok {
		return v, true
	}
	if v, ok := ofRouting(p); ok {
		return v, true
	}
	if v, ok := f.ofAcquiring(p); ok {
		return v, true
	}
	choose := func(from ...any) (any, bool) { return from[p.Random.IntN(len(from))], true }
	switch p.Name {
	case "brand_color":
		return choose("#7a3b12", "#FFD400", "#000000")
	case "display_name":
		return choose("Café Atlas", "متجر", strings.Repeat("ü", 100))
	case "currencies":
		return choose([]string{"MAD", "USD", "EUR"}, []string{"usd", "JPY", "eur", "USD", "KWD", "MAD"}) // the same merchant takes payments
	case "logo.media_type":
		return "image/png", true
	case "logo.data":
		return logo, true
	case "currency":
		return choose("AED", "aed", "USD", "Eur", "JPY", "KWD")
	case "settlement_currency", "fx_quote_id", "client_secret":
		return nil, p.In == "body" // few currencies have a rate
	case "from":
		return choose("AED", "aed")
	case "to":
		return choose("CHF", "Chf")
	case "save_payment_method", "off_session":
		return false, true // they ask for a customer, and for a method that is kept
	case "email", "notification_email":
		return choose("ada@example.com", "a@b.c", "first.last+tag@shop.example")
	case "network_transaction_id":
		return choose("016153570198200", "MCC1234560426")
	case "routing":
		return choose("auto", "stripe")
	case "return_url":
		return choose("https://shop.example/", "https://shop.example:8443/a?b=c&d=%20#e", "http://127.0.0.1:9/back", "https://xn--bcher-kva.example/")
	case "statement_descriptor":
		return choose("SHOP EXAMPLE", "abcde", "Bücher & Mehr", "0123456789 ABCDEFGHIJK")
	case "payment_method.card.number", "card.number":
		return choose(visa, mastercard, "4242 4242 4242 4242", "5555-5555-5555-4444")
	case "payment_method.card.exp_year", "card.exp_year":
		return 2040 + p.Random.IntN(20), true
	case "payment_method.card.cvc", "card.cvc":
		return choose("123", "000")
	case "amount":
		if p.Operation != "createIntent" {
			return 10 * (1 + p.Random.IntN(100)), true
		}
		return choose(1_000, 990, 50_000, 99_999_990) // of KWD Stripe takes whole ten fils
	case "created[gte]":
		return choose("0", "1700000000", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5+05:30")
	case "created[lt]":
		return choose("253402300799", "9999-12-31T23:59:59Z", "2100-02-28T00:00:00-11:00")
	}
	return nil, false
}

// connection makes accounts at Stripe's simulator. They are changed to disabled, so
// that the same merchant's payments go on where they were.
func (f *fuzz) connection(p generate.Place) (any, bool) {
	switch p.Name {
	case "provider":
		return "stripe", true
	case "status":
		return "disabled", true
	case "credentials":
		return object{"secret_key": "sk_test_own~2"}, true // of the same account as that of connection
	case "fees":
		return [][]object{{}, {{"method": "card", "currency": "EUR", "brand": "amex", "region": "eea", "basis_points": 250}, {"basis_points": 0}}}[p.Random.IntN(2)], true
	}
	return nil, false
}

// rule makes rules that refuse nobody: the same merchant's payments are tried at
// the same time. The version says for whom: that of a valid request is the current
// one, that of all others none that there is.
func (f *fuzz) rule(p generate.Place) (any, bool) {
	_, member, isMember := strings.Cut(p.Name, ".")
	switch {
	case isMember && member == "enabled":
		return false, true
	case p.Name == "version" && p.Class == generate.Valid:
		f.mu.Lock()
		t := f.callers[p.Operation]
		f.mu.Unlock()
		return f.shop.rules(t)["version"], true
	case p.Name == "version":
		return 1 << 30, true
	case p.Name == "environment":
		return "sandbox", true
	case p.Name == "updated_at":
		return "2026-04-21T09:30:01.123456Z", true
	case p.Name == "block_list", p.Name == "allow_list":
		return [][]object{
			{}, {{"type": "ip", "value": "203.0.113.0/24"}, {"type": "ip", "value": "::1"}}, {{"type": "bin", "value": "00000000"}},
			{{"type": "country", "value": "AQ"}, {"type": "email", "value": "a@b.example"}, {"type": "email_domain", "value": "bücher.example"}},
		}[p.Random.IntN(4)], true
	case p.Name == "amount_limit.limits":
		return [][]object{{}, {{"currency": "JPY", "amount": 1}, {"currency": "AED", "amount": 9007199254740991}}}[p.Random.IntN(2)], true
	}
	return nil, false
}

// named returns the object that a request is about: one in the state that it
// asks for, a new one for a request that is to succeed.
func (f *fuzz) named(p generate.Place) (any, bool) {
	if p.Name == "starting_after" || p.Name == "ending_before" { // one of both
		last := p.Operation == "listEvents" || p.Operation == "listEntries"
		if last != (p.Name == "ending_before") {
			return nil, true
		}
	}
	var of func(stock) string
	switch p.Operation + " " + p.Name {
	case "receiveNotification gateway":
		return "stripe", true
	case "receiveNotification account":
		return []string{"sandbox", "live"}[p.Random.IntN(2)], true
	case "confirmIntent id", "cancelIntent id", "confirmPaymentIntent id", "getPublicPaymentIntent id", "openCheckout id", "cancelPaymentIntent id":
		of = func(s stock) string { return s.open }
	case "captureIntent id", "capturePayment id", "voidPayment id":
		of = func(s stock) string { return s.held }
	case "getPayment id", "refundPayment id", "getIntent id", "returnFromAction payment_id", "createRefund intent_id", "listIntents starting_after", "listEvents object_id", "listRefunds intent_id", "listDisputes intent_id", "listEntries intent_id":
		of = func(s stock) string { return s.paid }
	case "getCustomer id", "updateCustomer id", "listCustomers starting_after", "createIntent customer_id", "createPaymentIntent customer_id", "createPaymentMethod customer_id", "listPaymentMethods customer_id", "listIntents customer_id":
		of = func(s stock) string { return s.customer }
	case "getPaymentMethod id", "detachPaymentMethod id", "setDefaultPaymentMethod id", "listPaymentMethods starting_after":
		of = func(s stock) string { return s.method }
	case "getWebhookEndpoint id", "updateWebhookEndpoint id", "deleteWebhookEndpoint id", "rotateWebhookSecret id", "testWebhookEndpoint id", "redeliverToWebhookEndpoint id",
		"listWebhookDeliveries id", "listWebhookActivity id", "listWebhookReplays id", "listWebhookEndpoints starting_after":
		of = func(s stock) string { return s.told.endpoint }
	case "getWebhookDelivery id", "redeliverWebhookDelivery id", "listWebhookDeliveries starting_after", "listEventDeliveries starting_after":
		of = func(s stock) string { return s.told.delivery }
	case "getWebhookReplay id", "listWebhookReplays starting_after":
		of = func(s stock) string { return s.told.replay }
	case "listNotices starting_after":
		of = func(s stock) string { return s.told.notice }
	case "getRefund id", "listRefunds starting_after":
		of = func(s stock) string { return s.refund }
	case "getDispute id", "listDisputes starting_after":
		of = func(s stock) string { return s.dispute }
	case "getEvent id", "getEventPayload id", "listEventDeliveries id", "listEvents ending_before":
		of = func(s stock) string { return s.event }
	case "listEntries ending_before":
		of = func(s stock) string { return s.entry }
	case "getGatewayAccount id", "updateGatewayAccount id", "disableGatewayAccount id", "listGatewayAccounts starting_after":
		of = func(s stock) string { return s.account }
	case "getRoutingProfile id", "updateRoutingProfile id", "createRoutingVersion id", "listRoutingVersions id", "getRoutingVersion id",
		"putRoutingVersion id", "activateRoutingVersion id", "rollbackRouting id":
		of = func(s stock) string { return s.profile }
	case "getFxQuote id":
		of = func(s stock) string { return s.quote }
	case "getTransaction id":
		of = func(s stock) string { return s.movement }
	default:
		return nil, false
	}
	var named string
	switch p.Class {
	case generate.Hostile:
		named = of(f.hostile)
	case generate.Faulty:
		named = of(f.refused)
	default:
		named = f.fresh(p.Operation, of)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.about[p.Operation] = named
	return named, true
}

// fresh returns an object that a valid request may change.
func (f *fuzz) fresh(operation string, of func(stock) string) string {
	f.mu.Lock()
	t := f.callers[operation]
	f.mu.Unlock()
	switch operation {
	case "confirmIntent", "cancelIntent", "confirmPaymentIntent", "cancelPaymentIntent":
		return f.remember(f.shop.create(t, object{"amount": 5_000}))
	case "captureIntent", "capturePayment", "voidPayment":
		return f.shop.authorized(t, 5_000).ID
	case "createRefund", "refundPayment":
		return f.shop.paid(t, 5_000).ID
	case "updateCustomer":
		return f.shop.newCustomer(t).ID
	case "updateGatewayAccount", "disableGatewayAccount":
		return read[idOnly](t, f.shop.post(t, gatewayAccounts, connection()), http.StatusOK).ID
	case "updateRoutingProfile", "createRoutingVersion", "putRoutingVersion", "activateRoutingVersion", "rollbackRouting":
		return f.hostile.profile // a merchant has 20 at most
	case "updateWebhookEndpoint", "deleteWebhookEndpoint", "rotateWebhookSecret", "testWebhookEndpoint", "redeliverToWebhookEndpoint":
		return f.newEndpoint(t, operation)
	case "redeliverWebhookDelivery":
		return f.again.delivery
	case "detachPaymentMethod", "setDefaultPaymentMethod":
		return f.shop.keep(t, f.shop.newCustomer(t).ID, visa).ID
	}
	return of(f.refused)
}

// settle makes fields agree of which the document says in prose that they must.
func settle(operation string, body generate.Object) {
	if operation == "putRiskRules" && body.Has("decline_above") { // 3-D Secure is below it
		body.Set("challenge_above", 0)
	}
	settleWebhooks(operation, body)
	if operation != "createIntent" {
		return
	}
	if body.Text("payment_method") == "null" {
		body.Set("payment_method", nil)
	}
	if body.Has("payment_method") {
		body.Set("confirm", true)
	} else if body.Text("confirm") == "true" {
		body.Set("confirm", false)
	}
}

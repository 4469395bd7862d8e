package e2e

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// everyone are the providers, in the order in which gateways are preferred.
var everyone = []string{"stripe", "checkout", "adyen", "mollie", "paypal"}

// simulators are the arguments of development mode with all of them.
func simulators() []string { return []string{"--simulators", strings.Join(everyone, ",")} }

// lostCard is refused by issuer and network for good.
const lostCard = "4000000000009987"

// onEveryone runs a test against a hub of each dialect at which all providers are
// connected: one that tests share, or one of its own where it asks for settings. It is
// left out of -short.
func onEveryone(t *testing.T, env []string, test func(t *testing.T, h *hub)) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			if env == nil {
				test(t, shared(t, d, simulators()...))
				return
			}
			h := idleHub(t, d, env...)
			require.NoError(t, h.start(simulators()...))
			test(t, h)
		})
	}
}

// sideBySide runs subtests all at the same time, however many processors there are:
// what they do is to wait for providers.
func sideBySide(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	var running sync.WaitGroup
	for name, test := range tests {
		running.Go(func() { t.Run(name, test) })
	}
	running.Wait()
}

// charged is what each provider charged for a payment; those that did not are left out.
func (h *hub) charged(t testing.TB, paymentID string) map[string][]charge {
	t.Helper()
	made := map[string][]charge{}
	for provider := range h.Simulators {
		if at := h.chargesAt(t, provider, paymentID); len(at) > 0 {
			made[provider] = at
		}
	}
	return made
}

// onlyChargeAt returns the one charge for a payment that there is anywhere, which must
// be at the provider.
func (h *hub) onlyChargeAt(t testing.TB, provider, paymentID string) charge {
	t.Helper()
	made := h.charged(t, paymentID)
	require.Len(t, made, 1, "providers that charged for %s: %v", paymentID, made)
	require.Len(t, made[provider], 1, "charges of %s: %v", paymentID, made)
	return made[provider][0]
}

// channel is a shop whose payments go to one gateway.
type channel struct {
	shop
	gateway string
}

// pay makes a payment with a card at the gateway, and confirms it in the same call.
func (c channel) pay(t testing.TB, number string, fields object) answer {
	t.Helper()
	all := object{"routing": c.gateway, "currency": "EUR"}
	maps.Copy(all, fields)
	return c.shop.pay(t, number, all)
}

// requireCharge holds that the payment is where it was sent, and that the provider has
// taken and given back what the hub says.
func (c channel) requireCharge(t testing.TB, p intent, status string, amount, captured, refunded int64) {
	t.Helper()
	require.Equal(t, []any{c.gateway, amount, captured, refunded}, []any{p.Gateway, p.Amount, p.AmountCaptured, p.AmountRefunded})
	made := c.hub.onlyChargeAt(t, c.gateway, p.ID)
	require.Equal(t, []any{status, amount, captured, refunded}, []any{made.Status, made.Amount, made.AmountCaptured, made.AmountRefunded})
	require.Equal(t, p.Currency, strings.ToUpper(made.Currency))
	got := c.intent(t, p.ID)
	last := got.Attempts[len(got.Attempts)-1]
	require.Equal(t, c.gateway, last.Gateway)
	require.Equal(t, []any{"named", []string{c.gateway}}, []any{last.Routing.Strategy, last.Routing.gateways()})
}

// giveBack refunds a part of a payment, and waits until the provider has given it back.
func (c channel) giveBack(t testing.TB, paymentID string, amount int64) intent {
	t.Helper()
	r := c.settled(t, c.post(t, refunds, object{"intent_id": paymentID, "amount": amount}).refund(t).ID)
	require.Equal(t, "succeeded", r.Status)
	require.Equal(t, []string{"refund.created", "refund.completed"}, c.told(t, r.ID))
	return c.intent(t, paymentID)
}

// press is the shopper at a provider's page, pressing the button of a value. It
// returns the address to which the page sends the browser.
func press(t *testing.T, p intent, button, value string) string {
	t.Helper()
	require.Equal(t, "requires_action", p.Status)
	page, err := web.Get(p.NextAction.URL)
	require.NoError(t, err)
	defer page.Body.Close()
	shown, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, string(shown), `name="`+button+`" value="`+value+`"`)
	pressed, err := web.PostForm(p.NextAction.URL, url.Values{button: {value}})
	require.NoError(t, err)
	require.NoError(t, pressed.Body.Close())
	require.Equal(t, http.StatusSeeOther, pressed.StatusCode)
	return pressed.Header.Get("Location")
}

// cardGateway is a gateway that takes cards, and an amount of a currency that it counts
// in another unit than ISO 4217 does.
type cardGateway struct {
	name     string
	currency string
	amount   int64 // in the minor unit of ISO 4217
	recorded int64 // by the provider: Stripe's record has Stripe's unit, those of others ISO's
}

var cardGateways = []cardGateway{{"stripe", "ISK", 500, 50_000}, {"checkout", "CLP", 700, 700}, {"adyen", "CLP", 900, 900}}

// cardLives are the lives that a payment by card can lead at each gateway.
var cardLives = map[string]func(*testing.T, channel){
	"sale, refunded in part": func(t *testing.T, c channel) {
		p := c.resolved(t, c.pay(t, visa, nil).intent(t).ID)
		require.Equal(t, "succeeded", p.Status)
		require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, c.told(t, p.ID))
		c.requireCharge(t, p, "captured", 12000, 12000, 0)
		c.requireCharge(t, c.giveBack(t, p.ID, 5000), "partially_refunded", 12000, 12000, 5000)
	},
	"authorization, captured in part": func(t *testing.T, c channel) {
		p := c.pay(t, mastercard, object{"capture_method": "manual"}).intent(t)
		require.Equal(t, "requires_capture", p.Status)
		c.requireCharge(t, p, "authorized", 12000, 0, 0)
		require.Equal(t, held(12000), c.books(t, p.ID))
		c.capture(t, p.ID, object{"amount": 7000}).intent(t)
		p = c.resolved(t, p.ID)
		require.Equal(t, "succeeded", p.Status)
		c.requireCharge(t, p, "captured", 12000, 7000, 0)
	},
	"authorization, canceled": func(t *testing.T, c channel) {
		p := c.pay(t, visa, object{"capture_method": "manual"}).intent(t)
		c.cancel(t, p.ID, nil).intent(t)
		p = c.resolved(t, p.ID)
		require.Equal(t, "canceled", p.Status)
		c.requireCharge(t, p, "voided", 12000, 0, 0)
		require.Empty(t, c.books(t, p.ID))
	},
	"declined, then paid": func(t *testing.T, c channel) {
		a := c.pay(t, noFunds, nil)
		requireDeclined(t, c.shop, "insufficient_funds", "try_again_later", a)
		p := a.failure(t, http.StatusPaymentRequired, "payment_failed").Intent
		require.Empty(t, c.hub.charged(t, p.ID))
		c.confirm(t, p.ID, with(visa)).intent(t)
		c.requireCharge(t, c.resolved(t, p.ID), "captured", 12000, 12000, 0)
	},
	"declined for good": func(t *testing.T, c channel) {
		a := c.pay(t, lostCard, nil)
		requireDeclined(t, c.shop, "lost_or_stolen_card", "do_not_try_again", a)
		require.Empty(t, c.hub.charged(t, a.failure(t, http.StatusPaymentRequired, "payment_failed").Intent.ID))
	},
	"shopper authenticates": func(t *testing.T, c channel) {
		p := c.pay(t, threeDS, object{"return_url": thanks, "capture_method": "manual"}).intent(t)
		require.Empty(t, c.hub.charged(t, p.ID))
		requireSentTo(t, comeBack(t, c.hub, p, press(t, p, "outcome", "approve")), p, "succeeded")
		p = c.intent(t, p.ID)
		require.Equal(t, "requires_capture", p.Status, "known by the time the shopper is back")
		c.requireCharge(t, p, "authorized", 12000, 0, 0)
	},
	"shopper does not authenticate": func(t *testing.T, c channel) {
		p := c.pay(t, threeDS, object{"return_url": thanks}).intent(t)
		requireSentTo(t, comeBack(t, c.hub, p, press(t, p, "outcome", "fail")), p, "failed")
		p = c.intent(t, p.ID)
		require.Equal(t, "requires_payment_method", p.Status)
		require.Equal(t, []string{"authentication_failed", "authenticate_shopper"}, []string{p.LastError.DeclineCode, p.LastError.Advice})
		require.Empty(t, c.hub.charged(t, p.ID))
		require.Empty(t, c.books(t, p.ID))
	},
}

// redirectLife is a payment at a provider's own page, and the button that ends it.
type redirectLife struct {
	gateway, method, capture string
	button, value            string
	status                   string // in the end
}

var redirectLives = []redirectLife{
	{"mollie", "ideal", "automatic", "status", "paid", "succeeded"},
	{"mollie", "ideal", "automatic", "status", "expired", "requires_payment_method"},
	{"mollie", "bancontact", "automatic", "status", "paid", "succeeded"},
	{"mollie", "bancontact", "automatic", "status", "failed", "requires_payment_method"},
	{"mollie", "paypal", "automatic", "status", "paid", "succeeded"},
	{"mollie", "paypal", "automatic", "status", "canceled", "requires_payment_method"},
	{"paypal", "paypal", "automatic", "outcome", "approve", "succeeded"},
	{"paypal", "paypal", "manual", "outcome", "approve", "requires_capture"},
	{"paypal", "paypal", "automatic", "outcome", "fail", "requires_payment_method"},
}

func (l redirectLife) live(t *testing.T, c channel) {
	p := c.post(t, intents, order(object{
		"amount": 2500, "currency": "EUR", "routing": l.gateway, "capture_method": l.capture, "confirm": true,
		"return_url": thanks, "payment_method": object{"type": l.method},
	})).intent(t)
	require.Empty(t, c.hub.charged(t, p.ID))
	outcome := "succeeded"
	if l.status == "requires_payment_method" {
		outcome = "failed"
	}
	requireSentTo(t, comeBack(t, c.hub, p, press(t, p, l.button, l.value)), p, outcome)
	p = c.intent(t, p.ID)
	require.Equal(t, l.status, p.Status, "known by the time the shopper is back")
	switch l.status {
	case "requires_payment_method":
		require.NotNil(t, p.LastError)
		require.Empty(t, c.hub.charged(t, p.ID))
		require.Empty(t, c.books(t, p.ID))
		return
	case "requires_capture":
		c.requireCharge(t, p, "authorized", 2500, 0, 0)
		c.capture(t, p.ID, object{"amount": 1500}).intent(t)
		p = c.resolved(t, p.ID)
	}
	require.Equal(t, "succeeded", p.Status)
	c.requireCharge(t, p, "captured", 2500, p.AmountCaptured, 0)
	c.requireCharge(t, c.giveBack(t, p.ID, 500), "partially_refunded", 2500, p.AmountCaptured, 500)
}

func TestEveryGatewayTakesPayments(t *testing.T) {
	onEveryone(t, nil, func(t *testing.T, h *hub) {
		s := newShop(t, h)
		lives := map[string]func(*testing.T){}
		for _, g := range cardGateways {
			c := channel{s, g.name}
			for name, live := range cardLives {
				lives[g.name+" "+name] = func(t *testing.T) { live(t, c) }
			}
			lives[g.name+" "+g.currency] = func(t *testing.T) { g.pay(t, c) }
		}
		for _, l := range redirectLives {
			lives[l.gateway+" "+l.method+" "+l.capture+" "+l.value] = func(t *testing.T) { l.live(t, channel{s, l.gateway}) }
		}
		sideBySide(t, lives)
		t.Run("told by webhooks alone", func(t *testing.T) { toldByWebhooks(t, channel{s, "checkout"}) })
		h.verify(t)
	})
}

// pay makes a payment in the gateway's odd currency.
func (g cardGateway) pay(t *testing.T, c channel) {
	p := c.resolved(t, c.pay(t, visa, object{"amount": g.amount, "currency": g.currency}).intent(t).ID)
	require.Equal(t, []any{"succeeded", g.amount}, []any{p.Status, p.AmountCaptured})
	require.Equal(t, g.recorded, c.hub.onlyChargeAt(t, g.name, p.ID).AmountCaptured)
}

// toldByWebhooks holds that what a provider answers later is told by its webhooks,
// when it cannot be asked.
func toldByWebhooks(t *testing.T, c channel) {
	for _, read := range []string{"get_payment", "get_actions"} { // not search: other tests connect accounts, which are probed by it
		fault := object{"operation": read, "fault": "http_500", "count": 1000}
		require.Equal(t, http.StatusCreated, c.hub.simulatorOf(t, c.gateway, http.MethodPost, "/_sim/faults", fault).status)
	}
	p := c.pay(t, visa, nil).intent(t)
	require.Equal(t, "processing", p.Status)
	c.requireCharge(t, c.resolved(t, p.ID), "captured", 12000, 12000, 0)
	require.Equal(t, http.StatusNoContent, c.hub.simulatorOf(t, c.gateway, http.MethodDelete, "/_sim/faults", nil).status)
}

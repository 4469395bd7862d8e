package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/merchant"
)

const (
	disputes        = "/v3/disputes"
	gatewayAccounts = "/v3/gateway_accounts"
)

// connection is a merchant's own account at the provider. Stripe's simulator takes any
// key.
func connection() object {
	return object{"provider": "stripe", "priority": -5, "credentials": object{"secret_key": "sk_test_own", "webhook_secret": "whsec_own"}}
}

// disputed makes a payment that its cardholder disputes once the hub knows it
// as paid, and returns the dispute.
func (s shop) disputed(t testing.TB) string {
	t.Helper()
	p := s.paid(t, 700)
	a := s.hub.simulator(t, http.MethodPost, "/_sim/disputes", object{"payment_intent": s.hub.onlyCharge(t, p.ID).PaymentIntent})
	require.Less(t, a.status, 300, "%s", a.raw)
	return s.disputeIs(t, p.ID, "needs_response").ID
}

// belongings are what the first merchant of the matrix owns: an object of each
// kind, and a payment for each write that its owner could make of it.
type belongings struct {
	toConfirm, toCapture, toCancel, toRefund intent
	refund, dispute, event, entry            string
	movement                                 string // a transaction
	customer, method                         string
	account                                  string // at the provider, which takes no payments
	quote                                    string // of an exchange rate
	profile                                  string // of routing, with two versions
	blocked                                  string // an e-mail address in the risk rules
	told                                     told
}

func newBelongings(t *testing.T, s shop) belongings {
	t.Helper()
	b := belongings{
		toConfirm: s.create(t, nil), toCapture: s.authorized(t, 600), toCancel: s.authorized(t, 600), toRefund: s.paid(t, 600),
		dispute: s.disputed(t),
	}
	b.refund = s.settled(t, s.post(t, refunds, object{"intent_id": b.toRefund.ID, "amount": 1}).refund(t).ID).ID
	b.customer = s.newCustomer(t, object{"email": "owned@example.com"}).ID
	b.method = s.keep(t, b.customer, visa).ID
	b.account = read[idOnly](t, s.post(t, gatewayAccounts, connection()), http.StatusOK).ID
	s.post(t, gatewayAccounts+"/"+b.account, object{"status": "disabled"})
	setRate(t, s.hub)
	b.quote = read[idOnly](t, s.post(t, quotes, object{"from": "AED", "to": "CHF"}), http.StatusOK).ID
	b.profile = s.routes(t, routingRules(), routingRules())
	b.event = s.eventsOf(t, b.toRefund.ID)[0].ID
	b.told = s.newTold(t, b.event)
	b.entry = read[list[entry]](t, s.get(t, "/v3/ledger/entries?intent_id="+b.toRefund.ID), 200).Data[0].ID
	b.movement = read[movementPage](t, s.acquirer().fetch(t, movements), 200).Data[0].ID
	b.blocked = "blocked-by-" + strings.ToLower(b.toRefund.ID) + "@example.com"
	s.setRules(t, object{"block_list": []object{{"type": "email", "value": b.blocked}}})
	return b
}

// named returns the object that a route's path names. A new route with a
// placeholder needs a line here.
func (b belongings) named(path string) (id string, ok bool) {
	id, ok = map[string]string{
		"/v3/payments/intents/:id":         b.toRefund.ID,
		"/v3/payments/intents/:id/confirm": b.toConfirm.ID,
		"/v3/payments/intents/:id/capture": b.toCapture.ID,
		"/v3/payments/intents/:id/cancel":  b.toCancel.ID,
		"/v3/payments/refunds/:id":         b.refund,
		"/v3/disputes/:id":                 b.dispute,
		"/v3/customers/:id":                b.customer,
		"/v3/payment_methods/:id":          b.method,
		"/v3/payment_methods/:id/detach":   b.method,
		"/v3/payment_methods/:id/default":  b.method,
		"/v3/gateway_accounts/:id":         b.account,
		quotes + "/:id":                    b.quote,

		routingProfiles + "/:id":                            b.profile,
		routingProfiles + "/:id/versions":                   b.profile,
		routingProfiles + "/:id/versions/:version":          b.profile,
		routingProfiles + "/:id/versions/:version/activate": b.profile,
		routingProfiles + "/:id/rollback":                   b.profile,

		webhookEndpoints + "/:id":               b.told.endpoint,
		webhookEndpoints + "/:id/rotate_secret": b.told.endpoint,
		webhookEndpoints + "/:id/test":          b.told.endpoint,
		webhookEndpoints + "/:id/deliveries":    b.told.endpoint,
		webhookEndpoints + "/:id/activity":      b.told.endpoint,
		webhookEndpoints + "/:id/redeliver":     b.told.endpoint,
		webhookEndpoints + "/:id/replays":       b.told.endpoint,
		webhookReplays + "/:id":                 b.told.replay,
		webhookDeliveries + "/:id":              b.told.delivery,
		webhookDeliveries + "/:id/redeliver":    b.told.delivery,
		events + "/:id/deliveries":              b.event,
		events + "/:id/payload":                 b.event,

		"/v3/events/:id":         b.event,
		"/return/:payment_id":    b.toRefund.ID,
		"/checkout/:id":          b.toRefund.ID,
		"/checkout/:id/pay":      b.toConfirm.ID,
		"/checkout/:id/logo":     b.toRefund.ID,
		"/checkout/assets/:file": b.toRefund.ID,
		"/docs/assets/:file":     b.toRefund.ID,

		acquiring + "/:id":             b.toRefund.ID,
		acquiring + "/:id/capture":     b.toCapture.ID,
		acquiring + "/:id/void":        b.toCancel.ID,
		acquiring + "/:id/refund":      b.toRefund.ID,
		hostedIntents + "/:id/cancel":  b.toConfirm.ID,
		publicIntents + "/:id":         b.toConfirm.ID,
		publicIntents + "/:id/confirm": b.toConfirm.ID,
		movements + "/:id":             b.movement,
	}[path]
	return id, ok
}

// body returns what a write sends, and which object of the owner's it names
// beside the one in the path. A new write needs a line here.
func (b belongings) body(path string) (body object, names string, ok bool) {
	switch path {
	case intents:
		return order(), "", true
	case intents + "/:id/confirm":
		return with(visa), "", true
	case intents + "/:id/capture", intents + "/:id/cancel":
		return object{}, "", true
	case acquiring + "/:id/capture", acquiring + "/:id/void", acquiring + "/:id/refund", hostedIntents + "/:id/cancel":
		return object{}, "", true
	case "/checkout/:id/pay":
		return object{"type": "paypal"}, "", true
	case acquiring + "/authorize", acquiring + "/sale":
		return purchase(visa), "", true
	case hostedIntents:
		return hostedOrder(), "", true
	case publicIntents + "/:id/confirm":
		return object{"card": plastic(visa)}, "", true
	case customers:
		return object{"email": "stranger@example.com"}, "", true
	case customers + "/:id":
		return object{"name": "Mallory"}, "", true
	case paymentMethods:
		return keeping(b.customer, visa), b.customer, true
	case paymentMethods + "/:id/detach", paymentMethods + "/:id/default":
		return object{}, "", true
	case refunds:
		return object{"intent_id": b.toRefund.ID, "amount": 5}, b.toRefund.ID, true
	case gatewayAccounts:
		return connection(), "", true
	case gatewayAccounts + "/:id":
		return object{}, "", true
	case quotes:
		return object{"from": "AED", "to": "CHF"}, "", true
	case routingProfiles, routingProfiles + "/:id":
		return object{"name": "Mallory"}, "", true
	case routingProfiles + "/:id/versions", routingProfiles + "/:id/versions/:version":
		return routingRules(), "", true
	case routingProfiles + "/:id/versions/:version/activate", routingProfiles + "/:id/rollback":
		return object{}, "", true
	case simulateRouting:
		return object{"amount": 500, "currency": "EUR"}, "", true
	case webhookEndpoints:
		return object{"url": "https://stranger.example/", "event_types": []string{"*"}, "enabled": false}, "", true
	case webhookEndpoints + "/:id/redeliver":
		return object{"failed_since": time.Now().Add(-time.Hour).Format(time.RFC3339)}, "", true
	case webhookEndpoints + "/:id", webhookEndpoints + "/:id/rotate_secret", webhookEndpoints + "/:id/test", webhookDeliveries + "/:id/redeliver":
		return object{}, "", true
	case settings:
		return object{"display_name": "Mallory"}, "", true
	case riskRules:
		check := object{"enabled": false, "points": 1}
		velocity := object{"enabled": false, "points": 1, "limit": 1, "window_seconds": 60}
		return object{
			"decline_above": 70, "challenge_above": 40, "velocity_card": velocity, "velocity_ip": velocity, "velocity_email": velocity,
			"amount_limit": object{"enabled": false, "points": 1, "limits": []object{}}, "bin_country_ip": check, "bin_country_billing": check,
			"customer_mismatch": check, "block_list": []object{}, "allow_list": []object{},
		}, "", true
	}
	return nil, "", false
}

// filter returns a value of the owner's for a parameter of a list. A new
// parameter that takes an id needs a line here.
func (b belongings) filter(path, parameter string) (value string, ok bool) {
	switch parameter {
	case "intent_id", "object_id":
		return b.toRefund.ID, true
	case "starting_after", "ending_before":
		value, ok = map[string]string{
			intents: b.toCapture.ID, customers: b.customer, paymentMethods: b.method, refunds: b.refund, disputes: b.dispute, events: b.event, "/v3/ledger/entries": b.entry, gatewayAccounts: b.account,
			webhookEndpoints: b.told.endpoint, notices: b.told.notice,
		}[path]
		return value, ok
	case "customer_id":
		return b.customer, true
	case "email":
		return "owned@example.com", true
	}
	return "", !strings.HasSuffix(parameter, "_id")
}

// ids are what no stranger may ever read.
func (b belongings) ids() []string {
	return []string{b.toConfirm.ID, b.toCapture.ID, b.toCancel.ID, b.toRefund.ID, b.refund, b.dispute, b.event, b.entry, b.movement, b.blocked, b.customer, b.method, b.account, b.quote, b.profile, b.told.endpoint, b.told.delivery, b.told.replay, b.told.notice, b.told.secret}
}

// picture is all that the owner and the provider know of the belongings.
func (b belongings) picture(t *testing.T, s shop) []string {
	t.Helper()
	var all []string
	for _, p := range []intent{b.toConfirm, b.toCapture, b.toCancel, b.toRefund} {
		all = append(all, string(s.get(t, intents+"/"+p.ID).raw), fmt.Sprint(s.hub.charges(t)[p.ID]))
	}
	all = append(all, fmt.Sprint(b.told.receiver.seen()))
	for _, path := range []string{
		webhookEndpoints + "?limit=100", webhookEndpoints + "/" + b.told.endpoint + "/deliveries", webhookEndpoints + "/" + b.told.endpoint + "/activity",
		webhookEndpoints + "/" + b.told.endpoint + "/replays", webhookDeliveries + "/" + b.told.delivery, webhookReplays + "/" + b.told.replay,
		events + "/" + b.event + "/deliveries", notices,
		customers + "/" + b.customer, paymentMethods + "/" + b.method, gatewayAccounts + "/" + b.account, gatewayAccounts + "?limit=100", customers + "?limit=100", paymentMethods + "?limit=100",
		refunds + "/" + b.refund, disputes + "/" + b.dispute, events + "/" + b.event,
		quotes + "/" + b.quote, routingProfiles + "/" + b.profile, routingProfiles + "/" + b.profile + "/versions", "/v3/routing", intents + "?limit=100", refunds + "?limit=100", disputes + "?limit=100", events + "?limit=100", "/v3/ledger/entries?limit=100", "/v3/ledger/balances", riskRules, settings,
	} {
		all = append(all, string(s.get(t, path).raw))
	}
	return all
}

// keyring are the keys of the matrix.
type keyring struct {
	revoked, expired          string
	publishable, publishable2 string // the owner's; another merchant's
	live, livePublishable     string // the owner's, of the other environment
	other                     string // another merchant's
	lacking                   map[merchant.Permission]string
}

func newKeyring(t *testing.T, h *hub, s, other shop) keyring {
	t.Helper()
	k := keyring{
		publishable: s.newKey(t, "--kind", "publishable").key, publishable2: other.newKey(t, "--kind", "publishable").key,
		live: s.newKey(t, "--environment", "live").key, livePublishable: s.newKey(t, "--kind", "publishable", "--environment", "live").key,
		other: other.key, lacking: map[merchant.Permission]string{},
	}
	revoked, id := s.newNamedKey(t)
	h.run(t, "key", "revoke", id)
	expired, id := s.newNamedKey(t)
	h.run(t, "key", "rotate", id)
	h.endOverlap(t, id)
	k.revoked, k.expired = revoked.key, expired.key
	for _, p := range merchant.Permissions {
		var flags []string
		for _, kept := range merchant.Permissions {
			if kept != p {
				flags = append(flags, "--permission", string(kept))
			}
		}
		k.lacking[p] = s.newKey(t, flags...).key
	}
	return k
}

// endOverlap ends the 24 hours in which a rotated key is valid beside its
// successor. No command does that, so the database is told.
func (h *hub) endOverlap(t *testing.T, keyID string) {
	t.Helper()
	h.update(t, "UPDATE api_keys SET expires_at = created_at WHERE expires_at IS NOT NULL AND id = $1", keyID)
}

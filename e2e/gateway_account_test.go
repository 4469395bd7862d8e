package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ownKeys are credentials of accounts that a shop has to itself: a provider knows an
// account by its key.
type ownKeys struct {
	stripe, stripeToo, adyen string // keys of the API
	whsec, hmac              string // of webhooks; Stripe's is made by Stripe
}

func newOwnKeys(s shop) *ownKeys {
	of := s.id[len(s.id)-16:]
	return &ownKeys{
		stripe: "sk_test_first" + of, stripeToo: "sk_test_second" + of, adyen: "AQEown" + of,
		hmac: strings.ToUpper(hex.EncodeToString([]byte("signs for " + of))),
	}
}

// secrets are all that must be seen nowhere, in the ways in which it could be written.
func (k *ownKeys) secrets() (needles []string) {
	for _, secret := range []string{k.stripe, k.stripeToo, k.adyen, k.whsec, k.hmac} {
		needles = append(needles, secret, hex.EncodeToString([]byte(secret)))
		for shift := range 3 { // base64, wherever in a text the secret begins
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			needles = append(needles, encoded[(shift*8+5)/6:(shift+len(secret))*8/6])
		}
	}
	return needles
}

const merchantAccount = "OwnECOM"

// connect connects an account of the merchant's own.
func (g gossip) connect(t *testing.T, provider string, priority int, credentials object) gatewayAccount {
	t.Helper()
	a := g.call(t, http.MethodPost, gatewayAccounts, object{
		"provider": provider, "label": marker, "priority": priority, "credentials": credentials,
	})
	own := read[gatewayAccount](t, a, http.StatusOK)
	require.Regexp(t, "^"+provider+"_[0-9A-HJKMNP-TV-Z]{26}$", own.ID)
	require.Equal(t, g.api+"/webhooks/"+provider+"/"+own.ID, own.WebhookURL)
	return own
}

// ownShop is a merchant with two accounts at Stripe, of which it prefers the second,
// and one at Adyen.
type ownShop struct {
	shop
	heard                gossip // of its requests about accounts and payments there
	keys                 *ownKeys
	first, second, adyen gatewayAccount
}

func newOwnShop(t *testing.T, h *hub) *ownShop {
	t.Helper()
	s := newShop(t, h)
	o := &ownShop{shop: s, heard: gossip{s.client, finds{}}, keys: newOwnKeys(s)}
	o.first = o.heard.connect(t, "stripe", 0, object{"secret_key": o.keys.stripe})
	o.second = o.heard.connect(t, "stripe", 5, object{"secret_key": o.keys.stripeToo})
	o.adyen = o.heard.connect(t, "adyen", 0, object{"api_key": o.keys.adyen, "merchant_account": merchantAccount, "hmac_key": o.keys.hmac})
	return o
}

// buy makes a payment that is taken at once.
func (o *ownShop) buy(t *testing.T, number, routing string) intent {
	t.Helper()
	p := o.heard.try(t, order(paidWith(number), object{"currency": "EUR", "routing": routing, "description": marker})).intent(t)
	require.Equal(t, "succeeded", p.Status)
	return p
}

func TestMerchantsConnectTheirOwnAccounts(t *testing.T) {
	onEveryone(t, nil, func(t *testing.T, h *hub) {
		o := newOwnShop(t, h)
		other := newShop(t, h)
		for _, test := range []struct {
			name string
			run  func(*testing.T)
		}{
			{"payments go where they are sent", func(t *testing.T) { ownRouting(t, o) }},
			{"Stripe tells at the account's own address", func(t *testing.T) { stripeTells(t, o) }},
			{"Adyen tells at the account's own address", func(t *testing.T) { adyenTells(t, o) }},
			{"a new key is of the same account", func(t *testing.T) { rolledKey(t, o) }},
			{"wrong credentials are named", func(t *testing.T) { wrongCredentials(t, other) }},
			{"nobody else has them", func(t *testing.T) { strangersToAccounts(t, o, other) }},
			{"a disabled one finishes what it began", func(t *testing.T) { disabledAccount(t, o) }},
			{"credentials are seen nowhere", func(t *testing.T) { secretCredentials(t, o) }},
		} {
			t.Run(test.name, test.run)
		}
		h.verify(t)
	})
}

// ownRouting: an account's name means that account, and a provider's name the first of
// the merchant's own there.
func ownRouting(t *testing.T, o *ownShop) {
	for routing, want := range map[string]string{
		"stripe": o.second.ID, o.first.ID: o.first.ID, o.second.ID: o.second.ID, "adyen": o.adyen.ID, "auto": o.second.ID,
	} {
		p := o.buy(t, visa, routing)
		require.Equal(t, want, p.Gateway, "routing %s", routing)
		require.Equal(t, want, o.intent(t, p.ID).Attempts[0].Gateway)
		o.hub.onlyChargeAt(t, strings.Split(want, "_")[0], p.ID)
	}
	mine, all := []string{o.second.ID, o.first.ID, o.adyen.ID}, append([]string{}, everyone[:3]...)
	p := o.buy(t, visa, "auto")
	require.Equal(t, append(mine, all...), o.intent(t, p.ID).Attempts[0].Routing.gateways(), "by priority, then age, then the operator's")

	f := o.pay(t, "4000000000000002", object{"currency": "EUR"}).failure(t, http.StatusPaymentRequired, "payment_failed")
	requireTried(t, o.intent(t, f.Intent.ID), "order",
		tried{mine[0], "declined", "do_not_honor"}, tried{mine[1], "declined", "do_not_honor"}, tried{mine[2], "declined", "do_not_honor"})

	o.heard.call(t, http.MethodPost, gatewayAccounts+"/"+o.first.ID, object{"priority": 9})
	await(t, settleLimit, "the first is preferred", func() bool { return o.buy(t, visa, "stripe").Gateway == o.first.ID })
}

// stripeTells: the account is given the secret with which Stripe signs for it.
func stripeTells(t *testing.T, o *ownShop) {
	o.keys.whsec = newEndpoint(t, o.hub, o.keys.stripe, o.first.WebhookURL)
	o.heard.call(t, http.MethodPost, gatewayAccounts+"/"+o.first.ID, object{"credentials": object{"webhook_secret": o.keys.whsec}})
	applied := func() bool {
		return o.hub.stored(t, "SELECT COUNT(*) FROM gateway_notifications WHERE gateway = '"+o.first.ID+"' AND status = 'applied'") != "0"
	}
	p := o.buy(t, refundsSettleLater, o.first.ID)
	r := o.settled(t, o.heard.call(t, http.MethodPost, refunds, object{"intent_id": p.ID, "amount": 700}).refund(t).ID)
	require.Equal(t, "succeeded", r.Status)
	await(t, settleLimit, "Stripe's webhooks are applied", applied)
	require.Equal(t, int64(700), o.hub.onlyChargeAt(t, "stripe", p.ID).AmountRefunded)

	forged := intentEvent("evt_own"+p.ID, "pi_x", p.ID, "txn_"+p.ID[3:], 12000)
	for address, secret := range map[string]string{o.first.WebhookURL: webhookSecret, o.api + webhookPath: o.keys.whsec} {
		a := client{}.post(t, address, forged, signedByStripe(forged, secret))
		require.Equal(t, http.StatusUnauthorized, a.status, "each account has a secret of its own")
	}
}

// signedByStripe is the header with which Stripe signs a webhook now.
func signedByStripe(body, secret string) header {
	at := time.Now().Unix()
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at, body)
	return header{"Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil)))}
}

// newEndpoint has Stripe send an account's events somewhere, and returns the secret
// that they are signed with.
func newEndpoint(t *testing.T, h *hub, key, address string) string {
	t.Helper()
	form := url.Values{"url": {address}, "enabled_events[]": {"*"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.Simulators["stripe"]+"/v1/webhook_endpoints", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := web.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var made struct{ Secret string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&made))
	require.NotEmpty(t, made.Secret)
	return made.Secret
}

// adyenTells: Adyen cannot be asked what became of a refund, it tells.
func adyenTells(t *testing.T, o *ownShop) {
	p := o.buy(t, visa, o.adyen.ID)
	r := o.heard.call(t, http.MethodPost, refunds, object{"intent_id": p.ID, "amount": 300}).refund(t)
	var given givenBack
	await(t, settleLimit, "Adyen has given it back", func() bool {
		made := o.hub.onlyChargeAt(t, "adyen", p.ID)
		if made.AmountRefunded == 0 {
			return false
		}
		given = o.hub.refundAt(t, "adyen", r.ID)
		return true
	})
	require.Equal(t, "pending", o.refund(t, r.ID).Status, "nobody has told yet")
	item := object{
		"additionalData": object{}, "amount": object{"value": 300, "currency": "EUR"}, "eventCode": "REFUND", "eventDate": "2026-04-21T11:30:00+02:00",
		"merchantAccountCode": merchantAccount, "merchantReference": p.ID + "-" + r.ID, "originalReference": given.Charge,
		"pspReference": given.ID, "success": "true",
	}
	require.Equal(t, http.StatusUnauthorized, notifyOfAdyen(t, o.adyen.WebhookURL, item, strings.Repeat("AB", 32)))
	require.Equal(t, http.StatusOK, notifyOfAdyen(t, o.adyen.WebhookURL, item, o.keys.hmac))
	require.Equal(t, "succeeded", o.settled(t, r.ID).Status)
	require.Equal(t, int64(300), o.intent(t, p.ID).AmountRefunded)
}

// refundAt is a provider's record of a refund.
func (h *hub) refundAt(t testing.TB, provider, refundID string) givenBack {
	t.Helper()
	record := read[struct {
		Refunds []givenBack `json:"refunds"`
	}](t, h.simulatorOf(t, provider, http.MethodGet, "/_sim/refunds", nil), http.StatusOK)
	for _, r := range record.Refunds {
		if r.Metadata["refund_id"] == refundID {
			return r
		}
	}
	t.Fatalf("%s has no refund %s", provider, refundID)
	return givenBack{}
}

// notifyOfAdyen sends a webhook as Adyen would, signed with an HMAC key.
// Source: docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures.
func notifyOfAdyen(t testing.TB, address string, item object, key string) int {
	t.Helper()
	secret, err := hex.DecodeString(key)
	require.NoError(t, err)
	amount := item["amount"].(object)
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s:%s:%s:%s:%d:%s:%s:%s", item["pspReference"], item["originalReference"], item["merchantAccountCode"],
		item["merchantReference"], amount["value"], amount["currency"], item["eventCode"], item["success"])
	item["additionalData"] = object{"hmacSignature": base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	body := object{"live": "false", "notificationItems": []object{{"NotificationRequestItem": item}}}
	return client{}.post(t, address, body).status
}

// rolledKey: with the key of another account, what this one took would be looked for
// there, be found absent, and be charged again.
func rolledKey(t *testing.T, o *ownShop) {
	path := gatewayAccounts + "/" + o.second.ID
	rotate := func(key string) answer {
		return o.heard.call(t, http.MethodPost, path, object{"credentials": object{"secret_key": key}})
	}
	held := o.pay(t, visa, object{"currency": "EUR", "routing": o.second.ID, "capture_method": "manual"}).intent(t)
	for _, key := range []string{o.keys.stripe, o.keys.stripeToo + "x"} {
		f := rotate(key).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "credentials.secret_key", f.Param, f.Message)
		require.NotContains(t, f.Message, key)
	}
	read[gatewayAccount](t, rotate(o.keys.stripeToo+"~2"), http.StatusOK)
	require.Equal(t, int64(500), o.capture(t, held.ID, object{"amount": 500}).intent(t).AmountCaptured)
	require.Equal(t, o.second.ID, o.buy(t, visa, o.second.ID).Gateway)
}

// wrongCredentials: what is wrong is found when it is sent, and nothing is kept of it.
func wrongCredentials(t *testing.T, s shop) {
	for _, test := range []struct {
		provider    string
		credentials object
		param       string
	}{
		{"stripe", object{"secret_key": "sk_live_mistaken"}, "credentials.secret_key"},
		{"stripe", object{"webhook_secret": "whsec_alone"}, "credentials.secret_key"},
		{"stripe", object{"secret_key": "sk_test_x", "api_key": "mistaken"}, "credentials.api_key"},
		{"stripe", object{"secret_key": "sk_test_x", "AQEmistaken1": "a value in the place of a name"}, "credentials"},
		{"checkout", object{"secret_key": "pk_mistaken", "processing_channel_id": "pc_1"}, "credentials.secret_key"},
		{"adyen", object{"api_key": "mistaken", "merchant_account": merchantAccount}, "credentials.api_key"},
		{"adyen", object{"api_key": "AQEright"}, "credentials.merchant_account"},
		{"adyen", object{"api_key": "AQEright", "merchant_account": merchantAccount, "hmac_key": "not hexadecimal"}, "credentials.hmac_key"},
		{"mollie", object{"api_key": "live_mistaken"}, "credentials.api_key"},
		{"paypal", object{"client_id": "Amistaken", "client_secret": "Emistaken"}, "credentials.client_secret"},
		{"acme", object{"api_key": "mistaken"}, "provider"},
	} {
		f := s.post(t, gatewayAccounts, object{"provider": test.provider, "credentials": test.credentials}).
			failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, test.param, f.Param, "%s %v: %s", test.provider, test.credentials, f.Message)
		require.NotContains(t, f.Message, "mistaken")
	}
	require.JSONEq(t, `{"object":"list","data":[],"has_more":false}`, string(s.get(t, gatewayAccounts).raw))
}

// strangersToAccounts: another merchant, and the same one's other environment, have no
// such account.
func strangersToAccounts(t *testing.T, o *ownShop, other shop) {
	path := gatewayAccounts + "/" + o.first.ID
	for name, stranger := range map[string]client{"another merchant": other.client, "the live environment": o.newKey(t, "--environment", "live")} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			var body any
			if method == http.MethodPost {
				body = object{"priority": 1}
			}
			stranger.do(t, method, path, body).failure(t, http.StatusNotFound, "not_found")
		}
		require.NotContains(t, string(stranger.get(t, gatewayAccounts).raw), o.first.ID, name)
		f := stranger.pay(t, visa, object{"currency": "EUR", "routing": o.first.ID}).failure(t, http.StatusBadRequest, "validation_failed")
		require.Equal(t, "routing", f.Param, name)
		require.Equal(t, "stripe", stranger.paid(t, 700).Gateway, name)
	}
	require.Equal(t, "active", read[gatewayAccount](t, o.get(t, path), http.StatusOK).Status)
}

// disabledAccount: what it took is captured and refunded through it.
func disabledAccount(t *testing.T, o *ownShop) {
	done := o.buy(t, visa, o.second.ID)
	held := o.pay(t, visa, object{"currency": "EUR", "routing": o.second.ID, "capture_method": "manual"}).intent(t)
	a := o.heard.call(t, http.MethodPost, gatewayAccounts+"/"+o.second.ID, object{"status": "disabled"})
	require.Equal(t, "disabled", read[gatewayAccount](t, a, http.StatusOK).Status)
	await(t, settleLimit, "it takes no new payments", func() bool {
		return o.post(t, intents, order(object{"currency": "EUR", "routing": o.second.ID})).status == http.StatusBadRequest
	})
	require.Equal(t, o.first.ID, o.buy(t, visa, "auto").Gateway)
	require.Equal(t, int64(500), o.capture(t, held.ID, object{"amount": 500}).intent(t).AmountCaptured)
	r := o.settled(t, o.post(t, refunds, object{"intent_id": done.ID, "amount": 300}).refund(t).ID)
	require.Equal(t, "succeeded", r.Status)
	require.Equal(t, int64(300), o.hub.onlyChargeAt(t, "stripe", done.ID).AmountRefunded)
}

// secretCredentials searches all that the hub said and wrote.
func secretCredentials(t *testing.T, o *ownShop) {
	h := o.hub
	for _, list := range []string{gatewayAccounts, gatewayAccounts + "/" + o.first.ID, intents, refunds, events} {
		o.heard.call(t, http.MethodGet, list, nil)
	}
	o.heard.told.metrics(t, h)
	o.heard.told.temporal(t, h)
	if h.databaseURL != "" {
		o.heard.told.postgres(t, h.databaseURL)
	}
	o.heard.told.files(t, h.dir.Path())
	o.heard.told.files(t, h.logs)
	ours := finds{}
	for where, content := range o.heard.told {
		if !strings.Contains(where, "simulator") { // Stripe knows what it signs with
			ours[where] = content
		}
	}
	require.NotEmpty(t, ours.lookFor([]string{marker}), "the search sees nothing")
	require.NotEmpty(t, ours.lookFor([]string{merchantAccount}), "what is no secret is kept as it is")
	require.Empty(t, ours.lookFor(o.keys.secrets()))
}

// gatewayAccount is an account at a provider.
type gatewayAccount struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	WebhookURL string `json:"webhook_url"`
}

// Package mollie simulates Mollie: an HTTP server that speaks version 2 of its API,
// as mollie-api-go does, for payments by iDEAL, Bancontact and PayPal, with refunds,
// chargebacks, the page on which Mollie's test mode asks how a payment ends, signed
// webhooks, idempotency keys and faults on demand.
//
// It is also the independent record of what was charged, refunded and disputed
// (GET /_sim/charges, /_sim/refunds, /_sim/disputes), so it keeps its own file and
// shares no code with the hub.
//
// Magic amounts: the refund of 13.13, of any currency, fails when it settles; a
// Bancontact payment of 1,001.00 to 1,011.00 that fails tells why, with the reasons
// that Mollie's test mode gives to card payments of these amounts.
//
// Where it differs from Mollie: any key that begins with test_ or live_ has a profile
// of its own, with every method activated, which it shares with keys that differ in what
// follows a tilde alone ("test_shop~2"); both modes have the test page; idempotency
// keys are kept for a month, not for an hour; Mollie does not document which methods
// let a payment be canceled, here it is all but iDEAL; no more is refunded than was
// paid, where Mollie allows some more; refunds are pending until they settle, never
// queued, and money is always there; chargebacks are of PayPal payments and have no
// reason; webhooks are events of the next-gen kind, sent to the endpoints that the
// simulator was opened with; parameters that it does not know are refused.
package mollie

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The operations that faults can be asked for: what moves money, and what looks.
const (
	opCreate = "create_payment"
	opCancel = "cancel"
	opRefund = "refund"

	opRetrieve    = "retrieve"
	opList        = "list"
	opListRefunds = "list_refunds"
	opChargeback  = "chargeback"
	opMethods     = "methods"
	opProfile     = "profile"
)

// Names of the credentials of an account.
const (
	credentialKey     = "api_key"
	credentialWebhook = "webhook_secret"
)

const (
	signatureHeader = "X-Mollie-Signature"
	keyHeader       = "Idempotency-Key"
)

// Simulator is a running Mollie-shaped provider. It is safe for concurrent use.
type Simulator struct{ *chassis.Chassis }

// Open opens or makes the simulator's file and starts delivering webhooks.
func Open(o chassis.Options) (*Simulator, error) { return open(o, chassis.Provider{}) }

// open takes what tests replace in the provider.
func open(o chassis.Options, p chassis.Provider) (*Simulator, error) {
	s := &Simulator{}
	p.Name = "mollie"
	p.Money, p.Lookups = []string{opCreate, opCancel, opRefund}, []string{opRetrieve, opList, opListRefunds, opChargeback, opMethods, opProfile}
	p.Account, p.WebhookAccount = account, func(c map[string]string) string { return accountOf(c[credentialKey]) }
	p.Key = func(r *chassis.Request) string {
		if r.Method != http.MethodPost { // Mollie repeats the others by their nature
			return ""
		}
		return r.Header.Get(keyHeader)
	}
	p.KeyInUse = func(*chassis.Request) chassis.Answer {
		return problem(http.StatusConflict, "", "A request with this idempotency key is being processed.")
	}
	p.KeyReused = func(*chassis.Request) chassis.Answer {
		return problem(http.StatusBadRequest, "", "The idempotency key was used for another request.")
	}
	p.Replayed = map[string]string{"Idempotent-Replayed": "true"}
	p.ServerError = func(status int) chassis.Answer { return problem(status, "", "") }
	p.Sign = sign
	p.Perform, p.SettleRefund, p.OpenDispute, p.MoveDispute = perform, settleRefund, openChargeback, moveChargeback
	var err error
	if s.Chassis, err = chassis.Open(o, p); err != nil {
		return nil, err
	}
	s.Start()
	return s, nil
}

// Handler serves Mollie's API, the test page and the /_sim surface.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v2/payments", s.Write(opCreate, create))
	mux.Handle("GET /v2/payments", s.Read(opList, listPayments))
	mux.Handle("GET /v2/payments/{id}", s.Read(opRetrieve, retrieve))
	mux.Handle("DELETE /v2/payments/{id}", s.Write(opCancel, cancel))
	mux.Handle("POST /v2/payments/{id}/refunds", s.Write(opRefund, createRefund))
	mux.Handle("GET /v2/payments/{id}/refunds", s.Read(opListRefunds, listRefunds))
	mux.Handle("GET /v2/payments/{id}/refunds/{refund}", s.Read(opListRefunds, retrieveRefund))
	mux.Handle("GET /v2/payments/{id}/chargebacks", s.Read(opChargeback, listChargebacks))
	mux.Handle("GET /v2/payments/{id}/chargebacks/{chargeback}", s.Read(opChargeback, retrieveChargeback))
	mux.Handle("GET /v2/methods", s.Read(opMethods, listMethods))
	mux.Handle("GET /v2/profiles/me", s.Read(opProfile, currentProfile))
	mux.HandleFunc("GET "+checkoutPath+"{id}/{secret}", s.serveCheckout)
	mux.HandleFunc("POST "+checkoutPath+"{id}/{secret}", s.serveChoice)
	mux.HandleFunc("POST /_sim/3ds/{payment}", s.answerForTest)
	s.Register(mux)
	return mux
}

// Credentials are those of an account at the simulator, the same for the same name.
// Keys of the account "live" are live keys.
func Credentials(account string) map[string]string {
	prefix := testKey
	if account == modeLive {
		prefix = liveKey
	}
	return map[string]string{
		credentialKey:     prefix + chassis.Derive(chassis.Base62, 30, "mollie", credentialKey, account),
		credentialWebhook: chassis.Derive(chassis.Base62, 32, "mollie", credentialWebhook, account),
	}
}

// How keys begin, and the modes that they stand for.
const (
	testKey, liveKey   = "test_", "live_"
	modeTest, modeLive = "test", "live"
)

// account derives the account from the API key, so that keys do not see each other's
// objects but for those that it was rolled to.
func account(r *chassis.Request) (string, error) {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !strings.HasPrefix(key, testKey) && !strings.HasPrefix(key, liveKey) {
		return "", refuse(http.StatusUnauthorized, "", "Missing authentication, or failed to authenticate")
	}
	return accountOf(key), nil
}

func accountOf(key string) string { return chassis.AccountOf(simulator.Unrolled(key)) }

func modeOf(r *chassis.Request) string {
	if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "+liveKey) {
		return modeLive
	}
	return modeTest
}

// sign sets a signature for each of the account's secrets: two while one is replaced.
func sign(r *http.Request, d chassis.Delivery) {
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Mollie HTTP client/1.0")
	for secret := range strings.SplitSeq(d.Credentials[credentialWebhook], ",") {
		mac := hmac.New(sha256.New, []byte(strings.TrimSpace(secret)))
		mac.Write(d.Body)
		r.Header.Add(signatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
}

// perform does what is due: a payment's time is up, or a refund settles.
func perform(tx *chassis.Tx, t chassis.Task) error {
	switch t.Kind {
	case taskExpire:
		p, _, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, t.Object)
		if err != nil || p == nil || p.Status != statusOpen {
			return err
		}
		return p.end(tx, statusExpired)
	case taskSettle:
		r, _, err := chassis.Find[refund](tx, tx.Account, chassis.KindRefund, t.Object)
		if err != nil || r == nil {
			return err
		}
		return settleRefund(tx, r.ID, !r.Amount.magic())
	default:
		return errors.New("mollie simulator: unknown task " + t.Kind)
	}
}

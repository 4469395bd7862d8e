// Package adyen is a server that speaks Adyen's Checkout API, version 71, as far as card
// payments need it, and keeps a record of its own of what was charged.
//
// It serves, under /v71: POST /payments, /payments/details,
// /payments/{pspReference}/captures, /cancels and /refunds, /cancels (by the reference
// of the payment) and /paymentMethods. Captures, cancellations and refunds are
// answered with "received" and carried out a moment later; standard webhooks, signed as
// Adyen signs them, tell how that ended.
//
// It differs from Adyen in that
//
//   - every API key that begins like one of Adyen's ("AQE") is taken, and is an account
//     of its own, with any merchant account, but for keys that differ in what follows a
//     tilde alone ("AQEshop~2"): they are of one account;
//   - an answer is repeated for 30 days to its idempotency key, whatever the body; a
//     request that is refused can be sent again under the same key;
//   - the shopper authenticates on a plain page, and only where a test card or the
//     request asks for it; there is no native 3-D Secure;
//   - a payment takes one capture, whatever its amount: the rest is released; what is
//     not captured stays held for ever;
//   - a payment that waits for the shopper is cancelled by its reference as one that was
//     authorised is, and cancelling twice succeeds twice;
//   - a sale takes the money in the moment in which it is authorised, and the network
//     rejects no capture;
//   - the page of a payment, and what /_sim/3ds takes, are named by its reference: with
//     the same reference twice, the newest payment is meant;
//   - additional fields that an account must switch on in the Customer Area are on.
//
// In the record, a payment is known by its pspReference, and the refund_id of a refund
// is what stands last in its reference, after the last hyphen.
package adyen

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// movementDelay is how long a capture, cancellation or refund takes, unless a test card
// says otherwise.
const movementDelay = 50 * time.Millisecond

// Simulator is a running simulator. It is safe for concurrent use.
type Simulator struct{ *chassis.Chassis }

// Open opens or makes the simulator's file and starts it.
func Open(o chassis.Options) (*Simulator, error) {
	s := &Simulator{}
	var err error
	s.Chassis, err = chassis.Open(o, chassis.Provider{
		Name:    "adyen",
		Money:   []string{"payments", "details", "captures", "cancels", "refunds"},
		Lookups: []string{"payment_methods"},
		Account: account,
		WebhookAccount: func(credentials map[string]string) string {
			return accountOf(credentials["api_key"])
		},
		Key:      func(r *chassis.Request) string { return r.Header.Get("Idempotency-Key") },
		KeyInUse: keyInUse,
		ServerError: func(status int) chassis.Answer {
			if status == http.StatusTooManyRequests {
				return failure(status, "429", "Too many requests", "internal")
			}
			return failure(status, "903", "Internal error", "internal")
		},
		Sign: sign, Perform: s.perform, Answered: answered,
		SettleRefund: settleRefund, OpenDispute: openDispute, MoveDispute: moveDispute,
	})
	if err != nil {
		return nil, err
	}
	s.Start()
	return s, nil
}

// Handler serves the API, the shopper's page and /_sim.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v71/payments", s.Write("payments", s.pay))
	mux.Handle("POST /v71/payments/details", s.Write("details", s.details))
	mux.Handle("POST /v71/payments/{psp}/captures", s.Write("captures", s.move(kindCapture)))
	mux.Handle("POST /v71/payments/{psp}/cancels", s.Write("cancels", s.move(kindCancel)))
	mux.Handle("POST /v71/payments/{psp}/refunds", s.Write("refunds", s.move(kindRefund)))
	mux.Handle("POST /v71/cancels", s.Write("cancels", s.cancelByReference))
	mux.Handle("POST /v71/paymentMethods", s.Read("payment_methods", paymentMethods))
	s.Register(mux)
	return mux
}

// keyStart is how Adyen's API keys begin.
const keyStart = "AQE"

// Credentials are those of an account of this name at the simulator, always the same.
func Credentials(account string) map[string]string {
	const alphabet, half = "0123456789ABCDEF", 32
	return map[string]string{
		"api_key":          keyStart + chassis.Derive(chassis.Base62, 32, "adyen", "api key", account),
		"merchant_account": "PaymentHub_" + account,
		"hmac_key":         chassis.Derive(alphabet, half, "adyen", "hmac 1", account) + chassis.Derive(alphabet, half, "adyen", "hmac 2", account),
	}
}

func account(r *chassis.Request) (string, error) {
	key := r.Header.Get("X-Api-Key")
	if !strings.HasPrefix(key, keyStart) {
		return "", &chassis.Refusal{Answer: failure(http.StatusUnauthorized, "000", "HTTP Status Response - Unauthorized", "security")}
	}
	return accountOf(key), nil
}

func accountOf(key string) string { return chassis.AccountOf(simulator.Unrolled(key)) }

func keyInUse(*chassis.Request) chassis.Answer {
	a := failure(http.StatusUnprocessableEntity, "704", "request already processed or in progress", "validation")
	a.Header = map[string]string{"Transient-Error": "true"}
	return a
}

// failure is Adyen's answer to a request that it does not carry out.
func failure(status int, code, message, kind string) chassis.Answer {
	return chassis.JSON(status, map[string]any{
		"status": status, "errorCode": code, "message": message, "errorType": kind, "pspReference": newPSP(),
	})
}

// invalid refuses a request.
func invalid(code, message string) error {
	return &chassis.Refusal{Answer: failure(http.StatusUnprocessableEntity, code, message, "validation")}
}

// read reads the body of a request, which names a merchant account.
func read[T any](r *chassis.Request, body *T, merchantAccount *string) error {
	if json.Unmarshal(r.Body, body) != nil {
		return &chassis.Refusal{Answer: failure(http.StatusBadRequest, "702", "The request could not be read", "validation")}
	}
	if merchantAccount != nil && *merchantAccount == "" {
		return &chassis.Refusal{Answer: failure(http.StatusForbidden, "901", "Invalid Merchant Account", "security")}
	}
	return nil
}

func paymentMethods(_ chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	var body struct{ MerchantAccount string }
	if err := read(r, &body, &body.MerchantAccount); err != nil {
		return chassis.Answer{}, err
	}
	return chassis.JSON(http.StatusOK, map[string]any{
		"paymentMethods": []map[string]any{{"type": "scheme", "name": "Cards", "brands": []string{"visa", "mc", "amex"}}},
	}), nil
}

// newPSP makes one of Adyen's references.
func newPSP() string { return chassis.NewID("", chassis.Base36, 16) }

// envelope is a webhook.
type envelope struct {
	Live  string `json:"live"`
	Items []struct {
		Item notification `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// sign puts the signature into the body, where Adyen has it.
// Source: docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures.
func sign(r *http.Request, d chassis.Delivery) {
	var e envelope
	key, err := hex.DecodeString(d.Credentials["hmac_key"])
	if json.Unmarshal(d.Body, &e) != nil || len(e.Items) != 1 || err != nil {
		return
	}
	n := &e.Items[0].Item
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s:%s:%s:%s:%d:%s:%s:%s", n.PSPReference, n.OriginalReference, n.MerchantAccountCode, n.MerchantReference,
		n.Amount.Value, n.Amount.Currency, n.EventCode, n.Success)
	n.AdditionalData["hmacSignature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	body := chassis.Marshal(e)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
}

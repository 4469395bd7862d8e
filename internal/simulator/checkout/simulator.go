// Package checkout simulates Checkout.com: an HTTP server that speaks its payments
// API as its public reference has it, with test cards, 3-D Secure, signed webhooks,
// idempotency keys and faults on demand.
//
// It is also the independent record of what was charged, refunded and disputed
// (GET /_sim/charges and the others), with a file of its own. Of a card it keeps
// brand, BIN, last four digits, expiry and a keyed fingerprint.
//
// Captures, voids and refunds are accepted (202) and carried out a moment later, as
// there. Where it differs from Checkout.com: what is accepted is listed among the
// actions at once, with neither a result nor a response code; a payment that waits
// for the shopper can be voided, of which the reference says nothing; a search by
// reference sees every payment at once; idempotency keys are kept for 30 days; only
// cards that ask for it, and payments that demand it, go through 3-D Secure, and all
// others count as not enrolled; a dispute takes the money when it is received, and
// has no fee; any key that begins with sk_ has an account of its own, with any processing
// channel, which it shares with keys that differ in what follows a tilde alone
// ("sk_sbox_shop~2"); there are neither retrieval requests nor tokens, payouts and workflows;
// unknown parameters are ignored.
package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The operations that faults can be asked for.
const (
	opPayment = "request_payment"
	opCapture = "capture"
	opVoid    = "void"
	opRefund  = "refund"

	opDetails = "get_payment"
	opActions = "get_actions"
	opSearch  = "search"
	opDispute = "get_dispute"
)

// Names of the credentials of an account.
const (
	credentialKey     = "secret_key"
	credentialChannel = "processing_channel_id"
	credentialWebhook = "webhook_secret"
)

// keyPrefix is how secret keys begin; others are nobody's.
const keyPrefix = "sk_"

// Simulator is a running Checkout.com-shaped provider. It is safe for concurrent use.
type Simulator struct{ *chassis.Chassis }

// Open opens or makes the simulator's file and starts delivering webhooks.
func Open(options chassis.Options) (*Simulator, error) {
	s := &Simulator{}
	var err error
	s.Chassis, err = chassis.Open(options, chassis.Provider{
		Name:  "checkout",
		Money: []string{opPayment, opCapture, opVoid, opRefund}, Lookups: []string{opDetails, opActions, opSearch, opDispute},
		Account:        account,
		WebhookAccount: func(credentials map[string]string) string { return accountOf(credentials[credentialKey]) },
		Key:            func(r *chassis.Request) string { return r.Header.Get("Cko-Idempotency-Key") },
		KeyInUse: func(*chassis.Request) chassis.Answer {
			return invalid(http.StatusTooManyRequests, "duplicate_request").Answer
		},
		ServerError:  serverError,
		Sign:         sign,
		Perform:      perform,
		Answered:     answered,
		SettleRefund: settleRefund,
		OpenDispute:  openDispute,
		MoveDispute:  moveDispute,
	})
	if err != nil {
		return nil, err
	}
	s.Start()
	return s, nil
}

// Credentials are those of the account of this name ("sandbox", "live"), always the
// same, for development.
func Credentials(account string) map[string]string {
	derive := func(alphabet string, n int, name string) string {
		return chassis.Derive(alphabet, n, "checkout", account, name)
	}
	return map[string]string{
		credentialKey:     keyPrefix + "sbox_" + derive(chassis.Base32, 26, credentialKey),
		credentialChannel: "pc_" + derive(chassis.Base32, 26, credentialChannel),
		credentialWebhook: derive(chassis.Base62, 32, credentialWebhook),
	}
}

// Handler is the whole HTTP surface: the API, the page of 3-D Secure, and the
// simulator's own controls below /_sim.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /payments", s.Write(opPayment, s.requestPayment))
	mux.Handle("GET /payments", s.Read(opSearch, searchPayments))
	mux.Handle("GET /payments/{id}", s.Read(opDetails, getPayment))
	mux.Handle("GET /payments/{id}/actions", s.Read(opActions, getActions))
	mux.Handle("POST /payments/{id}/captures", s.Write(opCapture, capturePayment))
	mux.Handle("POST /payments/{id}/voids", s.Write(opVoid, voidPayment))
	mux.Handle("POST /payments/{id}/refunds", s.Write(opRefund, refundPayment))
	mux.Handle("GET /disputes/{id}", s.Read(opDispute, getDispute))
	s.Register(mux)
	return mux
}

// account derives the account from the secret key, so that keys do not see each
// other's objects but for those that it was rolled to.
func account(r *chassis.Request) (string, error) {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !strings.HasPrefix(key, keyPrefix) || len(key) == len(keyPrefix) {
		return "", &chassis.Refusal{Answer: chassis.Answer{Status: http.StatusUnauthorized}}
	}
	return accountOf(key), nil
}

func accountOf(key string) string { return chassis.AccountOf(simulator.Unrolled(key)) }

// sign signs a webhook as Checkout.com does: HMAC-SHA256 of the body, in hexadecimal.
func sign(r *http.Request, d chassis.Delivery) {
	mac := hmac.New(sha256.New, []byte(d.Credentials[credentialWebhook]))
	mac.Write(d.Body)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "cko-webhooks/1.0")
	r.Header.Set("Cko-Signature", hex.EncodeToString(mac.Sum(nil)))
}

// problem is the body of an error.
type problem struct {
	RequestID  string   `json:"request_id"`
	ErrorType  string   `json:"error_type"`
	ErrorCodes []string `json:"error_codes"`
}

// invalid refuses a request, with Checkout.com's codes of what is wrong with it.
func invalid(status int, codes ...string) *chassis.Refusal {
	return &chassis.Refusal{Answer: chassis.JSON(status, problem{chassis.NewID("", chassis.Base62, 20), "request_invalid", codes})}
}

// Answers without a body.
var (
	notAllowed = &chassis.Refusal{Answer: chassis.Answer{Status: http.StatusForbidden}}
	notFound   = &chassis.Refusal{Answer: chassis.Answer{Status: http.StatusNotFound}}
)

func serverError(status int) chassis.Answer {
	if status == http.StatusTooManyRequests {
		return invalid(status, "api_calls_quota_exceeded").Answer
	}
	return chassis.Answer{Status: status}
}

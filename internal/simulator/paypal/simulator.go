// Package paypal simulates PayPal: an HTTP server that speaks OAuth 2, Orders v2,
// Payments v2 and Disputes v1 as PayPal's public reference has them, with the page
// where shoppers approve, webhooks signed with a certificate of its own, request ids
// and faults on demand.
//
// It is also the independent record of what was charged, refunded and disputed
// (GET /_sim/charges and the others), with a file of its own; the certificate and its
// key lie beside it, in DataFile.pem.
//
// Where it differs from PayPal: an account is whoever has a client id and the secret
// that Credentials derives from it, or one that differs from that in what follows a
// tilde alone ("E…~2"); a shopper who answered the page cannot answer it
// again; the answer to a request id is given again whatever the request is, for 30
// days, and of an order for 6 hours with what became of it; a hold does not end by
// itself; refunds are completed at once unless /_sim takes them back; a claim is a
// bank's chargeback, which takes the money at once; fees are 3.49 % and, in currencies
// with decimals, 0.49; nothing is converted; unknown parameters are ignored.
//
// POST /_sim/orders/{id} {"completion": "INSTRUMENT_DECLINED"} has the taking of an
// order refused for any of PayPal's reasons, and "PENDING" has it done some seconds
// later.
package paypal

import (
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The operations that faults can be asked for.
const (
	opCreate   = "create_order"
	opComplete = "complete_order"
	opCapture  = "capture"
	opVoid     = "void"
	opRefund   = "refund"

	opToken            = "token"
	opGetOrder         = "get_order"
	opGetAuthorization = "get_authorization"
	opGetCapture       = "get_capture"
	opGetRefund        = "get_refund"
	opGetDispute       = "get_dispute"
)

// Names of the credentials of an account.
const (
	credentialID      = "client_id"
	credentialSecret  = "client_secret"
	credentialWebhook = "webhook_id"
)

// Simulator is a running PayPal-shaped provider. It is safe for concurrent use.
type Simulator struct {
	*chassis.Chassis
	signer *signer
}

// Open opens or makes the simulator's file and certificate, and starts delivering
// webhooks.
func Open(options chassis.Options) (*Simulator, error) { return open(options, nil) }

// open is Open by a clock; nil means time.Now.
func open(options chassis.Options, now func() time.Time) (*Simulator, error) {
	signer, err := loadSigner(options)
	if err != nil {
		return nil, err
	}
	s := &Simulator{signer: signer}
	s.Chassis, err = chassis.Open(options, chassis.Provider{
		Name:  "paypal",
		Money: []string{opCreate, opComplete, opCapture, opVoid, opRefund},
		Lookups: []string{
			opToken, opGetOrder, opGetAuthorization, opGetCapture, opGetRefund, opGetDispute,
		},
		Account:        s.account,
		WebhookAccount: func(credentials map[string]string) string { return chassis.AccountOf(credentials[credentialID]) },
		Key:            requestID,
		KeyInUse: func(*chassis.Request) chassis.Answer {
			return refuse(http.StatusConflict, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS").Answer
		},
		ServerError:  serverError,
		Sign:         signer.sign,
		Perform:      perform,
		Answered:     answered,
		SettleRefund: settleRefund,
		OpenDispute:  openDispute,
		MoveDispute:  moveDispute,
		Now:          now,
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
	id := "A" + chassis.Derive(chassis.Base62, 30, "paypal", account, credentialID)
	return map[string]string{
		credentialID: id, credentialSecret: secretOf(id),
		credentialWebhook: chassis.Derive(chassis.Base36, 17, "paypal", account, credentialWebhook),
	}
}

// secretOf is the secret of a client id.
func secretOf(clientID string) string {
	return "E" + chassis.Derive(chassis.Base62, 31, "paypal", clientID, credentialSecret)
}

// Handler is the whole HTTP surface: the API, the shopper's page, and the simulator's
// own controls below /_sim.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+signInPath, s.Read(opToken, s.giveToken))
	mux.Handle("POST /v2/checkout/orders", s.Write(opCreate, createOrder))
	mux.Handle("GET /v2/checkout/orders/{id}", s.Read(opGetOrder, s.getOrder))
	mux.Handle("POST /v2/checkout/orders/{id}/capture", s.Write(opComplete, complete(intentCapture)))
	mux.Handle("POST /v2/checkout/orders/{id}/authorize", s.Write(opComplete, complete(intentAuthorize)))
	mux.Handle("GET /v2/payments/authorizations/{id}", s.Read(opGetAuthorization, getAuthorization))
	mux.Handle("POST /v2/payments/authorizations/{id}/capture", s.Write(opCapture, captureAuthorization))
	mux.Handle("POST /v2/payments/authorizations/{id}/void", s.Write(opVoid, voidAuthorization))
	mux.Handle("GET /v2/payments/captures/{id}", s.Read(opGetCapture, getCapture))
	mux.Handle("POST /v2/payments/captures/{id}/refund", s.Write(opRefund, refundCapture))
	mux.Handle("GET /v2/payments/refunds/{id}", s.Read(opGetRefund, getRefund))
	mux.Handle("GET /v1/customer/disputes/{id}", s.Read(opGetDispute, getDispute))
	mux.HandleFunc("GET "+certificatePath+"{name}", s.signer.serve)
	mux.HandleFunc("POST /_sim/orders/{id}", s.decideCompletion)
	s.Register(mux)
	return mux
}

// decideCompletion is POST /_sim/orders/{id}: how the taking of an order ends.
func (s *Simulator) decideCompletion(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Completion string `json:"completion"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	if strings.Trim(body.Completion, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		simulator.WriteProblem(w, http.StatusBadRequest, "completion", "must be one of PayPal's issues, or PENDING")
		return
	}
	id := r.PathValue("id")
	err := s.Act(chassis.KindPayment, id, func(tx *chassis.Tx) error {
		o, err := load(tx, id)
		if err != nil {
			return err
		}
		o.Completion = body.Completion
		return o.save(tx)
	})
	if err != nil {
		simulator.WriteProblem(w, http.StatusNotFound, "id", "does not exist")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

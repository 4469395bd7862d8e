package stripe

import (
	"fmt"
	"net/http"
	"slices"

	"paymenthub/internal/simulator"
)

// disputeRequest is the body of POST /_sim/disputes.
type disputeRequest struct {
	PaymentIntent string `json:"payment_intent"`
	// Amount is in minor units; 0 means all that was captured and not refunded.
	Amount int64 `json:"amount"`
	// Reason is one of Stripe's; empty means fraudulent.
	Reason  string `json:"reason"`
	Inquiry bool   `json:"inquiry"`
}

// openForTest is POST /_sim/disputes: a shopper objects to a payment.
func (s *Simulator) openForTest(w http.ResponseWriter, r *http.Request) {
	var body disputeRequest
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	if body.Reason == "" {
		body.Reason = "fraudulent"
	}
	if _, known := disputeReasons[body.Reason]; !known {
		simulator.WriteProblem(w, http.StatusBadRequest, "reason", "is not one of Stripe's dispute reasons")
		return
	}
	if body.Amount < 0 {
		simulator.WriteProblem(w, http.StatusBadRequest, "amount", "must be positive")
		return
	}
	var doc []byte
	err := s.act("payment_intents", "pi_", body.PaymentIntent, "payment_intent", func(tx *transaction) error {
		ch, err := tx.disputable(body.PaymentIntent)
		if err != nil {
			return err
		}
		left := ch.AmountCaptured - ch.givenBack()
		switch {
		case left == 0:
			return &conflictError{"payment_intent", "all of it is refunded"}
		case body.Amount > left:
			return &conflictError{"amount", fmt.Sprintf("is more than the %d that are captured and not refunded", left)}
		case body.Amount > 0:
			left = body.Amount
		}
		doc, err = tx.dispute(ch, left, complaint{body.Reason, body.Inquiry})
		return err
	})
	s.writeActed(w, http.StatusCreated, doc, err)
}

// disputable finds the captured charge of an intent, which nobody disputed yet.
func (tx *transaction) disputable(intentID string) (*charge, error) {
	pi, ok, err := object[paymentIntent](tx, tx.call.account, "payment_intents", "pi_", intentID)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, &missingError{"payment_intent"}
	case pi.Status != succeeded:
		return nil, &conflictError{"payment_intent", "has no captured charge"}
	}
	ch, err := tx.loadCharge(*pi.LatestCharge)
	if err == nil && ch.Disputed {
		err = &conflictError{"payment_intent", "is disputed already"}
	}
	return ch, err
}

// moveForTest is POST /_sim/disputes/{id}: the issuer decides, or looks at it.
func (s *Simulator) moveForTest(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Status string `json:"status"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	if !slices.Contains([]string{disputeWon, disputeLost, underReview, warningUnderReview, warningClosed}, body.Status) {
		simulator.WriteProblem(w, http.StatusBadRequest, "status", "must be won, lost, under_review, warning_under_review or warning_closed")
		return
	}
	var doc []byte
	id := r.PathValue("id")
	err := s.act("disputes", "du_", id, "id", func(tx *transaction) error {
		d, ok, err := object[dispute](tx, tx.call.account, "disputes", "du_", id)
		switch {
		case err != nil:
			return err
		case !ok:
			return &missingError{"id"}
		case d.Status == body.Status:
			doc = mustMarshal(d)
			return nil
		case !slices.Contains(disputeMoves[d.Status], body.Status):
			return &conflictError{"status", "cannot follow " + d.Status}
		}
		doc, err = tx.move(d, body.Status)
		return err
	})
	s.writeActed(w, http.StatusOK, doc, err)
}

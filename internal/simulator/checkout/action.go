package checkout

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// What is done later.
const (
	taskCarryOut    = "carry_out"    // what was accepted, of a payment
	taskRefund      = "refund"       // a refund that took its time
	taskRefundFails = "refund_fails" // a refund that came back
)

// actionRequest is the body of a capture, void or refund. Without an amount, it is
// about all.
type actionRequest struct {
	Amount    *int64         `json:"amount"`
	Reference string         `json:"reference"`
	Metadata  map[string]any `json:"metadata"`
}

func readAction(r *chassis.Request) (actionRequest, error) {
	var body actionRequest
	if len(r.Body) > 0 && json.Unmarshal(r.Body, &body) != nil {
		return body, invalid(http.StatusUnprocessableEntity, "request_json_invalid")
	}
	if body.Amount != nil && (*body.Amount < 1 || *body.Amount > maxAmount) {
		return body, invalid(http.StatusUnprocessableEntity, "amount_invalid")
	}
	return body, nil
}

// accept writes an action down that is carried out a moment later.
func (p *payment) accept(tx *chassis.Tx, kind string, amount int64, body actionRequest) (*action, error) {
	a := p.act(tx, kind, amount, result{})
	a.Reference, a.Metadata = body.Reference, body.Metadata
	return a, errors.Join(p.save(tx), tx.Later(chassis.Task{Kind: taskCarryOut, Object: p.ID}, 0))
}

// accepted answers a request that is carried out later.
func (p *payment) accepted(a *action, base string) chassis.Answer {
	return chassis.JSON(http.StatusAccepted, map[string]any{
		"action_id": a.ID, "reference": a.Reference, "_links": links{"payment": {base + "/payments/" + p.ID}},
	})
}

// capturePayment is POST /payments/{id}/captures, always a final capture: what is
// left is released.
func capturePayment(r *chassis.Request) (chassis.Effect, error) {
	body, err := readAction(r)
	if err != nil {
		return nil, err
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p, err := load(tx, tx.Account, r.PathValue("id"))
		if err != nil {
			return chassis.Answer{}, err
		}
		amount := p.Amount
		if body.Amount != nil {
			amount = *body.Amount
		}
		switch {
		case p.status() != statusAuthorized || p.busy(typeCapture, typeVoid):
			return chassis.Answer{}, notAllowed
		case amount > p.Amount:
			return chassis.Answer{}, invalid(http.StatusUnprocessableEntity, "capture_value_greater_than_authorized")
		case amount%perMinor(p.Currency) != 0:
			return chassis.Answer{}, invalid(http.StatusUnprocessableEntity, "amount_invalid")
		}
		a, err := p.accept(tx, typeCapture, amount, body)
		return p.accepted(a, tx.BaseURL), err
	}, nil
}

// voidPayment is POST /payments/{id}/voids. A payment that waits for the shopper ends
// at once.
func voidPayment(r *chassis.Request) (chassis.Effect, error) {
	body, err := readAction(r)
	if err != nil {
		return nil, err
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p, err := load(tx, tx.Account, r.PathValue("id"))
		if err != nil {
			return chassis.Answer{}, err
		}
		if p.status() == statusPending {
			a := p.act(tx, typeVoid, p.Amount, approved)
			a.Reference, a.Metadata, p.Canceled = body.Reference, body.Metadata, true
			return p.accepted(a, tx.BaseURL), errors.Join(tx.ClosePages(p.ID), p.save(tx), p.tell(tx, "payment_canceled", *a))
		}
		if p.status() != statusAuthorized || p.busy(typeCapture, typeVoid) {
			return chassis.Answer{}, notAllowed
		}
		a, err := p.accept(tx, typeVoid, p.Amount, body)
		return p.accepted(a, tx.BaseURL), err
	}, nil
}

// refundPayment is POST /payments/{id}/refunds.
func refundPayment(r *chassis.Request) (chassis.Effect, error) {
	body, err := readAction(r)
	if err != nil {
		return nil, err
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p, err := load(tx, tx.Account, r.PathValue("id"))
		if err != nil {
			return chassis.Answer{}, err
		}
		left := p.total(typeCapture, false) - p.total(typeRefund, true)
		amount := left
		if body.Amount != nil {
			amount = *body.Amount
		}
		switch {
		case left == 0:
			return chassis.Answer{}, notAllowed
		case amount > left:
			return chassis.Answer{}, invalid(http.StatusUnprocessableEntity, "amount_exceeds_balance")
		case amount%perMinor(p.Currency) != 0:
			return chassis.Answer{}, invalid(http.StatusUnprocessableEntity, "amount_invalid")
		}
		a, err := p.accept(tx, typeRefund, amount, body)
		return p.accepted(a, tx.BaseURL), errors.Join(err, p.refundMade(tx, *a))
	}, nil
}

// refundMade makes a refund known to /_sim and to the witness, and has it take its
// time when its card says so.
func (p *payment) refundMade(tx *chassis.Tx, a action) error {
	err := errors.Join(tx.Save(chassis.KindRefund, a.ID, p.ID), p.witnessRefund(tx, a))
	if p.Card.Issuer.Meaning == chassis.PendingRefund {
		return errors.Join(err, p.tell(tx, "payment_refund_pending", a), tx.Later(chassis.Task{Kind: taskRefund, Object: a.ID}, tx.SettleAfter()))
	}
	return err
}

func (p *payment) witnessRefund(tx *chassis.Tx, a action) error {
	status := "failed"
	switch {
	case a.open():
		status = "pending"
	case a.Result.approved():
		status = "succeeded"
	}
	return tx.WitnessRefund(simulator.Refund{
		ID: a.ID, Charge: p.ID, PaymentIntent: p.ID, Amount: minor(a.Amount, p.Currency), Currency: strings.ToLower(p.Currency),
		Status: status, IdempotencyKey: a.Key, Metadata: chassis.Marshal(p.metadataOf(a)),
	})
}

// perform does what is due.
func perform(tx *chassis.Tx, t chassis.Task) error {
	if t.Kind != taskCarryOut {
		return settleRefund(tx, t.Object, t.Kind == taskRefund)
	}
	p, err := load(tx, tx.Account, t.Object)
	if err != nil {
		return err
	}
	return p.carryOut(tx)
}

// carryOut ends what is open of a payment, except refunds that take their time.
func (p *payment) carryOut(tx *chassis.Tx) error {
	for i := range p.Actions {
		a := &p.Actions[i]
		if !a.open() || a.Type == typeRefund && p.Card.Issuer.Meaning == chassis.PendingRefund {
			continue
		}
		if err := p.conclude(tx, a, approved); err != nil {
			return err
		}
		if a.Type == typeRefund && p.Card.Issuer.Meaning == chassis.FailedRefund {
			if err := tx.Later(chassis.Task{Kind: taskRefundFails, Object: a.ID}, tx.SettleAfter()); err != nil {
				return err
			}
		}
		if a.Type == typeCapture && p.Card.Issuer.Meaning == chassis.Disputed {
			if _, err := p.dispute(tx, a.Amount, "product_service_not_received"); err != nil {
				return err
			}
		}
	}
	return p.save(tx)
}

// The events of what was carried out, and of what was not.
var (
	carriedOut = map[string]string{typeCapture: "payment_captured", typeVoid: "payment_voided", typeRefund: "payment_refunded"}
	failed     = map[string]string{typeCapture: "payment_capture_declined", typeVoid: "payment_void_declined", typeRefund: "payment_refund_declined"}
)

// conclude writes down how an action ended, and tells of it.
func (p *payment) conclude(tx *chassis.Tx, a *action, r result) error {
	a.Result, a.At = r, tx.Now()
	events := failed
	if r.approved() {
		events = carriedOut
	}
	var err error
	if a.Type == typeRefund {
		err = p.witnessRefund(tx, *a)
	}
	return errors.Join(err, p.tell(tx, events[a.Type], *a))
}

// settleRefund lets a refund end, also one that seemed to have ended well.
func settleRefund(tx *chassis.Tx, id string, succeeded bool) error {
	owner, ok, err := chassis.Find[string](tx, tx.Account, chassis.KindRefund, id)
	if err != nil || !ok {
		return errors.Join(err, chassis.NotFound("id"))
	}
	p, err := load(tx, tx.Account, *owner)
	if err != nil {
		return err
	}
	a, end := p.action(id), refundReturned
	if succeeded {
		end = approved
	}
	switch {
	case a.Result.Code == end.Code:
		return tx.Forget(id)
	case !a.open() && !a.Result.approved():
		return chassis.Conflict("status", "the refund has failed already")
	}
	return errors.Join(tx.Forget(id), p.conclude(tx, a, end), p.save(tx))
}

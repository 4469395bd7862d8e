package adyen

import (
	"errors"
	"net/http"

	"paymenthub/internal/simulator/chassis"
)

// The kinds of changes of a payment, which are the kinds of their objects as well.
const (
	kindCapture   = "capture"
	kindCancel    = "cancel"
	kindTechnical = "technical_cancel"
	kindRefund    = chassis.KindRefund
	// taskFail ends a refund that seemed to have succeeded.
	taskFail = "fail_refund"
	// taskSettle ends a refund that was open.
	taskSettle = "settle_refund"
)

// cannotCancel is why a cancellation was not done.
const cannotCancel = "Payment cannot be cancelled"

// movement is a change of a payment, under its own pspReference.
type movement struct {
	PSP       string `json:"psp"`
	Kind      string `json:"kind"`
	Payment   string `json:"payment"` // pspReference; "" of a cancellation by reference
	Of        string `json:"of"`      // the payment's reference, of such a cancellation
	Account   string `json:"merchant_account"`
	Reference string `json:"reference"`
	Amount    amount `json:"amount"`
	Status    string `json:"status"`  // of a refund
	Carried   bool   `json:"carried"` // of a refund: it is in the payment's Refunding until it ends
	Key       string `json:"key"`
}

// move is POST /payments/{psp}/captures, /cancels and /refunds.
func (s *Simulator) move(kind string) chassis.Write {
	return func(r *chassis.Request) (chassis.Effect, error) {
		var body struct {
			MerchantAccount, Reference string
			Amount                     amount
		}
		if err := read(r, &body, &body.MerchantAccount); err != nil {
			return nil, err
		}
		if kind != kindCancel && body.Amount.Value <= 0 {
			return nil, invalid("137", "Invalid amount specified")
		}
		m := &movement{
			PSP: newPSP(), Kind: kind, Payment: r.PathValue("psp"), Account: body.MerchantAccount, Reference: body.Reference, Amount: body.Amount,
			Status: refundPending, Key: r.Key,
		}
		return func(tx *chassis.Tx) (chassis.Answer, error) {
			p, found, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, m.Payment)
			switch {
			case err != nil:
				return chassis.Answer{}, err
			case !found || p.Status == waiting:
				return chassis.Answer{}, invalid("167", "Original pspReference required for this operation")
			case kind != kindCancel && body.Amount.Currency != p.Amount.Currency:
				return chassis.Answer{}, invalid("138", "Unsupported currency specified")
			}
			if err := m.save(tx); err != nil {
				return chassis.Answer{}, err
			}
			if kind == kindRefund {
				err = m.witness(tx, p)
			}
			view := map[string]any{
				"merchantAccount": m.Account, "paymentPspReference": m.Payment, "pspReference": m.PSP, "reference": m.Reference, "status": "received",
			}
			if kind != kindCancel {
				view["amount"] = m.Amount
			}
			return chassis.JSON(http.StatusCreated, view), errors.Join(err, tx.Later(chassis.Task{Kind: kind, Object: m.PSP}, movementDelay))
		}, nil
	}
}

// cancelByReference is POST /cancels.
func (s *Simulator) cancelByReference(r *chassis.Request) (chassis.Effect, error) {
	var body struct{ MerchantAccount, PaymentReference, Reference string }
	if err := read(r, &body, &body.MerchantAccount); err != nil {
		return nil, err
	}
	if body.PaymentReference == "" {
		return nil, invalid("130", "Reference Missing")
	}
	m := &movement{PSP: newPSP(), Kind: kindTechnical, Of: body.PaymentReference, Account: body.MerchantAccount, Reference: body.Reference, Key: r.Key}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		return chassis.JSON(http.StatusCreated, map[string]string{
				"merchantAccount": m.Account, "paymentReference": m.Of, "pspReference": m.PSP, "reference": m.Reference, "status": "received",
			}), errors.Join(m.save(tx), m.cancelWaiting(tx),
				tx.Later(chassis.Task{Kind: kindTechnical, Object: m.PSP}, movementDelay))
	}, nil
}

// cancelWaiting cancels a payment that waits for the shopper at once: nobody can pay
// on its page from now on.
func (m *movement) cancelWaiting(tx *chassis.Tx) error {
	p, err := newest(tx, m.Of)
	if err != nil || p == nil || p.Status != waiting {
		return err
	}
	p.Status = cancelled
	return errors.Join(p.save(tx), tx.ClosePages(p.Reference))
}

func (m *movement) save(tx *chassis.Tx) error { return tx.Save(m.Kind, m.PSP, m) }

// perform carries out what was received.
func (s *Simulator) perform(tx *chassis.Tx, t chassis.Task) error {
	switch t.Kind {
	case taskSettle:
		return settleRefund(tx, t.Object, true)
	case taskFail:
		return settleRefund(tx, t.Object, false)
	}
	m, found, err := chassis.Find[movement](tx, tx.Account, t.Kind, t.Object)
	if err != nil || !found {
		return err
	}
	if t.Kind == kindTechnical {
		return m.cancelNamed(tx)
	}
	p, found, err := chassis.Find[payment](tx, tx.Account, chassis.KindPayment, m.Payment)
	if err != nil || !found {
		return err
	}
	switch t.Kind {
	case kindCapture:
		return m.capture(tx, p)
	case kindCancel:
		return m.cancel(tx, p)
	default:
		return m.refund(tx, p)
	}
}

func (m *movement) capture(tx *chassis.Tx, p *payment) error {
	why := ""
	switch {
	case p.Status != authorised:
		why = "Payment is not authorised"
	case p.Captured > 0:
		why = "Payment is already captured"
	case m.Amount.Value > p.Amount.Value:
		why = "Insufficient balance on payment"
	}
	if why != "" {
		return m.tell(tx, p, "CAPTURE", m.Amount, why)
	}
	return errors.Join(m.tell(tx, p, "CAPTURE", m.Amount, ""), p.capture(tx, m.Amount.Value))
}

func (m *movement) cancel(tx *chassis.Tx, p *payment) error {
	if p.Status == refused || p.Captured > 0 {
		return m.tell(tx, p, "CANCELLATION", p.Amount, cannotCancel)
	}
	return errors.Join(p.cancel(tx), m.tell(tx, p, "CANCELLATION", p.Amount, ""))
}

// cancel releases what is held.
func (p *payment) cancel(tx *chassis.Tx) error {
	p.Status = cancelled
	return errors.Join(p.save(tx), p.witness(tx))
}

// cancelNamed cancels a payment by its reference.
func (m *movement) cancelNamed(tx *chassis.Tx) error {
	p, err := newest(tx, m.Of)
	if err != nil {
		return err
	}
	n := notification{EventCode: "TECHNICAL_CANCEL", PSPReference: m.PSP, MerchantReference: m.Of, Success: notDone, Reason: cannotCancel}
	if p == nil {
		p = &payment{MerchantAccount: m.Account}
		return p.tell(tx, n)
	}
	if p.Status == authorised && p.Captured == 0 {
		err = p.cancel(tx)
	}
	if p.Status == cancelled {
		n.Success, n.Reason = done, ""
	}
	n.OriginalReference, n.Amount = p.PSP, p.Amount
	return errors.Join(err, p.tell(tx, n))
}

// tell sends the webhook of a movement; why says that it was not done.
func (m *movement) tell(tx *chassis.Tx, p *payment, event string, of amount, why string) error {
	n := notification{
		EventCode: event, PSPReference: m.PSP, OriginalReference: p.PSP, MerchantReference: m.Reference, Amount: of, Success: done, Reason: why,
	}
	if why != "" {
		n.Success = notDone
	}
	return p.tell(tx, n)
}

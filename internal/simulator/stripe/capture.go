package stripe

import (
	"slices"
	"strings"
)

var cancelable = []string{requiresPaymentMethod, requiresCapture, requiresConfirmation, requiresAction}

func capturePaymentIntent(c *call) (effect, error) {
	f := c.form
	amount := f.optionalAmount("amount_to_capture")
	f.choice("final_capture", "true", "true") // multicapture is not available
	var details paymentIntent
	details.StatementDescriptor = f.limited("statement_descriptor", 22)
	details.DescriptorSuffix = f.limited("statement_descriptor_suffix", 22)
	f.metadata(nil)
	return func(tx *transaction) ([]byte, error) {
		pi, err := tx.loadIntent(c.r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		if pi.Status != requiresCapture {
			return nil, wrongState(&pi.paymentIntent, "capture", requiresCapture)
		}
		if amount == 0 {
			amount = pi.AmountCapturable
		}
		if amount > pi.AmountCapturable {
			e := invalid("amount_too_large", "amount_to_capture", "The amount to capture (%d) is more than the amount that can be captured (%d).", amount, pi.AmountCapturable)
			e.executed = true
			return nil, e
		}
		pi.merge(&details)
		if f.hasMetadata() {
			pi.Metadata = f.metadata(pi.Metadata)
		}
		return tx.capture(pi, amount)
	}, nil
}

func (tx *transaction) capture(pi *intent, amount int64) ([]byte, error) {
	ch, err := tx.loadCharge(*pi.LatestCharge)
	if err != nil {
		return nil, err
	}
	if tx.call.sim.now().Unix() >= *ch.PaymentMethodDetails.Card.CaptureBefore {
		e := invalid("charge_expired_for_capture", "", "The charge cannot be captured as the authorization has expired.")
		e.Charge, e.executed = ch.ID, true
		return nil, e
	}
	if err := tx.settle(ch, amount); err != nil {
		return nil, err
	}
	doc, err := tx.updateCharge(ch)
	if err != nil {
		return nil, err
	}
	tx.emit("charge.captured", doc)
	pi.Status, pi.AmountReceived, pi.AmountCapturable = succeeded, amount, 0
	if doc, err = tx.saveIntent(pi); err != nil {
		return nil, err
	}
	tx.emit("payment_intent.succeeded", doc)
	issuer, err := tx.outcomeOfMethod(ch.PaymentMethod)
	if err != nil {
		return nil, err
	}
	return doc, tx.complain(ch, issuer)
}

func cancelPaymentIntent(c *call) (effect, error) {
	reason := optional(c.form.choice("cancellation_reason", "", "duplicate", "fraudulent", "requested_by_customer", "abandoned"))
	return func(tx *transaction) ([]byte, error) {
		pi, err := tx.loadIntent(c.r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		if !slices.Contains(cancelable, pi.Status) {
			return nil, wrongState(&pi.paymentIntent, "cancel", strings.Join(cancelable, ", "))
		}
		if pi.Status == requiresCapture {
			if err := tx.release(*pi.LatestCharge); err != nil {
				return nil, err
			}
		}
		now := c.sim.now().Unix()
		pi.Status, pi.AmountCapturable, pi.NextAction = canceled, 0, nil
		pi.CanceledAt, pi.CancellationReason = &now, reason
		doc, err := tx.saveIntent(pi)
		if err == nil {
			tx.emit("payment_intent.canceled", doc)
		}
		return doc, err
	}, nil
}

// release gives up an authorization; Stripe shows it as a refund of all of it.
func (tx *transaction) release(chargeID string) error {
	ch, err := tx.loadCharge(chargeID)
	if err != nil {
		return err
	}
	ch.Refunded, ch.AmountRefunded = true, ch.Amount
	doc, err := tx.updateCharge(ch)
	if err == nil {
		tx.emit("charge.refunded", doc)
	}
	return err
}

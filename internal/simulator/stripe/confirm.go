package stripe

import (
	"net/http"
	"slices"
	"strings"
)

var confirmable = []string{requiresPaymentMethod, requiresConfirmation, requiresAction}

func confirmPaymentIntent(c *call) (effect, error) {
	f := c.form
	in := c.readIntentInput()
	in.readConfirm(f)
	captureMethod := f.choice("capture_method", "", "automatic", "automatic_async", "manual")
	secret := f.optional("client_secret")
	var details paymentIntent
	details.ReceiptEmail = f.limited("receipt_email", 800)
	details.SetupFutureUsage = optional(f.choice("setup_future_usage", "", "on_session", "off_session"))
	details.Shipping = f.shipping()
	details.CaptureMethod = captureMethod
	return func(tx *transaction) ([]byte, error) {
		pi, err := tx.loadIntent(c.r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		if secret != nil && *secret != pi.ClientSecret {
			return nil, invalid("payment_intent_invalid_parameter", "client_secret", "The client_secret provided does not match the client_secret associated with the PaymentIntent.")
		}
		if !slices.Contains(confirmable, pi.Status) {
			return nil, wrongState(&pi.paymentIntent, "confirm", strings.Join(confirmable, ", "))
		}
		rule := newForm(nil)
		if rule.requireReturnURL(&pi.paymentIntent, in.confirm); rule.err != nil && pi.returnURL == "" {
			return nil, rule.err
		}
		pi.merge(&details)
		m, err := tx.applyInput(pi, in)
		if err != nil {
			return nil, err
		}
		return tx.confirm(pi, m, in.confirm)
	}, nil
}

// confirm tries to take the money: it ends in a charge, a 3-D Secure challenge,
// or a decline, which is answered as an error and recorded all the same.
func (tx *transaction) confirm(pi *intent, m *method, options confirmOptions) ([]byte, error) {
	if m == nil {
		return nil, invalid("payment_intent_unexpected_state", "payment_method",
			"You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	}
	if options.returnURL != nil {
		pi.returnURL = *options.returnURL
	}
	asked := pi.PaymentMethodOptions.Card.RequestThreeDSecure
	challenge := m.result.challenge || asked == "any" || asked == "challenge"
	switch {
	case challenge && (options.offSession || options.failOnChallenge):
		return tx.decline(pi, m, needsShopper)
	case challenge:
		return tx.challenge(pi)
	case m.result.code != "":
		return tx.decline(pi, m, m.result)
	default:
		return tx.approve(pi, m, nil)
	}
}

// approve makes the charge, and takes the money unless capture is manual.
func (tx *transaction) approve(pi *intent, m *method, authentication *threeDSecure) ([]byte, error) {
	ch := tx.newCharge(pi, m, approved)
	ch.PaymentMethodDetails.Card.ThreeDSecure = authentication
	ch.authorize(seqOf(ch.ID))
	pi.LatestCharge, pi.NextAction, pi.LastPaymentError = &ch.ID, nil, nil
	if pi.SetupFutureUsage != nil && pi.Customer != nil && m.Customer == nil {
		m.Customer = pi.Customer
		if _, err := tx.updateMethod(m); err != nil {
			return nil, err
		}
	}
	event := "payment_intent.succeeded"
	if pi.CaptureMethod == "manual" {
		event = "payment_intent.amount_capturable_updated"
		pi.Status, pi.AmountCapturable = requiresCapture, pi.Amount
	} else {
		pi.Status, pi.AmountReceived = succeeded, pi.Amount
		if err := tx.settle(ch, pi.Amount); err != nil {
			return nil, err
		}
	}
	doc, err := tx.insertCharge(ch)
	if err != nil {
		return nil, err
	}
	tx.emit("charge.succeeded", doc)
	if doc, err = tx.saveIntent(pi); err != nil {
		return nil, err
	}
	tx.emit(event, doc)
	if ch.Captured {
		err = tx.complain(ch, m.result)
	}
	return doc, err
}

// decline records a failed charge and answers with the card error.
func (tx *transaction) decline(pi *intent, m *method, result testOutcome) ([]byte, error) {
	ch := tx.newCharge(pi, m, result)
	ch.Status, ch.FailureCode, ch.FailureMessage = "failed", &result.code, &result.message
	doc, err := tx.insertCharge(ch)
	if err != nil {
		return nil, err
	}
	tx.emit("charge.failed", doc)
	failure := apiError{
		Type: typeCard, Code: result.code, DeclineCode: result.declineCode, DocURL: docBase + dashed(result.code),
		Message: result.message, Charge: ch.ID, PaymentMethod: &m.paymentMethod, status: http.StatusPaymentRequired, executed: true,
		AdviceCode: result.adviceCode, NetworkAdviceCode: result.networkAdvice, NetworkDeclineCode: result.issuerCode,
	}
	pi.LatestCharge = &ch.ID
	if err := tx.failIntent(pi, failure); err != nil {
		return nil, err
	}
	failure.PaymentIntent = &pi.paymentIntent
	return nil, &failure
}

// failIntent sends the intent back to wait for another payment method.
func (tx *transaction) failIntent(pi *intent, failure apiError) error {
	pi.Status, pi.NextAction, pi.PaymentMethod, pi.LastPaymentError = requiresPaymentMethod, nil, nil, &failure
	doc, err := tx.saveIntent(pi)
	if err == nil {
		tx.emit("payment_intent.payment_failed", doc)
	}
	return err
}

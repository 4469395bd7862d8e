package checkout

import (
	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Conclude implements gateway.Gateway.
func (*Adapter) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	e, err := readEvent(body)
	if err != nil {
		return payment.Unknown("the webhook cannot be read")
	}
	d := e.Data
	says, known := events[e.Type]
	switch {
	case !known || (says.subject == payment.NoticeOfRefund) != (l.Kind == payment.RefundOfSale):
		return payment.Unknown("the webhook tells nothing of such a transaction")
	case d.Metadata.ours(metaPayment) != l.PaymentID:
		return payment.Unknown("the webhook is about another payment of ours")
	case l.GatewayReference != "" && d.ID != l.GatewayReference:
		return payment.Unknown("the webhook is about another payment of Checkout.com's")
	case l.GatewayReference == "" && !authorizing(l.Kind):
		return payment.Unknown("the payment's reference at Checkout.com is not known")
	case (authorizing(l.Kind) || l.Kind == payment.RefundOfSale) && d.transaction() != l.TransactionID:
		return payment.Unknown("the webhook is about another transaction")
	case d.whole().Currency != l.Amount.Currency:
		return payment.Unknown("the webhook's currency is another one than ours")
	}
	o := concluded(e, l)
	if !o.Decided() && o.Class != payment.OutcomeUnknown {
		return payment.Unknown("the webhook does not say how the transaction ended")
	}
	return o
}

// statuses are those of a payment right after an event about it.
var statuses = map[string]string{
	"payment_approved": statusAuthorized,
	"payment_declined": statusDeclined,
	"payment_captured": statusCaptured,
	"payment_voided":   statusVoided,
	"payment_canceled": statusCanceled,
	"payment_expired":  statusExpired,
}

func concluded(e event, l gateway.Lookup) payment.Outcome {
	d := e.Data
	own := action{ID: d.ActionID, Amount: d.Amount, Metadata: d.Metadata, result: d.result}
	if end, ok := ends[e.Type]; ok && end.kind == l.Kind && isWord(own.ID) && isOurs(own, l.Call) {
		return ofEnd(own, end.approved, d.ID, l.Call)
	}
	status, known := statuses[e.Type]
	if !known {
		return payment.Unknown("the webhook does not say how the transaction ended")
	}
	p := paymentAnswer{ID: d.ID, Status: status, Amount: d.Amount, Currency: d.Currency, Balances: d.Balances}
	if d.Balances.TotalAuthorized > 0 {
		p.Amount = d.Balances.TotalAuthorized
	}
	switch {
	case authorizing(l.Kind) && (status == statusAuthorized || status == statusDeclined):
		return ofPayment(p, d.result, l.Kind)
	case authorizing(l.Kind): // the result is another action's
		return ofPayment(p, result{}, l.Kind)
	case l.Kind == payment.Capture && status == statusCaptured || status == statusAuthorized:
		// Another capture than ours, or one of which this event knows nothing yet.
		return payment.Unknown("the webhook is not about this transaction")
	default:
		return ofMovement(p, l.Kind)
	}
}

// ends are the events that tell how an action ended. That a void was refused is not
// among them: the payment may have ended by itself, of which that event says nothing.
var ends = map[string]struct {
	kind     payment.TransactionKind
	approved bool
}{
	"payment_captured":         {payment.Capture, true},
	"payment_capture_declined": {payment.Capture, false},
	"payment_voided":           {payment.Void, true},
	"payment_canceled":         {payment.Void, true},
	"payment_refunded":         {payment.RefundOfSale, true},
	"payment_refund_declined":  {payment.RefundOfSale, false},
}

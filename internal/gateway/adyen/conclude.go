package adyen

import (
	"github.com/adyen/adyen-go-api-library/v21/src/webhook"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Conclude implements gateway.Gateway. An item tells the end of one call of the hub's,
// which it names by its reference: a success of a capture or refund is one, although
// the network may reject it later, which Adyen then tells by another event.
func (*Adapter) Conclude(body []byte, l gateway.Lookup) payment.Outcome {
	items := readItems(body)
	if len(items) != 1 {
		return payment.Unknown("the webhook cannot be read")
	}
	i := items[0]
	of := readReference(i.MerchantReference)
	switch {
	case of.payment == "" || of.payment != l.PaymentID:
		return payment.Unknown("the webhook is about another payment")
	case !i.isOf(l):
		return payment.Unknown("the webhook is about another payment of Adyen's")
	}
	switch own := of.transaction == l.TransactionID && of.kind == l.Kind; {
	case own && i.EventCode == webhook.EventCodeAuthorisation && authorizing(l.Kind):
		return i.authorization(l)
	case own && l.Kind == payment.Capture && (i.EventCode == webhook.EventCodeCapture || i.EventCode == webhook.EventCodeCaptureFailed):
		return i.movement(l, i.EventCode == webhook.EventCodeCapture)
	case own && l.Kind == payment.RefundOfSale:
		return i.refund(l)
	case own && l.Kind == payment.Void && i.EventCode == webhook.EventCodeCancellation,
		l.Kind == payment.Void && i.EventCode == webhook.EventCodeTechnicalCancel && i.MerchantReference == l.GatewayReference:
		return i.cancellation(l)
	case i.EventCode == webhook.EventCodeExpire && i.succeeded() && l.Kind == payment.Capture:
		return i.refer(declinedBy(payment.DeclineAuthorizationExpired, "expired"), l)
	case i.EventCode == webhook.EventCodeExpire && i.succeeded() && l.Kind == payment.Void:
		return i.refer(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: l.Amount.Minor}, l)
	default:
		return payment.Unknown("the webhook does not say how the transaction ended")
	}
}

// isOf reports whether the item is of the payment that the look-up names at Adyen. One
// that waited for the shopper is named by the hub's reference of it.
func (i item) isOf(l gateway.Lookup) bool {
	reference := i.OriginalReference
	if i.EventCode == webhook.EventCodeAuthorisation {
		reference = i.PspReference
	}
	switch {
	case waits(l.GatewayReference):
		return !authorizing(readReference(i.MerchantReference).kind) || i.MerchantReference == l.GatewayReference
	case l.GatewayReference == "":
		return authorizing(l.Kind)
	default:
		return reference == l.GatewayReference
	}
}

func (i item) authorization(l gateway.Lookup) payment.Outcome {
	if !i.succeeded() {
		return i.refer(declinedAs(refusal{reason: i.Reason, raw: i.text("refusalReasonRaw"), advice: i.text("merchantAdviceCode")}), l)
	}
	o := i.success(l)
	if o.Class == payment.OutcomeSucceeded {
		o.ResponseCode, o.AuthCode = approvedCode, wordOf(i.text("authCode"))
	}
	return o
}

// movement is the end of a capture or refund. An event of a failure is one, whatever
// it says of its own success.
func (i item) movement(l gateway.Lookup, ofSuccess bool) payment.Outcome {
	if i.succeeded() && ofSuccess {
		return i.success(l)
	}
	return i.refer(movementDecline(i.Reason), l)
}

func (i item) refund(l gateway.Lookup) payment.Outcome {
	switch i.EventCode {
	case webhook.EventCodeRefund:
		return i.movement(l, true)
	case webhook.EventCodeRefundFailed, webhook.EventCodeRefundedReversed:
		return i.refer(declinedBy(payment.DeclineGeneric, asWord(i.EventCode)), l)
	default:
		return payment.Unknown("the webhook does not say how the refund ended")
	}
}

// cancellation ends a void; one that failed says that the payment was captured, or, of
// one that waited for the shopper, that there is nothing to cancel or no more.
func (i item) cancellation(l gateway.Lookup) payment.Outcome {
	if i.succeeded() {
		return i.success(l)
	}
	return i.refer(declinedBy(payment.DeclineState, asWord(i.EventCode)+"_failed"), l)
}

// success is a success of the item's amount.
func (i item) success(l gateway.Lookup) payment.Outcome {
	m := i.money()
	if m.Currency != l.Amount.Currency {
		return payment.Unknown("the webhook's amount or currency cannot be read")
	}
	return i.refer(payment.Outcome{Class: payment.OutcomeSucceeded, Amount: m.Minor}, l)
}

// refer adds Adyen's ids of the payment and of the movement.
func (i item) refer(o payment.Outcome, l gateway.Lookup) payment.Outcome {
	o.TransactionReference = wordOf(i.PspReference)
	switch {
	case i.EventCode == webhook.EventCodeAuthorisation:
		o.GatewayReference = o.TransactionReference
	case wordOf(i.OriginalReference) != "":
		o.GatewayReference = i.OriginalReference
	default:
		o.GatewayReference = l.GatewayReference
	}
	return o
}

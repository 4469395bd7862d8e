package adyen

import (
	"net/url"
	"strings"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/payment"
)

// References are the hub's names of what it asks of Adyen, at most 80 characters. They
// come back in webhooks as merchantReference, which the signature covers; metadata is
// not signed, and does not come with all of them. Several ids in one are separated by
// hyphens.
// Source: docs.adyen.com/api-explorer/Checkout/71/post/payments, "reference".

// reference names a call other than a refund.
func reference(c gateway.Call, kind payment.TransactionKind) string {
	return c.PaymentID + "-" + c.TransactionID + "-" + string(kind)
}

// refundReference names a refund.
func refundReference(paymentID, refundID string) string { return paymentID + "-" + refundID }

// named is what a reference names; fields that it does not name are empty.
type named struct {
	payment, transaction, refund string
	kind                         payment.TransactionKind
}

// readReference reads a reference; one that is not the hub's names nothing.
func readReference(s string) named {
	first, rest, _ := strings.Cut(s, "-")
	second, third, _ := strings.Cut(rest, "-")
	if !id.Valid(id.Payment, first) {
		return named{}
	}
	switch kind := payment.TransactionKind(third); {
	case id.Valid(id.Refund, second) && kind == "":
		// The transaction of a refund carries its ULID (payment.Intent.OpenRefund).
		return named{first, payment.TransactionID(id.Suffix(second)), second, payment.RefundOfSale}
	case id.Valid(id.Transaction, second) && (authorizing(kind) || kind == payment.Capture || kind == payment.Void):
		return named{first, second, "", kind}
	default:
		return named{}
	}
}

// waits reports whether a gateway reference is that of a payment which waits for the
// shopper: Adyen has no pspReference of it yet, and knows it by the hub's reference.
func waits(gatewayReference string) bool { return readReference(gatewayReference).payment != "" }

func authorizing(kind payment.TransactionKind) bool {
	return kind == payment.Authorization || kind == payment.Sale
}

// Names of the metadata that ties Adyen's payments to ours, for people and for
// Adyen's reports: the hub itself reads none of it.
const (
	metaPayment     = "payment_id"
	metaAttempt     = "attempt_id"
	metaTransaction = "transaction_id"
	metaMerchant    = "merchant_id"
	metaEnvironment = "environment"
)

func metadata(c gateway.Call) *map[string]string {
	return &map[string]string{
		metaPayment:     c.PaymentID,
		metaAttempt:     c.AttemptID,
		metaTransaction: c.TransactionID,
		metaMerchant:    c.Scope.MerchantID,
		metaEnvironment: string(c.Scope.Environment),
	}
}

// redirectResult is what the shopper came back with, "" when they did not yet.
func redirectResult(returned string) string {
	query, err := url.ParseQuery(returned)
	if err != nil {
		return ""
	}
	return query.Get("redirectResult")
}

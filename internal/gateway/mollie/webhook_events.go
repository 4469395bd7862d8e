package mollie

// WebhookEvents are the events that an account's webhook needs to be subscribed to,
// with their full payload; others tell the hub nothing more. The dashboard and the
// webhooks API take these names.
// Source: docs.mollie.com/reference/payments-api-webhooks, /refunds-api-webhooks and
// /chargebacks-api-webhooks.
var WebhookEvents = []string{
	"payment.paid",
	"payment.failed",
	"payment.canceled",
	"payment.expired",
	"refund.refunded",
	"refund.failed",
	"refund.canceled",
	"chargeback.received",
	"chargeback.reversed",
}

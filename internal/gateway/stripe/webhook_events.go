package stripe

// WebhookEvents are the events that an account's webhook endpoint needs to be
// subscribed to; others tell the hub nothing more. The dashboard and the
// webhook_endpoints API take these names.
var WebhookEvents = []string{
	"payment_intent.amount_capturable_updated",
	"payment_intent.succeeded",
	"payment_intent.payment_failed",
	"payment_intent.canceled",
	"charge.refund.updated",
	"charge.dispute.created",
	"charge.dispute.updated",
	"charge.dispute.funds_withdrawn",
	"charge.dispute.funds_reinstated",
	"charge.dispute.closed",
}

package paypal

// WebhookEvents are the events that an account's webhook needs to be subscribed to;
// others tell the hub nothing more. The dashboard and the webhooks API take these names.
var WebhookEvents = []string{
	"CHECKOUT.ORDER.APPROVED",
	"PAYMENT.AUTHORIZATION.CREATED",
	"PAYMENT.AUTHORIZATION.VOIDED",
	"PAYMENT.CAPTURE.COMPLETED",
	"PAYMENT.CAPTURE.DECLINED",
	"PAYMENT.CAPTURE.DENIED",
	"PAYMENT.CAPTURE.PENDING",
	"PAYMENT.CAPTURE.REFUNDED",
	"PAYMENT.REFUND.FAILED",
	"PAYMENT.REFUND.PENDING",
	"CUSTOMER.DISPUTE.CREATED",
	"CUSTOMER.DISPUTE.UPDATED",
	"CUSTOMER.DISPUTE.RESOLVED",
}

package checkout

// WebhookEvents are the events that an account's webhook needs to be subscribed to;
// others tell the hub nothing more.
// Source: checkout.com/docs/developer-resources/event-notifications/event-types.
var WebhookEvents = []string{
	"payment_pending",
	"payment_approved",
	"payment_declined",
	"payment_captured",
	"payment_capture_declined",
	"payment_voided",
	"payment_void_declined",
	"payment_canceled",
	"payment_expired",
	"payment_refund_pending",
	"payment_refunded",
	"payment_refund_declined",
	"dispute_evidence_required",
	"dispute_evidence_submitted",
	"dispute_expired",
	"dispute_accepted",
	"dispute_canceled",
	"dispute_resolved",
	"dispute_won",
	"dispute_lost",
	"dispute_arbitration_won",
	"dispute_arbitration_lost",
}

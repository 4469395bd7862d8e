package adyen

// WebhookEvents are the events that the account's standard webhook needs; the first
// ones are part of it by itself, those of disputes and EXPIRE are switched on in its
// settings. Others tell the hub nothing more. TECHNICAL_CANCEL tells how the
// cancellation of a payment ended whose shopper had just come back.
var WebhookEvents = []string{
	"AUTHORISATION",
	"CAPTURE",
	"CAPTURE_FAILED",
	"CANCELLATION",
	"TECHNICAL_CANCEL",
	"REFUND",
	"REFUND_FAILED",
	"REFUNDED_REVERSED",
	"EXPIRE",
	"REQUEST_FOR_INFORMATION",
	"NOTIFICATION_OF_CHARGEBACK",
	"CHARGEBACK",
	"INFORMATION_SUPPLIED",
	"CHARGEBACK_REVERSED",
	"SECOND_CHARGEBACK",
	"PREARBITRATION_OPEN",
	"PREARBITRATION_WON",
	"PREARBITRATION_LOST",
	"ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
	"DISPUTE_DEFENSE_PERIOD_ENDED",
}

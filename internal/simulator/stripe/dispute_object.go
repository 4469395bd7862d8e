package stripe

// dispute is a shopper's objection at the issuer: a chargeback, or an inquiry
// (the statuses that begin with warning), which moves no money.
type dispute struct {
	ID                   string               `json:"id"`
	Object               string               `json:"object"`
	Amount               int64                `json:"amount"`
	BalanceTransactions  []balanceTransaction `json:"balance_transactions"`
	Charge               string               `json:"charge"`
	Created              int64                `json:"created"`
	Currency             string               `json:"currency"`
	Evidence             map[string]*string   `json:"evidence"`
	EvidenceDetails      evidenceDetails      `json:"evidence_details"`
	IsChargeRefundable   bool                 `json:"is_charge_refundable"`
	Livemode             bool                 `json:"livemode"`
	Metadata             map[string]string    `json:"metadata"`
	NetworkReasonCode    *string              `json:"network_reason_code"`
	PaymentIntent        string               `json:"payment_intent"`
	PaymentMethodDetails disputedMethod       `json:"payment_method_details"`
	Reason               string               `json:"reason"`
	Status               string               `json:"status"`
}

type evidenceDetails struct {
	DueBy           int64 `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int64 `json:"submission_count"`
}

type disputedMethod struct {
	Card disputedCard `json:"card"`
	Type string       `json:"type"`
}

type disputedCard struct {
	Brand             string  `json:"brand"`
	NetworkReasonCode *string `json:"network_reason_code"`
}

// The statuses of a dispute.
const (
	needsResponse        = "needs_response"
	underReview          = "under_review"
	disputeWon           = "won"
	disputeLost          = "lost"
	warningNeedsResponse = "warning_needs_response"
	warningUnderReview   = "warning_under_review"
	warningClosed        = "warning_closed"
)

// disputeMoves are the statuses that each open status can change to.
var disputeMoves = map[string][]string{
	needsResponse:        {underReview, disputeWon, disputeLost},
	underReview:          {disputeWon, disputeLost},
	warningNeedsResponse: {warningUnderReview, warningClosed},
	warningUnderReview:   {warningClosed},
}

// disputeReasons are Stripe's categories, with Visa's own codes for those that
// have exactly one.
var disputeReasons = map[string]string{
	"bank_cannot_process": "", "check_returned": "", "credit_not_processed": "13.6", "customer_initiated": "",
	"debit_not_authorized": "", "duplicate": "12.6.1", "fraudulent": "10.4", "general": "", "incorrect_account_details": "",
	"insufficient_funds": "", "product_not_received": "13.1", "product_unacceptable": "13.3", "subscription_canceled": "13.2",
	"unrecognized": "",
}

// evidenceFields are what a merchant can say or show. Files are named by id.
var evidenceFields = []string{
	"access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal",
	"customer_communication", "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
	"duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt",
	"refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
	"shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
	"uncategorized_file", "uncategorized_text",
}

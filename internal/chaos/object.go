package chaos

// The API's and the provider's objects, written down here again from the
// contracts: what judges the hub shares no code with it.

// Intent is a payment as the hub tells it. Amounts are in minor units.
type Intent struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Status           string            `json:"status"`
	ClientSecret     string            `json:"client_secret"`
	Amount           int64             `json:"amount"`
	Currency         string            `json:"currency"`
	CaptureMethod    string            `json:"capture_method"`
	AmountCapturable int64             `json:"amount_capturable"`
	AmountCaptured   int64             `json:"amount_captured"`
	AmountRefunded   int64             `json:"amount_refunded"`
	Metadata         map[string]string `json:"metadata"`
	NextAction       *struct {
		URL string `json:"url"`
	} `json:"next_action"`
}

// Refund is a refund as the hub tells it.
type Refund struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Status   string `json:"status"`
	IntentID string `json:"intent_id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// The statuses.
const (
	requiresConfirmation  = "requires_confirmation"
	requiresPaymentMethod = "requires_payment_method"
	requiresAction        = "requires_action"
	processing            = "processing"
	requiresCapture       = "requires_capture"
	succeeded             = "succeeded"
	failed                = "failed"
	canceled              = "canceled"
	expired               = "expired"

	pending = "pending" // of a refund, beside succeeded and failed
)

// Charge is a charge in the simulator's record.
type Charge struct {
	ID             string `json:"id"`
	Amount         int64  `json:"amount"`
	Currency       string `json:"currency"` // lower case
	Status         string `json:"status"`
	AmountCaptured int64  `json:"amount_captured"`
	AmountRefunded int64  `json:"amount_refunded"`
	Metadata       ours   `json:"metadata"`
}

// Return is a refund in the simulator's record.
type Return struct {
	ID       string `json:"id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"` // lower case
	Status   string `json:"status"`
	Metadata ours   `json:"metadata"`
}

// Dispute is a dispute as the hub tells it.
type Dispute struct {
	ID        string `json:"id"`
	IntentID  string `json:"intent_id"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Reference string `json:"gateway_reference"`
	Withdrawn bool   `json:"withdrawn"`
}

// Complaint is a dispute in the simulator's record.
type Complaint struct {
	ID        string `json:"id"`
	Charge    string `json:"charge"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`  // lower case
	Withdrawn int64  `json:"withdrawn"` // what the provider holds back because of it
}

// ours are the hub's ids that its adapter leaves at the provider.
type ours struct {
	PaymentID string `json:"payment_id"`
	RefundID  string `json:"refund_id"`
}

// Told is one answer that a client got.
type Told struct {
	Step     int // of the plan; -1 after its end
	Act      Act
	Payment  int    // index in the plan; of ActList, the merchant's number
	Key      string // Idempotency-Key; "" of reads
	Method   string
	Path     string
	Sent     []byte `json:"-"` // body; it may hold a card number
	Asked    int64  // amount of a capture or refund; 0 means all
	BeganAt  int64  // of the try that was answered, in nanoseconds since the campaign began
	EndedAt  int64
	Status   int    // HTTP
	Replayed bool   // the answer is an earlier one
	Raw      []byte `json:"-"`

	Code   string  // of an error
	Param  string  // of an error
	Intent *Intent // in the answer, or in its error
	Refund *Refund
}

// Violation is one promise that did not hold.
type Violation struct {
	Rule   string `json:"rule"`
	Object string `json:"object"`
	What   string `json:"what"`
}

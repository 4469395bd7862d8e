package checkout

import "time"

// paymentRequest is the body of POST /payments.
// Source of all messages: api-reference.checkout.com.
type paymentRequest struct {
	Source              cardSource        `json:"source"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	PaymentType         string            `json:"payment_type"`
	Reference           string            `json:"reference"`
	Description         string            `json:"description,omitempty"`
	Capture             bool              `json:"capture"`
	ProcessingChannelID string            `json:"processing_channel_id"`
	ThreeDS             *threeDSRequest   `json:"3ds,omitempty"`
	SuccessURL          string            `json:"success_url,omitempty"`
	FailureURL          string            `json:"failure_url,omitempty"`
	Metadata            map[string]string `json:"metadata"`
}

type cardSource struct {
	Type              string `json:"type"`
	Number            string `json:"number"`
	ExpiryMonth       int    `json:"expiry_month"`
	ExpiryYear        int    `json:"expiry_year"`
	Name              string `json:"name,omitempty"`
	CVV               string `json:"cvv,omitempty"`
	StoreForFutureUse bool   `json:"store_for_future_use"`
}

type threeDSRequest struct {
	Enabled            bool   `json:"enabled"`
	AttemptN3D         bool   `json:"attempt_n3d"`
	ChallengeIndicator string `json:"challenge_indicator"`
}

// actionRequest is the body of a capture, void or refund.
type actionRequest struct {
	Amount    int64             `json:"amount,omitempty"` // voids have none
	Reference string            `json:"reference"`
	Metadata  map[string]string `json:"metadata"`
}

// accepted answers a capture, void or refund.
type accepted struct {
	ActionID  string `json:"action_id"`
	Reference string `json:"reference"`
}

// paymentAnswer is a payment, as a request or a look-up answers it.
type paymentAnswer struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Reference string   `json:"reference"`
	Amount    int64    `json:"amount"`
	Currency  string   `json:"currency"`
	AuthCode  string   `json:"auth_code"`
	ExpiresOn string   `json:"expires_on"`
	Balances  balances `json:"balances"`
	Metadata  notes    `json:"metadata"`
	Links     struct {
		Redirect struct {
			Href string `json:"href"`
		} `json:"redirect"`
	} `json:"_links"`
	result
}

type balances struct {
	TotalAuthorized int64 `json:"total_authorized"`
	TotalCaptured   int64 `json:"total_captured"`
}

// result is what the issuer, or Checkout.com before it, said.
type result struct {
	ResponseCode string     `json:"response_code"`
	Processing   processing `json:"processing"`
}

// processing is what came with it from the card scheme: its own response code (ISO
// 8583 field 39), Mastercard's merchant advice code, and Checkout.com's advice.
type processing struct {
	PartnerResponseCode       string `json:"partner_response_code"`
	PartnerMerchantAdviceCode string `json:"partner_merchant_advice_code"`
	RecommendationCode        string `json:"recommendation_code"`
}

// action is one movement of a payment, or an attempt at one.
type action struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Amount    int64  `json:"amount"`
	Approved  *bool  `json:"approved"`
	AuthCode  string `json:"auth_code"`
	Reference string `json:"reference"`
	Metadata  notes  `json:"metadata"`
	result
}

// notes are metadata, in which others may write what is no text.
type notes map[string]any

// ours is an id of ours, which anyone with access to the account can write: what
// cannot be an id is none.
func (n notes) ours(name string) string {
	text, _ := n[name].(string)
	return identifier(text)
}

func identifier(s string) string {
	if !isWord(s) {
		return ""
	}
	return s
}

// The types of actions.
const (
	typeAuthorization = "Authorization"
	typeCapture       = "Capture"
	typeVoid          = "Void"
	typeRefund        = "Refund"
)

// The statuses of a payment that say something to the hub.
const (
	statusPending           = "Pending"
	statusAuthorized        = "Authorized"
	statusDeclined          = "Declined"
	statusCanceled          = "Canceled"
	statusVoided            = "Voided"
	statusExpired           = "Expired"
	statusPartiallyCaptured = "Partially Captured"
	statusCaptured          = "Captured"
	statusPartiallyRefunded = "Partially Refunded"
	statusRefunded          = "Refunded"
)

// moment reads a time of Checkout.com's; zero for what is none.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

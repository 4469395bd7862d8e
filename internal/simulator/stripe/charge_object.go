package stripe

type charge struct {
	ID                            string               `json:"id"`
	Object                        string               `json:"object"`
	Amount                        int64                `json:"amount"`
	AmountCaptured                int64                `json:"amount_captured"`
	AmountRefunded                int64                `json:"amount_refunded"`
	Application                   *string              `json:"application"`
	ApplicationFee                *string              `json:"application_fee"`
	ApplicationFeeAmount          *int64               `json:"application_fee_amount"`
	BalanceTransaction            *string              `json:"balance_transaction"`
	BillingDetails                billingDetails       `json:"billing_details"`
	CalculatedStatementDescriptor *string              `json:"calculated_statement_descriptor"`
	Captured                      bool                 `json:"captured"`
	Created                       int64                `json:"created"`
	Currency                      string               `json:"currency"`
	Customer                      *string              `json:"customer"`
	Description                   *string              `json:"description"`
	Disputed                      bool                 `json:"disputed"`
	FailureBalanceTransaction     *string              `json:"failure_balance_transaction"`
	FailureCode                   *string              `json:"failure_code"`
	FailureMessage                *string              `json:"failure_message"`
	FraudDetails                  struct{}             `json:"fraud_details"`
	Invoice                       *string              `json:"invoice"`
	Livemode                      bool                 `json:"livemode"`
	Metadata                      map[string]string    `json:"metadata"`
	OnBehalfOf                    *string              `json:"on_behalf_of"`
	Outcome                       outcome              `json:"outcome"`
	Paid                          bool                 `json:"paid"`
	PaymentIntent                 string               `json:"payment_intent"`
	PaymentMethod                 string               `json:"payment_method"`
	PaymentMethodDetails          paymentMethodDetails `json:"payment_method_details"`
	RadarOptions                  struct{}             `json:"radar_options"`
	ReceiptEmail                  *string              `json:"receipt_email"`
	ReceiptNumber                 *string              `json:"receipt_number"`
	ReceiptURL                    *string              `json:"receipt_url"`
	Refunded                      bool                 `json:"refunded"`
	Refunds                       *string              `json:"refunds"` // a list when expanded
	Review                        *string              `json:"review"`
	Shipping                      *shipping            `json:"shipping"`
	SourceTransfer                *string              `json:"source_transfer"`
	StatementDescriptor           *string              `json:"statement_descriptor"`
	DescriptorSuffix              *string              `json:"statement_descriptor_suffix"`
	Status                        string               `json:"status"`
	TransferData                  *string              `json:"transfer_data"`
	TransferGroup                 *string              `json:"transfer_group"`
}

// outcome is what the network and the fraud check said. The three codes are
// newer than 2023-10-16; Stripe answers them whatever the version asked for.
type outcome struct {
	AdviceCode         *string `json:"advice_code"`
	NetworkAdviceCode  *string `json:"network_advice_code"`
	NetworkDeclineCode *string `json:"network_decline_code"`
	NetworkStatus      string  `json:"network_status"`
	Reason             *string `json:"reason"`
	RiskLevel          string  `json:"risk_level"`
	RiskScore          int64   `json:"risk_score"`
	SellerMessage      string  `json:"seller_message"`
	Type               string  `json:"type"`
}

type paymentMethodDetails struct {
	Card chargedCard `json:"card"`
	Type string      `json:"type"`
}

type chargedCard struct {
	AmountAuthorized         *int64        `json:"amount_authorized"`
	AuthorizationCode        *string       `json:"authorization_code"`
	Brand                    string        `json:"brand"`
	CaptureBefore            *int64        `json:"capture_before,omitempty"`
	Checks                   cardChecks    `json:"checks"`
	Country                  string        `json:"country"`
	ExpMonth                 int64         `json:"exp_month"`
	ExpYear                  int64         `json:"exp_year"`
	ExtendedAuthorization    featureStatus `json:"extended_authorization"`
	Fingerprint              string        `json:"fingerprint"`
	Funding                  string        `json:"funding"`
	IncrementalAuthorization featureStatus `json:"incremental_authorization"`
	Installments             *string       `json:"installments"`
	Last4                    string        `json:"last4"`
	Mandate                  *string       `json:"mandate"`
	Multicapture             featureStatus `json:"multicapture"`
	Network                  string        `json:"network"`
	NetworkToken             networkToken  `json:"network_token"`
	NetworkTransactionID     *string       `json:"network_transaction_id"`
	Overcapture              overcapture   `json:"overcapture"`
	ThreeDSecure             *threeDSecure `json:"three_d_secure"`
	Wallet                   *string       `json:"wallet"`
}

type featureStatus struct {
	Status string `json:"status"`
}

type networkToken struct {
	Used bool `json:"used"`
}

type overcapture struct {
	MaximumAmountCapturable int64  `json:"maximum_amount_capturable"`
	Status                  string `json:"status"`
}

// threeDSecure is the result of an authentication that the shopper completed.
type threeDSecure struct {
	AuthenticationFlow          *string `json:"authentication_flow"`
	ElectronicCommerceIndicator *string `json:"electronic_commerce_indicator"`
	ExemptionIndicator          *string `json:"exemption_indicator"`
	Result                      *string `json:"result"`
	ResultReason                *string `json:"result_reason"`
	TransactionID               *string `json:"transaction_id"`
	Version                     *string `json:"version"`
}

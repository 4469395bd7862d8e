package stripe

// The objects of Stripe's API, version 2023-10-16, with every field it answers.
// A nil pointer is JSON's null. id comes first in each: see docID.

const apiVersion = "2023-10-16"

type paymentIntent struct {
	ID                      string                   `json:"id"`
	Object                  string                   `json:"object"`
	Amount                  int64                    `json:"amount"`
	AmountCapturable        int64                    `json:"amount_capturable"`
	AmountDetails           amountDetails            `json:"amount_details"`
	AmountReceived          int64                    `json:"amount_received"`
	Application             *string                  `json:"application"`
	ApplicationFeeAmount    *int64                   `json:"application_fee_amount"`
	AutomaticPaymentMethods *automaticPaymentMethods `json:"automatic_payment_methods"`
	CanceledAt              *int64                   `json:"canceled_at"`
	CancellationReason      *string                  `json:"cancellation_reason"`
	CaptureMethod           string                   `json:"capture_method"`
	ClientSecret            string                   `json:"client_secret"`
	ConfirmationMethod      string                   `json:"confirmation_method"`
	Created                 int64                    `json:"created"`
	Currency                string                   `json:"currency"`
	Customer                *string                  `json:"customer"`
	Description             *string                  `json:"description"`
	Invoice                 *string                  `json:"invoice"`
	LastPaymentError        *apiError                `json:"last_payment_error"`
	LatestCharge            *string                  `json:"latest_charge"`
	Livemode                bool                     `json:"livemode"`
	Metadata                map[string]string        `json:"metadata"`
	NextAction              *nextAction              `json:"next_action"`
	OnBehalfOf              *string                  `json:"on_behalf_of"`
	PaymentMethod           *string                  `json:"payment_method"`
	PaymentMethodConfig     *string                  `json:"payment_method_configuration_details"`
	PaymentMethodOptions    paymentMethodOptions     `json:"payment_method_options"`
	PaymentMethodTypes      []string                 `json:"payment_method_types"`
	Processing              *string                  `json:"processing"`
	ReceiptEmail            *string                  `json:"receipt_email"`
	Review                  *string                  `json:"review"`
	SetupFutureUsage        *string                  `json:"setup_future_usage"`
	Shipping                *shipping                `json:"shipping"`
	StatementDescriptor     *string                  `json:"statement_descriptor"`
	DescriptorSuffix        *string                  `json:"statement_descriptor_suffix"`
	Status                  string                   `json:"status"`
	TransferData            *string                  `json:"transfer_data"`
	TransferGroup           *string                  `json:"transfer_group"`
}

type amountDetails struct {
	Tip struct{} `json:"tip"`
}

type automaticPaymentMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

type nextAction struct {
	RedirectToURL redirectToURL `json:"redirect_to_url"`
	Type          string        `json:"type"`
}

type redirectToURL struct {
	ReturnURL *string `json:"return_url"`
	URL       string  `json:"url"`
}

type paymentMethodOptions struct {
	Card cardOptions `json:"card"`
}

type cardOptions struct {
	Installments        *string `json:"installments"`
	MandateOptions      *string `json:"mandate_options"`
	Network             *string `json:"network"`
	RequestThreeDSecure string  `json:"request_three_d_secure"`
}

type address struct {
	City       *string `json:"city"`
	Country    *string `json:"country"`
	Line1      *string `json:"line1"`
	Line2      *string `json:"line2"`
	PostalCode *string `json:"postal_code"`
	State      *string `json:"state"`
}

type shipping struct {
	Address        address `json:"address"`
	Carrier        *string `json:"carrier"`
	Name           *string `json:"name"`
	Phone          *string `json:"phone"`
	TrackingNumber *string `json:"tracking_number"`
}

type billingDetails struct {
	Address address `json:"address"`
	Email   *string `json:"email"`
	Name    *string `json:"name"`
	Phone   *string `json:"phone"`
}

type paymentMethod struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	BillingDetails billingDetails    `json:"billing_details"`
	Card           card              `json:"card"`
	Created        int64             `json:"created"`
	Customer       *string           `json:"customer"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`
}

type card struct {
	Brand             string       `json:"brand"`
	Checks            cardChecks   `json:"checks"`
	Country           string       `json:"country"`
	DisplayBrand      string       `json:"display_brand"`
	ExpMonth          int64        `json:"exp_month"`
	ExpYear           int64        `json:"exp_year"`
	Fingerprint       string       `json:"fingerprint"`
	Funding           string       `json:"funding"`
	GeneratedFrom     *string      `json:"generated_from"`
	Last4             string       `json:"last4"`
	Networks          networks     `json:"networks"`
	ThreeDSecureUsage threeDSUsage `json:"three_d_secure_usage"`
	Wallet            *string      `json:"wallet"`
}

type cardChecks struct {
	AddressLine1 *string `json:"address_line1_check"`
	PostalCode   *string `json:"address_postal_code_check"`
	CVC          *string `json:"cvc_check"`
}

type networks struct {
	Available []string `json:"available"`
	Preferred *string  `json:"preferred"`
}

type threeDSUsage struct {
	Supported bool `json:"supported"`
}

type customer struct {
	ID                  string            `json:"id"`
	Object              string            `json:"object"`
	Address             *address          `json:"address"`
	Balance             int64             `json:"balance"`
	Created             int64             `json:"created"`
	Currency            *string           `json:"currency"`
	DefaultSource       *string           `json:"default_source"`
	Delinquent          bool              `json:"delinquent"`
	Description         *string           `json:"description"`
	Discount            *string           `json:"discount"`
	Email               *string           `json:"email"`
	InvoicePrefix       string            `json:"invoice_prefix"`
	InvoiceSettings     invoiceSettings   `json:"invoice_settings"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	Name                *string           `json:"name"`
	NextInvoiceSequence int64             `json:"next_invoice_sequence"`
	Phone               *string           `json:"phone"`
	PreferredLocales    []string          `json:"preferred_locales"`
	Shipping            *shipping         `json:"shipping"`
	TaxExempt           string            `json:"tax_exempt"`
	TestClock           *string           `json:"test_clock"`
}

type invoiceSettings struct {
	CustomFields         *string `json:"custom_fields"`
	DefaultPaymentMethod *string `json:"default_payment_method"`
	Footer               *string `json:"footer"`
	RenderingOptions     *string `json:"rendering_options"`
}

type refund struct {
	ID                     string             `json:"id"`
	Object                 string             `json:"object"`
	Amount                 int64              `json:"amount"`
	BalanceTransaction     *string            `json:"balance_transaction"`
	Charge                 string             `json:"charge"`
	Created                int64              `json:"created"`
	Currency               string             `json:"currency"`
	DestinationDetails     destinationDetails `json:"destination_details"`
	FailureTransaction     *string            `json:"failure_balance_transaction,omitempty"`
	FailureReason          *string            `json:"failure_reason,omitempty"`
	Metadata               map[string]string  `json:"metadata"`
	PaymentIntent          *string            `json:"payment_intent"`
	Reason                 *string            `json:"reason"`
	ReceiptNumber          *string            `json:"receipt_number"`
	SourceTransferReversal *string            `json:"source_transfer_reversal"`
	Status                 string             `json:"status"`
	TransferReversal       *string            `json:"transfer_reversal"`
}

type destinationDetails struct {
	Card cardDestination `json:"card"`
	Type string          `json:"type"`
}

type cardDestination struct {
	ReferenceStatus string `json:"reference_status"`
	ReferenceType   string `json:"reference_type"`
	Type            string `json:"type"`
}

type balanceTransaction struct {
	ID                string      `json:"id"`
	Object            string      `json:"object"`
	Amount            int64       `json:"amount"`
	AvailableOn       int64       `json:"available_on"`
	Created           int64       `json:"created"`
	Currency          string      `json:"currency"`
	Description       *string     `json:"description"`
	ExchangeRate      *int64      `json:"exchange_rate"`
	Fee               int64       `json:"fee"`
	FeeDetails        []feeDetail `json:"fee_details"`
	Net               int64       `json:"net"`
	ReportingCategory string      `json:"reporting_category"`
	Source            string      `json:"source"`
	Status            string      `json:"status"`
	Type              string      `json:"type"`
}

type feeDetail struct {
	Amount      int64   `json:"amount"`
	Application *string `json:"application"`
	Currency    string  `json:"currency"`
	Description string  `json:"description"`
	Type        string  `json:"type"`
}

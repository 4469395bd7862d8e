package paypal

import (
	"time"

	"paymenthub/internal/payment"
)

// Paths of the API. Source: developer.paypal.com/docs/api/orders/v2, …/payments/v2.
const (
	ordersPath         = "/v2/checkout/orders"
	authorizationsPath = "/v2/payments/authorizations/"
	capturesPath       = "/v2/payments/captures/"
)

// Statuses of orders.
const (
	orderCreated  = "CREATED"
	orderSaved    = "SAVED"
	orderWaiting  = "PAYER_ACTION_REQUIRED"
	orderApproved = "APPROVED"
	orderVoided   = "VOIDED"
)

// Statuses of what was moved.
const (
	statusCreated           = "CREATED"
	statusPending           = "PENDING"
	statusCompleted         = "COMPLETED"
	statusCaptured          = "CAPTURED"
	statusPartiallyCaptured = "PARTIALLY_CAPTURED"
	statusVoided            = "VOIDED"
	statusDenied            = "DENIED"
	statusDeclined          = "DECLINED"
	statusFailed            = "FAILED"
	statusCanceled          = "CANCELLED"
	statusRefunded          = "REFUNDED"
	statusPartiallyRefunded = "PARTIALLY_REFUNDED"
)

const (
	intentCapture   = "CAPTURE"
	intentAuthorize = "AUTHORIZE"
)

// orderRequest asks for an order.
type orderRequest struct {
	Intent        string        `json:"intent"`
	PurchaseUnits []unitRequest `json:"purchase_units"`
	PaymentSource source        `json:"payment_source"`
}

type unitRequest struct {
	ReferenceID    string `json:"reference_id"`
	CustomID       string `json:"custom_id"`
	InvoiceID      string `json:"invoice_id"`
	Description    string `json:"description,omitempty"`
	SoftDescriptor string `json:"soft_descriptor,omitempty"`
	Amount         amount `json:"amount"`
}

type source struct {
	PayPal struct {
		ExperienceContext experience `json:"experience_context"`
	} `json:"paypal"`
}

type experience struct {
	// IMMEDIATE_PAYMENT_REQUIRED leaves out bank transfers that clear in days.
	PaymentMethodPreference string `json:"payment_method_preference"`
	ShippingPreference      string `json:"shipping_preference"`
	UserAction              string `json:"user_action"`
	ReturnURL               string `json:"return_url"`
	CancelURL               string `json:"cancel_url"`
}

// order is an order as PayPal answers it.
type order struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	Intent        string `json:"intent"`
	PurchaseUnits []unit `json:"purchase_units"`
	Links         []link `json:"links"`
}

type unit struct {
	CustomID string   `json:"custom_id"`
	Amount   amount   `json:"amount"`
	Payments payments `json:"payments"`
}

type payments struct {
	Authorizations []authorization `json:"authorizations"`
	Captures       []capture       `json:"captures"`
	Refunds        []refund        `json:"refunds"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// movement is what authorizations, captures and refunds have in common.
type movement struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	StatusDetails struct {
		Reason string `json:"reason"`
	} `json:"status_details"`
	Amount            amount    `json:"amount"`
	CustomID          string    `json:"custom_id"`
	InvoiceID         string    `json:"invoice_id"`
	CreateTime        time.Time `json:"create_time"`
	UpdateTime        time.Time `json:"update_time"`
	SupplementaryData struct {
		RelatedIDs relatedIDs `json:"related_ids"`
	} `json:"supplementary_data"`
}

// relatedIDs are told in webhooks, and when a capture is read by itself.
type relatedIDs struct {
	OrderID         string `json:"order_id"`
	AuthorizationID string `json:"authorization_id"`
}

type authorization struct {
	movement
	ExpirationTime time.Time `json:"expiration_time"`
}

type capture struct {
	movement
	Breakdown breakdown `json:"seller_receivable_breakdown"`
}

// breakdown is what the seller gets of a capture.
type breakdown struct {
	Gross *amount `json:"gross_amount"`
	Fee   *amount `json:"paypal_fee"`
	// Receivable, without the fee, and FeeInReceivable are told when it is credited in
	// another currency.
	Receivable      *amount `json:"receivable_amount"`
	FeeInReceivable *amount `json:"paypal_fee_in_receivable_currency"`
}

type refund struct{ movement }

// unit is the one unit of an order that the hub made.
func (o *order) unit() unit { return o.PurchaseUnits[0] }

// untaken reports whether PayPal neither holds nor took anything for the order.
func (o *order) untaken() bool {
	p := o.unit().Payments
	return len(p.Authorizations) == 0 && len(p.Captures) == 0
}

// authorization is the order's hold, nil when there is none.
func (o *order) authorization() *authorization {
	if held := o.unit().Payments.Authorizations; len(held) > 0 {
		return &held[len(held)-1]
	}
	return nil
}

// captured is what was taken: the capture that counts, or the last that was refused;
// nil when nothing was tried.
func (o *order) captured() *capture {
	all := o.unit().Payments.Captures
	for i := range all {
		if all[i].Status != statusDeclined && all[i].Status != statusFailed {
			return &all[i]
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &all[len(all)-1]
}

// approvalURL is where the shopper approves the order, "" when PayPal does not say.
func (o *order) approvalURL() string {
	for _, l := range o.Links {
		if l.Rel == "payer-action" || l.Rel == "approve" {
			return l.Href
		}
	}
	return ""
}

// intentOf is PayPal's word for the kind of a payment.
func intentOf(kind payment.TransactionKind) string {
	if kind == payment.Sale {
		return intentCapture
	}
	return intentAuthorize
}

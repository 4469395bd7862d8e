package checkout

import (
	"maps"
	"time"

	"paymenthub/internal/simulator/chassis"
)

type (
	link struct {
		Href string `json:"href"`
	}
	links map[string]link
)

// paymentView is a payment as the API answers it. What a request answers and what a
// look-up finds differ in a few fields.
type paymentView struct {
	ID              string         `json:"id"`
	ActionID        string         `json:"action_id,omitempty"`
	RequestedOn     *time.Time     `json:"requested_on,omitempty"`
	ProcessedOn     *time.Time     `json:"processed_on,omitempty"`
	ExpiresOn       *time.Time     `json:"expires_on,omitempty"`
	Source          *sourceView    `json:"source,omitempty"`
	Amount          int64          `json:"amount,omitempty"`
	Currency        string         `json:"currency,omitempty"`
	Reference       string         `json:"reference,omitempty"`
	Description     string         `json:"description,omitempty"`
	Approved        *bool          `json:"approved,omitempty"`
	Status          string         `json:"status"`
	AuthCode        string         `json:"auth_code,omitempty"`
	ResponseCode    string         `json:"response_code,omitempty"`
	ResponseSummary string         `json:"response_summary,omitempty"`
	Balances        *balances      `json:"balances,omitempty"`
	ThreeDS         *threeDS       `json:"3ds,omitempty"`
	SchemeID        string         `json:"scheme_id,omitempty"`
	Processing      *processing    `json:"processing,omitempty"`
	Metadata        map[string]any `json:"metadata,omitempty"`
	Links           links          `json:"_links"`
}

type sourceView struct {
	Type        string `json:"type"`
	ExpiryMonth int    `json:"expiry_month"`
	ExpiryYear  int    `json:"expiry_year"`
	Name        string `json:"name,omitempty"`
	Scheme      string `json:"scheme"`
	Last4       string `json:"last4"`
	Fingerprint string `json:"fingerprint"`
	BIN         string `json:"bin"`
}

type balances struct {
	TotalAuthorized    int64 `json:"total_authorized"`
	TotalVoided        int64 `json:"total_voided"`
	AvailableToVoid    int64 `json:"available_to_void"`
	TotalCaptured      int64 `json:"total_captured"`
	AvailableToCapture int64 `json:"available_to_capture"`
	TotalRefunded      int64 `json:"total_refunded"`
	AvailableToRefund  int64 `json:"available_to_refund"`
}

type threeDS struct {
	Downgraded bool   `json:"downgraded"`
	Enrolled   string `json:"enrolled"`
}

// processing is what the acquirer and the card scheme said.
type processing struct {
	AcquirerTransactionID     string `json:"acquirer_transaction_id,omitempty"`
	RecommendationCode        string `json:"recommendation_code,omitempty"`
	PartnerResponseCode       string `json:"partner_response_code,omitempty"`
	PartnerMerchantAdviceCode string `json:"partner_merchant_advice_code,omitempty"`
}

// actionView is an action as the API answers it.
type actionView struct {
	ID              string         `json:"id"`
	Type            string         `json:"type"`
	ProcessedOn     time.Time      `json:"processed_on"`
	Amount          int64          `json:"amount"`
	Approved        *bool          `json:"approved,omitempty"`
	AuthCode        string         `json:"auth_code,omitempty"`
	ResponseCode    string         `json:"response_code,omitempty"`
	ResponseSummary string         `json:"response_summary,omitempty"`
	Reference       string         `json:"reference,omitempty"`
	Processing      *processing    `json:"processing,omitempty"`
	Metadata        map[string]any `json:"metadata,omitempty"`
}

// schemes are the names of the brands.
var schemes = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "diners": "Diners Club International",
	"discover": "Discover", "jcb": "JCB", "unionpay": "UnionPay", "unknown": "Unknown",
}

func (r result) processing(card chassis.Card) *processing {
	if r.Code == "" || r.Raw == "" {
		return nil
	}
	said := &processing{PartnerResponseCode: r.Raw, PartnerMerchantAdviceCode: r.Advice}
	if !r.approved() && card.Brand != "unknown" {
		said.RecommendationCode = r.Advice
	}
	return said
}

func (a action) view(card chassis.Card) actionView {
	v := actionView{
		ID: a.ID, Type: a.Type, ProcessedOn: a.At, Amount: a.Amount, AuthCode: a.AuthCode, ResponseCode: a.Result.Code,
		ResponseSummary: a.Result.Summary, Reference: a.Reference, Processing: a.Result.processing(card), Metadata: a.Metadata,
	}
	if !a.open() {
		is := a.Result.approved()
		v.Approved = &is
	}
	return v
}

func (p *payment) source() *sourceView {
	return &sourceView{
		Type: "card", ExpiryMonth: p.Card.ExpMonth, ExpiryYear: p.Card.ExpYear, Name: p.Holder, Scheme: schemes[p.Card.Brand],
		Last4: p.Card.Last4, Fingerprint: p.Card.Fingerprint, BIN: p.Card.BIN,
	}
}

func (p *payment) balances() *balances {
	b := &balances{
		TotalAuthorized: p.total(typeAuthorization, false), TotalVoided: p.total(typeVoid, false),
		TotalCaptured: p.total(typeCapture, false), TotalRefunded: p.total(typeRefund, false),
	}
	if p.status() == statusAuthorized {
		b.AvailableToCapture, b.AvailableToVoid = b.TotalAuthorized, b.TotalAuthorized
	}
	b.AvailableToRefund = b.TotalCaptured - p.total(typeRefund, true)
	return b
}

func (p *payment) links(base string) links {
	self := base + "/payments/" + p.ID
	found := links{"self": {self}, "actions": {self + "/actions"}}
	switch p.status() {
	case statusPending:
		found["redirect"] = link{p.Redirect}
	case statusAuthorized:
		found["capture"], found["void"] = link{self + "/captures"}, link{self + "/voids"}
	case statusCaptured, statusPartiallyCaptured, statusPartiallyRefunded:
		found["refund"] = link{self + "/refunds"}
	}
	return found
}

// pending answers a payment that waits for the shopper.
func (p *payment) pending(base string) paymentView {
	return paymentView{
		ID: p.ID, Status: p.status(), Reference: p.Reference, ThreeDS: &threeDS{Enrolled: "Y"}, Links: p.links(base),
	}
}

// decided answers a payment that its issuer has decided.
func (p *payment) decided(base string) paymentView {
	a := p.Actions[0]
	is, status := a.Result.approved(), statusDeclined
	if is {
		status = statusAuthorized
	}
	v := paymentView{
		ID: p.ID, ActionID: a.ID, ProcessedOn: &a.At, Source: p.source(), Amount: p.Amount, Currency: p.Currency, Reference: p.Reference,
		Approved: &is, Status: status, AuthCode: a.AuthCode, ResponseCode: a.Result.Code, ResponseSummary: a.Result.Summary,
		SchemeID: p.SchemeID, Processing: a.Result.processing(p.Card), Links: p.links(base),
		ThreeDS: &threeDS{Downgraded: true, Enrolled: "N"},
	}
	if is {
		v.ExpiresOn, v.Balances = &p.ExpiresOn, p.balances()
	}
	return v
}

// details answers a look-up.
func (p *payment) details(base string) paymentView {
	is := p.total(typeAuthorization, false) > 0
	v := paymentView{
		ID: p.ID, RequestedOn: &p.RequestedOn, Source: p.source(), Amount: p.Amount, Currency: p.Currency, Reference: p.Reference,
		Description: p.Description, Approved: &is, Status: p.status(), Balances: p.balances(), SchemeID: p.SchemeID,
		Metadata: p.Metadata, Links: p.links(base),
	}
	if p.SessionID != "" {
		v.ThreeDS = &threeDS{Enrolled: "Y"}
	}
	if is {
		v.ExpiresOn = &p.ExpiresOn
	}
	return v
}

// metadataOf is the payment's metadata with that of an action over it.
func (p *payment) metadataOf(a action) map[string]any {
	all := maps.Clone(p.Metadata)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, a.Metadata)
	return all
}

package adyen

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

// The states of a payment.
const (
	waiting    = "waiting" // for the shopper
	authorised = "authorised"
	refused    = "refused"
	cancelled  = "cancelled"
)

// payment is an object of chassis.KindPayment, under its pspReference.
type payment struct {
	PSP             string            `json:"psp"`
	MerchantAccount string            `json:"merchant_account"`
	Reference       string            `json:"reference"`
	Amount          amount            `json:"amount"`
	Manual          bool              `json:"manual"`
	Metadata        map[string]string `json:"metadata"`
	ReturnURL       string            `json:"return_url"`
	Card            chassis.Card      `json:"card"`
	Status          string            `json:"status"`
	Key             string            `json:"key"` // of the call that made it
	Refusal         refusal           `json:"refusal"`
	AuthCode        string            `json:"auth_code"`
	// Answered says that the shopper came back, Authenticated how.
	Answered      bool  `json:"answered"`
	Authenticated bool  `json:"authenticated"`
	Captured      int64 `json:"captured"`
	Refunded      int64 `json:"refunded"`
	Refunding     int64 `json:"refunding"` // by refunds that have not ended
}

// What payments can be listed by.
const (
	refReference = "reference:"
	refResult    = "result:"
)

type payRequest struct {
	MerchantAccount   string
	Amount            amount
	Reference         string
	ReturnURL         string `json:"returnUrl"`
	CaptureDelayHours *int
	AdditionalData    map[string]string
	Metadata          map[string]string
	PaymentMethod     struct {
		Type, Number, Cvc, ExpiryMonth, ExpiryYear string
	}
	AuthenticationData struct{ AttemptAuthentication string }
}

// pay is POST /payments.
func (s *Simulator) pay(r *chassis.Request) (chassis.Effect, error) {
	var body payRequest
	if err := read(r, &body, &body.MerchantAccount); err != nil {
		return nil, err
	}
	card, err := s.check(body)
	if err != nil {
		return nil, err
	}
	p := &payment{
		PSP: newPSP(), MerchantAccount: body.MerchantAccount, Reference: body.Reference, Amount: body.Amount, Metadata: body.Metadata,
		ReturnURL: body.ReturnURL, Card: card, Key: r.Key,
		Manual: body.AdditionalData["manualCapture"] == "true" || body.CaptureDelayHours != nil && *body.CaptureDelayHours > 0,
	}
	challenge := card.Issuer.Challenge() || body.AuthenticationData.AttemptAuthentication == "always"
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		if challenge {
			return p.sendAway(tx)
		}
		err := p.decide(tx)
		return chassis.JSON(http.StatusOK, p.view()), err
	}, nil
}

// check refuses what Adyen does not even ask the issuer about.
func (s *Simulator) check(body payRequest) (chassis.Card, error) {
	switch m := body.PaymentMethod; {
	case body.Reference == "":
		return chassis.Card{}, invalid("130", "Reference Missing")
	case body.Amount.Value <= 0:
		return chassis.Card{}, invalid("137", "Invalid amount specified")
	case !body.Amount.known():
		return chassis.Card{}, invalid("138", "Unsupported currency specified")
	case m.Type != "scheme":
		return chassis.Card{}, invalid("905", "Payment details are not supported")
	default:
		month, _ := strconv.Atoi(m.ExpiryMonth)
		year, _ := strconv.Atoi(m.ExpiryYear)
		card, err := s.ReadCard(m.Number, month, year, m.Cvc)
		var wrong *chassis.CardError
		if errors.As(err, &wrong) {
			return card, map[string]error{
				chassis.PartNumber: invalid("101", "Invalid card number"),
				chassis.PartExpiry: invalid("129", "Expiry Date Invalid"),
				chassis.PartCVC:    invalid("103", "CVC is not the right length"),
			}[wrong.Part]
		}
		return card, err
	}
}

// sendAway sends the shopper to their issuer's page.
func (p *payment) sendAway(tx *chassis.Tx) (chassis.Answer, error) {
	minor, err := p.Amount.minor()
	if err != nil {
		return chassis.Answer{}, err
	}
	p.Status = waiting
	page, err := tx.OpenPage(p.Reference, chassis.Page{
		Title: "Is this payment yours?", Text: "This page stands in for your card issuer. It is a test: no money moves.",
		Amount: minor, Currency: p.Amount.Currency, LeaveURL: p.ReturnURL,
	})
	return chassis.JSON(http.StatusOK, map[string]any{
		"resultCode": "RedirectShopper",
		"action":     map[string]string{"type": "redirect", "method": http.MethodGet, "paymentMethodType": "scheme", "url": page},
	}), errors.Join(err, p.save(tx))
}

// answered is the shopper's answer on the page of a payment.
func answered(tx *chassis.Tx, reference string, approved bool) (back string, err error) {
	p, err := newest(tx, reference)
	if err != nil || p == nil || p.Status != waiting || p.Answered {
		return "", err
	}
	p.Answered, p.Authenticated = true, approved
	result := chassis.NewID("", chassis.Base62, 32)
	u, err := url.Parse(p.ReturnURL)
	if err != nil {
		return "", p.save(tx, refResult+result)
	}
	query := u.Query()
	query.Set("redirectResult", result)
	u.RawQuery = query.Encode()
	return u.String(), p.save(tx, refResult+result)
}

// newest is the last payment of a reference, nil when there is none.
func newest(q *chassis.Tx, reference string) (*payment, error) {
	return first(chassis.Docs[payment](q, chassis.Listing{
		Account: q.Account, Kind: chassis.KindPayment, Ref: refReference + reference, Newest: true, Limit: 1,
	}))
}

func first(found []*payment, err error) (*payment, error) {
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// details is POST /payments/details: what the shopper came back with.
func (s *Simulator) details(r *chassis.Request) (chassis.Effect, error) {
	var body struct {
		Details struct {
			RedirectResult string `json:"redirectResult"`
		}
	}
	if err := read(r, &body, nil); err != nil {
		return nil, err
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p, err := first(chassis.Docs[payment](tx, chassis.Listing{
			Account: tx.Account, Kind: chassis.KindPayment, Ref: refResult + body.Details.RedirectResult, Limit: 1,
		}))
		switch {
		case err != nil:
			return chassis.Answer{}, err
		case p == nil:
			return chassis.Answer{}, invalid("14_019", "Invalid redirectResult")
		case p.Status != waiting: // it is over
		case !p.Authenticated:
			err = p.refuse(tx, notAuthenticated)
		default:
			err = p.decide(tx)
		}
		return chassis.JSON(http.StatusOK, p.view()), err
	}, nil
}

// decide asks the issuer.
func (p *payment) decide(tx *chassis.Tx) error {
	if p.Card.Issuer.Declined() {
		return p.refuse(tx, refusalOf(p.Card.Issuer))
	}
	p.Status, p.AuthCode = authorised, chassis.NewID("", "0123456789", 6)
	err := p.tellAuthorisation(tx, done, p.AuthCode+":"+p.Card.Last4+":"+expiry(p.Card))
	if !p.Manual {
		return errors.Join(err, p.capture(tx, p.Amount.Value))
	}
	return errors.Join(err, p.save(tx), p.witness(tx))
}

func (p *payment) refuse(tx *chassis.Tx, why refusal) error {
	p.Status, p.Refusal = refused, why
	return errors.Join(p.save(tx), p.tellAuthorisation(tx, notDone, why.Reason))
}

// capture takes an amount; the owner of some cards objects at once.
func (p *payment) capture(tx *chassis.Tx, value int64) error {
	p.Captured = value
	if err := errors.Join(p.save(tx), p.witness(tx)); err != nil {
		return err
	}
	disputes, inquiry := p.Card.Issuer.Disputes()
	if !disputes {
		return nil
	}
	_, err := openDispute(tx, p.PSP, chassis.Complaint{Inquiry: inquiry})
	return err
}

// view is the payment as the API answers it.
func (p *payment) view() map[string]any {
	view := map[string]any{
		"pspReference": p.PSP, "merchantReference": p.Reference, "amount": p.Amount, "additionalData": p.additional(),
		"paymentMethod": map[string]string{"type": "scheme", "brand": p.Card.Brand},
	}
	switch p.Status {
	case authorised:
		view["resultCode"] = "Authorised"
	case refused:
		view["resultCode"], view["refusalReason"], view["refusalReasonCode"] = p.Refusal.Result, p.Refusal.Reason, p.Refusal.Code
	default:
		view["resultCode"], view["refusalReason"], view["refusalReasonCode"] = "Cancelled", "Cancelled", "15"
	}
	return view
}

func (p *payment) save(tx *chassis.Tx, refs ...string) error {
	return tx.Save(chassis.KindPayment, p.PSP, p, append(refs, refReference+p.Reference)...)
}

// witness writes down what was charged.
func (p *payment) witness(tx *chassis.Tx) error {
	of := func(value int64) int64 {
		minor, _ := amount{p.Amount.Currency, value}.minor() // it was checked
		return minor
	}
	return tx.WitnessCharge(simulator.Charge{
		ID: p.PSP, PaymentIntent: p.PSP, Amount: of(p.Amount.Value), Currency: strings.ToLower(p.Amount.Currency),
		AmountCaptured: of(p.Captured), AmountRefunded: of(p.Refunded), IdempotencyKey: p.Key, Metadata: chassis.Marshal(p.Metadata),
	}, p.Status == cancelled)
}

package checkout

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/bojanz/currency"

	"paymenthub/internal/simulator/chassis"
)

const (
	maxAmount    = 999_999_999 // nine digits
	maxReference = 50
)

// paymentRequest is the body of POST /payments, as far as it is known here.
type paymentRequest struct {
	Source struct {
		Type        string `json:"type"`
		Number      string `json:"number"`
		ExpiryMonth int    `json:"expiry_month"`
		ExpiryYear  int    `json:"expiry_year"`
		Name        string `json:"name"`
		CVV         string `json:"cvv"`
	} `json:"source"`
	Amount              int64  `json:"amount"`
	Currency            string `json:"currency"`
	Reference           string `json:"reference"`
	Description         string `json:"description"`
	Capture             *bool  `json:"capture"`
	ProcessingChannelID string `json:"processing_channel_id"`
	ThreeDS             struct {
		Enabled            bool   `json:"enabled"`
		AttemptN3D         bool   `json:"attempt_n3d"`
		ChallengeIndicator string `json:"challenge_indicator"`
	} `json:"3ds"`
	SuccessURL string         `json:"success_url"`
	FailureURL string         `json:"failure_url"`
	Metadata   map[string]any `json:"metadata"`
}

// cardErrors are the codes for the parts of a card.
var cardErrors = map[string]string{
	chassis.PartNumber: "card_number_invalid", chassis.PartExpiry: "card_expired", chassis.PartCVC: "cvv_invalid",
}

// requestPayment is POST /payments.
func (s *Simulator) requestPayment(r *chassis.Request) (chassis.Effect, error) {
	var body paymentRequest
	if json.Unmarshal(r.Body, &body) != nil {
		return nil, invalid(http.StatusUnprocessableEntity, "request_json_invalid")
	}
	if code := body.wrong(); code != "" {
		return nil, invalid(http.StatusUnprocessableEntity, code)
	}
	card, err := s.ReadCard(body.Source.Number, body.Source.ExpiryMonth, body.Source.ExpiryYear, body.Source.CVV)
	if wrong := (*chassis.CardError)(nil); errors.As(err, &wrong) {
		return nil, invalid(http.StatusUnprocessableEntity, cardErrors[wrong.Part])
	}
	return func(tx *chassis.Tx) (chassis.Answer, error) {
		p := &payment{
			ID: chassis.NewID("pay_", chassis.Base32, 26), Reference: body.Reference, Description: body.Description,
			Amount: body.Amount, Currency: body.Currency, Capture: body.Capture == nil || *body.Capture, Card: card, Holder: body.Source.Name,
			Metadata: body.Metadata, SuccessURL: body.SuccessURL, FailureURL: body.FailureURL, RequestedOn: tx.Now(),
		}
		if body.challenged(card) {
			return p.challenge(tx)
		}
		issuer := said(card.Issuer)
		if card.Issuer.Challenge() && !body.ThreeDS.Enabled {
			issuer = authenticationRequired
		}
		err := p.decide(tx, issuer, false)
		return chassis.JSON(http.StatusCreated, p.decided(tx.BaseURL)), err
	}, nil
}

// wrong is the code of what is wrong with the request, "" when nothing is.
func (b paymentRequest) wrong() string {
	digits, known := currency.GetDigits(b.Currency)
	switch {
	case b.Source.Type == "":
		return "payment_source_required"
	case b.Source.Type != "card":
		return "source_invalid"
	case b.ProcessingChannelID == "":
		return "processing_channel_id_required"
	case !known:
		return "currency_invalid"
	case b.Amount < 1 || b.Amount > maxAmount || digits == 3 && b.Amount%10 != 0 || b.Amount%perMinor(b.Currency) != 0:
		return "amount_invalid"
	case len(b.Reference) > maxReference:
		return "reference_invalid"
	case b.ThreeDS.Enabled && !webAddress(b.SuccessURL):
		return "success_url_invalid"
	case b.ThreeDS.Enabled && !webAddress(b.FailureURL):
		return "fail_url_invalid"
	default:
		return ""
	}
}

// challenged tells whether the shopper is sent to their issuer.
func (b paymentRequest) challenged(card chassis.Card) bool {
	return b.ThreeDS.Enabled && (card.Issuer.Challenge() || b.ThreeDS.ChallengeIndicator == "challenge_requested_mandate")
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// perMinor is how many of Checkout.com's unit are a minor unit by ISO 4217: Chilean
// pesos are counted with two decimals, which must be 00.
// Source: checkout.com/docs/resources/calculating-the-amount.
func perMinor(code string) int64 {
	if code == "CLP" {
		return 100
	}
	return 1
}

func minor(amount int64, code string) int64 { return amount / perMinor(code) }

// challenge sends the shopper to their issuer before the card is charged.
func (p *payment) challenge(tx *chassis.Tx) (chassis.Answer, error) {
	p.SessionID = chassis.NewID("sid_", chassis.Base32, 26)
	var err error
	p.Redirect, err = tx.OpenPage(p.ID, chassis.Page{
		Title: "Is this payment yours?", Text: "This is a test of your bank's 3-D Secure check. No real money moves.",
		Amount: minor(p.Amount, p.Currency), Currency: p.Currency, LeaveURL: returnTo(p.FailureURL, p.SessionID),
	})
	err = errors.Join(err, p.save(tx), p.tell(tx, "payment_pending", action{Amount: p.Amount, At: tx.Now()}))
	return chassis.JSON(http.StatusAccepted, p.pending(tx.BaseURL)), err
}

// answered goes on with a payment after the shopper's answer to their issuer.
func answered(tx *chassis.Tx, id string, approved bool) (string, error) {
	p, err := load(tx, tx.Account, id)
	if err != nil {
		return "", err
	}
	issuer := authenticationFailed
	if approved {
		p.Authenticated, issuer = true, said(p.Card.Issuer)
	}
	if err := p.decide(tx, issuer, true); err != nil {
		return "", err
	}
	if p.Declined {
		return returnTo(p.FailureURL, p.SessionID), nil
	}
	return returnTo(p.SuccessURL, p.SessionID), nil
}

// returnTo is the merchant's page with what Checkout.com adds to its address.
func returnTo(address, session string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	query := u.Query()
	query.Set("cko-session-id", session)
	u.RawQuery = query.Encode()
	return u.String()
}

package checkout

import (
	"cmp"

	"paymenthub/internal/simulator/chassis"
)

// result is how Checkout.com says what became of an action.
// Source: checkout.com/docs/resources/codes/response-codes.
type result struct {
	Code    string // of five characters; "" while nothing is known
	Summary string
	Raw     string // the issuer's response code, as the card scheme sent it
	Advice  string // Mastercard's merchant advice code
}

const codeApproved = "10000"

func (r result) approved() bool { return r.Code == codeApproved }

var (
	approved               = result{Code: codeApproved, Summary: "Approved", Raw: "00"}
	authenticationFailed   = result{Code: "20151", Summary: "Cardholder failed 3DS authentication"}
	authenticationRequired = result{Code: "20154", Summary: "3DS authentication required", Raw: "1A"}
	refundReturned         = result{Code: "20046", Summary: "Bank decline"}
)

// results are those whose code is not the issuer's own with 200 before it.
var results = map[chassis.Meaning]result{
	chassis.LostCard:   {Code: "30041", Summary: "Lost card - Pick up"},
	chassis.StolenCard: {Code: "30043", Summary: "Stolen card - Pick up"},
	chassis.Fraudulent: {Code: "40101", Summary: "Risk blocked transaction"},
}

// said is what the issuer says to a card, in Checkout.com's words.
func said(card chassis.TestCard) result {
	if !card.Declined() {
		return approved
	}
	known := results[card.Meaning]
	return result{
		Code: cmp.Or(known.Code, "200"+card.ResponseCode), Summary: cmp.Or(known.Summary, card.Message),
		Raw: card.ResponseCode, Advice: card.AdviceCode,
	}
}

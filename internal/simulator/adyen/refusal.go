package adyen

import (
	"fmt"

	"paymenthub/internal/simulator/chassis"
)

// refusal is why a payment was refused.
type refusal struct {
	Result string `json:"result"` // Refused, Error or Cancelled
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Raw    string `json:"raw"`    // the issuer's answer
	Advice string `json:"advice"` // Mastercard's
}

var notAuthenticated = refusal{Result: "Refused", Code: "11", Reason: "3D Not Authenticated"}

// refusals are Adyen's words for what the issuers of test cards say.
// Source: docs.adyen.com/development-resources/refusal-reasons.
var refusals = map[chassis.Meaning]refusal{
	chassis.DoNotHonor:        {Result: "Refused", Code: "2", Reason: "Refused"},
	chassis.RefusedWhenPaid:   {Result: "Refused", Code: "2", Reason: "Refused"},
	chassis.InsufficientFunds: {Result: "Refused", Code: "12", Reason: "Not enough balance"},
	chassis.LostCard:          {Result: "Refused", Code: "5", Reason: "Blocked Card"},
	chassis.StolenCard:        {Result: "Refused", Code: "5", Reason: "Blocked Card"},
	chassis.ExpiredCard:       {Result: "Refused", Code: "6", Reason: "Expired Card"},
	chassis.IncorrectCVC:      {Result: "Refused", Code: "24", Reason: "CVC Declined"},
	chassis.ProcessingError:   {Result: "Error", Code: "4", Reason: "Acquirer Error"},
	chassis.Fraudulent:        {Result: "Refused", Code: "20", Reason: "FRAUD"},
}

var adviceTexts = map[string]string{
	"01": "New account information available", "02": "Try again later", "03": "Do not try again",
}

func refusalOf(issuer chassis.TestCard) refusal {
	r, known := refusals[issuer.Meaning]
	if !known {
		r = refusal{Result: "Refused", Code: "2", Reason: "Refused"}
	}
	if issuer.ResponseCode != "" {
		r.Raw = issuer.ResponseCode + " : " + issuer.Message
	}
	if issuer.AdviceCode != "" {
		r.Advice = issuer.AdviceCode + " : " + adviceTexts[issuer.AdviceCode]
	}
	return r
}

// additional are the additional fields of a payment's answer and webhook.
func (p *payment) additional() map[string]string {
	fields := map[string]string{"cardBin": p.Card.BIN, "cardSummary": p.Card.Last4, "expiryDate": expiry(p.Card)}
	for name, value := range map[string]string{
		"authCode": p.AuthCode, "refusalReasonRaw": p.Refusal.Raw, "merchantAdviceCode": p.Refusal.Advice,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	if p.Status == authorised {
		fields["refusalReasonRaw"] = "AUTHORISED"
	}
	return fields
}

func expiry(c chassis.Card) string { return fmt.Sprintf("%d/%d", c.ExpMonth, c.ExpYear) }

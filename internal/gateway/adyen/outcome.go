package adyen

import (
	"encoding/json"
	"net/url"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// approvedCode is ISO 8583's field 39 for an approval. Adyen tells that the issuer
// approved, not the code, which then is this one.
const approvedCode = "00"

// result is an answer of /payments or /payments/details. The library's own types read
// nothing of an answer in which one field, of the many that accounts can add, is not
// as expected.
type result struct {
	PSPReference      string  `json:"pspReference"`
	ResultCode        string  `json:"resultCode"`
	RefusalReason     string  `json:"refusalReason"`
	RefusalReasonCode string  `json:"refusalReasonCode"`
	MerchantReference string  `json:"merchantReference"`
	Amount            *amount `json:"amount"`
	Action            struct {
		Type   string `json:"type"`
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"action"`
	AdditionalData additional `json:"additionalData"`
}

type amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

// additional are Adyen's additional fields, which are strings where the hub reads them.
type additional map[string]any

func (a additional) text(name string) string {
	text, _ := a[name].(string)
	return text
}

// Result codes. Source: docs.adyen.com/online-payments/payment-result-codes.
const (
	resultAuthorised   = "Authorised"
	resultPartially    = "PartiallyAuthorised"
	resultRefused      = "Refused"
	resultError        = "Error"
	resultCancelled    = "Cancelled"
	resultReceived     = "Received"
	resultPending      = "Pending"
	resultRedirect     = "RedirectShopper"
	resultIdentify     = "IdentifyShopper"
	resultChallenge    = "ChallengeShopper"
	actionTypeToFollow = "redirect"
)

// ofPayment reads what became of an authorization or sale.
func ofPayment(r answer, c gateway.Call, kind payment.TransactionKind, otherwise payment.DeclineCode) payment.Outcome {
	if !r.accepted() {
		return refusedBy(c, r, otherwise)
	}
	var p result
	if json.Unmarshal(r.body, &p) != nil || p.ResultCode == "" {
		return payment.Unknown("the answer is not a payment")
	}
	if p.MerchantReference != "" && p.MerchantReference != reference(c, kind) {
		return payment.Unknown("Adyen's payment carries another reference than ours")
	}
	o := p.outcome(c)
	if o.GatewayReference = wordOf(p.PSPReference); o.GatewayReference == "" && o.Class == payment.OutcomeActionRequired {
		// Adyen has no other name of it until it is completed.
		o.GatewayReference = reference(c, kind)
	}
	o.TransactionReference = o.GatewayReference
	if o.Class == payment.OutcomeSucceeded && o.GatewayReference == "" {
		return payment.Unknown("the payment has no pspReference")
	}
	return o
}

// tellsOf reports whether an answer names the transaction itself, and the amount of
// what it authorised.
func (r answer) tellsOf(c gateway.Call, kind payment.TransactionKind) bool {
	var p result
	if json.Unmarshal(r.body, &p) != nil || p.MerchantReference != reference(c, kind) {
		return false
	}
	authorised := p.ResultCode == resultAuthorised || p.ResultCode == resultPartially
	return !authorised || p.Amount != nil
}

func (p result) outcome(c gateway.Call) payment.Outcome {
	switch p.ResultCode {
	case resultAuthorised, resultPartially:
		return p.approved(c)
	case resultRefused, resultError, resultCancelled:
		return declinedAs(refusal{
			code: p.RefusalReasonCode, reason: p.RefusalReason,
			raw: p.AdditionalData.text("refusalReasonRaw"), advice: p.AdditionalData.text("merchantAdviceCode"),
		})
	case resultReceived, resultPending:
		return payment.Outcome{Class: payment.OutcomeAccepted}
	case resultRedirect:
		u, err := url.Parse(p.Action.URL)
		if err != nil || u.Host == "" || p.Action.Type != actionTypeToFollow || p.Action.Method != methodGET {
			return payment.Unknown("the shopper must act, and Adyen does not say where")
		}
		return payment.Outcome{Class: payment.OutcomeActionRequired, RedirectURL: p.Action.URL}
	case resultIdentify, resultChallenge:
		// Nothing is authorised, and the hub has no page for what Adyen asks for.
		return declinedBy(payment.DeclineGatewayConfiguration, asWord(p.ResultCode))
	default:
		return payment.Unknown("the payment has a result that the hub does not know")
	}
}

// approved is a success. An answer that is repeated for a call with another amount
// tells the amount of the first.
func (p result) approved(c gateway.Call) payment.Outcome {
	o := payment.Outcome{
		Class: payment.OutcomeSucceeded, Amount: c.Amount.Minor, ResponseCode: approvedCode, AuthCode: wordOf(p.AdditionalData.text("authCode")),
	}
	if p.Amount == nil {
		if p.ResultCode == resultPartially {
			return payment.Unknown("a part was authorised, and Adyen does not say how much")
		}
		return o
	}
	m, err := fromAdyen(p.Amount.Value, p.Amount.Currency)
	if err != nil || m.Currency != c.Amount.Currency {
		return payment.Unknown("the payment's amount or currency cannot be read")
	}
	o.Amount = m.Minor
	return o
}

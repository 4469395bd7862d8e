package checkout

import (
	"net/http"
	"slices"

	"paymenthub/internal/payment"
)

// declinedAs makes the outcome of a refusal by the issuer, or by Checkout.com in its
// place.
func declinedAs(said result) payment.Outcome {
	d := said.decline()
	return payment.Outcome{Class: payment.OutcomeDeclined, Decline: &d, ResponseCode: d.IssuerCode}
}

// declinedBy makes a decline that needs no reading.
func declinedBy(code payment.DeclineCode, gatewayCode string) payment.Outcome {
	d := payment.NewDecline(code)
	d.GatewayCode = gatewayCode
	return payment.Declined(d)
}

func (r result) decline() payment.Decline {
	code, known := responseCodes[r.ResponseCode]
	if !known {
		code = payment.DeclineGeneric
	}
	d := payment.NewDecline(code)
	d.IssuerCode, d.NetworkAdvice, d.GatewayCode = r.issuerCode(), twoCharacters(r.Processing.PartnerMerchantAdviceCode), word(r.ResponseCode)
	d.Advice = r.advise(d.Advice)
	return d
}

// issuerCode is the issuer's response code, ISO 8583 field 39: the scheme's own, or
// else what Checkout.com's code is made of.
func (r result) issuerCode() string {
	if code := twoCharacters(r.Processing.PartnerResponseCode); code != "" {
		return code
	}
	switch code := r.ResponseCode; {
	case code == codeApproved:
		return "00"
	case len(code) == 5 && (code[:3] == "200" || code[:3] == "300"):
		return twoCharacters(code[3:])
	default:
		return ""
	}
}

// advise lets what the network and Checkout.com advise for this very decline go
// before the taxonomy's general advice, except that nothing lifts a "never".
func (r result) advise(general payment.Advice) payment.Advice {
	network, own := payment.AdviceOfNetwork(r.Processing.PartnerMerchantAdviceCode), recommendations[r.Processing.RecommendationCode]
	never := slices.Contains(neverAgain, r.ResponseCode) || network == payment.AdviceNeverRetry || own == payment.AdviceNeverRetry
	switch {
	case general == payment.AdviceNeverRetry || never:
		return payment.AdviceNeverRetry
	case general == payment.AdviceAuthenticate:
		return general
	case network != "":
		return network
	case own != "":
		return own
	default:
		return general
	}
}

// twoCharacters keeps a network's two-character code and drops everything else.
func twoCharacters(s string) string {
	if len(s) != 2 || !isWord(s) {
		return ""
	}
	return s
}

// requestDecline reads the refusal of a request, which no issuer ever saw.
func requestDecline(no *refusal) payment.Decline {
	code, told := payment.DeclineGatewayConfiguration, ""
	if no.Status == http.StatusNotFound {
		code, told = payment.DeclineState, "payment_not_found"
	}
	for _, one := range no.Codes {
		if told == "" {
			told = word(one)
		}
		if known, ok := errorCodes[one]; ok {
			code, told = known, one
			break
		}
	}
	d := payment.NewDecline(code)
	d.GatewayCode = told
	return d
}

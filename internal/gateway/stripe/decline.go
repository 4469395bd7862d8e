package stripe

import (
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/payment"
)

// refusal is what Stripe and the network say of a decline.
type refusal struct {
	code        stripe.ErrorCode
	declineCode stripe.DeclineCode
	network     networkWords
}

func readRefusal(e *stripe.Error, network networkWords) refusal {
	return refusal{code: e.Code, declineCode: e.DeclineCode, network: network}
}

// declinedAs makes the outcome of a refusal.
func declinedAs(r refusal) payment.Outcome {
	d := r.decline()
	return payment.Outcome{Class: payment.OutcomeDeclined, Decline: &d, ResponseCode: d.IssuerCode}
}

// declinedBy makes a decline that needs no reading.
func declinedBy(code payment.DeclineCode, gatewayCode string) payment.Outcome {
	d := payment.NewDecline(code)
	d.GatewayCode = gatewayCode
	return payment.Declined(d)
}

func (r refusal) decline() payment.Decline {
	issuer, advice := networkCode(r.network.NetworkDeclineCode), networkCode(r.network.NetworkAdviceCode)
	code, known := declineCodes[r.declineCode]
	if !known {
		code, known = errorCodes[r.code]
	}
	if !known {
		code = payment.DeclineGeneric
	}
	if code == payment.DeclineGeneric {
		if told, ok := payment.DeclineOfIssuer(issuer); ok {
			code = told
		}
	}
	d := payment.NewDecline(code)
	d.IssuerCode, d.NetworkAdvice = issuer, advice
	d.GatewayCode = word(string(r.declineCode))
	if r.declineCode == "" {
		d.GatewayCode = word(string(r.code))
	}
	d.Advice = r.advise(d.Advice)
	return d
}

// advise lets what Stripe and the network advise for this very decline go
// before the taxonomy's general advice, except that nothing lifts a "never".
func (r refusal) advise(general payment.Advice) payment.Advice {
	never := slices.Contains(neverAgain, r.declineCode) || r.network.AdviceCode == "do_not_try_again" ||
		payment.AdviceOfNetwork(r.network.NetworkAdviceCode) == payment.AdviceNeverRetry
	switch {
	case general == payment.AdviceNeverRetry || never:
		return payment.AdviceNeverRetry
	case general == payment.AdviceAuthenticate:
		return general
	case stripeAdvice[r.network.AdviceCode] != "":
		return stripeAdvice[r.network.AdviceCode]
	case payment.AdviceOfNetwork(r.network.NetworkAdviceCode) != "":
		return payment.AdviceOfNetwork(r.network.NetworkAdviceCode)
	default:
		return general
	}
}

// networkCode keeps a network's two-character code and drops everything else.
func networkCode(s string) string {
	if w := word(s); len(s) == 2 && w != "none" {
		return w
	}
	return ""
}

// stripeAdvice maps advice_code.
// Source: docs.stripe.com/declines/codes, "Advice codes".
var stripeAdvice = map[string]payment.Advice{
	"try_again_later":   payment.AdviceTryLater,
	"confirm_card_data": payment.AdviceCheckCard,
}

// neverAgain are the decline codes that forbid a retry by themselves, whatever
// reason they are filed under.
var neverAgain = []stripe.DeclineCode{
	stripe.DeclineCodeDoNotTryAgain,
	stripe.DeclineCodeStopPaymentOrder,
	stripe.DeclineCodeRevocationOfAuthorization,
	stripe.DeclineCodeRevocationOfAllAuthorizations,
}

// requestDecline reads the refusal of a request, which no issuer ever saw.
func requestDecline(answer *stripe.Error) payment.Decline {
	code, ok := errorCodes[answer.Code]
	switch {
	case ok:
	case strings.HasPrefix(answer.Param, "amount"):
		code = payment.DeclineAmount
	case answer.Param == "currency":
		code = payment.DeclineCurrency
	case answer.Param == "payment_method": // a kept card that was detached, or is not there
		code = payment.DeclineMethodDetached
	default:
		code = payment.DeclineGatewayConfiguration
	}
	d := payment.NewDecline(code)
	if answer.Code != "" {
		d.GatewayCode = word(string(answer.Code))
	}
	return d
}

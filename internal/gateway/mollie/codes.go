package mollie

import (
	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/payment"
)

// failureReasons map a failed payment's details.failureReason, which Mollie tells of
// Bancontact payments, as of cards, and not of iDEAL and PayPal. It passes on neither
// the issuer's code nor a network's advice.
// Source: docs.mollie.com/reference/get-payment, "details", "Bancontact" and "Card".
var failureReasons = map[mollie.FailureReason]payment.DeclineCode{
	mollie.ReasonAuthenticationAbandoned:      payment.DeclineAuthentication,
	"authentication_failed":                   payment.DeclineAuthentication,
	"authentication_required":                 payment.DeclineAuthenticationNeeded,
	mollie.ReasonAuthenticationUnavailableACS: payment.DeclineAuthentication,
	"card_declined":                           payment.DeclineGeneric,
	mollie.ReasonCardExpired:                  payment.DeclineExpiredCard,
	mollie.ReasonInactiveCard:                 payment.DeclineNotPermitted,
	mollie.ReasonInsufficientFunds:            payment.DeclineInsufficientFunds,
	mollie.ReasonInvalidCCV:                   payment.DeclineIncorrectCVC,
	"invalid_cvv":                             payment.DeclineIncorrectCVC,
	mollie.ReasonInvalidCardHolderName:        payment.DeclineGeneric,
	mollie.ReasonInvalidCardNumber:            payment.DeclineIncorrectNumber,
	mollie.ReasonInvalidCardType:              payment.DeclineCardNotSupported,
	mollie.ReasonPossibleFraud:                payment.DeclineFraud,
	mollie.ReasonRefusedByIssuer:              payment.DeclineDoNotHonor,
	mollie.ReasonUnknown:                      payment.DeclineGeneric,
}

// unpaid words the end of a payment that the shopper could still have paid until
// then. Without a reason it did not get past the shopper's bank or PayPal account,
// where they may try once more.
func unpaid(status string, reason mollie.FailureReason) payment.Outcome {
	code, told := failureReasons[reason]
	if !told {
		code = payment.DeclineAuthentication
	}
	if status == statusCanceled { // by the shopper, by us, or in Mollie's dashboard
		code = payment.DeclineState
	}
	d := payment.NewDecline(code)
	d.GatewayCode = status
	if reason != "" && status == statusFailed {
		d.GatewayCode = word(string(reason))
	}
	switch {
	case status == statusCanceled:
		d.Advice, d.Message = payment.AdviceOtherMethod, "The payment was canceled before it was paid. Let the shopper try again or pay in another way."
	case status == statusExpired:
		d.Message = "The shopper did not pay in time. Let them try again."
	case !told:
		d.Advice, d.Message = payment.AdviceOtherMethod, "The shopper's bank or wallet did not pay. Let them try again or pay in another way."
	}
	return payment.Declined(d)
}

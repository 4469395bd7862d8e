package stripe

// testOutcome is what the issuer, or the fraud check before it, says to a card.
type testOutcome struct {
	name string
	// code and declineCode are Stripe's; an empty code is an approval.
	code, declineCode string
	// issuerCode is the issuer's response code (ISO 8583 field 39, and the card
	// networks' additions to it).
	issuerCode string
	// adviceCode is Stripe's advice, networkAdvice Mastercard's merchant advice code.
	adviceCode, networkAdvice string
	message                   string
	blocked                   bool // by the fraud check; never sent to the issuer
	challenge                 bool // asks for 3-D Secure
	attaches                  bool // can be attached to a customer although it is refused
	refund                    refundCourse
	complaint                 complaint // made as soon as the money is captured
}

// refundCourse is what becomes of a card's refunds: the status they begin with,
// empty for succeeded, and the one they settle in later, empty for never.
type refundCourse struct{ first, last string }

var (
	approved      = testOutcome{name: "approved"}
	challenged    = testOutcome{name: "challenged", challenge: true}
	detached      = testOutcome{name: "detached"} // of a payment method, which then is used up
	needsShopper  = testOutcome{name: "authentication_required", code: "authentication_required", declineCode: "authentication_required", issuerCode: "1A", message: "Your card was declined. This transaction requires authentication."}
	outcomesByPAN = map[string]testOutcome{
		"4000002760003184": challenged,
		"4000000000007726": {name: "pending_refund", refund: refundCourse{refundPending, refundSucceeded}},
		"4000000000005126": {name: "failed_refund", refund: refundCourse{refundSucceeded, refundFailed}},
		"4000000000000002": {name: "generic_decline", code: "card_declined", declineCode: "generic_decline", issuerCode: "05", adviceCode: "try_again_later", message: "Your card was declined."},
		"4000000000000341": {name: "declined_after_attaching", code: "card_declined", declineCode: "generic_decline", issuerCode: "05", adviceCode: "try_again_later", message: "Your card was declined.", attaches: true},
		"4000000000009995": {name: "insufficient_funds", code: "card_declined", declineCode: "insufficient_funds", issuerCode: "51", adviceCode: "try_again_later", networkAdvice: "02", message: "Your card has insufficient funds."},
		"4000000000009987": {name: "lost_card", code: "card_declined", declineCode: "lost_card", issuerCode: "41", adviceCode: "do_not_try_again", networkAdvice: "03", message: "Your card was declined."},
		"4000000000009979": {name: "stolen_card", code: "card_declined", declineCode: "stolen_card", issuerCode: "43", adviceCode: "do_not_try_again", networkAdvice: "03", message: "Your card was declined."},
		"4000000000000069": {name: "expired_card", code: "expired_card", declineCode: "expired_card", issuerCode: "54", adviceCode: "confirm_card_data", networkAdvice: "01", message: "Your card has expired."},
		"4000000000000127": {name: "incorrect_cvc", code: "incorrect_cvc", declineCode: "incorrect_cvc", issuerCode: "N7", adviceCode: "confirm_card_data", networkAdvice: "01", message: "Your card's security code is incorrect."},
		"4000000000000119": {name: "processing_error", code: "processing_error", declineCode: "processing_error", issuerCode: "96", adviceCode: "try_again_later", message: "An error occurred while processing your card. Try again in a little bit."},
		"4000000000002685": {name: "disputed_not_received", complaint: complaint{reason: "product_not_received"}},
		"4000000000001976": {name: "inquiry", complaint: complaint{reason: "unrecognized", inquiry: true}},
		"4000000000000259": {name: "fraudulent", code: "card_declined", declineCode: "fraudulent", message: "Your card was declined.", blocked: true},
	}
	outcomesByName = nameOutcomes()
)

func nameOutcomes() map[string]testOutcome {
	named := map[string]testOutcome{approved.name: approved, detached.name: detached}
	for _, result := range outcomesByPAN {
		named[result.name] = result
	}
	return named
}

// outcomeOf is what the issuer of a card number will say: an approval, unless
// the number is one of the test cards.
func outcomeOf(number string) testOutcome {
	if result, ok := outcomesByPAN[number]; ok {
		return result
	}
	return approved
}

const blockedRiskScore = 92

// outcome is the charge's outcome for this answer. The risk score of an
// approved card is below 40 and always the same for one card.
func (o testOutcome) outcome(fingerprint string) outcome {
	score := int64(fingerprint[0]) % 40
	switch {
	case o.blocked:
		return outcome{
			NetworkStatus: "not_sent_to_network", Reason: pointer("highest_risk_level"), RiskLevel: "highest",
			RiskScore: blockedRiskScore, SellerMessage: "Stripe blocked this payment as too risky.", Type: "blocked",
		}
	case o.code != "":
		return outcome{
			AdviceCode: optional(o.adviceCode), NetworkAdviceCode: optional(o.networkAdvice), NetworkDeclineCode: optional(o.issuerCode),
			NetworkStatus: "declined_by_network", Reason: pointer(o.declineCode), RiskLevel: "normal", RiskScore: score,
			SellerMessage: "The bank returned the decline code `" + o.declineCode + "`.", Type: "issuer_declined",
		}
	default:
		return outcome{
			NetworkStatus: "approved_by_network", RiskLevel: "normal", RiskScore: score,
			SellerMessage: "Payment complete.", Type: "authorized",
		}
	}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

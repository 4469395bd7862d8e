package adyen

import (
	"regexp"
	"strings"

	"paymenthub/internal/payment"
)

// refusal is what Adyen and the network say of a decline.
type refusal struct {
	code, reason string // Adyen's; a webhook has the reason alone
	raw          string // the issuer's answer: "05 : Do not honor"
	advice       string // Mastercard's: "03 : Do not try again"
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
	issuer, advice := leadingCode(r.raw), leadingCode(r.advice)
	code, number, word := payment.DeclineGeneric, "", "none"
	for _, known := range refusals {
		if r.code == known.code || r.code == "" && strings.EqualFold(r.reason, known.reason) {
			code, number, word = known.decline, known.code, asWord(known.reason)
			break
		}
	}
	if code == payment.DeclineGeneric {
		if told, ok := payment.DeclineOfIssuer(issuer); ok {
			code = told
		}
	}
	d := payment.NewDecline(code)
	d.IssuerCode, d.NetworkAdvice, d.GatewayCode = issuer, advice, word
	switch {
	case neverAgain[number] || payment.AdviceOfNetwork(advice) == payment.AdviceNeverRetry:
		d.Advice = payment.AdviceNeverRetry
	case payment.AdviceOfNetwork(advice) != "" && d.Advice != payment.AdviceNeverRetry && d.Advice != payment.AdviceAuthenticate:
		d.Advice = payment.AdviceOfNetwork(advice)
	}
	return d
}

var codeAtStart = regexp.MustCompile(`^([0-9A-Z]{2})(?: ?:|$)`)

// leadingCode is the two-character code that a text begins with, "" without one.
func leadingCode(text string) string {
	found := codeAtStart.FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return found[1]
}

var notOfWords = regexp.MustCompile(`[^a-z0-9]+`)

// asWord writes one of Adyen's reasons as a word: "not_enough_balance".
func asWord(reason string) string {
	return strings.Trim(notOfWords.ReplaceAllString(strings.ToLower(reason), "_"), "_")
}

// movementDecline is why a capture or refund was not carried out.
func movementDecline(reason string) payment.Outcome {
	if strings.Contains(strings.ToLower(reason), shortOfBalance) {
		return declinedBy(payment.DeclineAmount, asWord(shortOfBalance))
	}
	return declinedBy(payment.DeclineState, "failed")
}

package stripe

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

func TestDeclinesInTheHubsWords(t *testing.T) {
	for name, c := range map[string]struct {
		in     refusal
		code   payment.DeclineCode
		advice payment.Advice
	}{
		"a reason of Stripe's goes before the issuer's code": {
			refusal{code: "card_declined", declineCode: "insufficient_funds", network: networkWords{NetworkDeclineCode: "05"}},
			payment.DeclineInsufficientFunds, payment.AdviceTryLater,
		},
		"without a reason the issuer's code tells": {
			refusal{code: "card_declined", declineCode: "generic_decline", network: networkWords{NetworkDeclineCode: "61"}},
			payment.DeclineLimitExceeded, payment.AdviceTryLater,
		},
		"an unknown reason is generic": {
			refusal{code: "card_declined", declineCode: "brand_new_reason"},
			payment.DeclineGeneric, payment.AdviceOtherMethod,
		},
		"a code alone": {refusal{code: "incorrect_number"}, payment.DeclineIncorrectNumber, payment.AdviceCheckCard},
		"Stripe forbids a retry": {
			refusal{declineCode: "insufficient_funds", network: networkWords{AdviceCode: "do_not_try_again"}},
			payment.DeclineInsufficientFunds, payment.AdviceNeverRetry,
		},
		"the network forbids a retry": {
			refusal{declineCode: "generic_decline", network: networkWords{AdviceCode: "try_again_later", NetworkAdviceCode: "03"}},
			payment.DeclineGeneric, payment.AdviceNeverRetry,
		},
		"the network says that the agreement ended": {
			refusal{declineCode: "do_not_honor", network: networkWords{NetworkAdviceCode: "21"}},
			payment.DeclineDoNotHonor, payment.AdviceNeverRetry,
		},
		"the network lets try later": {
			refusal{declineCode: "do_not_honor", network: networkWords{NetworkAdviceCode: "02"}},
			payment.DeclineDoNotHonor, payment.AdviceTryLater,
		},
		"nothing lifts a never": {
			refusal{declineCode: "stolen_card", network: networkWords{AdviceCode: "try_again_later", NetworkAdviceCode: "02"}},
			payment.DeclineLostOrStolen, payment.AdviceNeverRetry,
		},
		"a stopped payment is never tried again": {
			refusal{declineCode: "revocation_of_authorization"}, payment.DeclineNotPermitted, payment.AdviceNeverRetry,
		},
		"authentication is what helps": {
			refusal{declineCode: "authentication_required", network: networkWords{AdviceCode: "try_again_later"}},
			payment.DeclineAuthenticationNeeded, payment.AdviceAuthenticate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := c.in.decline()
			require.Equal(t, c.code, d.Code)
			require.Equal(t, c.advice, d.Advice)
			require.Equal(t, c.in.network.NetworkDeclineCode, d.IssuerCode)
			require.Equal(t, c.in.network.NetworkAdviceCode, d.NetworkAdvice)
		})
	}
}

func TestEveryCodeMapsIntoTheTaxonomy(t *testing.T) {
	check := func(from string, code payment.DeclineCode) {
		require.Equal(t, code, payment.NewDecline(code).Code, "%s maps to a code that is not in the taxonomy", from)
	}
	for from, code := range declineCodes {
		check(string(from), code)
	}
	for from, code := range errorCodes {
		check(string(from), code)
	}
	for from, code := range refundFailures {
		check(string(from), code)
	}
}

func TestErrorAnswers(t *testing.T) {
	const invalid = stripe.ErrorTypeInvalidRequest
	for name, c := range map[string]struct {
		answer stripe.Error
		class  payment.OutcomeClass
		code   payment.DeclineCode
	}{
		"wrong key":                 {stripe.Error{HTTPStatusCode: 401, Type: invalid}, payment.OutcomeDeclined, payment.DeclineGatewayConfiguration},
		"key without the right":     {stripe.Error{HTTPStatusCode: 403, Type: invalid}, payment.OutcomeDeclined, payment.DeclineGatewayConfiguration},
		"unknown parameter":         {stripe.Error{HTTPStatusCode: 400, Type: invalid, Code: "parameter_unknown"}, payment.OutcomeDeclined, payment.DeclineGatewayConfiguration},
		"amount too small":          {stripe.Error{HTTPStatusCode: 400, Type: invalid, Code: "amount_too_small"}, payment.OutcomeDeclined, payment.DeclineAmount},
		"refund above the rest":     {stripe.Error{HTTPStatusCode: 400, Type: invalid, Param: "amount"}, payment.OutcomeDeclined, payment.DeclineAmount},
		"currency of other account": {stripe.Error{HTTPStatusCode: 400, Type: invalid, Param: "currency"}, payment.OutcomeDeclined, payment.DeclineCurrency},
		"no such payment":           {stripe.Error{HTTPStatusCode: 404, Type: invalid, Code: "resource_missing"}, payment.OutcomeDeclined, payment.DeclineGatewayConfiguration},
		"rate limit":                {stripe.Error{HTTPStatusCode: 429, Type: invalid, Code: "rate_limit"}, payment.OutcomeDeclined, payment.DeclineGatewayUnavailable},
		"key in use":                {stripe.Error{HTTPStatusCode: 409, Type: invalid, Code: "idempotency_key_in_use"}, payment.OutcomeUnknown, ""},
		"key with other parameters": {stripe.Error{HTTPStatusCode: 400, Type: stripe.ErrorTypeIdempotency}, payment.OutcomeUnknown, ""},
		"server error":              {stripe.Error{HTTPStatusCode: 500, Type: stripe.ErrorTypeAPI}, payment.OutcomeUnknown, ""},
		"card error on a 500":       {stripe.Error{HTTPStatusCode: 500, Type: stripe.ErrorTypeCard, Code: "card_declined"}, payment.OutcomeUnknown, ""},
		"something new":             {stripe.Error{HTTPStatusCode: 418, Type: "teapot_error"}, payment.OutcomeUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.answer.Msg = "raw text of the provider about 4242424242424242"
			c.answer.RequestID = "req_1 4242424242424242"
			o := refusedBy(gateway.Call{}, &c.answer)
			require.Equal(t, c.class, o.Class)
			require.NotContains(t, o.Detail, "4242")
			if c.class == payment.OutcomeDeclined {
				require.Equal(t, c.code, o.Decline.Code)
				repeated := refusedBy(gateway.Call{Repeated: true, CreatedAt: time.Now()}, &c.answer)
				require.Equal(t, payment.OutcomeUnknown, repeated.Class, "a refusal says nothing of an earlier call")
			}
		})
	}
	for status, want := range map[int]payment.OutcomeClass{
		http.StatusBadRequest: payment.OutcomeDeclined, http.StatusNotFound: payment.OutcomeDeclined,
		http.StatusTooManyRequests: payment.OutcomeUnknown, http.StatusUnauthorized: payment.OutcomeUnknown,
	} {
		old := gateway.Call{Repeated: true, CreatedAt: time.Now().Add(-3 * time.Minute)}
		require.Equal(t, want, refusedBy(old, &stripe.Error{HTTPStatusCode: status, Type: invalid}).Class, "no earlier call is on its way any more: %d", status)
	}
	disputed := stripe.Error{HTTPStatusCode: 400, Type: invalid, Code: stripe.ErrorCodeChargeDisputed}
	repeated := refusedBy(gateway.Call{Repeated: true, CreatedAt: time.Now()}, &disputed)
	require.Equal(t, payment.OutcomeDeclined, repeated.Class, "Stripe kept this answer under the key")
	require.True(t, forbiddenByState(&stripe.Error{HTTPStatusCode: http.StatusBadRequest, Code: "payment_intent_unexpected_state"}))
	require.False(t, forbiddenByState(&stripe.Error{HTTPStatusCode: http.StatusBadGateway, Code: "payment_intent_unexpected_state"}))
}

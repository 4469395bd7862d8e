package adyen

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
)

func TestEveryRefusalIsInTheTaxonomy(t *testing.T) {
	t.Parallel()
	codes, reasons := map[string]bool{}, map[string]bool{}
	for _, r := range refusals {
		require.False(t, codes[r.code] || reasons[r.reason], r)
		codes[r.code], reasons[r.reason] = true, true
		require.Equal(t, r.decline, payment.NewDecline(r.decline).Code, r)
		byCode, byReason := refusal{code: r.code, reason: r.reason}.decline(), refusal{reason: r.reason}.decline()
		require.Equal(t, byCode, byReason, "a webhook tells the reason alone")
		require.Equal(t, r.decline, byCode.Code)
		require.Regexp(t, `^[a-z0-9_]{3,64}$`, byCode.GatewayCode)
	}
	for code := range neverAgain {
		require.True(t, codes[code])
		require.Equal(t, payment.AdviceNeverRetry, refusal{code: code}.decline().Advice)
	}
	for word, code := range errorCodes {
		require.Equal(t, code, payment.NewDecline(code).Code, word)
	}
}

func TestDeclines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal
		code            payment.DeclineCode
		advice          payment.Advice
		issuer, network string
	}{
		"the issuer's code where Adyen gives no reason": {refusal{code: "2", raw: "05 : Do not honor"}, payment.DeclineDoNotHonor, payment.AdviceOtherMethod, "05", ""},
		"Adyen's reason before the issuer's code":       {refusal{code: "6", raw: "05 : Do not honor"}, payment.DeclineExpiredCard, payment.AdviceCheckCard, "05", ""},
		"a raw answer without text":                     {refusal{code: "2", raw: "51"}, payment.DeclineInsufficientFunds, payment.AdviceTryLater, "51", ""},
		"a raw answer without a code":                   {refusal{code: "2", raw: "DECLINED"}, payment.DeclineGeneric, payment.AdviceOtherMethod, "", ""},
		"the network forbids another try":               {refusal{code: "12", advice: "03 : Do not try again"}, payment.DeclineInsufficientFunds, payment.AdviceNeverRetry, "", "03"},
		"the network advises":                           {refusal{code: "2", advice: "01: New account information available"}, payment.DeclineGeneric, payment.AdviceCheckCard, "", "01"},
		"nothing lifts a never":                         {refusal{code: "20", advice: "02 : Try again later"}, payment.DeclineFraud, payment.AdviceNeverRetry, "", "02"},
		"nothing lifts an authentication":               {refusal{code: "38", advice: "02"}, payment.DeclineAuthenticationNeeded, payment.AdviceAuthenticate, "", "02"},
		"a code that the table does not have":           {refusal{code: "999", reason: "Refused"}, payment.DeclineGeneric, payment.AdviceOtherMethod, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := declinedAs(c.refusal)
			require.Equal(t, payment.OutcomeDeclined, o.Class)
			require.Equal(t, c.issuer, o.ResponseCode)
			require.Equal(t, []any{c.code, c.advice, c.issuer, c.network}, []any{o.Decline.Code, o.Decline.Advice, o.Decline.IssuerCode, o.Decline.NetworkAdvice})
			require.NotEmpty(t, o.Decline.GatewayCode)
		})
	}
}

func TestReferencesNameWhatTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	const (
		paid = "pi_01JD5X2Q8F7M4Z9K3B6N1R0T5V"
		txn  = "txn_01JD5X9C2H8P7Y4D1S5E6G3J0K"
		back = "rf_01JD5X9C2H8P7Y4D1S5E6G3J0K"
	)
	for _, kind := range []payment.TransactionKind{payment.Sale, payment.Authorization, payment.Capture, payment.Void} {
		text := paid + "-" + txn + "-" + string(kind)
		require.LessOrEqual(t, len(text), 80, "Adyen's limit")
		require.Equal(t, named{paid, txn, "", kind}, readReference(text))
		require.True(t, waits(text))
	}
	require.Equal(t, named{paid, txn, back, payment.RefundOfSale}, readReference(refundReference(paid, back)))
	for _, foreign := range []string{
		"", "order 7", "-", "--", paid, paid + "-", paid + "-" + txn, paid + "-" + txn + "-refund", paid + "-" + back + "-sale", txn + "-" + paid + "-sale",
		paid + "-" + txn + "-sale-1", "pi_1-txn_2-sale", "WVPJKTL28NTMPF65",
	} {
		require.Zero(t, readReference(foreign), foreign)
		require.False(t, waits(foreign), foreign)
	}
}

func TestRedirectResult(t *testing.T) {
	t.Parallel()
	require.Equal(t, "X6!Y", redirectResult("order=7&redirectResult=X6%21Y"))
	for _, none := range []string{"", "order=7", "redirectResult=", "redirectResult=%zz"} {
		require.Empty(t, redirectResult(none), none)
	}
}

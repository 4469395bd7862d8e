package checkout

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Every code of the tables leads to a reason that the taxonomy has.
func TestTablesLeadIntoTheTaxonomy(t *testing.T) {
	t.Parallel()
	for _, table := range []map[string]payment.DeclineCode{responseCodes, errorCodes} {
		for theirs, code := range table {
			require.Equal(t, code, payment.NewDecline(code).Code, theirs)
			require.True(t, isWord(theirs), theirs)
		}
	}
	for _, code := range neverAgain {
		require.Contains(t, responseCodes, code)
	}
}

func TestDeclines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said   result
		code   payment.DeclineCode
		issuer string
		advice payment.Advice
	}{
		"the issuer's own code":              {result{ResponseCode: "20051"}, payment.DeclineInsufficientFunds, "51", payment.AdviceTryLater},
		"picked up":                          {result{ResponseCode: "30041"}, payment.DeclineLostOrStolen, "41", payment.AdviceNeverRetry},
		"letters":                            {result{ResponseCode: "200R1"}, payment.DeclineNotPermitted, "R1", payment.AdviceNeverRetry},
		"the scheme's own code goes first":   {result{ResponseCode: "20087", Processing: processing{PartnerResponseCode: "N7"}}, payment.DeclineIncorrectCVC, "N7", payment.AdviceCheckCard},
		"not a code of a scheme":             {result{ResponseCode: "20005", Processing: processing{PartnerResponseCode: "DECLINED"}}, payment.DeclineDoNotHonor, "05", payment.AdviceOtherMethod},
		"no issuer was asked":                {result{ResponseCode: "40101"}, payment.DeclineFraud, "", payment.AdviceNeverRetry},
		"3-D Secure":                         {result{ResponseCode: "20151"}, payment.DeclineAuthentication, "", payment.AdviceAuthenticate},
		"the network forbids":                {result{ResponseCode: "20051", Processing: processing{PartnerMerchantAdviceCode: "03"}}, payment.DeclineInsufficientFunds, "51", payment.AdviceNeverRetry},
		"the agreement is canceled":          {result{ResponseCode: "20005", Processing: processing{PartnerMerchantAdviceCode: "21"}}, payment.DeclineDoNotHonor, "05", payment.AdviceNeverRetry},
		"Checkout.com forbids":               {result{ResponseCode: "20005", Processing: processing{PartnerMerchantAdviceCode: "24", RecommendationCode: "03"}}, payment.DeclineDoNotHonor, "05", payment.AdviceNeverRetry},
		"the network before Checkout.com":    {result{ResponseCode: "20005", Processing: processing{PartnerMerchantAdviceCode: "24", RecommendationCode: "01"}}, payment.DeclineDoNotHonor, "05", payment.AdviceTryLater},
		"nothing lifts a never":              {result{ResponseCode: "30043", Processing: processing{RecommendationCode: "02"}}, payment.DeclineLostOrStolen, "43", payment.AdviceNeverRetry},
		"who must authenticate cannot later": {result{ResponseCode: "20154", Processing: processing{RecommendationCode: "02"}}, payment.DeclineAuthenticationNeeded, "", payment.AdviceAuthenticate},
		"a code that is not known":           {result{ResponseCode: "29999"}, payment.DeclineGeneric, "", payment.AdviceOtherMethod},
		"no code":                            {result{}, payment.DeclineGeneric, "", payment.AdviceOtherMethod},
	} {
		d := c.said.decline()
		require.Equal(t, c.code, d.Code, name)
		require.Equal(t, c.issuer, d.IssuerCode, name)
		require.Equal(t, c.advice, d.Advice, name)
		require.True(t, isWord(d.GatewayCode), name)
	}
}

// A refusal says nothing of an earlier call with the same key, unless that one would
// have been answered again.
func TestRefusalsOfRepeatedCalls(t *testing.T) {
	t.Parallel()
	fresh := gateway.Call{CreatedAt: time.Now()}
	repeated := gateway.Call{CreatedAt: time.Now(), Repeated: true}
	old := gateway.Call{CreatedAt: time.Now().Add(-2 * inFlight), Repeated: true}
	for _, c := range []struct {
		no    refusal
		call  gateway.Call
		class payment.OutcomeClass
	}{
		{refusal{Status: http.StatusUnprocessableEntity}, fresh, payment.OutcomeDeclined},
		{refusal{Status: http.StatusUnprocessableEntity}, repeated, payment.OutcomeUnknown},
		{refusal{Status: http.StatusUnprocessableEntity}, old, payment.OutcomeDeclined},
		{refusal{Status: http.StatusUnauthorized}, fresh, payment.OutcomeDeclined},
		{refusal{Status: http.StatusUnauthorized}, old, payment.OutcomeUnknown},
		{refusal{Status: http.StatusTooManyRequests}, fresh, payment.OutcomeDeclined},
		{refusal{Status: http.StatusTooManyRequests}, old, payment.OutcomeUnknown},
		{refusal{Status: http.StatusTooManyRequests, Codes: []string{codeDuplicate}}, fresh, payment.OutcomeUnknown},
		{refusal{Status: http.StatusConflict}, fresh, payment.OutcomeUnknown},
		{refusal{Status: http.StatusInternalServerError}, fresh, payment.OutcomeUnknown},
		{refusal{Status: http.StatusFound}, fresh, payment.OutcomeUnknown},
	} {
		o := refusedBy(c.call, &c.no)
		require.Equal(t, c.class, o.Class, "%+v", c)
		require.NotEmpty(t, o.Detail)
	}
}

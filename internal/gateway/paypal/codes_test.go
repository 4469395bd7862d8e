package paypal

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

func TestEveryCodeIsOneOfTheTaxonomy(t *testing.T) {
	t.Parallel()
	for _, table := range []map[string]payment.DeclineCode{issueCodes, reasonCodes} {
		for issue, code := range table {
			require.True(t, isWord(issue))
			require.Equal(t, code, payment.NewDecline(code).Code, issue)
		}
	}
}

func TestRefusalsAreReadInTheHubsWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		issues []string
		want   payment.DeclineCode
		word   string
	}{
		{http.StatusUnprocessableEntity, []string{"INSTRUMENT_DECLINED"}, payment.DeclineGeneric, "INSTRUMENT_DECLINED"},
		{http.StatusUnprocessableEntity, []string{"COMPLIANCE_VIOLATION"}, payment.DeclineFraud, "COMPLIANCE_VIOLATION"},
		{http.StatusUnprocessableEntity, []string{"PAYER_ACTION_REQUIRED"}, payment.DeclineAuthenticationNeeded, "PAYER_ACTION_REQUIRED"},
		{http.StatusUnprocessableEntity, []string{"REFUND_AMOUNT_EXCEEDED"}, payment.DeclineAmount, "REFUND_AMOUNT_EXCEEDED"},
		{http.StatusUnprocessableEntity, []string{"CAPTURE_FULLY_REFUNDED"}, payment.DeclineState, "CAPTURE_FULLY_REFUNDED"},
		{http.StatusUnprocessableEntity, []string{"NEW", "CURRENCY_NOT_SUPPORTED"}, payment.DeclineCurrency, "NEW"},
		{http.StatusUnprocessableEntity, []string{"NEVER SEEN <b>"}, payment.DeclineGeneric, "none"},
		{http.StatusUnprocessableEntity, nil, payment.DeclineGeneric, "N"},
		{http.StatusBadRequest, []string{"INVALID_PARAMETER_SYNTAX"}, payment.DeclineGatewayConfiguration, "INVALID_PARAMETER_SYNTAX"},
	} {
		d := (&refusal{status: c.status, name: "N", issues: c.issues}).decline()
		require.Equal(t, c.want, d.Code, c.issues)
		require.Equal(t, c.word, d.GatewayCode)
	}
}

// A refusal says nothing of an earlier call that may still be on its way.
func TestARepeatedCallIsRefusedOnlyWhenNoneIsOnItsWay(t *testing.T) {
	t.Parallel()
	refused := &refusal{status: http.StatusUnprocessableEntity, name: "UNPROCESSABLE_ENTITY", issues: []string{"PAYEE_ACCOUNT_RESTRICTED"}}
	for _, c := range []struct {
		call gateway.Call
		want payment.OutcomeClass
	}{
		{gateway.Call{CreatedAt: time.Now()}, payment.OutcomeDeclined},
		{gateway.Call{CreatedAt: time.Now(), Repeated: true}, payment.OutcomeUnknown},
		{gateway.Call{CreatedAt: time.Now().Add(-3 * time.Minute), Repeated: true}, payment.OutcomeDeclined},
	} {
		require.Equal(t, c.want, refused.of(c.call).Class)
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests} {
		limited := &refusal{status: status, name: "N"}
		require.Equal(t, payment.OutcomeDeclined, limited.of(gateway.Call{}).Class)
		require.Equal(t, payment.OutcomeUnknown, limited.of(gateway.Call{Repeated: true}).Class)
	}
	for _, status := range []int{http.StatusConflict, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusFound} {
		require.Equal(t, payment.OutcomeUnknown, (&refusal{status: status, name: "N"}).of(gateway.Call{}).Class)
	}
}

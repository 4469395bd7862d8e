package middleware

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/api/decode"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

// Finder finds a payment of any merchant; payment.Service is one.
type Finder interface {
	// Find returns a payment. Errors: fault.NotFound.
	Find(ctx context.Context, paymentID string) (payment.Intent, error)
}

// ClientSecret lets in who presents the client secret of the payment in the path,
// ":id": as the query parameter "client_secret" or the body's member of that name.
// The request then acts for the payment's merchant, and sees this payment alone.
// Nothing is looked up before the secret is known to be ours.
func ClientSecret(secrets payment.ClientSecrets, payments Finder, proxies Proxies) gin.HandlerFunc {
	return func(c *gin.Context) {
		presented, err := presentedSecret(c)
		if err != nil {
			Fail(c, err)
			return
		}
		paymentID := c.Param("id")
		wrong := &fault.Error{Code: fault.Unauthenticated, Param: "client_secret", Message: "The payment intent's 'client_secret' is missing or wrong."}
		if !secrets.Check(paymentID, presented) {
			Fail(c, wrong)
			return
		}
		p, err := payments.Find(c.Request.Context(), paymentID)
		switch {
		case fault.Is(err, fault.NotFound):
			Fail(c, wrong)
		case err != nil:
			Fail(c, err)
		case p.Scope.Environment == merchant.Live && !proxies.Secure(c):
			Fail(c, fault.New(fault.Forbidden, "Live payments are accepted over HTTPS only."))
		default:
			r := of(c)
			r.shopper, r.paymentID = &p, paymentID
			c.Next()
		}
	}
}

// presentedSecret takes the client secret out of the query or the body; both may
// carry it when they agree.
func presentedSecret(c *gin.Context) (string, error) {
	inQuery := c.Query("client_secret")
	body := of(c).body
	if len(body) == 0 {
		return inQuery, nil
	}
	var members map[string]jsontext.Value
	if err := decode.JSON(body, &members, nil); err != nil {
		return "", err
	}
	raw, ok := members["client_secret"]
	if !ok || raw.Kind() == 'n' { // null counts as absent
		return inQuery, nil
	}
	var inBody string
	if err := json.Unmarshal(raw, &inBody); err != nil {
		return "", fault.Field("client_secret", "Field 'client_secret' must be a string.")
	}
	if inQuery != "" && inQuery != inBody {
		return "", fault.Field("client_secret", "Field 'client_secret' and the query parameter of that name differ; send one of them.")
	}
	return inBody, nil
}

// Shopping returns the payment that a client secret was presented for.
func Shopping(c *gin.Context) payment.Intent { return *of(c).shopper }

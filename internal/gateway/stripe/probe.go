package stripe

import (
	"context"
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/fault"
)

// Probe implements gateway.Gateway: it reads the account that the key is of. The
// library's own way to do so is bound by no time.
// Source: docs.stripe.com/api/accounts/retrieve.
func (a *Adapter) Probe(ctx context.Context) (accountID string, err error) {
	at := a.begin(ctx)
	defer at.cancel()
	of, client := &stripe.Account{}, a.api.Accounts
	err = client.B.Call(http.MethodGet, "/v1/account", client.Key, &stripe.AccountParams{Params: stripe.Params{Context: at.ctx}}, of)
	var answer *stripe.Error
	switch {
	case err == nil && of.ID != "":
		return of.ID, nil
	case errors.As(err, &answer) && answer.HTTPStatusCode == http.StatusUnauthorized:
		return "", fault.Field("credentials."+credentialKey, "Stripe does not take this '%s'.", credentialKey)
	case errors.As(err, &answer) && answer.HTTPStatusCode == http.StatusForbidden: // a restricted key
		return "", fault.Field("credentials."+credentialKey, "Stripe does not let this '%s' read whose it is. Let it read the account.", credentialKey)
	default:
		return "", fault.New(fault.Unavailable, "Stripe could not be asked whether it takes the credentials. Try again.")
	}
}

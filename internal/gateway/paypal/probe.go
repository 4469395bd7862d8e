package paypal

import (
	"context"
	"errors"
	"net/http"

	"paymenthub/internal/fault"
)

// Probe implements gateway.Gateway: it asks for an access token, which PayPal gives for
// the right credentials alone. The account is known by its app's client id, whatever its
// secrets are.
func (a *Adapter) Probe(ctx context.Context) (accountID string, err error) {
	at := a.begin(ctx)
	defer at.cancel()
	_, err = a.tokens.get(at.ctx, a.tokens.current())
	var refused *refusal
	switch {
	case err == nil:
		return a.api.ClientID, nil
	case errors.As(err, &refused) && (refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden):
		return "", fault.Field("credentials."+credentialSecret, "PayPal does not take this 'client_id' and 'client_secret'.")
	default:
		return "", fault.New(fault.Unavailable, "PayPal could not be asked whether it takes the credentials. Try again.")
	}
}

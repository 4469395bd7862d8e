package checkout

import (
	"context"
	"errors"
	"net/http"

	"paymenthub/internal/fault"
)

// Probe implements gateway.Gateway: it searches for a payment that is not there, as
// a look-up does. Nothing that a secret key may read tells whose it is: the account is
// known by its processing channel, and whether the key is of the channel's business
// shows with the first payment.
func (a *Adapter) Probe(ctx context.Context) (accountID string, err error) {
	at := a.begin(ctx)
	defer at.cancel()
	var found struct{}
	err = a.exchange(at, http.MethodGet, "/payments?limit=1&reference=probe", "", nil, &found)
	no := (*refusal)(nil)
	switch {
	case err == nil:
		return a.channel, nil
	case errors.As(err, &no) && (no.Status == http.StatusUnauthorized || no.Status == http.StatusForbidden):
		return "", fault.Field("credentials."+credentialKey, "Checkout.com does not take this '%s'.", credentialKey)
	default:
		return "", fault.New(fault.Unavailable, "Checkout.com could not be asked whether it takes the credentials. Try again.")
	}
}

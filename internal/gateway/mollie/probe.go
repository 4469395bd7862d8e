package mollie

import (
	"context"
	"errors"
	"net/http"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/fault"
)

// Probe implements gateway.Gateway: it reads the profile that the key is of.
// Source: docs.mollie.com/reference/get-current-profile.
func (a *Adapter) Probe(ctx context.Context) (accountID string, err error) {
	at := a.begin(ctx)
	defer at.cancel()
	var no *refusal
	var profile mollie.Profile
	err = a.exchange(at, http.MethodGet, "v2/profiles/me", "", nil, &profile)
	switch {
	case err == nil && profile.ID != "":
		return profile.ID, nil
	case errors.As(err, &no) && (no.Status == http.StatusUnauthorized || no.Status == http.StatusForbidden):
		return "", fault.Field("credentials."+credentialKey, "Mollie does not take this '%s'.", credentialKey)
	default:
		return "", fault.New(fault.Unavailable, "Mollie could not be asked whether it takes the credentials. Try again.")
	}
}

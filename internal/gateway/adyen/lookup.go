package adyen

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/adyen/adyen-go-api-library/v21/src/checkout"

	"paymenthub/internal/fault"
	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
)

// Lookup implements gateway.Gateway. Adyen cannot be asked: all that is known without
// it is whether the shopper came back, so that the payment can be completed.
func (a *Adapter) Lookup(_ context.Context, l gateway.Lookup) (o payment.Outcome) {
	defer a.logged("lookup "+string(l.Kind), l.Call, time.Now(), &o)
	if authorizing(l.Kind) && redirectResult(l.Returned) != "" {
		return payment.Outcome{Class: payment.OutcomeReady, GatewayReference: l.GatewayReference}
	}
	o = payment.Unknown("Adyen has no way to look a payment up: its webhooks tell, or the same call again")
	o.GatewayReference = l.GatewayReference
	return o
}

// Dispute implements gateway.Gateway. Adyen cannot be asked how a dispute stands: its
// webhooks tell (DisputeTold).
func (*Adapter) Dispute(context.Context, gateway.DisputeLookup) (payment.DisputeReport, error) {
	return payment.DisputeReport{}, errors.New("adyen: there is no way to look a dispute up: webhooks tell of it")
}

// keepsNoCards answers what is asked of kept cards.
func keepsNoCards() payment.Outcome {
	return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted))
}

// StoreMethod implements gateway.Gateway: this gateway keeps no cards.
func (*Adapter) StoreMethod(context.Context, gateway.Storage) payment.Outcome { return keepsNoCards() }

// FindMethod implements gateway.Gateway: this gateway keeps no cards.
func (*Adapter) FindMethod(context.Context, gateway.MethodLookup) payment.Outcome {
	return keepsNoCards()
}

// DetachMethod implements gateway.Gateway: this gateway keeps no cards.
func (*Adapter) DetachMethod(context.Context, gateway.Detachment) payment.Outcome {
	return keepsNoCards()
}

// Probe implements gateway.Gateway: it asks which methods the merchant account has, of
// which Adyen tells those alone that the API key is of.
func (a *Adapter) Probe(ctx context.Context) (accountID string, err error) {
	at := a.begin(ctx)
	defer at.cancel()
	r, err := a.post(at, "/paymentMethods", "", &checkout.PaymentMethodsRequest{MerchantAccount: a.account})
	switch {
	case err == nil && r.accepted():
		return a.account, nil
	case err == nil && r.problem().ErrorCode == errorMerchantAccount:
		return "", wrong(credentialAccount, "is not a merchant account of this API key")
	case err == nil && (r.status == http.StatusUnauthorized || r.status == http.StatusForbidden):
		return "", fault.Field("credentials."+credentialKey, "Adyen does not take this '%s'.", credentialKey)
	default:
		return "", fault.New(fault.Unavailable, "Adyen could not be asked whether it takes the credentials. Try again.")
	}
}

package adyen

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/adyen/adyen-go-api-library/v21/src/checkout"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Words of the protocol.
const (
	cardMethod  = "scheme"
	channelWeb  = "Web"
	ecommerce   = "Ecommerce"
	always      = "always"
	disabled    = "disabled"
	methodGET   = "GET"
	manually    = "manualCapture"
	manuallyYes = "true"
)

// Authorize implements gateway.Gateway: a payment with the card itself. A sale is
// captured by Adyen at once, an authorization waits for Capture, whatever the merchant
// account is set to.
func (a *Adapter) Authorize(ctx context.Context, req gateway.Authorization) (o payment.Outcome) {
	defer a.logged("authorize", req.Call, time.Now(), &o)
	amount, err := toAdyen(req.Amount)
	if err != nil {
		return unsendable(err)
	}
	if req.Instrument == nil || req.MerchantInitiated {
		return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted)) // kept cards, and other methods
	}
	card, err := req.Instrument.Open(ctx)
	if err != nil {
		return refused(req.Call, payment.NewDecline(payment.DeclineProcessingError), "the vault did not hand out the card")
	}
	at := a.begin(ctx)
	defer at.cancel()
	kind := kindOf(req.Capture)
	r, err := a.post(at, "/payments", req.IdempotencyKey, a.paymentRequest(req, kind, amount, card))
	if err != nil {
		return unanswered(req.Call, at, err)
	}
	return ofPayment(r, req.Call, kind, payment.DeclineGatewayConfiguration)
}

func kindOf(capture bool) payment.TransactionKind {
	if capture {
		return payment.Sale
	}
	return payment.Authorization
}

// paymentRequest says what is asked of Adyen. Authentication is by redirect alone: the
// hub serves no page in which Adyen's own could run.
func (a *Adapter) paymentRequest(req gateway.Authorization, kind payment.TransactionKind, amount int64, card vault.Card) *checkout.PaymentRequest {
	p := &checkout.PaymentRequest{
		MerchantAccount: a.account,
		Amount:          checkout.Amount{Currency: string(req.Amount.Currency), Value: amount},
		Reference:       reference(req.Call, kind),
		// Adyen's reports group the attempts of one payment by it.
		MerchantOrderReference:   given(req.PaymentID),
		Metadata:                 metadata(req.Call),
		PaymentMethod:            checkout.CardDetailsAsCheckoutPaymentMethod(cardDetails(card)),
		ReturnUrl:                req.ReturnURL,
		RedirectToIssuerMethod:   given(methodGET),
		RedirectFromIssuerMethod: given(methodGET),
		Channel:                  given(channelWeb),
		ShopperInteraction:       given(ecommerce),
		ShopperStatement:         given(req.StatementDescriptor),
		AuthenticationData: &checkout.AuthenticationData{
			ThreeDSRequestData: &checkout.ThreeDSRequestData{NativeThreeDS: given(disabled)},
		},
	}
	if req.Challenge {
		p.AuthenticationData.AttemptAuthentication = given(always)
	}
	if kind == payment.Sale {
		p.CaptureDelayHours = new(int32) // 0: at once
	} else {
		p.AdditionalData = &map[string]string{manually: manuallyYes}
	}
	return p
}

func cardDetails(card vault.Card) *checkout.CardDetails {
	return &checkout.CardDetails{
		Type: given(cardMethod), Number: given(card.Number.Reveal()), Cvc: given(card.CVC.Reveal()),
		ExpiryMonth: given(fmt.Sprintf("%02d", card.ExpMonth)), ExpiryYear: given(strconv.Itoa(card.ExpYear)),
		HolderName: given(card.HolderName.Reveal()),
	}
}

// Complete implements gateway.Completer: what the shopper came back with is handed over.
// Its key follows from the call's, under which Adyen would repeat that the shopper is
// to be sent away, and from the result: whoever comes back may bring another payment's.
func (a *Adapter) Complete(ctx context.Context, c gateway.Completion) (o payment.Outcome) {
	defer a.logged("complete", c.Call, time.Now(), &o)
	result := redirectResult(c.Returned)
	if result == "" {
		return payment.Unknown("the shopper has not come back with a result")
	}
	at := a.begin(ctx)
	defer at.cancel()
	r, err := a.post(at, "/payments/details", detailsKey(c.IdempotencyKey, result), &checkout.PaymentDetailsRequest{
		Details: checkout.PaymentCompletionDetails{RedirectResult: &result},
	})
	if err != nil {
		return unanswered(c.Call, at, err)
	}
	// A result that Adyen does not take is not one that it gave to this shopper.
	o = ofPayment(r, c.Call, kindOf(c.Capture), payment.DeclineAuthentication)
	if r.accepted() && !r.tellsOf(c.Call, kindOf(c.Capture)) {
		// What the shopper came back with decides which payment Adyen completes. Unless it
		// names ours, and the amount of what it authorised, only its webhook counts.
		return payment.Unknown("Adyen's answer does not say that it is of this payment")
	}
	return o
}

// detailsKey is the idempotency key of handing a result over, at most 64 characters.
func detailsKey(key, result string) string {
	digest := sha256.Sum256([]byte(result))
	return key + "-details-" + hex.EncodeToString(digest[:4])
}

// given is nil for a parameter that is not to be sent.
func given(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}

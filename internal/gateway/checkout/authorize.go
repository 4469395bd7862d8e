package checkout

import (
	"context"
	"errors"
	"net/http"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// maxDescription is the length of a description, in characters.
const maxDescription = 100

// Authorize implements gateway.Gateway. A sale that its issuer approves is accepted:
// Checkout.com captures it a moment later. When Checkout.com may have forgotten the
// call's key, the payment of an earlier call is looked for first, by calls of their own.
//
// 3-D Secure is asked for whenever the shopper is there, and left to the issuer and
// to Checkout.com's rules, unless the hub demands it; cards that are not enrolled pay
// without. A statement descriptor is not sent: it would need the merchant's city.
func (a *Adapter) Authorize(ctx context.Context, req gateway.Authorization) (o payment.Outcome) {
	defer a.logged("authorize", req.Call, time.Now(), &o)
	amount, err := toCheckout(req.Amount)
	if err != nil {
		return unsendable(err)
	}
	if req.Method != payment.MethodCard || req.Instrument == nil {
		return payment.Declined(payment.NewDecline(payment.DeclineNotPermitted)) // it keeps no cards
	}
	kind := payment.Authorization
	if req.Capture {
		kind = payment.Sale
	}
	if forgotten(req.Call) {
		if o := a.find(ctx, gateway.Lookup{Call: req.Call, Kind: kind}); o.Class != payment.OutcomeAbsent {
			return o
		}
	}
	card, err := req.Instrument.Open(ctx)
	if err != nil {
		return refused(req.Call, payment.NewDecline(payment.DeclineProcessingError), "the vault did not hand out the card")
	}
	call := a.begin(ctx)
	defer call.cancel()
	var answer paymentAnswer
	if err := a.exchange(call, http.MethodPost, "/payments", req.IdempotencyKey, a.request(req, amount, card), &answer); err != nil {
		return failed(req.Call, call, err)
	}
	return ofRequest(answer, req.Call, kind)
}

// request says what is asked of Checkout.com.
func (a *Adapter) request(req gateway.Authorization, amount int64, card vault.Card) paymentRequest {
	body := paymentRequest{
		Source: sourceOf(card), Amount: amount, Currency: string(req.Amount.Currency), PaymentType: "Regular", Reference: req.TransactionID,
		Description: cut(req.Description, maxDescription), Capture: req.Capture, ProcessingChannelID: a.channel, Metadata: metadata(req.Call),
	}
	if req.ReturnURL != "" && !req.MerchantInitiated {
		body.SuccessURL, body.FailureURL = req.ReturnURL, req.ReturnURL
		body.ThreeDS = &threeDSRequest{Enabled: true, AttemptN3D: !req.Challenge, ChallengeIndicator: "no_preference"}
		if req.Challenge {
			body.ThreeDS.ChallengeIndicator = "challenge_requested_mandate"
		}
	}
	return body
}

func sourceOf(card vault.Card) cardSource {
	return cardSource{
		Type: "card", Number: card.Number.Reveal(), ExpiryMonth: card.ExpMonth, ExpiryYear: card.ExpYear,
		Name: card.HolderName.Reveal(), CVV: card.CVC.Reveal(),
	}
}

func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

// unsendable declines an amount that cannot be asked of Checkout.com at all.
func unsendable(err error) payment.Outcome {
	code := payment.DeclineAmount
	if errors.Is(err, errCurrency) {
		code = payment.DeclineCurrency
	}
	return payment.Declined(payment.NewDecline(code))
}

package stripe

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"

	"paymenthub/internal/simulator"
)

func TestApprovedPaymentIsCharged(t *testing.T) {
	h := start(t, Options{})
	p := payment(visa, expandCharge, keyed("key-1"))
	p.AddMetadata("payment_id", "pi_hub")
	p.Description = stripego.String("Two books")
	p.StatementDescriptorSuffix = stripego.String("BOOKS")
	pi, err := h.PaymentIntents.New(p)
	require.NoError(t, err)

	require.Equal(t, stripego.PaymentIntentStatusSucceeded, pi.Status)
	require.Equal(t, int64(9999), pi.AmountReceived)
	require.Equal(t, stripego.CurrencyUSD, pi.Currency)
	require.NotEmpty(t, pi.ClientSecret)
	ch := pi.LatestCharge
	require.True(t, ch.Captured)
	require.True(t, ch.Paid)
	require.Equal(t, "pi_hub", ch.Metadata["payment_id"])
	require.Equal(t, "SIMULATOR* BOOKS", ch.CalculatedStatementDescriptor)
	require.Equal(t, "authorized", ch.Outcome.Type)
	require.Less(t, ch.Outcome.RiskScore, int64(40))
	card := ch.PaymentMethodDetails.Card
	require.Equal(t, "4242", card.Last4)
	require.Equal(t, stripego.PaymentMethodCardBrandVisa, card.Brand)
	require.Equal(t, int64(12), card.ExpMonth)
	require.Equal(t, int64(9999), card.AmountAuthorized)
	require.Equal(t, ch.Created+7*24*3600, card.CaptureBefore)
	require.Equal(t, stripego.CardFundingCredit, card.Funding)
	require.NotEmpty(t, card.Fingerprint)
	// 2.9 % of 99.99 is 2.89971: rounded 2.90, and 0.30.
	require.Equal(t, int64(320), ch.BalanceTransaction.Fee)
	require.Equal(t, int64(9999-320), ch.BalanceTransaction.Net)

	charges := h.charges()
	require.Len(t, charges, 1)
	require.Equal(t, simulator.Captured, charges[0].Status)
	require.Equal(t, "key-1", charges[0].IdempotencyKey)
	require.Equal(t, "usd", charges[0].Currency)
	require.Equal(t, pi.ID, charges[0].PaymentIntent)
	require.JSONEq(t, `{"payment_id":"pi_hub"}`, string(charges[0].Metadata))
}

func TestTestCardsDecline(t *testing.T) {
	h := start(t, Options{})
	for _, card := range []struct{ number, code, declineCode, issuer, kind string }{
		{"4000000000000002", "card_declined", "generic_decline", "05", "issuer_declined"},
		{"4000000000009995", "card_declined", "insufficient_funds", "51", "issuer_declined"},
		{"4000000000009987", "card_declined", "lost_card", "41", "issuer_declined"},
		{"4000000000000069", "expired_card", "expired_card", "54", "issuer_declined"},
		{"4000000000000127", "incorrect_cvc", "incorrect_cvc", "N7", "issuer_declined"},
		{"4000000000000119", "processing_error", "processing_error", "96", "issuer_declined"},
		{"4000000000000259", "card_declined", "fraudulent", "", "blocked"},
	} {
		t.Run(card.declineCode, func(t *testing.T) {
			_, err := h.PaymentIntents.New(payment(card.number))
			e := stripeError(t, err)
			require.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
			require.Equal(t, stripego.ErrorTypeCard, e.Type)
			require.Equal(t, stripego.ErrorCode(card.code), e.Code)
			require.Equal(t, stripego.DeclineCode(card.declineCode), e.DeclineCode)
			require.NotEmpty(t, e.RequestID)
			require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, e.PaymentIntent.Status)

			pi, err := h.PaymentIntents.Get(e.PaymentIntent.ID, nil)
			require.NoError(t, err)
			require.Nil(t, pi.PaymentMethod)
			require.Equal(t, e.Code, pi.LastPaymentError.Code)
			require.Equal(t, e.ChargeID, pi.LatestCharge.ID)

			_, text := h.raw(http.MethodGet, "/v1/charges/"+e.ChargeID, "", nil)
			var ch charge
			decode(t, text, &ch)
			require.Equal(t, "failed", ch.Status)
			require.Equal(t, card.kind, ch.Outcome.Type)
			if card.kind == "blocked" {
				require.Greater(t, ch.Outcome.RiskScore, int64(70))
				require.Nil(t, ch.Outcome.NetworkDeclineCode)
			} else {
				require.Equal(t, card.issuer, *ch.Outcome.NetworkDeclineCode)
			}
		})
	}
	require.Empty(t, h.charges(), "declined attempts are no charges")
}

func TestInvalidCardsAreRefusedBeforeAnythingHappens(t *testing.T) {
	h := start(t, Options{})
	for _, fault := range []struct{ field, value, code string }{
		{"number", "4242424242424241", "incorrect_number"},
		{"number", "42424242", "incorrect_number"},
		{"exp_month", "13", "invalid_expiry_month"},
		{"exp_year", "2020", "invalid_expiry_year"},
		{"cvc", "12", "invalid_cvc"},
		{"cvc", "12a", "invalid_cvc"},
	} {
		p := payment(visa, keyed("same key each time"))
		p.Extra.Set("payment_method_data[card]["+fault.field+"]", fault.value)
		_, err := h.PaymentIntents.New(p)
		e := stripeError(t, err)
		require.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
		require.Equal(t, stripego.ErrorCode(fault.code), e.Code)
	}
	list := h.PaymentIntents.List(nil)
	require.False(t, list.Next())
	_, err := h.PaymentIntents.New(payment(visa, keyed("same key each time")))
	require.NoError(t, err, "a refused request keeps nothing under its key")
}

func TestManualCaptureInPartReleasesTheRest(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresCapture, pi.Status)
	require.Equal(t, int64(9999), pi.AmountCapturable)
	require.Equal(t, simulator.Authorized, h.charges()[0].Status)

	_, err = h.PaymentIntents.Capture(pi.ID, &stripego.PaymentIntentCaptureParams{AmountToCapture: stripego.Int64(10_000)})
	require.Equal(t, stripego.ErrorCodeAmountTooLarge, stripeError(t, err).Code)

	p := &stripego.PaymentIntentCaptureParams{AmountToCapture: stripego.Int64(4000)}
	p.AddExpand("latest_charge")
	pi, err = h.PaymentIntents.Capture(pi.ID, p)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, pi.Status)
	require.Equal(t, int64(4000), pi.AmountReceived)
	require.Zero(t, pi.AmountCapturable)
	require.Equal(t, int64(5999), pi.LatestCharge.AmountRefunded, "Stripe counts the released rest")
	witnessed := h.charges()[0]
	require.Equal(t, simulator.Captured, witnessed.Status)
	require.Equal(t, int64(4000), witnessed.AmountCaptured)
	require.Zero(t, witnessed.AmountRefunded)

	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	e := stripeError(t, err)
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, e.Code)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, e.PaymentIntent.Status)

	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID, Amount: stripego.Int64(4001)})
	require.Equal(t, "amount", stripeError(t, err).Param)
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.NoError(t, err)
	require.Equal(t, simulator.Refunded, h.charges()[0].Status)
}

func TestCancelVoidsTheAuthorization(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa, manual))
	require.NoError(t, err)
	pi, err = h.PaymentIntents.Cancel(pi.ID, &stripego.PaymentIntentCancelParams{CancellationReason: stripego.String("requested_by_customer")})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusCanceled, pi.Status)
	require.NotZero(t, pi.CanceledAt)
	require.Equal(t, simulator.Voided, h.charges()[0].Status)
	_, err = h.PaymentIntents.Capture(pi.ID, nil)
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code)
	_, err = h.PaymentIntents.Cancel(pi.ID, nil)
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code)
}

func TestCreateThenUpdateThenConfirm(t *testing.T) {
	h := start(t, Options{})
	owner, err := h.Customers.New(&stripego.CustomerParams{Email: stripego.String("ada@example.com")})
	require.NoError(t, err)
	pm := &stripego.PaymentMethodParams{Type: stripego.String("card"), Card: &stripego.PaymentMethodCardParams{
		Number: stripego.String("5555555555554444"), ExpMonth: stripego.Int64(1), ExpYear: stripego.Int64(2041), CVC: stripego.String("999"),
	}}
	method, err := h.PaymentMethods.New(pm)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentMethodCardBrandMastercard, method.Card.Brand)
	method, err = h.PaymentMethods.Attach(method.ID, &stripego.PaymentMethodAttachParams{Customer: &owner.ID})
	require.NoError(t, err)
	require.Equal(t, owner.ID, method.Customer.ID)

	pi, err := h.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: stripego.Int64(500), Currency: stripego.String("eur"), Customer: &owner.ID})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, pi.Status)
	_, err = h.PaymentIntents.Confirm(pi.ID, &stripego.PaymentIntentConfirmParams{ReturnURL: stripego.String(returnURL)})
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code)

	change := &stripego.PaymentIntentParams{Amount: stripego.Int64(700), PaymentMethod: &method.ID}
	change.AddMetadata("order", "7")
	pi, err = h.PaymentIntents.Update(pi.ID, change)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresConfirmation, pi.Status)

	_, err = h.PaymentIntents.Confirm(pi.ID, nil)
	require.Contains(t, stripeError(t, err).Msg, "return_url", "automatic payment methods may redirect")
	pi, err = h.PaymentIntents.Confirm(pi.ID, &stripego.PaymentIntentConfirmParams{ReturnURL: stripego.String(returnURL)})
	require.NoError(t, err)
	require.Equal(t, int64(700), pi.AmountReceived)
	_, err = h.PaymentIntents.Update(pi.ID, &stripego.PaymentIntentParams{Amount: stripego.Int64(800)})
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, stripeError(t, err).Code)

	method, err = h.PaymentMethods.Detach(method.ID, nil)
	require.NoError(t, err)
	require.Nil(t, method.Customer)
}

func TestRefundsNeverPassTheCapture(t *testing.T) {
	h := start(t, Options{})
	pi, err := h.PaymentIntents.New(payment(visa))
	require.NoError(t, err)
	p := &stripego.RefundParams{PaymentIntent: &pi.ID, Amount: stripego.Int64(4000), Reason: stripego.String("requested_by_customer")}
	p.AddExpand("balance_transaction")
	p.AddExpand("charge.balance_transaction")
	made, err := h.Refunds.New(p)
	require.NoError(t, err)
	require.Equal(t, stripego.RefundStatusSucceeded, made.Status)
	require.Equal(t, int64(-4000), made.BalanceTransaction.Amount)
	require.Zero(t, made.BalanceTransaction.Fee)
	require.Equal(t, int64(320), made.Charge.BalanceTransaction.Fee)
	require.Equal(t, simulator.PartiallyRefunded, h.charges()[0].Status)

	_, err = h.Refunds.New(&stripego.RefundParams{Charge: &made.Charge.ID, Amount: stripego.Int64(6000)})
	require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
	second, err := h.Refunds.New(&stripego.RefundParams{Charge: &made.Charge.ID})
	require.NoError(t, err)
	require.Equal(t, int64(5999), second.Amount)
	_, err = h.Refunds.New(&stripego.RefundParams{PaymentIntent: &pi.ID})
	require.Equal(t, stripego.ErrorCodeChargeAlreadyRefunded, stripeError(t, err).Code)

	list := h.Refunds.List(&stripego.RefundListParams{PaymentIntent: &pi.ID})
	require.True(t, list.Next())
	require.Equal(t, second.ID, list.Refund().ID, "newest first")
	require.True(t, list.Next())
	require.False(t, list.Next())
	var record struct{ Refunds []simulator.Refund }
	h.get("/_sim/refunds", &record)
	require.Len(t, record.Refunds, 2)
	require.Equal(t, int64(4000), record.Refunds[0].Amount)
	require.Equal(t, pi.ID, record.Refunds[0].PaymentIntent)

	balance, err := h.Balance.Get(nil)
	require.NoError(t, err)
	require.Equal(t, int64(-320), balance.Available[0].Amount, "the fee is not given back")
}

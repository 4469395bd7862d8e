package payment

// DeclineCode is the hub's one taxonomy of reasons for which a payment is
// refused; each gateway's words map into it.
type DeclineCode string

// The reasons.
const (
	DeclineGeneric              DeclineCode = "generic_decline"
	DeclineDoNotHonor           DeclineCode = "do_not_honor"
	DeclineInsufficientFunds    DeclineCode = "insufficient_funds"
	DeclineExpiredCard          DeclineCode = "expired_card"
	DeclineIncorrectCVC         DeclineCode = "incorrect_cvc"
	DeclineIncorrectNumber      DeclineCode = "incorrect_number"
	DeclineInvalidExpiry        DeclineCode = "invalid_expiry"
	DeclineLostOrStolen         DeclineCode = "lost_or_stolen_card"
	DeclineFraud                DeclineCode = "fraudulent"
	DeclineAuthentication       DeclineCode = "authentication_failed"
	DeclineAuthenticationNeeded DeclineCode = "authentication_required"
	DeclineLimitExceeded        DeclineCode = "card_limit_exceeded"
	DeclineNotPermitted         DeclineCode = "transaction_not_permitted"
	DeclineCardNotSupported     DeclineCode = "card_not_supported"
	DeclineCurrency             DeclineCode = "currency_not_supported"
	DeclineAmount               DeclineCode = "invalid_amount"
	DeclineIssuerUnavailable    DeclineCode = "issuer_unavailable"
	DeclineProcessingError      DeclineCode = "processing_error"
	DeclineMethodDetached       DeclineCode = "payment_method_detached" // the gateway keeps the card no longer
	DeclineAuthorizationExpired DeclineCode = "authorization_expired"
	DeclineState                DeclineCode = "invalid_gateway_state" // the provider's record forbids the action
	DeclineGatewayUnavailable   DeclineCode = "gateway_unavailable"   // refused before anything was sent or done
	DeclineGatewayConfiguration DeclineCode = "gateway_misconfigured" // credentials or account settings
)

// Advice says what the merchant should do with a decline.
type Advice string

// The pieces of advice. NeverRetry is binding: the networks fine retries.
const (
	AdviceTryLater       Advice = "try_again_later"
	AdviceCheckCard      Advice = "confirm_card_data"
	AdviceOtherMethod    Advice = "use_another_payment_method"
	AdviceAuthenticate   Advice = "authenticate_shopper"
	AdviceNeverRetry     Advice = "do_not_try_again"
	AdviceContactSupport Advice = "contact_support"
)

// Decline is a refusal in normalised words.
type Decline struct {
	Code          DeclineCode `json:"code"`
	Advice        Advice      `json:"advice"`
	IssuerCode    string      `json:"issuer_code,omitempty"`    // ISO 8583 field 39, "51"
	NetworkAdvice string      `json:"network_advice,omitempty"` // the card network's advice code, "03"
	GatewayCode   string      `json:"gateway_code,omitempty"`   // the provider's own word
	Message       string      `json:"message"`                  // for people; ours, never the provider's raw text
}

// RetryAllowed reports whether the same card may ever be tried again for this
// payment (here or at another gateway).
func (d Decline) RetryAllowed() bool { return d.Advice != AdviceNeverRetry }

// ofRefund words the refusal of a refund. What is wrong with the card is nothing
// that the shopper could correct now.
func (d Decline) ofRefund() *Decline {
	switch d.Code {
	case DeclineGeneric, DeclineDoNotHonor, DeclineExpiredCard, DeclineLostOrStolen, DeclineIncorrectNumber, DeclineNotPermitted, DeclineCardNotSupported:
		d.Advice = AdviceOtherMethod
		d.Message = "The refund did not reach the shopper's card, and the money is yours again. Pay the shopper back in another way."
	}
	return &d
}

// ForShopper is the reason that whoever holds the card may be told. Reasons that
// hint at fraud, or at a card that was reported, are not theirs to learn.
func (d Decline) ForShopper() DeclineCode {
	switch d.Code {
	case DeclineLostOrStolen, DeclineFraud, DeclineDoNotHonor, DeclineState, DeclineAuthorizationExpired:
		return DeclineGeneric
	default:
		return d.Code
	}
}

type explanation struct {
	advice  Advice
	message string
}

var explanations = map[DeclineCode]explanation{
	DeclineGeneric:              {AdviceOtherMethod, "The card was declined. Ask for another card or let the shopper contact their bank."},
	DeclineDoNotHonor:           {AdviceOtherMethod, "The issuer declined without a reason. Ask for another card or let the shopper contact their bank."},
	DeclineInsufficientFunds:    {AdviceTryLater, "The card has insufficient funds. Ask for another card or try later."},
	DeclineExpiredCard:          {AdviceCheckCard, "The card has expired. Ask for a current card."},
	DeclineIncorrectCVC:         {AdviceCheckCard, "The security code is wrong. Ask the shopper to check it."},
	DeclineIncorrectNumber:      {AdviceCheckCard, "The card number is wrong. Ask the shopper to check it."},
	DeclineInvalidExpiry:        {AdviceCheckCard, "The expiry date is wrong. Ask the shopper to check it."},
	DeclineLostOrStolen:         {AdviceNeverRetry, "The card was declined. Do not try it again."},
	DeclineFraud:                {AdviceNeverRetry, "The payment was refused as too risky. Do not try this card again."},
	DeclineAuthentication:       {AdviceAuthenticate, "The shopper was not authenticated. Let them try again."},
	DeclineAuthenticationNeeded: {AdviceAuthenticate, "The issuer demands authentication of the shopper."},
	DeclineLimitExceeded:        {AdviceTryLater, "The card's limit is exceeded. Ask for another card or try later."},
	DeclineNotPermitted:         {AdviceOtherMethod, "The card does not permit this kind of payment. Ask for another card."},
	DeclineCardNotSupported:     {AdviceOtherMethod, "The gateway does not accept this card. Ask for another card."},
	DeclineCurrency:             {AdviceOtherMethod, "The card or gateway does not accept this currency."},
	DeclineAmount:               {AdviceOtherMethod, "The gateway does not accept this amount."},
	DeclineIssuerUnavailable:    {AdviceTryLater, "The card's issuer could not be reached. Try again later."},
	DeclineProcessingError:      {AdviceTryLater, "The payment could not be processed. Try again later."},
	DeclineMethodDetached:       {AdviceOtherMethod, "The gateway does not keep this card any more. Ask for another payment method."},
	DeclineAuthorizationExpired: {AdviceNeverRetry, "The authorization has expired at the gateway."},
	DeclineState:                {AdviceContactSupport, "The gateway's record of the payment does not allow this."},
	DeclineGatewayUnavailable:   {AdviceTryLater, "The gateway could not take the payment now; nothing was charged. Try again."},
	DeclineGatewayConfiguration: {AdviceContactSupport, "The gateway refused the hub's request; nothing was charged. Check the gateway's account settings."},
}

// NewDecline makes a decline with the taxonomy's advice and message.
func NewDecline(code DeclineCode) Decline {
	e, ok := explanations[code]
	if !ok {
		return NewDecline(DeclineGeneric)
	}
	return Decline{Code: code, Advice: e.advice, Message: e.message}
}

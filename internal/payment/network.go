package payment

// DeclineOfIssuer is the reason behind an issuer's response code, for gateways that give
// none of their own; false where the code tells none that the hub knows.
func DeclineOfIssuer(code string) (DeclineCode, bool) {
	reason, known := issuerCodes[code]
	return reason, known
}

// AdviceOfNetwork is what Mastercard's merchant advice code says, "" for one that says
// nothing that the hub knows.
func AdviceOfNetwork(code string) Advice { return networkAdvice[code] }

// issuerCodes maps the issuer's response code.
// Source: ISO 8583, field 39; N7 is Visa's, 82 is shared.
var issuerCodes = map[string]DeclineCode{
	"03": DeclineNotPermitted, // invalid merchant
	"04": DeclineLostOrStolen, // pick up
	"05": DeclineDoNotHonor,
	"07": DeclineLostOrStolen, // pick up, special condition
	"13": DeclineAmount,
	"14": DeclineIncorrectNumber,
	"41": DeclineLostOrStolen,
	"43": DeclineLostOrStolen,
	"51": DeclineInsufficientFunds,
	"54": DeclineExpiredCard,
	"57": DeclineNotPermitted,
	"59": DeclineFraud,
	"61": DeclineLimitExceeded,
	"62": DeclineNotPermitted,
	"65": DeclineLimitExceeded,
	"82": DeclineIncorrectCVC,
	"91": DeclineIssuerUnavailable,
	"96": DeclineProcessingError,
	"N7": DeclineIncorrectCVC,
}

// networkAdvice maps Mastercard's merchant advice codes.
// Source: Mastercard, Transaction Processing Rules, merchant advice codes.
var networkAdvice = map[string]Advice{
	"01": AdviceCheckCard,  // new account information available
	"02": AdviceTryLater,   // cannot approve now
	"03": AdviceNeverRetry, // do not try again
	"21": AdviceNeverRetry, // the cardholder canceled the agreement
	"24": AdviceTryLater,   // after 1 hour
	"25": AdviceTryLater,   // after 24 hours
	"26": AdviceTryLater,   // after 2 days
	"27": AdviceTryLater,   // after 4 days
	"28": AdviceTryLater,   // after 6 days
	"29": AdviceTryLater,   // after 8 days
	"30": AdviceTryLater,   // after 10 days
}

package checkout

import "paymenthub/internal/payment"

const (
	codeApproved = "10000"
	codeDeferred = "10200" // a capture that is still to come
)

// responseCodes maps Checkout.com's response codes for declines; those that are not
// here tell no reason that the hub knows. 200 and 300 stand before the issuer's own
// code (ISO 8583 field 39), 300 before those of a card that is to be picked up.
// Source: checkout.com/docs/resources/codes/response-codes.
var responseCodes = map[string]payment.DeclineCode{
	"20003": payment.DeclineNotPermitted, // invalid merchant
	"20005": payment.DeclineDoNotHonor,
	"20006": payment.DeclineProcessingError,
	"20009": payment.DeclineProcessingError, // request in progress
	"20012": payment.DeclineNotPermitted,    // invalid transaction
	"20013": payment.DeclineAmount,
	"20014": payment.DeclineIncorrectNumber,
	"20017": payment.DeclineNotPermitted, // customer cancellation
	"20019": payment.DeclineProcessingError,
	"20022": payment.DeclineProcessingError,
	"20030": payment.DeclineProcessingError,
	"20031": payment.DeclineCardNotSupported,
	"20038": payment.DeclineAuthentication, // too many wrong PINs
	"20039": payment.DeclineCardNotSupported,
	"20040": payment.DeclineNotPermitted, // function not supported
	"20051": payment.DeclineInsufficientFunds,
	"20052": payment.DeclineCardNotSupported, // no current account
	"20053": payment.DeclineCardNotSupported, // no savings account
	"20054": payment.DeclineExpiredCard,
	"20055": payment.DeclineAuthentication,  // wrong PIN
	"20056": payment.DeclineIncorrectNumber, // no card record
	"20057": payment.DeclineNotPermitted,
	"20058": payment.DeclineNotPermitted,
	"20059": payment.DeclineFraud,
	"20061": payment.DeclineLimitExceeded,
	"20062": payment.DeclineNotPermitted,         // restricted card
	"20065": payment.DeclineLimitExceeded,        // too many payments
	"20067": payment.DeclineLostOrStolen,         // pick up
	"20068": payment.DeclineIssuerUnavailable,    // answered too late
	"20075": payment.DeclineAuthentication,       // too many wrong PINs
	"20078": payment.DeclineNotPermitted,         // not unblocked yet
	"20082": payment.DeclineIncorrectCVC,         // card verification failed
	"20087": payment.DeclineIncorrectCVC,         // security code or expiry
	"20090": payment.DeclineIssuerUnavailable,    // cut-off
	"20091": payment.DeclineIssuerUnavailable,    // issuer or switch inoperative
	"20092": payment.DeclineIssuerUnavailable,    // no route
	"20093": payment.DeclineNotPermitted,         // against the law
	"20094": payment.DeclineProcessingError,      // duplicate
	"20096": payment.DeclineProcessingError,      // system malfunction
	"20099": payment.DeclineGeneric,              // not identified
	"20100": payment.DeclineInvalidExpiry,        // expiry is no date
	"20102": payment.DeclineIncorrectNumber,      // check digit
	"20103": payment.DeclineCardNotSupported,     // type of card
	"20104": payment.DeclineGatewayConfiguration, // gateway: invalid transaction
	"20106": payment.DeclineCurrency,
	"20120": payment.DeclineGatewayConfiguration, // invalid user
	"20121": payment.DeclineLimitExceeded,        // the merchant's limit
	"20124": payment.DeclineIncorrectCVC,         // none was given
	"20150": payment.DeclineAuthentication,       // not enrolled
	"20151": payment.DeclineAuthentication,       // the shopper failed
	"20152": payment.DeclineAuthentication,       // not within 15 minutes
	"20153": payment.DeclineAuthentication,       // 3-D Secure is down
	"20154": payment.DeclineAuthenticationNeeded,
	"20155": payment.DeclineAuthentication,
	"20157": payment.DeclineGatewayConfiguration,
	"20158": payment.DeclineState,          // the time for a refund is over
	"20159": payment.DeclineAuthentication, // the issuer's 3-D Secure is down
	"20182": payment.DeclineNotPermitted,   // the issuer's policy
	"20183": payment.DeclineFraud,          // the issuer's security

	"200N0": payment.DeclineIssuerUnavailable, // stand-in processing
	"200N7": payment.DeclineIncorrectCVC,
	"200O5": payment.DeclineAuthenticationNeeded, // PIN
	"200P1": payment.DeclineLimitExceeded,
	"200P9": payment.DeclineLimitExceeded,
	"200R1": payment.DeclineNotPermitted, // the shopper stopped this payment
	"200R3": payment.DeclineNotPermitted, // the shopper stopped all payments
	"200T3": payment.DeclineCardNotSupported,

	"30004": payment.DeclineLostOrStolen,    // pick up
	"30007": payment.DeclineLostOrStolen,    // pick up, special condition
	"30015": payment.DeclineIncorrectNumber, // no such issuer
	"30020": payment.DeclineAmount,
	"30021": payment.DeclineLimitExceeded,
	"30022": payment.DeclineLimitExceeded,
	"30033": payment.DeclineExpiredCard,
	"30034": payment.DeclineFraud,
	"30036": payment.DeclineNotPermitted, // restricted
	"30038": payment.DeclineAuthentication,
	"30041": payment.DeclineLostOrStolen,
	"30043": payment.DeclineLostOrStolen,
	"30044": payment.DeclineNotPermitted,    // anonymous prepaid card
	"30046": payment.DeclineIncorrectNumber, // the account is closed

	// Checkout.com's own risk engine, and the merchant's lists there.
	"40101": payment.DeclineFraud,
	"40201": payment.DeclineFraud,
	"40202": payment.DeclineFraud,
	"40203": payment.DeclineFraud,
	"40204": payment.DeclineFraud,
	"40205": payment.DeclineFraud,

	"50003": payment.DeclineState, // the merchant's balance does not allow the refund
}

// errorCodes maps the codes with which a request is refused; those that are not here
// are faults of the request or of the account's settings.
// Source: checkout.com/docs/resources/codes/error-codes.
var errorCodes = map[string]payment.DeclineCode{
	"amount_exceeds_balance":                          payment.DeclineAmount,
	"amount_invalid":                                  payment.DeclineAmount,
	"amount_limit_exceeded":                           payment.DeclineAmount,
	"capture_value_greater_than_authorized":           payment.DeclineAmount,
	"capture_value_greater_than_remaining_authorized": payment.DeclineAmount,
	"void_amount_invalid":                             payment.DeclineAmount,
	"currency_invalid":                                payment.DeclineCurrency,
	"currency_required":                               payment.DeclineCurrency,
	"card_number_invalid":                             payment.DeclineIncorrectNumber,
	"card_number_required":                            payment.DeclineIncorrectNumber,
	"card_expired":                                    payment.DeclineExpiredCard,
	"card_expiry_month_invalid":                       payment.DeclineInvalidExpiry,
	"card_expiry_month_required":                      payment.DeclineInvalidExpiry,
	"card_expiry_year_invalid":                        payment.DeclineInvalidExpiry,
	"card_expiry_year_required":                       payment.DeclineInvalidExpiry,
	"expiry_date_format_invalid":                      payment.DeclineInvalidExpiry,
	"cvv_invalid":                                     payment.DeclineIncorrectCVC,
	"card_disabled":                                   payment.DeclineNotPermitted,
	"card_not_found":                                  payment.DeclineIncorrectNumber,
	"payment_method_invalid":                          payment.DeclineCardNotSupported,
	"payment_method_not_supported":                    payment.DeclineCardNotSupported,
	"payment_expired":                                 payment.DeclineAuthorizationExpired,
	"action_failure_limit_exceeded":                   payment.DeclineState,
	"issuer_network_unavailable":                      payment.DeclineIssuerUnavailable,
	"velocity_amount_limit_exceeded":                  payment.DeclineLimitExceeded,
	"velocity_count_limit_exceeded":                   payment.DeclineLimitExceeded,
	"3ds_malfunction":                                 payment.DeclineAuthentication,
	"3ds_not_enabled_for_card":                        payment.DeclineAuthentication,
	"3ds_payment_required":                            payment.DeclineAuthenticationNeeded,
	"processing_error":                                payment.DeclineProcessingError,
	"service_unavailable":                             payment.DeclineProcessingError,
}

// recommendations maps recommendation_code.
// Source: checkout.com/docs/resources/codes/recommendation-codes.
var recommendations = map[string]payment.Advice{
	"01": payment.AdviceCheckCard,  // with updated details
	"02": payment.AdviceTryLater,   // later
	"03": payment.AdviceNeverRetry, // not again
}

// neverAgain are the response codes that forbid a retry by themselves, whatever
// reason they are filed under: an account that is closed or does not exist, and
// payments that the shopper stopped (Visa, category 1).
var neverAgain = []string{"20014", "30015", "30046", "200R1", "200R3"}

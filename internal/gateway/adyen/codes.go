package adyen

import "paymenthub/internal/payment"

// refusals are Adyen's reasons for refusing a payment: refusalReasonCode,
// refusalReason, and the hub's word for it.
// Source: docs.adyen.com/development-resources/refusal-reasons.
var refusals = []struct {
	code, reason string
	decline      payment.DeclineCode
}{
	{"2", "Refused", payment.DeclineGeneric},
	{"3", "Referral", payment.DeclineGeneric},
	{"4", "Acquirer Error", payment.DeclineProcessingError},
	{"5", "Blocked Card", payment.DeclineLostOrStolen},
	{"6", "Expired Card", payment.DeclineExpiredCard},
	{"7", "Invalid Amount", payment.DeclineAmount},
	{"8", "Invalid Card Number", payment.DeclineIncorrectNumber},
	{"9", "Issuer Unavailable", payment.DeclineIssuerUnavailable},
	{"10", "Not supported", payment.DeclineNotPermitted},
	{"11", "3D Not Authenticated", payment.DeclineAuthentication},
	{"12", "Not enough balance", payment.DeclineInsufficientFunds},
	{"14", "Acquirer Fraud", payment.DeclineFraud},
	{"15", "Cancelled", payment.DeclineState},
	{"16", "Shopper Cancelled", payment.DeclineAuthentication},
	{"17", "Invalid Pin", payment.DeclineAuthentication},
	{"18", "Pin tries exceeded", payment.DeclineAuthentication},
	{"19", "Pin validation not possible", payment.DeclineAuthentication},
	{"20", "FRAUD", payment.DeclineFraud},
	{"21", "Not Submitted", payment.DeclineProcessingError},
	{"22", "FRAUD-CANCELLED", payment.DeclineFraud},
	{"23", "Transaction Not Permitted", payment.DeclineNotPermitted},
	{"24", "CVC Declined", payment.DeclineIncorrectCVC},
	{"25", "Restricted Card", payment.DeclineNotPermitted},
	{"26", "Revocation Of Auth", payment.DeclineNotPermitted},
	{"27", "Declined Non Generic", payment.DeclineGeneric},
	{"28", "Withdrawal amount exceeded", payment.DeclineLimitExceeded},
	{"29", "Withdrawal count exceeded", payment.DeclineLimitExceeded},
	{"31", "Issuer Suspected Fraud", payment.DeclineFraud},
	{"32", "AVS Declined", payment.DeclineGeneric},
	{"33", "Card requires online pin", payment.DeclineAuthenticationNeeded},
	{"34", "No checking account available on Card", payment.DeclineNotPermitted},
	{"35", "No savings account available on Card", payment.DeclineNotPermitted},
	{"36", "Mobile pin required", payment.DeclineAuthenticationNeeded},
	{"37", "Contactless fallback", payment.DeclineNotPermitted},
	{"38", "Authentication required", payment.DeclineAuthenticationNeeded},
	{"39", "RReq not received from DS", payment.DeclineAuthentication},
	{"40", "Current AID is in Penalty Box.", payment.DeclineProcessingError},
	{"41", "CVM Required Restart Payment", payment.DeclineAuthenticationNeeded},
	{"42", "3DS Authentication Error", payment.DeclineAuthentication},
	{"46", "Transaction blocked by Adyen to prevent excessive retry fees.", payment.DeclineGeneric},
}

// neverAgain are the refusals that forbid a retry by themselves, whatever reason they
// are filed under: the owner took the permission back, or Adyen knows that the
// network would fine it.
var neverAgain = map[string]bool{"26": true, "46": true}

// issuerCodes maps the issuer's response code, for refusals of which Adyen gives no
// reason. Source: ISO 8583, field 39; N7 is Visa's, 82 is shared.
var issuerCodes = map[string]payment.DeclineCode{
	"03": payment.DeclineNotPermitted, // invalid merchant
	"04": payment.DeclineLostOrStolen, // pick up
	"05": payment.DeclineDoNotHonor,
	"07": payment.DeclineLostOrStolen, // pick up, special condition
	"13": payment.DeclineAmount,
	"14": payment.DeclineIncorrectNumber,
	"41": payment.DeclineLostOrStolen,
	"43": payment.DeclineLostOrStolen,
	"51": payment.DeclineInsufficientFunds,
	"54": payment.DeclineExpiredCard,
	"57": payment.DeclineNotPermitted,
	"59": payment.DeclineFraud,
	"61": payment.DeclineLimitExceeded,
	"62": payment.DeclineNotPermitted,
	"65": payment.DeclineLimitExceeded,
	"82": payment.DeclineIncorrectCVC,
	"91": payment.DeclineIssuerUnavailable,
	"96": payment.DeclineProcessingError,
	"N7": payment.DeclineIncorrectCVC,
}

// networkAdvice maps Mastercard's merchant advice codes.
// Source: Mastercard, Transaction Processing Rules, merchant advice codes.
var networkAdvice = map[string]payment.Advice{
	"01": payment.AdviceCheckCard,  // new account information available
	"02": payment.AdviceTryLater,   // cannot approve now
	"03": payment.AdviceNeverRetry, // do not try again
	"21": payment.AdviceNeverRetry, // the cardholder canceled the agreement
	"24": payment.AdviceTryLater,   // after 1 hour
	"25": payment.AdviceTryLater,   // after 24 hours
	"26": payment.AdviceTryLater,   // after 2 days
	"27": payment.AdviceTryLater,   // after 4 days
	"28": payment.AdviceTryLater,   // after 6 days
	"29": payment.AdviceTryLater,   // after 8 days
	"30": payment.AdviceTryLater,   // after 10 days
}

// errorCodes maps the error codes with which Adyen refuses a request before anything
// is done; those that are not here are faults of the request or of the account's
// settings. Source: docs.adyen.com/development-resources/error-codes.
var errorCodes = map[string]payment.DeclineCode{
	"100": payment.DeclineAmount,          // no amount specified
	"101": payment.DeclineIncorrectNumber, // invalid card number
	"103": payment.DeclineIncorrectCVC,    // CVC is not the right length
	"129": payment.DeclineInvalidExpiry,   // expiry date invalid
	"137": payment.DeclineAmount,          // invalid amount specified
	"138": payment.DeclineCurrency,        // unsupported currency specified
	"140": payment.DeclineInvalidExpiry,   // invalid expiry month
	"141": payment.DeclineInvalidExpiry,   // invalid expiry year
	"152": payment.DeclineIncorrectNumber, // invalid number
	"153": payment.DeclineIncorrectCVC,    // invalid CVC
	"167": payment.DeclineState,           // original pspReference required for this operation
	"905": payment.DeclineCardNotSupported,
	"907": payment.DeclineCardNotSupported, // for this country and merchant category
}

// errorInProgress: a request with this key is under way, or was done.
const errorInProgress = "704"

// errorMerchantAccount: the merchant account is not one of the API key's.
const errorMerchantAccount = "901"

// shortOfBalance is the reason of a capture or refund of more than there is.
// Source: docs.adyen.com/online-payments/refund, "Failed refund reasons".
const shortOfBalance = "insufficient balance on payment"

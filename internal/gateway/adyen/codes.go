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

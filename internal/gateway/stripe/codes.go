package stripe

import (
	"github.com/stripe/stripe-go/v76"

	"paymenthub/internal/payment"
)

// declineCodes maps every decline_code that Stripe documents.
// Source: docs.stripe.com/declines/codes, "Stripe decline codes".
var declineCodes = map[stripe.DeclineCode]payment.DeclineCode{
	stripe.DeclineCodeAuthenticationRequired:         payment.DeclineAuthenticationNeeded,
	"authentication_not_handled":                     payment.DeclineAuthenticationNeeded,
	"mobile_device_authentication_required":          payment.DeclineAuthenticationNeeded,
	stripe.DeclineCodeApproveWithID:                  payment.DeclineGeneric,
	stripe.DeclineCodeCallIssuer:                     payment.DeclineGeneric,
	stripe.DeclineCodeCardNotSupported:               payment.DeclineCardNotSupported,
	stripe.DeclineCodeCardVelocityExceeded:           payment.DeclineLimitExceeded,
	stripe.DeclineCodeCurrencyNotSupported:           payment.DeclineCurrency,
	stripe.DeclineCodeDoNotHonor:                     payment.DeclineDoNotHonor,
	stripe.DeclineCodeDoNotTryAgain:                  payment.DeclineGeneric,
	stripe.DeclineCodeDuplicateTransaction:           payment.DeclineGeneric,
	stripe.DeclineCodeExpiredCard:                    payment.DeclineExpiredCard,
	stripe.DeclineCodeFraudulent:                     payment.DeclineFraud,
	stripe.DeclineCodeGenericDecline:                 payment.DeclineGeneric,
	stripe.DeclineCodeIncorrectNumber:                payment.DeclineIncorrectNumber,
	stripe.DeclineCodeIncorrectCVC:                   payment.DeclineIncorrectCVC,
	stripe.DeclineCodeIncorrectPIN:                   payment.DeclineAuthentication,
	stripe.DeclineCodeIncorrectZip:                   payment.DeclineGeneric,
	"incorrect_address":                              payment.DeclineGeneric,
	stripe.DeclineCodeInsufficientFunds:              payment.DeclineInsufficientFunds,
	stripe.DeclineCodeInvalidAccount:                 payment.DeclineIncorrectNumber,
	stripe.DeclineCodeInvalidAmount:                  payment.DeclineAmount,
	stripe.DeclineCodeInvalidCVC:                     payment.DeclineIncorrectCVC,
	stripe.DeclineCodeInvalidExpiryMonth:             payment.DeclineInvalidExpiry,
	stripe.DeclineCodeInvalidExpiryYear:              payment.DeclineInvalidExpiry,
	stripe.DeclineCodeInvalidNumber:                  payment.DeclineIncorrectNumber,
	stripe.DeclineCodeInvalidPIN:                     payment.DeclineAuthentication,
	stripe.DeclineCodeIssuerNotAvailable:             payment.DeclineIssuerUnavailable,
	stripe.DeclineCodeLostCard:                       payment.DeclineLostOrStolen,
	stripe.DeclineCodeMerchantBlacklist:              payment.DeclineFraud,
	stripe.DeclineCodeNewAccountInformationAvailable: payment.DeclineGeneric,
	stripe.DeclineCodeNoActionTaken:                  payment.DeclineGeneric,
	stripe.DeclineCodeNotPermitted:                   payment.DeclineNotPermitted,
	stripe.DeclineCodeOfflinePINRequired:             payment.DeclineAuthenticationNeeded,
	stripe.DeclineCodeOnlineOrOfflinePINRequired:     payment.DeclineAuthenticationNeeded,
	stripe.DeclineCodePickupCard:                     payment.DeclineLostOrStolen,
	stripe.DeclineCodePINTryExceeded:                 payment.DeclineAuthentication,
	stripe.DeclineCodeProcessingError:                payment.DeclineProcessingError,
	stripe.DeclineCodeReenterTransaction:             payment.DeclineProcessingError,
	stripe.DeclineCodeRestrictedCard:                 payment.DeclineNotPermitted,
	stripe.DeclineCodeRevocationOfAllAuthorizations:  payment.DeclineNotPermitted,
	stripe.DeclineCodeRevocationOfAuthorization:      payment.DeclineNotPermitted,
	stripe.DeclineCodeSecurityViolation:              payment.DeclineGeneric,
	stripe.DeclineCodeServiceNotAllowed:              payment.DeclineNotPermitted,
	stripe.DeclineCodeStolenCard:                     payment.DeclineLostOrStolen,
	stripe.DeclineCodeStopPaymentOrder:               payment.DeclineNotPermitted,
	stripe.DeclineCodeTestModeDecline:                payment.DeclineCardNotSupported,
	stripe.DeclineCodeTransactionNotAllowed:          payment.DeclineNotPermitted,
	stripe.DeclineCodeTryAgainLater:                  payment.DeclineGeneric,
	stripe.DeclineCodeWithdrawalCountLimitExceeded:   payment.DeclineLimitExceeded,
}

// errorCodes maps the error codes that can come without a decline_code; those
// that are not here are faults of the request or of the account's settings.
// Source: docs.stripe.com/error-codes.
var errorCodes = map[stripe.ErrorCode]payment.DeclineCode{
	stripe.ErrorCodeCardDeclined:                           payment.DeclineGeneric,
	stripe.ErrorCodeExpiredCard:                            payment.DeclineExpiredCard,
	stripe.ErrorCodeIncorrectCVC:                           payment.DeclineIncorrectCVC,
	stripe.ErrorCodeInvalidCVC:                             payment.DeclineIncorrectCVC,
	stripe.ErrorCodeIncorrectNumber:                        payment.DeclineIncorrectNumber,
	stripe.ErrorCodeInvalidNumber:                          payment.DeclineIncorrectNumber,
	stripe.ErrorCodeInvalidExpiryMonth:                     payment.DeclineInvalidExpiry,
	stripe.ErrorCodeInvalidExpiryYear:                      payment.DeclineInvalidExpiry,
	stripe.ErrorCodeIncorrectZip:                           payment.DeclineGeneric,
	stripe.ErrorCodeIncorrectAddress:                       payment.DeclineGeneric,
	stripe.ErrorCodeInsufficientFunds:                      payment.DeclineInsufficientFunds,
	stripe.ErrorCodeProcessingError:                        payment.DeclineProcessingError,
	stripe.ErrorCodeCardDeclineRateLimitExceeded:           payment.DeclineLimitExceeded,
	stripe.ErrorCodeAuthenticationRequired:                 payment.DeclineAuthenticationNeeded,
	stripe.ErrorCodePaymentIntentAuthenticationFailure:     payment.DeclineAuthentication,
	stripe.ErrorCodePaymentIntentPaymentAttemptFailed:      payment.DeclineGeneric,
	stripe.ErrorCodePaymentIntentPaymentAttemptExpired:     payment.DeclineAuthentication,
	stripe.ErrorCodePaymentMethodCustomerDecline:           payment.DeclineAuthentication,
	stripe.ErrorCodePaymentMethodProviderDecline:           payment.DeclineGeneric,
	stripe.ErrorCodePaymentMethodCurrencyMismatch:          payment.DeclineCurrency,
	stripe.ErrorCodeInvalidCardType:                        payment.DeclineCardNotSupported,
	stripe.ErrorCodePaymentIntentIncompatiblePaymentMethod: payment.DeclineCardNotSupported,
	stripe.ErrorCodeAmountTooLarge:                         payment.DeclineAmount,
	stripe.ErrorCodeAmountTooSmall:                         payment.DeclineAmount,
	stripe.ErrorCodeInvalidChargeAmount:                    payment.DeclineAmount,
	"invalid_charge_amount_no_decimal_compatible":          payment.DeclineAmount,
	stripe.ErrorCodeChargeExceedsSourceLimit:               payment.DeclineAmount,
	stripe.ErrorCodeChargeExpiredForCapture:                payment.DeclineAuthorizationExpired,
	stripe.ErrorCodeCaptureChargeAuthorizationExpired:      payment.DeclineAuthorizationExpired,
	stripe.ErrorCodeCaptureUnauthorizedPayment:             payment.DeclineState,
	stripe.ErrorCodePaymentIntentUnexpectedState:           payment.DeclineState,
	stripe.ErrorCodeIntentInvalidState:                     payment.DeclineState,
	stripe.ErrorCodeChargeAlreadyCaptured:                  payment.DeclineState,
	stripe.ErrorCodeChargeAlreadyRefunded:                  payment.DeclineState,
	stripe.ErrorCodeChargeNotRefundable:                    payment.DeclineState,
	stripe.ErrorCodeChargeDisputed:                         payment.DeclineState,
	stripe.ErrorCodeBalanceInsufficient:                    payment.DeclineState, // the account's, for a refund
	stripe.ErrorCodeRefundDisputedPayment:                  payment.DeclineState,
}

// issuerCodes maps the issuer's response code, for declines of which Stripe
// gives no reason. Source: ISO 8583, field 39; N7 is Visa's, 82 is shared.
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

package paypal

import "paymenthub/internal/payment"

// Words of PayPal's that decide what happens next.
const (
	nameNotFound     = "RESOURCE_NOT_FOUND"
	issueNotApproved = "ORDER_NOT_APPROVED"
	issueInProgress  = "PREVIOUS_REQUEST_IN_PROGRESS"
	// What an authorization that is over is told as, in answers and webhooks alike.
	issueCaptured = "AUTHORIZATION_ALREADY_CAPTURED"
	issueVoided   = "AUTHORIZATION_VOIDED"
	issueExpired  = "AUTHORIZATION_EXPIRED"
)

// holdIssues say that an authorization is over.
var holdIssues = []string{issueCaptured, issueVoided, issueExpired, "AUTHORIZATION_DENIED", "PREVIOUSLY_CAPTURED", "PREVIOUSLY_VOIDED"}

// issueCodes maps the issues with which PayPal refuses to make, take, capture, void or
// refund. PayPal tells neither the issuer's code nor the network's advice.
// Source: developer.paypal.com/api/rest/reference/orders/v2/errors, …/payments/v2/errors,
// and the API's descriptions in github.com/paypal/paypal-rest-api-specifications.
var issueCodes = map[string]payment.DeclineCode{
	// What the shopper pays with.
	"INSTRUMENT_DECLINED":                     payment.DeclineGeneric,
	"PAYMENT_SOURCE_DECLINED_BY_PROCESSOR":    payment.DeclineGeneric,
	"PAYMENT_SOURCE_CANNOT_BE_USED":           payment.DeclineCardNotSupported,
	"REDIRECT_PAYER_FOR_ALTERNATE_FUNDING":    payment.DeclineGeneric,
	"PAYMENT_DENIED":                          payment.DeclineGeneric,
	"PAYER_CANNOT_PAY":                        payment.DeclineGeneric,
	"PAYER_ACCOUNT_RESTRICTED":                payment.DeclineNotPermitted,
	"PAYER_ACCOUNT_LOCKED_OR_CLOSED":          payment.DeclineNotPermitted,
	"PAYER_COUNTRY_NOT_SUPPORTED":             payment.DeclineNotPermitted,
	"PAYER_ACTION_REQUIRED":                   payment.DeclineAuthenticationNeeded,
	"CARD_EXPIRED":                            payment.DeclineExpiredCard,
	"TRANSACTION_REFUSED":                     payment.DeclineGeneric,
	"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": payment.DeclineLimitExceeded,
	"TRANSACTION_LIMIT_EXCEEDED":              payment.DeclineLimitExceeded,
	"COMPLIANCE_VIOLATION":                    payment.DeclineFraud,
	"TRANSACTION_BLOCKED_BY_PAYEE":            payment.DeclineFraud,
	"PAYEE_BLOCKED_TRANSACTION":               payment.DeclineFraud,
	"DOMESTIC_TRANSACTION_REQUIRED":           payment.DeclineNotPermitted,
	issueNotApproved:                          payment.DeclineAuthenticationNeeded,
	"ORDER_EXPIRED":                           payment.DeclineAuthentication,

	// What is in the way of the action.
	issueCaptured:                                 payment.DeclineState,
	issueVoided:                                   payment.DeclineState,
	"AUTHORIZATION_DENIED":                        payment.DeclineState,
	issueExpired:                                  payment.DeclineAuthorizationExpired,
	"PREVIOUSLY_CAPTURED":                         payment.DeclineState,
	"PREVIOUSLY_VOIDED":                           payment.DeclineState,
	"CANNOT_BE_VOIDED":                            payment.DeclineState,
	"ORDER_ALREADY_CAPTURED":                      payment.DeclineState,
	"ORDER_ALREADY_AUTHORIZED":                    payment.DeclineState,
	"ORDER_ALREADY_COMPLETED":                     payment.DeclineState,
	"ORDER_COMPLETED_OR_VOIDED":                   payment.DeclineState,
	"ORDER_PREVIOUSLY_VOIDED":                     payment.DeclineState,
	"MAX_CAPTURE_COUNT_EXCEEDED":                  payment.DeclineState,
	"MAX_AUTHORIZATION_COUNT_EXCEEDED":            payment.DeclineState,
	"CAPTURE_FULLY_REFUNDED":                      payment.DeclineState,
	"REFUND_NOT_ALLOWED":                          payment.DeclineState,
	"REFUND_TIME_LIMIT_EXCEEDED":                  payment.DeclineState,
	"REFUND_FAILED_INSUFFICIENT_FUNDS":            payment.DeclineState, // of the account, not of the shopper
	"REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK":      payment.DeclineState,
	"REFUND_IS_RESTRICTED":                        payment.DeclineState,
	"REFUND_REFUSED_BY_PROCESSOR":                 payment.DeclineGeneric,
	"PARTIAL_REFUND_NOT_ALLOWED":                  payment.DeclineState,
	"MAX_NUMBER_OF_REFUNDS_EXCEEDED":              payment.DeclineState,
	"PENDING_CAPTURE":                             payment.DeclineState,
	"TRANSACTION_DISPUTED":                        payment.DeclineState,
	"CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED": payment.DeclineState,
	"DUPLICATE_INVOICE_ID":                        payment.DeclineState,
	"DUPLICATE_TRANSACTION":                       payment.DeclineState,

	// The amount, and its currency.
	"MAX_CAPTURE_AMOUNT_EXCEEDED":      payment.DeclineAmount,
	"REFUND_AMOUNT_EXCEEDED":           payment.DeclineAmount,
	"REFUND_AMOUNT_TOO_LOW":            payment.DeclineAmount,
	"AUTHORIZATION_AMOUNT_EXCEEDED":    payment.DeclineAmount,
	"CANNOT_BE_ZERO_OR_NEGATIVE":       payment.DeclineAmount,
	"CANNOT_BE_NEGATIVE":               payment.DeclineAmount,
	"DECIMAL_PRECISION":                payment.DeclineAmount,
	"DECIMALS_NOT_SUPPORTED":           payment.DeclineAmount,
	"INVALID_CURRENCY_CODE":            payment.DeclineCurrency,
	"CURRENCY_NOT_SUPPORTED":           payment.DeclineCurrency,
	"CURRENCY_MISMATCH":                payment.DeclineCurrency,
	"AUTH_CAPTURE_CURRENCY_MISMATCH":   payment.DeclineCurrency,
	"REFUND_CAPTURE_CURRENCY_MISMATCH": payment.DeclineCurrency,

	// The account that is paid.
	"PAYEE_ACCOUNT_INVALID":                payment.DeclineGatewayConfiguration,
	"PAYEE_ACCOUNT_RESTRICTED":             payment.DeclineGatewayConfiguration,
	"PAYEE_ACCOUNT_LOCKED_OR_CLOSED":       payment.DeclineGatewayConfiguration,
	"PAYEE_NOT_CONSENTED":                  payment.DeclineGatewayConfiguration,
	"CONSENT_NEEDED":                       payment.DeclineGatewayConfiguration,
	"PERMISSION_DENIED":                    payment.DeclineGatewayConfiguration,
	"TRANSACTION_RECEIVING_LIMIT_EXCEEDED": payment.DeclineGatewayConfiguration,
}

// reasonCodes maps status_details.reason of what PayPal declined or denied.
// Source: capture_status_details and authorization_status_details, there.
var reasonCodes = map[string]payment.DeclineCode{
	"DECLINED_BY_RISK_FRAUD_FILTERS": payment.DeclineFraud,
	"BUYER_COMPLAINT":                payment.DeclineGeneric,
	"CHARGEBACK":                     payment.DeclineGeneric,
	"ECHECK":                         payment.DeclineInsufficientFunds, // it did not clear
	"INTERNATIONAL_WITHDRAWAL":       payment.DeclineGatewayConfiguration,
	"PENDING_REVIEW":                 payment.DeclineFraud,
	"RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION": payment.DeclineGatewayConfiguration,
	"TRANSACTION_APPROVED_AWAITING_FUNDING":       payment.DeclineInsufficientFunds,
	"UNILATERAL":                                  payment.DeclineGatewayConfiguration,
	"VERIFICATION_REQUIRED":                       payment.DeclineGatewayConfiguration,
}

func reasonCode(reason string) payment.DeclineCode {
	if code, ok := reasonCodes[reason]; ok {
		return code
	}
	return payment.DeclineGeneric
}

// reasonOr is PayPal's word for why, or for what the movement has become.
func reasonOr(reason, status string) string {
	if isWord(reason) {
		return reason
	}
	return status
}

// Package payment is the core of the hub: what a payment is, which states it
// goes through, and what each step writes. It knows no database, no HTTP, no
// workflow engine and no provider; those reach it through the ports it names.
package payment

import "time"

// Status is the state of a payment intent.
type Status string

// The states; docs/PAYMENTS.md draws how they follow each other.
const (
	RequiresConfirmation  Status = "requires_confirmation"   // waits for confirm
	RequiresPaymentMethod Status = "requires_payment_method" // declined; attempts are left
	RequiresAction        Status = "requires_action"         // the shopper must act (3DS)
	Processing            Status = "processing"              // a gateway call is under way or its outcome unknown
	RequiresCapture       Status = "requires_capture"        // authorized, waits for capture
	Succeeded             Status = "succeeded"               // captured
	Failed                Status = "failed"                  // declined, attempts spent
	Canceled              Status = "canceled"                // canceled or voided on request
	Expired               Status = "expired"                 // never authorized, or never captured, in time
)

// Statuses lists every state.
var Statuses = []Status{
	RequiresConfirmation, RequiresPaymentMethod, RequiresAction, Processing,
	RequiresCapture, Succeeded, Failed, Canceled, Expired,
}

// Terminal reports whether a payment in this state stays in it. Refunds do not
// change the state of the payment they return.
func (s Status) Terminal() bool {
	switch s {
	case Succeeded, Failed, Canceled, Expired:
		return true
	default:
		return false
	}
}

// Valid reports whether s is a state.
func (s Status) Valid() bool {
	for _, known := range Statuses {
		if s == known {
			return true
		}
	}
	return false
}

// CaptureMethod says when an authorized amount is taken.
type CaptureMethod string

// The capture methods.
const (
	CaptureAutomatic CaptureMethod = "automatic" // with the authorization
	CaptureManual    CaptureMethod = "manual"    // later, by a capture
)

// Limits of a payment's life (contracts/hub.md).
const (
	// ConfirmWindow is how long an intent waits to be authorized.
	ConfirmWindow = time.Hour
	// AuthorizationWindow is how long an authorization is held for capture; the
	// gateway's own window wins where it is shorter.
	AuthorizationWindow = 7 * 24 * time.Hour
	// MaxAttempts is how many attempts a payment has, unless it asks for fewer.
	MaxAttempts = 3
)

// Package gatewaytest is the one suite that every gateway adapter passes,
// against a provider (or its simulator) that keeps a record of its own. The
// suite never believes the adapter alone: after each case it compares the
// outcome with that record.
package gatewaytest

import (
	"testing"
	"time"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Operation is one kind of call that moves money or keeps a card.
type Operation string

// The operations that faults can hit.
const (
	Authorize Operation = "authorize"
	Capture   Operation = "capture"
	Void      Operation = "void"
	Refund    Operation = "refund"
	Enroll    Operation = "enroll" // the customer for whom a card is kept
	Store     Operation = "store"  // the last call of keeping a card without a payment
	Detach    Operation = "detach"
)

// Fault is what goes wrong with the next call of an operation. "Before" means
// that the call has no effect; "after" that it has, and its answer is lost.
type Fault string

// The faults.
const (
	TimeoutBefore Fault = "timeout_before"
	TimeoutAfter  Fault = "timeout_after"
	ResetBefore   Fault = "reset_before"
	ResetAfter    Fault = "reset_after"
	ServerError   Fault = "http_500" // without effect
	RateLimited   Fault = "http_429" // without effect
	Slow          Fault = "slow"     // answers, but later than the suite waits
)

// Charge is one charge in the provider's own record; declined ones are none.
// Amounts are in the provider's unit.
type Charge struct {
	ID             string
	Amount         int64
	Currency       money.Currency
	AmountCaptured int64
	AmountRefunded int64
	Voided         bool
	Metadata       map[string]string
}

// Decline is a card that is refused, and how the hub must say so.
type Decline struct {
	Name         string
	Card         vault.Card
	Code         payment.DeclineCode
	IssuerCode   string // ISO 8583 field 39; empty when no issuer was asked
	RetryAllowed bool
}

// Amount is an amount of ours and the same in the provider's unit.
type Amount struct {
	Ours     money.Money
	Provider int64
}

// Harness is one provider under test.
type Harness struct {
	// Gateway is the adapter. Its time limit is short (well under a second),
	// since the suite waits for it.
	Gateway gateway.Gateway
	// Unreachable is the same adapter for an address where nobody listens.
	Unreachable gateway.Gateway
	// Stranger is the same adapter for another account: its webhooks are signed
	// otherwise.
	Stranger gateway.Gateway
	// Inbox receives every webhook of the account.
	Inbox *Inbox
	// SignatureAge is how old the signature of a webhook may be; 0 when the
	// provider does not sign the time.
	SignatureAge time.Duration
	Approve      vault.Card // approved by the issuer
	Challenge    vault.Card // asks the shopper to authenticate
	RefundPends  vault.Card // its refunds are open until SettleRefund
	RefundFails  vault.Card // its refunds succeed until SettleRefund
	Declines     []Decline
	// Amounts include currencies of zero and three decimals, and those that the
	// provider counts otherwise than ISO 4217.
	Amounts []Amount
	// Unrepresentable are amounts that the provider cannot be asked for.
	Unrepresentable []money.Money
	// InjectFault makes the next call of the operation go wrong.
	InjectFault func(*testing.T, Operation, Fault)
	// Charges reads the provider's record.
	Charges func(*testing.T) []Charge
	// Kept are the tokens of the cards that the provider's record has for its customer.
	Kept func(t *testing.T, customerReference string) []string
	// Customers counts the provider's customers that are a customer of ours.
	Customers func(t *testing.T, customerID string) int
	// Authenticate lets the shopper pass or fail the challenge of a payment, as
	// the outcome that asked for it names it.
	Authenticate func(t *testing.T, challenge payment.Outcome, pass bool)
	// SettleRefund lets the refund of an outcome end.
	SettleRefund func(t *testing.T, refund payment.Outcome, succeed bool)
	// OpenDispute lets the cardholder object to the whole payment of an outcome,
	// and returns the provider's reference of the dispute. An inquiry takes no
	// money.
	OpenDispute func(t *testing.T, sold payment.Outcome, inquiry bool) (reference string)
	// MoveDispute brings a dispute into another state.
	MoveDispute func(t *testing.T, reference string, to payment.DisputeStatus)
}

// Run runs every case. The cases share the provider and run one after another,
// because faults hit whoever comes next.
func Run(t *testing.T, h Harness) {
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"payment", paymentCases},
		{"refund", refundCases},
		{"decline", declineCases},
		{"challenge", challengeCases},
		{"idempotency", idempotencyCases},
		{"lost answer", faultCases},
		{"saved card", savedCases},
		{"look-up", lookupCases},
		{"notification", notificationCases},
		{"late refund", lateRefundCases},
		{"dispute", disputeCases},
	} {
		for _, c := range group.cases {
			t.Run(group.name+"/"+c.name, func(t *testing.T) { c.run(newBench(t, h)) })
		}
	}
}

type testCase struct {
	name string
	run  func(*bench)
}

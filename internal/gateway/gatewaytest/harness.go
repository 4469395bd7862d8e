// Package gatewaytest is the one suite that every gateway adapter passes,
// against a provider (or its simulator) that keeps a record of its own. The
// suite never believes the adapter alone: after each case it compares the
// outcome with that record.
package gatewaytest

import (
	"cmp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
	Complete  Operation = "complete" // of a gateway.Completer
	Enroll    Operation = "enroll"   // the customer for whom a card is kept
	Store     Operation = "store"    // the last call of keeping a card without a payment
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
	Slow          Fault = "slow"     // answers, but not before the caller leaves
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

// Nowhere is where nobody listens. A port that was just free may be given to another
// test in the meantime; this one is given to nobody.
const Nowhere = "http://127.0.0.1:1"

// Harness is one provider under test, with one of the methods that shoppers pay
// with there.
type Harness struct {
	// Method is what shoppers pay with; "" means a card.
	Method payment.MethodType
	// Currency is what most cases charge 120.00 of: one of two decimals that Method
	// takes; "" means US dollars.
	Currency money.Currency
	// Gateway is the adapter, whose time limit is Patience and whose calls go by a Line.
	Gateway gateway.Gateway
	// Silent is the same adapter by a line on which no call about a payment is ever
	// answered, with the time limit Impatience.
	Silent gateway.Gateway
	// Unreachable is the same adapter for Nowhere.
	Unreachable gateway.Gateway
	// Rolled is the same adapter with a new key of the same account.
	Rolled gateway.Gateway
	// Stranger is the same adapter for another account: its webhooks are signed
	// otherwise.
	Stranger gateway.Gateway
	// Refused is the same adapter with credentials that the provider does not take.
	Refused gateway.Gateway
	// Inbox receives every webhook of the account.
	Inbox *Inbox
	Hints Hints
	// The cards are zero, and Declines empty, for other methods.
	Approve     vault.Card // approved by the issuer
	Challenge   vault.Card // asks the shopper to authenticate
	RefundPends vault.Card // its refunds are open until SettleRefund
	RefundFails vault.Card // its refunds succeed until SettleRefund
	Declines    []Decline
	// Amounts include currencies of zero and three decimals, and those that the
	// provider counts otherwise than ISO 4217.
	Amounts []Amount
	// Unrepresentable are amounts that the provider cannot be asked for.
	Unrepresentable []money.Money
	// InjectFault makes the next call of the operation go wrong, as the line expects it.
	InjectFault func(*testing.T, Operation, Fault)
	// Faults counts the injected faults that no call has met yet.
	Faults func(*testing.T) int
	// Charges reads the provider's record.
	Charges func(*testing.T) []Charge
	// Kept are the tokens of the cards that the provider's record has for its customer.
	Kept func(t *testing.T, customerReference string) []string
	// Customers counts the provider's customers that are a customer of ours; nil when
	// customers are not made by a call of their own there (Enroll).
	Customers func(t *testing.T, customerID string) int
	// Authenticate lets the shopper pass or refuse at the page of a payment, as the
	// outcome that asked for it names it, and returns the query that the provider
	// added to the address which it sent them back to, "" when none.
	Authenticate func(t *testing.T, challenge payment.Outcome, pass bool) (returned string)
	// SettleRefund lets the refund of an outcome end. Nil: refunds end by themselves,
	// and none is open or taken back later. For methods other than cards, every refund
	// is open until then.
	SettleRefund func(t *testing.T, refund payment.Outcome, succeed bool)
	// OpenDispute lets the cardholder object to the whole payment of an outcome,
	// and returns the provider's reference of the dispute. An inquiry takes no
	// money. Nil: payments by the method are not disputed through the provider.
	OpenDispute func(t *testing.T, sold payment.Outcome, inquiry bool) (reference string)
	// MoveDispute brings a dispute into another state.
	MoveDispute func(t *testing.T, reference string, to payment.DisputeStatus)
}

// Hints say what the provider's webhooks are like. They are facts about the provider's
// protocol, not about the adapter.
type Hints struct {
	// SignatureAge is how old the signature of a webhook may be; 0 when the
	// provider does not sign the time.
	SignatureAge time.Duration
	// SignsFields: the signature covers some fields of the body and not all of it. What
	// is changed elsewhere must change nothing of what the adapter reads.
	SignsFields bool
	// TellsOpen: there are webhooks of payments that wait for the shopper, and of
	// refunds that are open.
	TellsOpen bool
	// TellsMovements: a webhook of a capture or void names that transaction of ours and
	// its amount, and not the authorization.
	TellsMovements bool
	// RefusalUntold: there is none when the shopper refuses at the provider's page.
	RefusalUntold bool
	// Inquiries: disputes can begin as an inquiry, which takes no money.
	Inquiries bool
}

// method is what shoppers pay with.
func (h Harness) method() payment.MethodType { return cmp.Or(h.Method, payment.MethodCard) }

// Run runs every case that the gateway's capabilities promise, and lists those that
// they do not. The cases share the provider and run one after another, because faults
// hit whoever comes next.
func Run(t *testing.T, h Harness) {
	require.Contains(t, h.Gateway.Capabilities().Methods, h.method(), "the method of the harness")
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"account", accountCases},
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
			if lacks := c.needs(h); lacks != "" {
				t.Logf("left out: %s/%s: %s", group.name, c.name, lacks)
				continue
			}
			t.Run(group.name+"/"+c.name, func(t *testing.T) { c.run(newBench(t, h)) })
		}
	}
}

type testCase struct {
	name  string
	needs need
	run   func(*bench)
}

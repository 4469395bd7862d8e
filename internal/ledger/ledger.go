// Package ledger is the merchant's books, double entry and append only. The
// hub never holds money: the books say what gateways owe the merchant and why.
//
// Amounts are signed minor units, debits positive and credits negative, and
// every transaction sums to zero in each of its currencies. A correction is a
// new transaction; nothing is ever changed or deleted.
package ledger

import (
	"errors"
	"fmt"
	"time"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// AccountKind names an account; there is one of each kind per merchant,
// environment and currency.
type AccountKind string

// The accounts and what a positive balance (debit) or negative one (credit) means.
const (
	// Authorizations: debit, amounts held on shoppers' cards (memo account).
	Authorizations AccountKind = "authorizations"
	// AuthorizationHolds: credit, the counterpart of Authorizations.
	AuthorizationHolds AccountKind = "authorization_holds"
	// GatewayReceivable: debit, what gateways owe the merchant.
	GatewayReceivable AccountKind = "gateway_receivable"
	// Sales: credit, what was captured.
	Sales AccountKind = "sales"
	// GatewayFees: debit, what gateways kept for their work.
	GatewayFees AccountKind = "gateway_fees"
	// Refunds: debit, what was given back to shoppers.
	Refunds AccountKind = "refunds"
	// Disputes: debit, what gateways took back because shoppers objected.
	Disputes AccountKind = "disputes"
	// FXClearing: debit, what was given for another currency; credit, what was to come
	// of it. The two are of different currencies.
	FXClearing AccountKind = "fx_clearing"
	// FXGainLoss: debit, what exchanging cost against the promised rate; credit, what
	// it brought.
	FXGainLoss AccountKind = "fx_gain_loss"
)

// TransactionKind says why money moved.
type TransactionKind string

// The reasons.
const (
	AuthorizationHeld     TransactionKind = "authorization_held"
	AuthorizationReleased TransactionKind = "authorization_released"
	Captured              TransactionKind = "captured"
	FeeCharged            TransactionKind = "fee_charged"
	Refunded              TransactionKind = "refunded"
	RefundReversed        TransactionKind = "refund_reversed"
	DisputeWithdrawn      TransactionKind = "dispute_withdrawn"
	DisputeReinstated     TransactionKind = "dispute_reinstated"
	DisputeFeeCharged     TransactionKind = "dispute_fee_charged"
	// What exchange.go books.
	Converted                 TransactionKind = "converted"
	ConversionSettled         TransactionKind = "conversion_settled"
	RefundConverted           TransactionKind = "refund_converted"
	RefundConversionReversed  TransactionKind = "refund_conversion_reversed"
	DisputeConverted          TransactionKind = "dispute_converted"
	DisputeConversionReversed TransactionKind = "dispute_conversion_reversed"
)

// Entry is one posting to one account.
type Entry struct {
	ID       string         `json:"id"`
	Account  AccountKind    `json:"account"`
	Currency money.Currency `json:"currency"`
	Amount   int64          `json:"amount"` // signed minor units, never zero
}

// Transaction is a set of entries that belong together.
type Transaction struct {
	ID        string          `json:"id"`
	Scope     merchant.Scope  `json:"scope"`
	Kind      TransactionKind `json:"kind"`
	PaymentID string          `json:"payment_id"`
	// SourceID is the payment transaction (txn_…) or dispute (dp_…) that this one
	// books. A source is booked at most once per kind: the database refuses a second.
	SourceID  string    `json:"source_id"`
	Entries   []Entry   `json:"entries"`
	CreatedAt time.Time `json:"created_at"`
}

// Errors of Check.
var (
	ErrUnbalanced = errors.New("ledger: entries do not sum to zero")
	ErrEmpty      = errors.New("ledger: transaction without entries, or a zero entry")
)

// Check reports whether the transaction may be posted: it has entries, none is
// zero, and they sum to zero in each currency.
func (t Transaction) Check() error {
	sums := map[money.Currency]money.Money{}
	for _, e := range t.Entries {
		if e.Amount == 0 {
			return ErrEmpty
		}
		sum, ok := sums[e.Currency]
		if !ok {
			sum = money.New(0, e.Currency)
		}
		sum, err := sum.Add(money.New(e.Amount, e.Currency))
		if err != nil {
			return err
		}
		sums[e.Currency] = sum
	}
	if len(sums) == 0 {
		return ErrEmpty
	}
	for _, sum := range sums {
		if sum.Minor != 0 {
			return fmt.Errorf("%w: %s", ErrUnbalanced, sum)
		}
	}
	return nil
}

// Source is what a ledger transaction books.
type Source struct {
	Scope         merchant.Scope
	PaymentID     string
	TransactionID string
	At            time.Time
}

// Hold books an authorization of amount.
func (s Source) Hold(amount money.Money) Transaction {
	return s.book(AuthorizationHeld, move(Authorizations, AuthorizationHolds, amount)...)
}

// Release resolves a hold of amount: it was captured, voided or has expired.
func (s Source) Release(amount money.Money) Transaction {
	return s.book(AuthorizationReleased, move(AuthorizationHolds, Authorizations, amount)...)
}

// Capture books amount as sold and owed by the gateway.
func (s Source) Capture(amount money.Money) Transaction {
	return s.book(Captured, move(GatewayReceivable, Sales, amount)...)
}

// Fee books what the gateway kept.
func (s Source) Fee(amount money.Money) Transaction {
	return s.book(FeeCharged, move(GatewayFees, GatewayReceivable, amount)...)
}

// Refund books amount given back to the shopper.
func (s Source) Refund(amount money.Money) Transaction {
	return s.book(Refunded, move(Refunds, GatewayReceivable, amount)...)
}

// RefundReversal books a refund that the gateway has taken back.
func (s Source) RefundReversal(amount money.Money) Transaction {
	return s.book(RefundReversed, move(GatewayReceivable, Refunds, amount)...)
}

// DisputeWithdrawn books what the gateway took back because of a dispute.
func (s Source) DisputeWithdrawn(amount money.Money) Transaction {
	return s.book(DisputeWithdrawn, move(Disputes, GatewayReceivable, amount)...)
}

// DisputeReinstated books what the gateway gave back after a dispute.
func (s Source) DisputeReinstated(amount money.Money) Transaction {
	return s.book(DisputeReinstated, move(GatewayReceivable, Disputes, amount)...)
}

// DisputeFee books what the gateway kept for its work on a dispute.
func (s Source) DisputeFee(amount money.Money) Transaction {
	return s.book(DisputeFeeCharged, move(GatewayFees, GatewayReceivable, amount)...)
}

func (s Source) book(kind TransactionKind, entries ...Entry) Transaction {
	return Transaction{
		ID: id.New(id.LedgerTx), Scope: s.Scope, Kind: kind, PaymentID: s.PaymentID,
		SourceID: s.TransactionID, Entries: entries, CreatedAt: s.At,
	}
}

func move(debit, credit AccountKind, amount money.Money) []Entry {
	return []Entry{
		{ID: id.New(id.LedgerEntry), Account: debit, Currency: amount.Currency, Amount: amount.Minor},
		{ID: id.New(id.LedgerEntry), Account: credit, Currency: amount.Currency, Amount: -amount.Minor},
	}
}

package ledger

import (
	"context"
	"time"

	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Balance is the sum of an account's entries.
type Balance struct {
	Account  AccountKind    `json:"account"`
	Currency money.Currency `json:"currency"`
	Amount   int64          `json:"amount"` // signed minor units, debit positive
}

// PostedEntry is an entry as read back, with the transaction it belongs to.
type PostedEntry struct {
	Entry
	TransactionID   string          `json:"transaction_id"`
	TransactionKind TransactionKind `json:"kind"`
	PaymentID       string          `json:"payment_id"`
	SourceID        string          `json:"source_id"`
	CreatedAt       time.Time       `json:"created_at"`
}

// EntryFilter selects entries; empty fields select all.
type EntryFilter struct {
	Account   AccountKind
	Currency  money.Currency
	PaymentID string
	Page      Page
}

// Page asks for Limit rows (1 to 100) beside a row's id, newest first.
type Page struct {
	Limit         int
	StartingAfter string // rows older than this id
	EndingBefore  string // rows newer than this id
}

// Repository reads the books. They are written only together with the state
// change that they book.
type Repository interface {
	// Balances lists the scope's balances by currency and account.
	Balances(ctx context.Context, scope merchant.Scope) ([]Balance, error)
	// Entries lists entries newest first, and whether there are more.
	Entries(ctx context.Context, scope merchant.Scope, filter EntryFilter) ([]PostedEntry, bool, error)
}

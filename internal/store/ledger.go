package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// Ledger implements ledger.Repository.
type Ledger struct{ store *Store }

// Ledger returns the books, to read. They are written by Payments.
func (s *Store) Ledger() Ledger { return Ledger{s} }

var _ ledger.Repository = Ledger{}

// accountRow is a row of ledger_accounts.
type accountRow struct {
	MerchantID  string
	Environment string
	Currency    string
	Account     string
	Balance     int64
}

// TableName implements schema.Tabler.
func (accountRow) TableName() string { return "ledger_accounts" }

func (r accountRow) columns() []column {
	return []column{
		{"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"currency", r.Currency}, {"account", r.Account},
		{"balance", r.Balance},
	}
}

// ledgerTransactionRow is a row of ledger_transactions.
type ledgerTransactionRow struct {
	ID          string
	MerchantID  string
	Environment string
	Kind        string
	PaymentID   string
	SourceID    string
	CreatedAt   instant
}

// TableName implements schema.Tabler.
func (ledgerTransactionRow) TableName() string { return "ledger_transactions" }

func (r ledgerTransactionRow) columns() []column {
	return []column{
		{"id", r.ID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment}, {"kind", r.Kind},
		{"payment_id", r.PaymentID}, {"source_id", r.SourceID}, {"created_at", r.CreatedAt},
	}
}

// entryRow is a row of ledger_entries.
type entryRow struct {
	ID            string
	TransactionID string
	MerchantID    string
	Environment   string
	Currency      string
	Account       string
	PaymentID     string
	Amount        int64
}

// TableName implements schema.Tabler.
func (entryRow) TableName() string { return "ledger_entries" }

func (r entryRow) columns() []column {
	return []column{
		{"id", r.ID}, {"transaction_id", r.TransactionID}, {"merchant_id", r.MerchantID}, {"environment", r.Environment},
		{"currency", r.Currency}, {"account", r.Account}, {"payment_id", r.PaymentID}, {"amount", r.Amount},
	}
}

// postings are the rows of ledger transactions: the transactions, their
// entries, and what the entries add to the balances.
type postings struct {
	transactions []ledgerTransactionRow
	entries      []entryRow
	balances     []accountRow
}

// newPostings checks the transactions and makes their rows. Errors: those of
// ledger.Transaction.Check.
func newPostings(transactions []ledger.Transaction) (postings, error) {
	var p postings
	sums := map[accountRow]int64{}
	for _, t := range transactions {
		if err := t.Check(); err != nil {
			return postings{}, err
		}
		p.transactions = append(p.transactions, ledgerTransactionRow{
			ID: t.ID, MerchantID: t.Scope.MerchantID, Environment: string(t.Scope.Environment), Kind: string(t.Kind),
			PaymentID: t.PaymentID, SourceID: t.SourceID, CreatedAt: at(t.CreatedAt),
		})
		for _, e := range t.Entries {
			row := entryRow{
				ID: e.ID, TransactionID: t.ID, MerchantID: t.Scope.MerchantID, Environment: string(t.Scope.Environment),
				Currency: string(e.Currency), Account: string(e.Account), PaymentID: t.PaymentID, Amount: e.Amount,
			}
			account := accountRow{MerchantID: row.MerchantID, Environment: row.Environment, Currency: row.Currency, Account: row.Account}
			sum, err := money.New(sums[account], e.Currency).Add(money.New(e.Amount, e.Currency))
			if err != nil {
				return postings{}, err
			}
			sums[account] = sum.Minor
			p.entries = append(p.entries, row)
		}
	}
	for account, sum := range sums {
		account.Balance = sum
		p.balances = append(p.balances, account)
	}
	slices.SortFunc(p.balances, func(a, b accountRow) int { return strings.Compare(a.key(), b.key()) })
	return p, nil
}

// key orders accounts.
func (r accountRow) key() string {
	return strings.Join([]string{r.MerchantID, r.Environment, r.Currency, r.Account}, "\x00")
}

// addToBalance opens the account or adds to its balance.
const addToBalance = "ON CONFLICT (merchant_id, environment, currency, account) " +
	"DO UPDATE SET balance = ledger_accounts.balance + excluded.balance"

// insert writes the rows, balances last and in the order of their accounts, so
// that simultaneous writers wait for each other and never for one another.
func (p postings) insert(tx *gorm.DB) error {
	if _, err := insert(tx, "", p.transactions...); err != nil {
		return err
	}
	if _, err := insert(tx, "", p.entries...); err != nil {
		return err
	}
	_, err := insert(tx, addToBalance, p.balances...)
	return err
}

// Balances lists the scope's balances by currency and account.
func (r Ledger) Balances(ctx context.Context, scope merchant.Scope) (found []ledger.Balance, err error) {
	err = r.store.view(ctx, "list balances", func(db *gorm.DB) error {
		var rows []accountRow
		if err := within(db, scope).Order("currency, account").Find(&rows).Error; err != nil {
			return err
		}
		found = make([]ledger.Balance, 0, len(rows))
		for _, row := range rows {
			found = append(found, ledger.Balance{
				Account: ledger.AccountKind(row.Account), Currency: money.Currency(row.Currency), Amount: row.Balance,
			})
		}
		return nil
	})
	return found, err
}

// Entries lists the scope's entries newest first, and whether there are more.
func (r Ledger) Entries(ctx context.Context, scope merchant.Scope, f ledger.EntryFilter) (found []ledger.PostedEntry, more bool, err error) {
	err = r.store.view(ctx, "list entries", func(db *gorm.DB) error {
		query := within(db, scope)
		if f.Account != "" {
			query = query.Where("account = ?", string(f.Account))
		}
		if f.Currency != "" {
			query = query.Where("currency = ?", string(f.Currency))
		}
		if f.PaymentID != "" {
			query = query.Where("payment_id = ?", f.PaymentID)
		}
		rows, any, err := list[entryRow](query, cursor(f.Page))
		if err != nil || len(rows) == 0 {
			found = []ledger.PostedEntry{}
			return err
		}
		more = any
		found, err = withTransactions(db, rows)
		return err
	})
	return found, more, err
}

// withTransactions adds to a page of entries what is told of their transactions.
func withTransactions(db *gorm.DB, rows []entryRow) ([]ledger.PostedEntry, error) {
	var ids []string
	for _, row := range rows {
		if !slices.Contains(ids, row.TransactionID) {
			ids = append(ids, row.TransactionID)
		}
	}
	var transactions []ledgerTransactionRow
	if err := db.Where("id IN ?", ids).Find(&transactions).Error; err != nil {
		return nil, err
	}
	byID := make(map[string]ledgerTransactionRow, len(transactions))
	for _, t := range transactions {
		byID[t.ID] = t
	}
	found := make([]ledger.PostedEntry, 0, len(rows))
	for _, row := range rows {
		t := byID[row.TransactionID]
		found = append(found, ledger.PostedEntry{
			Entry: ledger.Entry{
				ID: row.ID, Account: ledger.AccountKind(row.Account), Currency: money.Currency(row.Currency), Amount: row.Amount,
			},
			TransactionID: t.ID, TransactionKind: ledger.TransactionKind(t.Kind), PaymentID: t.PaymentID,
			SourceID: t.SourceID, CreatedAt: t.CreatedAt.Time,
		})
	}
	return found, nil
}

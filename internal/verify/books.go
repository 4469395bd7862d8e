package verify

import (
	"context"

	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// books checks what is posted for a payment.
func (f *findings) books(d *dossier) {
	entries := map[string][]posting{}
	for _, p := range d.postings {
		entries[p.transactionID] = append(entries[p.transactionID], p)
	}
	f.balanced(d, entries)
	f.booked(d, entries)
	f.posted(d, entries)
}

// balanced checks that each ledger transaction sums to zero.
func (f *findings) balanced(d *dossier, entries map[string][]posting) {
	for transactionID, list := range entries {
		sums := map[money.Currency]int64{}
		for _, e := range list {
			sums[e.currency] += e.amount
		}
		for currency, sum := range sums {
			f.hold(LedgerBalanced, sum == 0, d.intent.ID, "ledger transaction %s sums to %d %s", transactionID, sum, currency)
		}
	}
}

// owed are the ledger transactions that a gateway transaction must have
// (docs/PAYMENTS.md). A fee may come with a capture.
func (d *dossier) owed(t payment.Transaction) map[ledger.TransactionKind]bool {
	if t.Status != payment.TransactionSucceeded {
		return nil
	}
	switch t.Kind {
	case payment.Authorization:
		return map[ledger.TransactionKind]bool{ledger.AuthorizationHeld: true}
	case payment.Sale:
		return map[ledger.TransactionKind]bool{ledger.Captured: true}
	case payment.Capture:
		return map[ledger.TransactionKind]bool{ledger.AuthorizationReleased: true, ledger.Captured: true}
	case payment.RefundOfSale:
		return map[ledger.TransactionKind]bool{ledger.Refunded: true}
	case payment.Void:
		if d.heldBy(t.AttemptID) > 0 {
			return map[ledger.TransactionKind]bool{ledger.AuthorizationReleased: true}
		}
	}
	return nil
}

// heldBy is the amount that an attempt's authorization held.
func (d *dossier) heldBy(attemptID string) int64 {
	for _, t := range d.charges(attemptID) {
		if t.Kind == payment.Authorization && t.Status == payment.TransactionSucceeded {
			return t.Amount
		}
	}
	return 0
}

// booked checks that every movement of money is in the books, and no other.
func (f *findings) booked(d *dossier, entries map[string][]posting) {
	of := map[string]map[ledger.TransactionKind]bool{}
	known := map[string]bool{}
	for _, b := range d.bookings {
		if of[b.sourceID] == nil {
			of[b.sourceID] = map[ledger.TransactionKind]bool{}
		}
		of[b.sourceID][b.kind] = true
		known[b.id] = true
		f.hold(LedgerPostings, b.paymentID == d.intent.ID && len(entries[b.id]) > 0, d.intent.ID,
			"the ledger transaction %s (%s) is filed under payment %s and has %d entries here", b.id, b.kind, b.paymentID, len(entries[b.id]))
	}
	for transactionID := range entries {
		f.hold(LedgerPostings, known[transactionID], d.intent.ID, "the entries of ledger transaction %s book none of its movements", transactionID)
	}
	for _, t := range d.transactions {
		owed := d.owed(t)
		for kind := range owed {
			f.hold(LedgerPostings, of[t.ID][kind], d.intent.ID, "the %s %s is %s and not booked as %s", t.Kind, t.ID, t.Status, kind)
		}
		for kind := range of[t.ID] {
			fee := kind == ledger.FeeCharged && owed[ledger.Captured]
			f.hold(LedgerPostings, owed[kind] || fee, d.intent.ID, "the %s %s is %s and yet booked as %s", t.Kind, t.ID, t.Status, kind)
		}
	}
}

// sides are the accounts that a ledger transaction debits and credits.
var sides = map[ledger.TransactionKind][2]ledger.AccountKind{
	ledger.AuthorizationHeld:     {ledger.Authorizations, ledger.AuthorizationHolds},
	ledger.AuthorizationReleased: {ledger.AuthorizationHolds, ledger.Authorizations},
	ledger.Captured:              {ledger.GatewayReceivable, ledger.Sales},
	ledger.Refunded:              {ledger.Refunds, ledger.GatewayReceivable},
}

// posted checks the amounts: of each ledger transaction, and of all together.
func (f *findings) posted(d *dossier, entries map[string][]posting) {
	p := d.intent
	movements := make(map[string]payment.Transaction, len(d.transactions))
	for _, t := range d.transactions {
		movements[t.ID] = t
	}
	for _, b := range d.bookings {
		accounts, fixed := sides[b.kind]
		if !fixed || len(entries[b.id]) == 0 {
			continue // the provider decides what its fee is
		}
		amount := movements[b.sourceID].Amount
		if b.kind == ledger.AuthorizationReleased {
			amount = d.heldBy(movements[b.sourceID].AttemptID)
		}
		debit, credit := sum(entries[b.id], p.Currency, accounts[0]), sum(entries[b.id], p.Currency, accounts[1])
		f.hold(LedgerMatchesPayment, debit == amount && credit == -amount && len(entries[b.id]) == 2, p.ID,
			"the ledger transaction %s (%s) moves %d and %d instead of %d %s", b.id, b.kind, debit, credit, amount, p.Currency)
	}
	for account, want := range map[ledger.AccountKind]int64{
		ledger.Authorizations: p.AmountCapturable, ledger.AuthorizationHolds: -p.AmountCapturable,
		ledger.Sales: -p.AmountCaptured, ledger.Refunds: p.AmountRefunded,
	} {
		have := sum(d.postings, p.Currency, account)
		f.hold(LedgerMatchesPayment, have == want, p.ID, "its entries in %s sum to %d %s instead of %d", account, have, p.Currency, want)
	}
}

func sum(entries []posting, currency money.Currency, account ledger.AccountKind) (total int64) {
	for _, e := range entries {
		if e.currency == currency && e.account == account {
			total += e.amount
		}
	}
	return total
}

// accounts checks every balance against its entries, in one statement: it is
// the only check that reads the whole ledger at once.
func (r *run) accounts(ctx context.Context) error {
	return within(ctx, r.Store, func(s *snapshot) error {
		if err := s.patient(); err != nil {
			return err
		}
		return s.each(func(scan scan) error {
			var merchantID, environment, currency, account string
			var balance, posted int64
			if err := scan(&merchantID, &environment, &currency, &account, &balance, &posted); err != nil {
				return err
			}
			r.hold(LedgerAccounts, balance == posted, merchantID, "the balance of %s in %s %s is %d, but its entries sum to %d", account, environment, currency, balance, posted)
			return nil
		}, `SELECT merchant_id, environment, currency, account, CAST(sum(balance) AS BIGINT), CAST(sum(posted) AS BIGINT) FROM (
			SELECT merchant_id, environment, currency, account, balance, 0 AS posted FROM ledger_accounts
			UNION ALL SELECT merchant_id, environment, currency, account, 0, sum(amount) FROM ledger_entries
				GROUP BY merchant_id, environment, currency, account
		) AS books GROUP BY merchant_id, environment, currency, account ORDER BY merchant_id, environment, currency, account`)
	})
}

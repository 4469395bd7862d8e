package verify

import (
	"context"
	"fmt"

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

// source is what ledger transactions book: a gateway transaction or a dispute.
type source struct {
	id, what string                           // what it is and how it stands
	owed     map[ledger.TransactionKind]int64 // the amounts that must be booked for it (docs/PAYMENTS.md)
	fee      ledger.TransactionKind           // may be booked as well; "" when the provider has no reason for a fee
}

// sources are all that may be booked for the payment.
func (d *dossier) sources() []source {
	list := make([]source, 0, len(d.transactions)+len(d.disputes))
	for _, t := range d.transactions {
		s := source{id: t.ID, what: fmt.Sprintf("the %s %s is %s", t.Kind, t.ID, t.Status), owed: d.owed(t)}
		d.owedExchanges(s.owed)
		if _, captured := s.owed[ledger.Captured]; captured {
			s.fee = ledger.FeeCharged
		}
		list = append(list, s)
	}
	for _, x := range d.disputes {
		s := source{id: x.ID, what: fmt.Sprintf("the dispute %s is %s", x.ID, x.Status), owed: map[ledger.TransactionKind]int64{}}
		if x.Withdrawn {
			s.owed[ledger.DisputeWithdrawn], s.fee = x.Amount, ledger.DisputeFeeCharged
		}
		if x.Reinstated {
			s.owed[ledger.DisputeReinstated] = x.Amount
		}
		d.owedExchanges(s.owed)
		list = append(list, s)
	}
	return list
}

// owed are the amounts that must be booked for a gateway transaction.
func (d *dossier) owed(t payment.Transaction) map[ledger.TransactionKind]int64 {
	if t.Kind == payment.RefundOfSale {
		r, _ := d.refund(t.RefundID)
		switch {
		case t.Status == payment.TransactionSucceeded:
			return map[ledger.TransactionKind]int64{ledger.Refunded: t.Amount}
		case t.Status == payment.TransactionDeclined && !r.ReversedAt.IsZero():
			return map[ledger.TransactionKind]int64{ledger.Refunded: t.Amount, ledger.RefundReversed: t.Amount}
		}
	}
	if t.Status != payment.TransactionSucceeded {
		return nil
	}
	switch t.Kind {
	case payment.Authorization:
		return map[ledger.TransactionKind]int64{ledger.AuthorizationHeld: t.Amount}
	case payment.Sale:
		return map[ledger.TransactionKind]int64{ledger.Captured: t.Amount}
	case payment.Capture:
		return map[ledger.TransactionKind]int64{ledger.AuthorizationReleased: d.heldBy(t.AttemptID), ledger.Captured: t.Amount}
	case payment.Void:
		if held := d.heldBy(t.AttemptID); held > 0 {
			return map[ledger.TransactionKind]int64{ledger.AuthorizationReleased: held}
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
	of := map[string]map[ledger.TransactionKind]int{}
	known := map[string]bool{}
	for _, b := range d.bookings {
		if of[b.sourceID] == nil {
			of[b.sourceID] = map[ledger.TransactionKind]int{}
		}
		of[b.sourceID][b.kind]++
		known[b.id] = true
		f.hold(LedgerPostings, b.paymentID == d.intent.ID && len(entries[b.id]) > 0, d.intent.ID,
			"the ledger transaction %s (%s) is filed under payment %s and has %d entries here", b.id, b.kind, b.paymentID, len(entries[b.id]))
	}
	for transactionID := range entries {
		f.hold(LedgerPostings, known[transactionID], d.intent.ID, "the entries of ledger transaction %s book none of its movements", transactionID)
	}
	for _, s := range d.sources() {
		for kind := range s.owed {
			f.hold(LedgerPostings, of[s.id][kind] == 1, d.intent.ID, "%s and booked %d times as %s", s.what, of[s.id][kind], kind)
		}
		for kind, n := range of[s.id] {
			_, owed := s.owed[kind]
			f.hold(LedgerPostings, owed || kind == s.fee && n == 1, d.intent.ID, "%s and yet booked %d times as %s", s.what, n, kind)
		}
	}
}

// sides are the accounts that a ledger transaction debits and credits.
var sides = map[ledger.TransactionKind][2]ledger.AccountKind{
	ledger.AuthorizationHeld:     {ledger.Authorizations, ledger.AuthorizationHolds},
	ledger.AuthorizationReleased: {ledger.AuthorizationHolds, ledger.Authorizations},
	ledger.Captured:              {ledger.GatewayReceivable, ledger.Sales},
	ledger.FeeCharged:            {ledger.GatewayFees, ledger.GatewayReceivable},
	ledger.Refunded:              {ledger.Refunds, ledger.GatewayReceivable},
	ledger.RefundReversed:        {ledger.GatewayReceivable, ledger.Refunds},
	ledger.DisputeWithdrawn:      {ledger.Disputes, ledger.GatewayReceivable},
	ledger.DisputeReinstated:     {ledger.GatewayReceivable, ledger.Disputes},
	ledger.DisputeFeeCharged:     {ledger.GatewayFees, ledger.GatewayReceivable},
}

// posted checks the accounts and amounts: of each ledger transaction, and of all
// together.
func (f *findings) posted(d *dossier, entries map[string][]posting) {
	p := d.intent
	sources := map[string]source{}
	for _, s := range d.sources() {
		sources[s.id] = s
	}
	for _, b := range d.bookings {
		list, accounts := entries[b.id], sides[b.kind]
		want, owed := sources[b.sourceID].owed[b.kind]
		currency := p.Currency
		switch {
		case exchanging(b.kind): // FXAgrees
			continue
		case len(list) == 0 || !owed && b.kind != sources[b.sourceID].fee:
			continue // not booked, or for no reason, which is another rule's matter
		case !owed: // the provider decides what its fee is, and in which currency
			currency = list[0].currency
			want = sum(list, currency, accounts[0])
		}
		debit, credit := sum(list, currency, accounts[0]), sum(list, currency, accounts[1])
		f.hold(LedgerMatchesPayment, want > 0 && debit == want && credit == -want && len(list) == 2, p.ID,
			"the ledger transaction %s (%s) moves %d and %d in %d entries instead of %d %s", b.id, b.kind, debit, credit, len(list), want, currency)
	}
	for account, want := range map[ledger.AccountKind]int64{
		ledger.Authorizations: p.AmountCapturable, ledger.AuthorizationHolds: -p.AmountCapturable,
		ledger.Sales: -p.AmountCaptured, ledger.Refunds: p.AmountRefunded, ledger.Disputes: d.taken(),
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

package ledger

import "paymenthub/internal/money"

// Exchanges move what gateways owe from one currency into another. Each currency
// balances on its own: FXClearing holds the other side of both.

// Convert books that what the gateway owes for a payment is expected in another
// currency: given, of the payment's, as due.
func (s Source) Convert(given, due money.Money) Transaction {
	return s.book(Converted, exchange(given, due)...)
}

// SettleConversion books what the gateway has settled instead of what was due: the
// difference is a gain or a loss, and where it settled in a third currency, the debt
// is in that one. What was due to the unit leaves nothing to book.
func (s Source) SettleConversion(due, settled money.Money) Transaction {
	if due.Currency == settled.Currency {
		return s.book(ConversionSettled, nonZero(move(GatewayReceivable, FXGainLoss, money.New(settled.Minor-due.Minor, due.Currency)))...)
	}
	return s.book(ConversionSettled, exchange(due, settled)...)
}

// ConvertRefund books that a refund is taken out of what the payment was converted
// into: share is its part of that, value what it costs there, and the difference is
// a loss or a gain.
func (s Source) ConvertRefund(refund, share, value money.Money) Transaction {
	return s.book(RefundConverted, returned(refund, share, value)...)
}

// ReverseRefundConversion books the opposite of ConvertRefund.
func (s Source) ReverseRefundConversion(refund, share, value money.Money) Transaction {
	return s.book(RefundConversionReversed, negated(returned(refund, share, value))...)
}

// ConvertDispute books that what a dispute took is taken out of what the payment was
// converted into, at the promised rate.
func (s Source) ConvertDispute(disputed, share money.Money) Transaction {
	return s.book(DisputeConverted, returned(disputed, share, share)...)
}

// ReverseDisputeConversion books the opposite of ConvertDispute.
func (s Source) ReverseDisputeConversion(disputed, share money.Money) Transaction {
	return s.book(DisputeConversionReversed, negated(returned(disputed, share, share))...)
}

// Empty reports whether there is nothing to book.
func (t Transaction) Empty() bool { return len(t.Entries) == 0 }

// exchange turns a debt of the gateway's into one of another currency.
func exchange(given, due money.Money) []Entry {
	return nonZero(append(move(FXClearing, GatewayReceivable, given), move(GatewayReceivable, FXClearing, due)...))
}

func returned(given, share, value money.Money) []Entry {
	entries := append(move(GatewayReceivable, FXClearing, given), move(FXClearing, GatewayReceivable, share)...)
	return nonZero(append(entries, move(FXGainLoss, GatewayReceivable, money.New(value.Minor-share.Minor, share.Currency))...))
}

// nonZero leaves out what rounding has made nothing of.
func nonZero(entries []Entry) []Entry {
	kept := entries[:0]
	for _, e := range entries {
		if e.Amount != 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

func negated(entries []Entry) []Entry {
	for i := range entries {
		entries[i].Amount = -entries[i].Amount
	}
	return entries
}

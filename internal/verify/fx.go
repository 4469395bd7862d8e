package verify

import (
	"maps"
	"math/big"

	"paymenthub/internal/fx"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// exchanges are the ledger transactions between currencies, by what they follow.
var exchanges = map[ledger.TransactionKind]ledger.TransactionKind{
	ledger.Captured:          ledger.Converted,
	ledger.Refunded:          ledger.RefundConverted,
	ledger.RefundReversed:    ledger.RefundConversionReversed,
	ledger.DisputeWithdrawn:  ledger.DisputeConverted,
	ledger.DisputeReinstated: ledger.DisputeConversionReversed,
}

// exchanging reports whether a ledger transaction is between currencies.
func exchanging(kind ledger.TransactionKind) bool {
	for _, one := range exchanges {
		if one == kind {
			return true
		}
	}
	return kind == ledger.ConversionSettled
}

// owedExchanges adds, of a converted payment, what must be booked beside what is owed.
// Its amounts are another rule's matter.
func (d *dossier) owedExchanges(owed map[ledger.TransactionKind]int64) {
	v := d.intent.Conversion
	if v == nil {
		return
	}
	for kind, amount := range maps.Clone(owed) {
		if exchange, ok := exchanges[kind]; ok {
			owed[exchange] = amount
		}
	}
	if _, captured := owed[ledger.Captured]; captured && d.settled() != d.due() {
		owed[ledger.ConversionSettled] = 0
	}
}

// due is what was captured at the promised rate.
func (d *dossier) due() money.Money {
	v := d.intent.Conversion
	due, _ := v.Rate.Convert(money.New(d.intent.AmountCaptured, d.intent.Currency), v.To)
	return due
}

// settled is what the payment says that it is settled in.
func (d *dossier) settled() money.Money {
	if d.intent.SettledAmount == nil {
		return money.Money{}
	}
	return money.New(*d.intent.SettledAmount, d.intent.SettledCurrency)
}

// addQuotes adds the quotes whose rates the payments were promised.
func (s *snapshot) addQuotes(_ merchant.Scope, of map[string]*dossier) error {
	owners := map[string][]*dossier{}
	for _, d := range of {
		if v := d.intent.Conversion; v != nil {
			owners[v.QuoteID] = append(owners[v.QuoteID], d)
		}
	}
	if len(owners) == 0 {
		return nil
	}
	return s.each(func(scan scan) error {
		var q fx.Quote
		var rate, mid string
		if err := scan(&q.ID, &q.Scope.MerchantID, &q.Scope.Environment, &q.From, &q.To, &rate, &mid, &q.MarginBPS, &q.FromAmount, &q.PaymentID); err != nil {
			return err
		}
		// One that cannot be read stays 0, which no payment was promised.
		_, _ = q.Rate.UnmarshalText([]byte(rate)), q.Mid.UnmarshalText([]byte(mid))
		for _, d := range owners[q.ID] {
			d.quote = &q
		}
		return nil
	}, `SELECT id, merchant_id, environment, from_currency, to_currency, rate, mid_rate, margin_bps, from_amount, payment_id
		FROM fx_quotes WHERE id IN ?`, keys(owners))
}

// promised checks the rate of a converted payment against its quote.
func (f *findings) promised(d *dossier) {
	p := d.intent
	v := p.Conversion
	if v == nil {
		return
	}
	q := d.quote
	f.hold(FXQuote, q != nil, p.ID, "its rate is of the quote %s, which is not there", v.QuoteID)
	if q == nil {
		return
	}
	f.hold(FXQuote, q.Scope == p.Scope && q.From == p.Currency && q.To == v.To && v.To != p.Currency, p.ID,
		"its quote %s is of %s in %s, for %s in %s", q.ID, q.Scope.MerchantID, q.Scope.Environment, q.From, q.To)
	f.hold(FXQuote, q.Rate.Equal(v.Rate) && q.Mid.Equal(v.Mid) && q.MarginBPS == v.MarginBPS, p.ID,
		"promised %s (%s less %d), but its quote %s says %s (%s less %d)", v.Rate, v.Mid, v.MarginBPS, q.ID, q.Rate, q.Mid, q.MarginBPS)
	f.hold(FXQuote, q.FromAmount == 0 || q.FromAmount == p.Amount && q.PaymentID == p.ID, p.ID,
		"its quote %s is for %d %s of payment %s", q.ID, q.FromAmount, q.From, q.PaymentID)
}

// converted checks what a converted payment says of itself, and every exchange that
// is booked for it.
func (f *findings) converted(d *dossier) {
	p := d.intent
	v := p.Conversion
	if v == nil {
		return
	}
	captured := p.Status == payment.Succeeded
	f.hold(FXAgrees, captured == (v.Position != nil) && captured == (p.SettledAmount != nil) && v.Captured == p.AmountCaptured, p.ID,
		"status %s with %d captured, but %d converted", p.Status, p.AmountCaptured, v.Captured)
	if !captured || v.Position == nil || p.SettledAmount == nil {
		return
	}
	settled, due := d.settled(), d.due()
	expected := due
	if settled.Currency != due.Currency {
		expected = settled
	}
	f.hold(FXAgrees, *v.Position == expected && settled.Currency != p.Currency, p.ID,
		"converted into %s and settled in %s, where %s at %s is %s", v.Position, settled, p.Currency, v.Rate, due)
	f.returnedShares(d)
	of := map[string]ledger.TransactionKind{}
	for _, b := range d.bookings {
		if exchanging(b.kind) {
			of[b.id] = b.kind
		}
	}
	have := map[string]legs{}
	for _, e := range d.postings {
		if _, ok := of[e.transactionID]; ok {
			if have[e.transactionID] == nil {
				have[e.transactionID] = legs{}
			}
			have[e.transactionID].add(e.account, money.New(e.amount, e.currency))
		}
	}
	for _, b := range d.bookings {
		if kind, ok := of[b.id]; ok {
			want := d.exchange(b, kind)
			f.hold(FXAgrees, maps.Equal(have[b.id], want), p.ID, "the ledger transaction %s (%s) moves %v instead of %v", b.id, kind, have[b.id], want)
		}
	}
}

// returnedShares checks that what refunds took back is what the payment says, and all
// of it once everything is refunded.
func (f *findings) returnedShares(d *dossier) {
	p := d.intent
	var shares int64
	for _, r := range d.refunds {
		f.hold(FXAgrees, r.Exchange != nil && r.Exchange.Currency == p.Conversion.Position.Currency, r.ID, "refunds a converted payment and does not say what it takes back")
		if r.Exchange == nil || r.Status != payment.RefundSucceeded {
			continue
		}
		shares += r.Exchange.Share
		value := r.Exchange.Share
		if r.Exchange.Source != fx.Locked {
			worth, _ := r.Exchange.Rate.Convert(money.New(r.Amount, r.Currency), r.Exchange.Currency)
			value = worth.Minor
		}
		f.hold(FXAgrees, r.Exchange.Value == value, r.ID, "is worth %d %s, not %d, at %s", value, r.Exchange.Currency, r.Exchange.Value, r.Exchange.Rate)
	}
	v := p.Conversion
	f.hold(FXAgrees, shares == v.Returned, p.ID, "its refunds took %d %s back, not %d", shares, v.Position.Currency, v.Returned)
	f.hold(FXAgrees, p.AmountRefunded < p.AmountCaptured || v.Returned == v.Position.Minor, p.ID,
		"all is refunded, but %d of %s was taken back", v.Returned, v.Position)
}

// leg is one account in one currency; legs are what a ledger transaction moves in each.
type (
	leg struct {
		account  ledger.AccountKind
		currency money.Currency
	}
	legs map[leg]int64
)

func (l legs) add(account ledger.AccountKind, m money.Money) {
	key := leg{account, m.Currency}
	if l[key] += m.Minor; l[key] == 0 {
		delete(l, key)
	}
}

// owed moves what the gateway owes into or, negative, out of a currency.
func (l legs) owed(m money.Money) {
	l.add(ledger.GatewayReceivable, m)
	l.add(ledger.FXClearing, money.New(-m.Minor, m.Currency))
}

// exchange is what a booking between currencies must move (docs/CURRENCIES.md).
func (d *dossier) exchange(b booking, kind ledger.TransactionKind) legs {
	p, want := d.intent, legs{}
	switch kind {
	case ledger.Converted:
		want.owed(money.New(-p.AmountCaptured, p.Currency))
		want.owed(d.due())
	case ledger.ConversionSettled:
		settled, due := d.settled(), d.due()
		if settled.Currency == due.Currency {
			gain := settled.Minor - due.Minor
			want.add(ledger.GatewayReceivable, money.New(gain, due.Currency))
			want.add(ledger.FXGainLoss, money.New(-gain, due.Currency))
			break
		}
		want.owed(money.New(-due.Minor, due.Currency))
		want.owed(settled)
	case ledger.RefundConverted, ledger.RefundConversionReversed:
		d.refundExchange(b.sourceID, kind == ledger.RefundConversionReversed, want)
	case ledger.DisputeConverted, ledger.DisputeConversionReversed:
		for _, x := range d.disputes {
			if x.ID == b.sourceID {
				share := part(*p.Conversion.Position, x.Amount, p.AmountCaptured)
				want.back(money.New(x.Amount, x.Currency), share, share, kind == ledger.DisputeConversionReversed)
			}
		}
	}
	return want
}

func (d *dossier) refundExchange(transactionID string, reversed bool, want legs) {
	for _, r := range d.refunds {
		if e := r.Exchange; e != nil && r.TransactionID == transactionID {
			want.back(money.New(r.Amount, r.Currency), money.New(e.Share, e.Currency), money.New(e.Value, e.Currency), reversed)
		}
	}
}

// back takes an amount out of what it was converted into: its share there, and the
// loss to its value.
func (l legs) back(amount, share, value money.Money, reversed bool) {
	sign := int64(1)
	if reversed {
		sign = -1
	}
	l.owed(money.New(sign*amount.Minor, amount.Currency))
	l.owed(money.New(-sign*share.Minor, share.Currency))
	loss := sign * (value.Minor - share.Minor)
	l.add(ledger.FXGainLoss, money.New(loss, share.Currency))
	l.add(ledger.GatewayReceivable, money.New(-loss, share.Currency))
}

// part is whole × of / all, rounded half to even.
func part(whole money.Money, of, all int64) money.Money {
	exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(whole.Minor), big.NewInt(of)), big.NewInt(all))
	rounded := new(big.Int).Quo(exact.Num(), exact.Denom())
	rest := new(big.Rat).Sub(exact, new(big.Rat).SetInt(rounded))
	if above := rest.Cmp(big.NewRat(1, 2)); above > 0 || above == 0 && rounded.Bit(0) == 1 {
		rounded.Add(rounded, big.NewInt(1))
	}
	return money.New(rounded.Int64(), whole.Currency)
}

package payment

import (
	"context"
	"fmt"

	"paymenthub/internal/fx"
	"paymenthub/internal/ledger"
	"paymenthub/internal/money"
)

// Conversions promises rates; fx.Service is it.
type Conversions interface {
	// Lock promises a new payment a rate, or nothing when it is not to be converted.
	Lock(ctx context.Context, w fx.Wanted) (fx.Lock, error)
	// Exchange is what a refund of a converted payment costs today.
	Exchange(ctx context.Context, c fx.Conversion, from money.Currency) (fx.Exchange, error)
}

// lock promises the payment that a merchant asks for its rate. A request that is
// repeated needs none: its payment was promised one, whatever rates and quotes have
// become since.
func (s *Service) lock(ctx context.Context, n New) (fx.Lock, error) {
	if s.options.Conversions == nil {
		return fx.Lock{}, nil
	}
	lock, err := s.options.Conversions.Lock(ctx, fx.Wanted{
		PaymentID: n.ID, Scope: n.Scope, Amount: money.New(n.Amount, n.Currency), To: n.SettlementCurrency, QuoteID: n.FXQuoteID,
	})
	if err != nil {
		if _, unknown := s.repo.Payment(ctx, n.Scope, n.ID); unknown == nil {
			return fx.Lock{}, nil
		}
	}
	return lock, err
}

// exchange adds what a refund of the payment costs today, if it was converted.
func (s *Service) exchange(ctx context.Context, p Intent, n *NewRefund) error {
	if p.Conversion == nil || s.options.Conversions == nil {
		return nil
	}
	today, err := s.options.Conversions.Exchange(ctx, *p.Conversion, p.Currency)
	n.Exchange = &today
	return err
}

// promise writes the rate down that a new payment was promised.
func (c *Change) promise(lock fx.Lock) {
	if !lock.Promises() {
		return
	}
	promised := fx.ConversionOf(lock.Quote)
	c.Intent.Conversion, c.Lock = &promised, lock
}

// settle books what the gateway will hand over of a capture. Without a conversion that
// is what it says. With one it is the amount at the promised rate, unless the gateway
// has exchanged the money itself and says what came of it: that counts then, in
// whatever currency. A gateway that settles in the payment's own currency has exchanged
// nothing, and the promise stands.
func (c *Change) settle(source ledger.Source, captured money.Money, told *money.Money) error {
	p := &c.Intent
	if p.Conversion == nil {
		if told != nil {
			p.settledIn(*told)
		}
		return nil
	}
	done := *p.Conversion
	due, err := done.Rate.Convert(captured, done.To)
	if err != nil {
		return fmt.Errorf("payment %s: %s at %s: %w", p.ID, captured, done.Rate, err)
	}
	c.Ledger = append(c.Ledger, source.Convert(captured, due))
	done.Captured, done.Position = captured.Minor, &due
	settled := due
	if told != nil && told.Minor > 0 && told.Currency != p.Currency {
		settled = *told
		if settled.Currency != due.Currency {
			done.Position = &settled
		}
		if difference := source.SettleConversion(due, settled); !difference.Empty() {
			c.Ledger = append(c.Ledger, difference)
		}
	}
	p.Conversion = &done
	p.settledIn(settled)
	return nil
}

func (p *Intent) settledIn(m money.Money) {
	p.SettledAmount, p.SettledCurrency = &m.Minor, m.Currency
}

// returnExchanged books what a refund that has succeeded takes out of what the payment
// was converted into. The intent still says what was refunded before.
func (c *Change) returnExchanged(source ledger.Source, r *Refund) error {
	if c.Intent.Conversion == nil {
		return nil
	}
	back, err := c.Intent.Conversion.Settle(*r.Exchange, c.money(r.Amount), c.Intent.AmountRefunded)
	if err != nil {
		return fmt.Errorf("refund %s: %d at %s: %w", r.ID, r.Amount, r.Exchange.Rate, err)
	}
	r.Exchange = &back
	c.Ledger = append(c.Ledger, source.ConvertRefund(c.money(r.Amount), money.New(back.Share, back.Currency), money.New(back.Value, back.Currency)))
	c.returned(back.Share)
	return nil
}

// reverseExchanged books the opposite of returnExchanged.
func (c *Change) reverseExchanged(source ledger.Source, r Refund) {
	if c.Intent.Conversion == nil {
		return
	}
	back := *r.Exchange
	c.Ledger = append(c.Ledger, source.ReverseRefundConversion(c.money(r.Amount), money.New(back.Share, back.Currency), money.New(back.Value, back.Currency)))
	c.returned(-back.Share)
}

func (c *Change) returned(share int64) {
	now := *c.Intent.Conversion
	now.Returned += share
	c.Intent.Conversion = &now
}

// exchangeDisputed books that what a dispute took or gave back is of what the payment
// was converted into. What the gateway exchanged it at is not told, so it is the
// promised rate.
func (c *Change) exchangeDisputed(source ledger.Source, amount int64, reinstated bool) {
	if c.Intent.Conversion == nil {
		return
	}
	share, book := c.Intent.Conversion.Share(amount), source.ConvertDispute
	if reinstated {
		book = source.ReverseDisputeConversion
	}
	c.Ledger = append(c.Ledger, book(c.money(amount), share))
}

package gateway

import (
	"cmp"
	"fmt"
	"time"

	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// Capabilities say what a provider account can do. They are data: nothing of them
// changes while the account is used.
type Capabilities struct {
	// Methods are what shoppers can pay with.
	Methods map[payment.MethodType]MethodSupport
	// AuthorizationWindow is how long the provider holds an authorization.
	AuthorizationWindow time.Duration
	PartialCapture      bool
	SavesCards          bool // Save, Stored, StoreMethod, FindMethod and DetachMethod work
	// Untold: the provider cannot be asked what became of a call. Its webhooks tell, and
	// the same call sent again.
	Untold bool
	// RepeatedFor is how long after its first try a call may be sent again under its
	// key to learn what became of it, where a look-up cannot tell; 0: it always can.
	RepeatedFor time.Duration
	// Currencies the account takes; nil means every ISO 4217 currency.
	Currencies map[money.Currency]bool
	// Limits bound the amounts; a currency without takes any amount.
	Limits map[money.Currency]Limit
	// Fees are what a payment costs by the provider's public price list, for
	// routing by cost. An account may have its own.
	Fees routing.Fees
}

// MethodSupport says how a method can be used.
type MethodSupport struct {
	ManualCapture bool
	// Currencies that this method takes; nil means those of the account.
	Currencies map[money.Currency]bool
	// Limits bound the amounts of this method, beside those of the account.
	Limits map[money.Currency]Limit
}

// Limit bounds amounts, in minor units by ISO 4217; 0 means no bound.
type Limit struct {
	Min, Max int64
	Step     int64 // amounts must be multiples of it
}

// Order is what is asked of an account.
type Order struct {
	Method payment.MethodType
	Amount money.Money
	Manual bool // to be captured later
}

// Refusal says why the account cannot take the order, "" when it can.
func (c Capabilities) Refusal(o Order) string {
	support, known := c.Methods[o.Method]
	currency := o.Amount.Currency
	switch {
	case !known:
		return fmt.Sprintf("does not take payments by %s", o.Method)
	case o.Manual && !support.ManualCapture:
		return fmt.Sprintf("cannot hold a payment by %s for a later capture", o.Method)
	case support.Currencies != nil && !support.Currencies[currency]:
		return fmt.Sprintf("does not take %s by %s", currency, o.Method)
	default:
		return cmp.Or(c.currencyRefusal(o.Amount), support.Limits[currency].refusal(o.Amount))
	}
}

// refusal says why an amount is out of bounds, "" when it is not.
func (l Limit) refusal(amount money.Money) string {
	switch {
	case amount.Minor < l.Min:
		return fmt.Sprintf("takes at least %s", money.New(l.Min, amount.Currency))
	case l.Max > 0 && amount.Minor > l.Max:
		return fmt.Sprintf("takes at most %s", money.New(l.Max, amount.Currency))
	case l.Step > 0 && amount.Minor%l.Step != 0:
		return fmt.Sprintf("takes only multiples of %s", money.New(l.Step, amount.Currency))
	default:
		return ""
	}
}

// currencyRefusal says why the account cannot take the amount by any method, "" when
// it can.
func (c Capabilities) currencyRefusal(amount money.Money) string {
	if c.Currencies != nil && !c.Currencies[amount.Currency] {
		return fmt.Sprintf("does not take %s", amount.Currency)
	}
	return c.Limits[amount.Currency].refusal(amount)
}

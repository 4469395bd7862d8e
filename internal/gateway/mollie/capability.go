package mollie

import (
	"strings"

	"github.com/VictorAvelar/mollie-api-go/v4/mollie"

	"paymenthub/internal/gateway"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// methods are Mollie's words for what shoppers can pay with through the hub. Cards
// are not among them: Mollie takes no card numbers from a server.
// Source: docs.mollie.com/reference/create-payment, "method".
var methods = map[payment.MethodType]mollie.PaymentMethod{
	payment.MethodIDEAL:      mollie.IDeal,
	payment.MethodBancontact: mollie.Bancontact,
	payment.MethodPayPal:     mollie.PayPal,
}

var (
	euro = currencySet("EUR")
	// currencies are those of PayPal payments; the other methods take euros alone.
	// Source: docs.mollie.com/docs/multicurrency, "Supported currencies".
	currencies = currencySet("AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD")
)

var capabilities = gateway.Capabilities{
	// Source of the limits: docs.mollie.com/docs/ideal, /bancontact and /paypal, "Minimum
	// transaction amount" and "Maximum transaction amount". Bancontact's maximum, EUR
	// 1,500, is that of the mobile app alone; PayPal has none here.
	Methods: map[payment.MethodType]gateway.MethodSupport{
		payment.MethodIDEAL:      {Currencies: euro, Limits: map[money.Currency]gateway.Limit{"EUR": {Min: 1, Max: 5_000_000}}},
		payment.MethodBancontact: {Currencies: euro, Limits: map[money.Currency]gateway.Limit{"EUR": {Min: 2}}},
		payment.MethodPayPal:     {Currencies: currencies},
	},
	Currencies: currencies,
	// Source: mollie.com/pricing, rates of the eurozone without VAT, 2025. What a
	// PayPal payment costs is between the merchant and PayPal; Mollie's EUR 0.10 on top
	// would tell but a part of it.
	Fees: routing.Fees{
		{Method: string(payment.MethodIDEAL), Fixed: money.New(32, "EUR")},
		{Method: string(payment.MethodBancontact), Fixed: money.New(39, "EUR")},
	},
}

func currencySet(codes string) map[money.Currency]bool {
	set := map[money.Currency]bool{}
	for _, code := range strings.Fields(codes) {
		set[money.Currency(code)] = true
	}
	return set
}

// unfit is why a payment cannot be asked of Mollie at all, "" when it can.
func unfit(req gateway.Authorization) payment.DeclineCode {
	support, known := capabilities.Methods[req.Method]
	limit := support.Limits[req.Amount.Currency]
	switch {
	case !known || !req.Capture:
		return payment.DeclineNotPermitted
	case !support.Currencies[req.Amount.Currency]:
		return payment.DeclineCurrency
	case req.Amount.Minor < limit.Min || limit.Max > 0 && req.Amount.Minor > limit.Max:
		return payment.DeclineAmount
	default:
		return ""
	}
}

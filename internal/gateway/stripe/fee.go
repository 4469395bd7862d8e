package stripe

import (
	"paymenthub/internal/money"
	"paymenthub/internal/routing"
)

// fees are Stripe's standard prices of online cards, by the currency of the account
// that a business has where it is spoken of: the United States, the euro area and the
// United Kingdom. Accounts elsewhere, and negotiated prices, have lists of their own.
// Source: stripe.com/pricing, stripe.com/ie/pricing and stripe.com/gb/pricing, 2025.
var fees = routing.Fees{
	{Currency: "USD", Region: string(routing.US), BasisPoints: 290, Fixed: money.New(30, "USD")},
	{Currency: "USD", Region: routing.International, BasisPoints: 440, Fixed: money.New(30, "USD")},
	{Currency: "USD", BasisPoints: 290, Fixed: money.New(30, "USD")},
	{Currency: "EUR", Region: string(routing.EEA), BasisPoints: 150, Fixed: money.New(25, "EUR")},
	{Currency: "EUR", Region: string(routing.GB), BasisPoints: 250, Fixed: money.New(25, "EUR")},
	{Currency: "EUR", Region: routing.International, BasisPoints: 325, Fixed: money.New(25, "EUR")},
	{Currency: "EUR", BasisPoints: 150, Fixed: money.New(25, "EUR")},
	{Currency: "GBP", Region: string(routing.GB), BasisPoints: 150, Fixed: money.New(20, "GBP")},
	{Currency: "GBP", Region: string(routing.EEA), BasisPoints: 250, Fixed: money.New(20, "GBP")},
	{Currency: "GBP", Region: routing.International, BasisPoints: 325, Fixed: money.New(20, "GBP")},
	{Currency: "GBP", BasisPoints: 150, Fixed: money.New(20, "GBP")},
}

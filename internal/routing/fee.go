package routing

import "paymenthub/internal/money"

// Fees is a price list. The first row that matches a payment is its price.
type Fees []Fee

// Fee is a row of a price list; empty fields match all.
type Fee struct {
	Method   string         // "card"
	Currency money.Currency // of the payment
	Brand    string         // of the card, "amex"
	// Region of the card's country: a Region, or International for all that the rows
	// before did not name. Where the country is not known, only rows without match.
	Region      string
	BasisPoints int64       // ten-thousandths of the amount, 0 to 10,000
	Fixed       money.Money // added per payment; of another currency, it counts by the day's rate
}

package vault

import (
	"time"
	"unicode/utf8"

	"paymenthub/internal/card"
	"paymenthub/internal/fault"
)

// MaxHolderName is how many characters a holder's name may have.
const MaxHolderName = 100

// Input is card data as a request brings it.
type Input struct {
	Number     string
	ExpMonth   int
	ExpYear    int
	CVC        string
	HolderName string
}

// Names are what a façade calls the fields of Input, "payment_method.card.cvc"
// or "card.cvv". They stand in the errors.
type Names struct {
	Number     string
	ExpMonth   string
	ExpYear    string
	CVC        string
	HolderName string
}

// NewCard checks card data: a number of a length that its brand has (12 to 19
// digits where the brand is not known; spaces and dashes between groups are taken
// out) with the right check digit, a month that is not over, a code of the
// brand's length. Errors are fault.Invalid and name the field; none repeats a
// value.
func NewCard(in Input, names Names, now time.Time) (Card, error) {
	number := card.Normalize(in.Number)
	brand := card.BrandOf(number)
	if !brand.Allows(len(number)) || !card.Luhn(number) {
		return Card{}, fault.Field(names.Number, "Field '%s' is not a valid card number.", names.Number)
	}
	if in.ExpMonth < 1 || in.ExpMonth > 12 {
		return Card{}, fault.Field(names.ExpMonth, "Field '%s' must be a month from 1 to 12.", names.ExpMonth)
	}
	if in.ExpYear < 2000 || in.ExpYear > 2099 {
		return Card{}, fault.Field(names.ExpYear, "Field '%s' must be a year of four digits.", names.ExpYear)
	}
	if utf8.RuneCountInString(in.HolderName) > MaxHolderName {
		return Card{}, fault.Field(names.HolderName, "Field '%s' must have at most %d characters.", names.HolderName, MaxHolderName)
	}
	if !brand.AllowsCode(in.CVC) {
		return Card{}, fault.Field(names.CVC, "Field '%s' must be the card's %d-digit security code.", names.CVC, brand.CodeLength)
	}
	if card.ExpiredAt(in.ExpMonth, in.ExpYear, now) {
		return Card{}, expired(in, names, now)
	}
	return Card{
		Number: Secret(number), CVC: Secret(in.CVC), ExpMonth: in.ExpMonth, ExpYear: in.ExpYear,
		HolderName: Secret(in.HolderName),
	}, nil
}

// expired names the field that made the card expire: the month while its year
// lasts, the year after that.
func expired(in Input, names Names, now time.Time) error {
	field := names.ExpYear
	if in.ExpYear == now.UTC().Year() {
		field = names.ExpMonth
	}
	return fault.Field(field, "The card has expired; fields '%s' and '%s' must not lie in the past.", names.ExpMonth, names.ExpYear)
}

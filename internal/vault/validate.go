package vault

import (
	"strings"
	"time"
	"unicode/utf8"

	"paymenthub/internal/fault"
)

// Input is card data as a request brings it.
type Input struct {
	Number     string
	ExpMonth   int
	ExpYear    int
	CVC        string
	HolderName string
}

// NewCard checks card data: a Luhn-valid number of 12 to 19 digits (spaces and
// dashes between groups are taken out), a month that is not over, a code of
// the brand's length. Errors are fault.Invalid and name the field below
// prefix; none repeats a value.
func NewCard(in Input, prefix string, now time.Time) (Card, error) {
	number := strings.NewReplacer(" ", "", "-", "").Replace(in.Number)
	if !digits(number) || len(number) < 12 || len(number) > 19 || !Luhn(number) {
		return Card{}, fault.Field(prefix+"number", "Field '%snumber' is not a valid card number.", prefix)
	}
	if in.ExpMonth < 1 || in.ExpMonth > 12 {
		return Card{}, fault.Field(prefix+"exp_month", "Field '%sexp_month' must be a month from 1 to 12.", prefix)
	}
	if in.ExpYear < 2000 || in.ExpYear > 2099 {
		return Card{}, fault.Field(prefix+"exp_year", "Field '%sexp_year' must be a year of four digits.", prefix)
	}
	if utf8.RuneCountInString(in.HolderName) > 100 {
		return Card{}, fault.Field(prefix+"holder_name", "Field '%sholder_name' must have at most 100 characters.", prefix)
	}
	card := Card{
		Number: Secret(number), CVC: Secret(in.CVC), ExpMonth: in.ExpMonth, ExpYear: in.ExpYear,
		HolderName: Secret(in.HolderName),
	}
	if want := cvcLength(card.Brand()); !digits(in.CVC) || len(in.CVC) != want {
		return Card{}, fault.Field(prefix+"cvc", "Field '%scvc' must be the card's %d-digit security code.", prefix, want)
	}
	if card.ExpiredAt(now) {
		return Card{}, fault.Field(prefix+"exp_year", "The card has expired; fields '%sexp_month' and '%sexp_year' must not lie in the past.", prefix, prefix)
	}
	return card, nil
}

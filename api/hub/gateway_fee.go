package hub

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/routing"
)

// Bounds of a price list.
const (
	maxFees        = 200
	maxBasisPoints = 10_000
	maxFixedFee    = 1_000_000 // minor units
)

// feeRegions are where a card may be from.
var feeRegions = []string{
	string(routing.EEA), string(routing.GB), string(routing.US), string(routing.Canada), string(routing.RestOfEurope), string(routing.LatinAmerica),
	string(routing.AsiaPacific), string(routing.MiddleEast), string(routing.Africa), string(routing.International),
}

var brandWord = regexp.MustCompile(`^[a-z_]{1,32}$`)

// newFees checks an account's own price list. An empty one is none.
func newFees(body []openapi.GatewayFee) (routing.Fees, error) {
	if len(body) > maxFees {
		return nil, fault.Field("fees", "Field 'fees' must have at most %d rows.", maxFees)
	}
	var fees routing.Fees
	for i, row := range body {
		f, err := newFee(fmt.Sprintf("fees[%d]", i), row)
		if err != nil {
			return nil, err
		}
		fees = append(fees, f)
	}
	return fees, nil
}

func newFee(at string, row openapi.GatewayFee) (f routing.Fee, err error) {
	f = routing.Fee{Method: given(row.Method), Brand: text(row.Brand), Region: given(row.Region), BasisPoints: row.BasisPoints}
	switch {
	case f.Method != "" && !slices.Contains(payment.MethodTypes, payment.MethodType(f.Method)):
		return f, fault.Field(at+".method", "Field '%s.method' is no method that shoppers can pay with.", at)
	case f.Brand != "" && !brandWord.MatchString(f.Brand):
		return f, fault.Field(at+".brand", "Field '%s.brand' must be a card brand as payments show it, such as 'amex'.", at)
	case f.Region != "" && !slices.Contains(feeRegions, f.Region):
		return f, fault.Field(at+".region", "Field '%s.region' must be one of %s.", at, strings.Join(feeRegions, ", "))
	case f.BasisPoints < 0 || f.BasisPoints > maxBasisPoints:
		return f, fault.Field(at+".basis_points", "Field '%s.basis_points' must be 0 to %d.", at, maxBasisPoints)
	}
	if row.Currency != nil {
		if f.Currency, err = feeCurrency(at+".currency", *row.Currency); err != nil {
			return f, err
		}
	}
	if row.Fixed == nil {
		return f, nil
	}
	if row.Fixed.Amount < 0 || row.Fixed.Amount > maxFixedFee {
		return f, fault.Field(at+".fixed.amount", "Field '%s.fixed.amount' must be 0 to %d minor units.", at, maxFixedFee)
	}
	currency, err := feeCurrency(at+".fixed.currency", row.Fixed.Currency)
	f.Fixed = money.New(row.Fixed.Amount, currency)
	return f, err
}

// given is what an optional word says, "" where there is none.
func given[T ~string](w *T) string {
	if w == nil {
		return ""
	}
	return string(*w)
}

func feeCurrency(field, code string) (money.Currency, error) {
	c, err := money.ParseCurrency(code)
	if err != nil {
		return "", fault.Field(field, "Field '%s' must be an ISO 4217 currency code.", field)
	}
	return c, nil
}

func gatewayFee(f routing.Fee) openapi.GatewayFee {
	v := openapi.GatewayFee{Currency: optional(string(f.Currency)), Brand: optional(f.Brand), BasisPoints: f.BasisPoints}
	if f.Method != "" {
		method := openapi.GatewayFeeMethod(f.Method)
		v.Method = &method
	}
	if f.Region != "" {
		region := openapi.GatewayFeeRegion(f.Region)
		v.Region = &region
	}
	if f.Fixed.Currency != "" {
		v.Fixed = &openapi.GatewayFixedFee{Amount: f.Fixed.Minor, Currency: string(f.Fixed.Currency)}
	}
	return v
}

package paypal

import (
	"net/url"
	"strconv"
	"strings"

	"paymenthub/internal/gateway"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// ours are the hub's names for an object of PayPal's. They are written into its
// custom_id, which captures and authorizations take over from their order: ids and, of
// an order, the amount, with points between ("pi_….att_….txn_….12000USD"). It takes
// 127 letters, digits, dots, commas, hyphens and underscores.
// Source: custom_id in developer.paypal.com/docs/api/orders/v2 and …/payments/v2.
type ours struct {
	payment, attempt, transaction, refund string
	// amount is the whole of the payment: a capture tells only its own.
	amount money.Money
	order  string // PayPal's id of the order, of a refund
}

func (o ours) String() string {
	var parts []string
	for _, part := range []string{o.payment, o.attempt, o.transaction, o.refund} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if o.amount.Currency != "" {
		parts = append(parts, strconv.FormatInt(o.amount.Minor, 10)+string(o.amount.Currency))
	}
	if o.order != "" {
		parts = append(parts, orderMark+o.order)
	}
	return strings.Join(parts, ".")
}

const orderMark = "order-"

// readOurs reads a custom_id; false when it is none of the hub's.
func readOurs(customID string) (o ours, ok bool) {
	for part := range strings.SplitSeq(customID, ".") {
		order, marked := strings.CutPrefix(part, orderMark)
		switch {
		case id.Valid(id.Payment, part):
			o.payment = part
		case id.Valid(id.Attempt, part):
			o.attempt = part
		case id.Valid(id.Transaction, part):
			o.transaction = part
		case id.Valid(id.Refund, part):
			o.refund = part
		case marked && isReference(order):
			o.order = order
		default:
			o.amount = readAmount(part)
		}
	}
	return o, o.payment != "" && o.transaction != ""
}

// readAmount reads "12000USD", in minor units; zero for what is no amount.
func readAmount(text string) money.Money {
	code := text[strings.LastIndexAny(text, "0123456789")+1:]
	minor, err := strconv.ParseInt(strings.TrimSuffix(text, code), 10, 64)
	currency, unknown := money.ParseCurrency(code)
	if err != nil || unknown != nil || minor <= 0 {
		return money.Money{}
	}
	return money.New(minor, currency)
}

// account names the merchant for whom an order is made. PayPal shows it nobody.
func account(s merchant.Scope) string { return s.MerchantID + "." + string(s.Environment) }

// isReference reports whether s is made as PayPal's ids of orders and payments are: 1
// to 36 capital letters and digits.
func isReference(s string) bool {
	const most = 36
	return s != "" && len(s) <= most && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// canceledParameter marks the address to which PayPal sends shoppers who turn back. By
// itself PayPal adds the same "token" to both addresses.
const canceledParameter = "canceled"

// cancelURL is where shoppers come back to who do not approve.
func cancelURL(returnURL string) string {
	u, err := url.Parse(returnURL)
	if err != nil {
		return returnURL
	}
	query := u.Query()
	query.Set(canceledParameter, "true")
	u.RawQuery = query.Encode()
	return u.String()
}

// turnedBack reports whether the shopper came back last without having approved.
func turnedBack(c gateway.Call) bool {
	query, err := url.ParseQuery(c.Returned)
	return err == nil && query.Get(canceledParameter) != "" && query.Get("PayerID") == ""
}

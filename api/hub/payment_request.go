package hub

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Bounds of a request's fields (contracts/hub.md).
const (
	maxMetadata      = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
	maxDescription   = 1000
	minDescriptor    = 5
	maxDescriptor    = 22
)

var routingName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// special reads what a plain struct cannot check while it is read.
var special = json.JoinUnmarshalers(json.UnmarshalFromFunc(readMetadata), json.UnmarshalFromFunc(readMethodType))

// readRequest reads the body of a write, which takes no query parameters.
func readRequest(c *gin.Context, v any) error {
	if _, err := decode.Query(c.Request); err != nil {
		return err
	}
	return decode.JSON(middleware.Body(c), v, special)
}

// readMetadata reads an object of strings within the contract's bounds.
func readMetadata(d *jsontext.Decoder, m *openapi.Metadata) error {
	here := decode.Path(d.StackPointer())
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	if d.PeekKind() != '{' {
		if _, err := d.ReadValue(); err != nil {
			return err
		}
		return fault.Field(here, "Field '%s' must be an object.", here)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*m = openapi.Metadata{}
	for d.PeekKind() != '}' {
		if len(*m) == maxMetadata {
			return fault.Field(here, "Field '%s' must have at most %d keys.", here, maxMetadata)
		}
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		field := here + "." + decode.SafeName(key)
		if d.PeekKind() != '"' {
			if _, err := d.ReadValue(); err != nil {
				return err
			}
			return fault.Field(field, "Field '%s' must be a string.", field)
		}
		value, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := checkPair(here, field, key, value.String()); err != nil {
			return err
		}
		(*m)[key] = value.String()
	}
	_, err := d.ReadToken()
	return err
}

func checkPair(here, field, key, value string) error {
	if n := utf8.RuneCountInString(key); n == 0 || n > maxMetadataKey {
		return fault.Field(here, "The keys of field '%s' must have 1 to %d characters.", here, maxMetadataKey)
	}
	if err := decode.Text(here, key, maxMetadataKey); err != nil {
		return err
	}
	return decode.Text(field, value, maxMetadataValue)
}

// readMethodType accepts the payment methods that there are.
func readMethodType(d *jsontext.Decoder, t *openapi.PaymentMethodType) error {
	here := decode.Path(d.StackPointer())
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' || token.String() != string(openapi.PaymentMethodTypeCard) {
		return fault.Field(here, "Field '%s' must be 'card'.", here)
	}
	*t = openapi.PaymentMethodTypeCard
	return nil
}

// newPayment checks what a merchant asks for.
func newPayment(body openapi.CreateIntentRequest) (payment.New, error) {
	n := payment.New{
		Amount: body.Amount, CaptureMethod: payment.CaptureAutomatic, Routing: text(body.Routing),
		ReturnURL: text(body.ReturnURL), Description: text(body.Description), StatementDescriptor: text(body.StatementDescriptor),
	}
	var err error
	if err = checkAmount(body.Amount); err != nil {
		return n, err
	}
	if n.Currency, err = money.ParseCurrency(body.Currency); err != nil {
		return n, fault.Field("currency", "Field 'currency' must be an ISO 4217 currency code.")
	}
	if body.CaptureMethod != nil {
		n.CaptureMethod = payment.CaptureMethod(*body.CaptureMethod)
	}
	if n.CaptureMethod != payment.CaptureAutomatic && n.CaptureMethod != payment.CaptureManual {
		return n, fault.Field("capture_method", "Field 'capture_method' must be 'automatic' or 'manual'.")
	}
	if body.CustomerID != nil {
		return n, fault.Field("customer_id", "Field 'customer_id' names no customer of this merchant.")
	}
	if body.Routing == nil {
		n.Routing = "auto"
	} else if !routingName.MatchString(n.Routing) || decode.HoldsCardNumber(n.Routing) {
		return n, fault.Field("routing", "Field 'routing' must be 'auto' or the name of a gateway.")
	}
	if body.SettlementCurrency != nil && !strings.EqualFold(*body.SettlementCurrency, string(n.Currency)) {
		return n, fault.Field("settlement_currency", "Field 'settlement_currency' must equal 'currency': conversion is not available yet.")
	}
	if body.Metadata != nil {
		n.Metadata = *body.Metadata
	}
	return n, checkTexts(body)
}

func checkTexts(body openapi.CreateIntentRequest) error {
	if body.ReturnURL != nil {
		if err := decode.URL("return_url", *body.ReturnURL); err != nil {
			return err
		}
	}
	if err := decode.Text("description", text(body.Description), maxDescription); err != nil {
		return err
	}
	if body.StatementDescriptor == nil {
		return nil
	}
	descriptor := *body.StatementDescriptor
	if n := utf8.RuneCountInString(descriptor); n < minDescriptor || n > maxDescriptor || strings.ContainsAny(descriptor, "<>\\'\"*\n\r\t") {
		return fault.Field("statement_descriptor", "Field 'statement_descriptor' must have %d to %d characters and none of < > \\ ' \" *.", minDescriptor, maxDescriptor)
	}
	return decode.Text("statement_descriptor", descriptor, maxDescriptor)
}

// firstMethod returns the method of a payment that is confirmed as it is
// created; nil when it is to be confirmed later.
func (a *API) firstMethod(body openapi.CreateIntentRequest) (*payment.Method, error) {
	confirm := body.Confirm != nil && *body.Confirm
	switch {
	case confirm && body.PaymentMethod == nil:
		return nil, fault.Field("payment_method", "Field 'payment_method' is required with 'confirm'.")
	case !confirm && body.PaymentMethod != nil:
		return nil, fault.Field("confirm", "Field 'confirm' must be true when 'payment_method' is sent; otherwise send it when confirming.")
	case !confirm:
		return nil, nil
	}
	method, err := a.method(*body.PaymentMethod, nil)
	return &method, err
}

// method checks how the shopper pays.
func (a *API) method(m openapi.PaymentMethod, returnURL *string) (payment.Method, error) {
	switch {
	case m == openapi.PaymentMethod{}:
		return payment.Method{}, fault.Field("payment_method", "Field 'payment_method' is required.")
	case m.Type == "":
		return payment.Method{}, fault.Field("payment_method.type", "Field 'payment_method.type' is required.")
	case m.Card == openapi.Card{}:
		return payment.Method{}, fault.Field("payment_method.card", "Field 'payment_method.card' is required.")
	}
	if returnURL != nil {
		if err := decode.URL("return_url", *returnURL); err != nil {
			return payment.Method{}, err
		}
	}
	card, err := vault.NewCard(vault.Input{
		Number: string(m.Card.Number), CVC: string(m.Card.CVC), HolderName: string(m.Card.HolderName),
		ExpMonth: m.Card.ExpMonth, ExpYear: m.Card.ExpYear,
	}, "payment_method.card.", a.clock.Now())
	return payment.Method{Card: card, ReturnURL: text(returnURL)}, err
}

func checkAmount(amount int64) error {
	if amount < 1 {
		return fault.Field("amount", "Field 'amount' must be a positive integer.")
	}
	if amount > money.MaxAmount {
		return fault.Field("amount", "Field 'amount' must be a positive integer of at most %d.", int64(money.MaxAmount))
	}
	return nil
}

// partOrAll checks an optional amount; 0 stands for all.
func partOrAll(amount *int64) (int64, error) {
	if amount == nil {
		return 0, nil
	}
	return *amount, checkAmount(*amount)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

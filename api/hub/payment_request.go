package hub

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// Bounds of a request's fields (contracts/hub.md).
const (
	maxDescription = 1000
	minDescriptor  = 5
	maxDescriptor  = 22
)

var routingName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// special reads what a plain struct cannot check while it is read.
var special = json.JoinUnmarshalers(json.UnmarshalFromFunc(decode.Metadata[openapi.Metadata]),
	json.UnmarshalFromFunc(oneOf(openapi.PaymentMethodTypeCard, openapi.PaymentMethodTypeSaved,
		openapi.PaymentMethodTypePaypal, openapi.PaymentMethodTypeIdeal, openapi.PaymentMethodTypeBancontact)),
	json.UnmarshalFromFunc(oneOf(openapi.CreatePaymentMethodRequestTypeCard)),
	json.UnmarshalFromFunc(oneOf(openapi.GatewayAccountStatusActive, openapi.GatewayAccountStatusDisabled)),
	json.UnmarshalFromFunc(readSecrets[openapi.GatewayCredentials]), json.UnmarshalFromFunc(readSecrets[openapi.WebhookHeaders]),
	json.UnmarshalFromFunc(oneOf(openapi.WebhookDialectHub, openapi.WebhookDialectAcquiring, openapi.WebhookDialectConnect, openapi.WebhookDialectCashier)),
	json.UnmarshalFromFunc(readTime))

// readRequest reads the body of a write, which takes no query parameters.
func readRequest(c *gin.Context, v any) error {
	if _, err := decode.Query(c.Request); err != nil {
		return err
	}
	return decode.JSON(middleware.Body(c), v, special)
}

// oneOf accepts the words that a field may have.
func oneOf[T ~string](known ...T) func(*jsontext.Decoder, *T) error {
	list := "'" + string(known[0]) + "'"
	for i, k := range known[1:] {
		between := ", "
		if i == len(known)-2 {
			between = " or "
		}
		list += between + "'" + string(k) + "'"
	}
	return func(d *jsontext.Decoder, t *T) error {
		here := decode.Path(d.StackPointer())
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if token.Kind() != '"' || !slices.Contains(known, T(token.String())) {
			return fault.Field(here, "Field '%s' must be %s.", here, list)
		}
		*t = T(token.String())
		return nil
	}
}

// newPayment checks what a merchant asks for.
func newPayment(body openapi.CreateIntentRequest) (payment.New, error) {
	n := payment.New{
		Amount: body.Amount, CaptureMethod: payment.CaptureAutomatic, Routing: text(body.Routing),
		ReturnURL: text(body.ReturnURL), Description: text(body.Description), StatementDescriptor: text(body.StatementDescriptor),
	}
	var err error
	if err = decode.Amount(body.Amount); err != nil {
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
	if n.CustomerID = text(body.CustomerID); body.CustomerID != nil && !id.Valid(id.Customer, n.CustomerID) {
		return n, customer.Unknown()
	}
	if body.Routing == nil {
		n.Routing = "auto"
	} else if !routingName.MatchString(n.Routing) || decode.HoldsCardNumber(n.Routing) {
		return n, noRouting()
	}
	if n.SettlementCurrency, n.FXQuoteID, err = newConversion(body); err != nil {
		return n, err
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
	case !confirm && isTrue(body.SavePaymentMethod):
		return nil, fault.Field("save_payment_method", "Field 'save_payment_method' belongs to a 'payment_method'.")
	case !confirm && isTrue(body.OffSession):
		return nil, fault.Field("off_session", "Field 'off_session' belongs to a 'payment_method'.")
	case !confirm:
		return nil, nil
	}
	method, err := a.method(*body.PaymentMethod, methodOptions{save: body.SavePaymentMethod, offSession: body.OffSession})
	if err == nil {
		err = comesBack(method, text(body.ReturnURL))
	}
	return &method, err
}

func isTrue(b *bool) bool { return b != nil && *b }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

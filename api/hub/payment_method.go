package hub

import (
	"context"
	"regexp"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// CreatePaymentMethod is POST /v3/payment_methods.
func (a *API) CreatePaymentMethod(c *gin.Context) (any, error) {
	var body openapi.CreatePaymentMethodRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	switch {
	case body.CustomerID == "":
		return nil, fault.Field("customer_id", "Field 'customer_id' is required.")
	case body.Type == "":
		return nil, fault.Field("type", "Field 'type' is required.")
	}
	card, err := a.card("card", body.Card)
	if err != nil {
		return nil, err
	}
	n := customer.NewMethod{
		OperationID: middleware.OperationID(c), Scope: middleware.Scope(c), CustomerID: body.CustomerID, Card: card,
		NetworkTransactionID: text(body.NetworkTransactionID),
	}
	if body.NetworkTransactionID != nil && !isNetworkTransaction(n.NetworkTransactionID) {
		return nil, fault.Field("network_transaction_id", "Field 'network_transaction_id' must have 9 to 64 letters and digits, and be no card number.")
	}
	if !id.Valid(id.Customer, n.CustomerID) {
		return nil, &fault.Error{Code: fault.NotFound, Param: "customer_id", Message: "There is no such customer."}
	}
	made, err := a.customers.AddMethod(c.Request.Context(), n)
	return kept(made), err
}

var networkTransaction = regexp.MustCompile(`\A[A-Za-z0-9]{9,64}\z`)

// isNetworkTransaction tells the id of a payment at its network from what might
// be a card number. Visa's have 15 digits, as only the numbers of American Express
// do, which begin with 34 or 37.
func isNetworkTransaction(s string) bool {
	if !networkTransaction.MatchString(s) {
		return false
	}
	return !decode.HoldsCardNumber(s) || len(s) == 15 && s[:2] != "34" && s[:2] != "37"
}

// GetPaymentMethod is GET /v3/payment_methods/{id}.
func (a *API) GetPaymentMethod(c *gin.Context) (any, error) {
	methodID, err := middleware.PathID(c, id.PaymentMethod, "payment method")
	if err != nil {
		return nil, err
	}
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	m, err := a.customers.GetMethod(c.Request.Context(), middleware.Scope(c), methodID)
	return kept(m), err
}

// ListPaymentMethods is GET /v3/payment_methods.
func (a *API) ListPaymentMethods(c *gin.Context) (any, error) {
	page, values, err := listQuery(c, id.PaymentMethod, "customer_id")
	if err != nil {
		return nil, err
	}
	f := customer.MethodFilter{Page: customer.Page(page.ofPayments())}
	if f.CustomerID, err = reference(values, "customer_id", id.Customer); err != nil {
		return nil, err
	}
	rows, more, err := a.customers.ListMethods(c.Request.Context(), middleware.Scope(c), f)
	if err != nil {
		return nil, err
	}
	return openapi.KeptPaymentMethodList{Object: listObject, Data: views(rows, kept), HasMore: more}, nil
}

// DetachPaymentMethod is POST /v3/payment_methods/{id}/detach.
func (a *API) DetachPaymentMethod(c *gin.Context) (any, error) {
	return a.changeMethod(c, a.customers.Detach)
}

// SetDefaultPaymentMethod is POST /v3/payment_methods/{id}/default.
func (a *API) SetDefaultPaymentMethod(c *gin.Context) (any, error) {
	return a.changeMethod(c, a.customers.SetDefault)
}

// changeMethod does what needs no more than a method's id.
func (a *API) changeMethod(c *gin.Context, change func(context.Context, merchant.Scope, string) (customer.PaymentMethod, error)) (any, error) {
	methodID, err := middleware.PathID(c, id.PaymentMethod, "payment method")
	if err != nil {
		return nil, err
	}
	if err := readRequest(c, &struct{}{}); err != nil {
		return nil, err
	}
	m, err := change(c.Request.Context(), middleware.Scope(c), methodID)
	return kept(m), err
}

// kept renders a payment method.
func kept(m customer.PaymentMethod) openapi.KeptPaymentMethod {
	v := openapi.KeptPaymentMethod{
		ID: m.ID, Object: openapi.KeptPaymentMethodObjectPaymentMethod, Type: openapi.KeptPaymentMethodTypeCard,
		Status: openapi.KeptPaymentMethodStatus(m.Status), CustomerID: m.CustomerID, Gateway: m.Gateway, Card: cardSummary(m.Card),
		NetworkTransactionID: optional(m.NetworkTransactionID), IntentID: optional(m.PaymentID),
		Environment: openapi.Environment(m.Scope.Environment), ConsentedAt: utc(m.ConsentedAt), CreatedAt: utc(m.CreatedAt),
	}
	if !m.DetachedAt.IsZero() {
		at := utc(m.DetachedAt)
		v.DetachedAt = &at
	}
	return v
}

// methodOptions are what a request says beside its payment method.
type methodOptions struct {
	save, offSession *bool
	returnURL        *string
}

// paidAtProvider are the methods whose shopper pays at the provider's own page.
var paidAtProvider = map[openapi.PaymentMethodType]payment.MethodType{
	openapi.PaymentMethodTypePaypal: payment.MethodPayPal, openapi.PaymentMethodTypeIdeal: payment.MethodIDEAL,
	openapi.PaymentMethodTypeBancontact: payment.MethodBancontact,
}

// method checks how the shopper pays.
func (a *API) method(m openapi.PaymentMethod, o methodOptions) (payment.Method, error) {
	switch {
	case m == openapi.PaymentMethod{}:
		return payment.Method{}, fault.Field("payment_method", "Field 'payment_method' is required.")
	case m.Type == "":
		return payment.Method{}, fault.Field("payment_method.type", "Field 'payment_method.type' is required.")
	}
	if o.returnURL != nil {
		if err := decode.URL("return_url", *o.returnURL); err != nil {
			return payment.Method{}, err
		}
	}
	method := payment.Method{Type: payment.MethodCard, ReturnURL: text(o.returnURL), Save: isTrue(o.save), MerchantInitiated: isTrue(o.offSession)}
	if m.Type == openapi.PaymentMethodTypeSaved {
		return savedMethod(m, method)
	}
	if there, ok := paidAtProvider[m.Type]; ok {
		method.Type = there
		return method, plainMethod(m, method)
	}
	switch {
	case m.ID != nil:
		return payment.Method{}, fault.Field("payment_method.id", "Field 'payment_method.id' belongs to the type 'saved'.")
	case method.MerchantInitiated:
		return payment.Method{}, fault.Field("off_session", "Field 'off_session' belongs to a payment method of the type 'saved'.")
	case m.Card == nil:
		return payment.Method{}, fault.Field("payment_method.card", "Field 'payment_method.card' is required.")
	}
	var err error
	method.Card, err = a.card("payment_method.card", *m.Card)
	return method, err
}

// plainMethod checks a method that is paid at the provider's page: it is no more than
// its type.
func plainMethod(m openapi.PaymentMethod, method payment.Method) error {
	switch {
	case m.Card != nil:
		return fault.Field("payment_method.card", "Field 'payment_method.card' belongs to the type 'card'.")
	case m.ID != nil:
		return fault.Field("payment_method.id", "Field 'payment_method.id' belongs to the type 'saved'.")
	case method.Save:
		return fault.Field("save_payment_method", "Field 'save_payment_method' belongs to a payment method of the type 'card'.")
	case method.MerchantInitiated:
		return fault.Field("off_session", "Field 'off_session' belongs to a payment method of the type 'saved'.")
	default:
		return nil
	}
}

// comesBack checks that a shopper who pays at the provider's page has an address to
// come back to: that of the confirmation or of its payment.
func comesBack(m payment.Method, returnURL string) error {
	if m.Type == payment.MethodCard || m.ReturnURL != "" || returnURL != "" {
		return nil
	}
	return fault.Field("return_url", "Field 'return_url' is required with a payment method that is paid at the provider's page.")
}

func savedMethod(m openapi.PaymentMethod, method payment.Method) (payment.Method, error) {
	switch {
	case m.Card != nil:
		return payment.Method{}, fault.Field("payment_method.card", "Field 'payment_method.card' belongs to the type 'card'.")
	case method.Save:
		return payment.Method{}, fault.Field("save_payment_method", "Field 'save_payment_method' belongs to a payment method of the type 'card'.")
	case m.ID == nil:
		return payment.Method{}, fault.Field("payment_method.id", "Field 'payment_method.id' is required.")
	case !id.Valid(id.PaymentMethod, *m.ID):
		return payment.Method{}, fault.Field("payment_method.id", "Field 'payment_method.id' must be an id, 'pm_…'.")
	}
	method.Saved = *m.ID
	return method, nil
}

// card checks the card data of the field at a path.
func (a *API) card(at string, c openapi.Card) (vault.Card, error) {
	if c == (openapi.Card{}) {
		return vault.Card{}, fault.Field(at, "Field '%s' is required.", at)
	}
	if err := decode.Text(at+".holder_name", string(c.HolderName), vault.MaxHolderName); err != nil {
		return vault.Card{}, err
	}
	return vault.NewCard(vault.Input{
		Number: string(c.Number), CVC: string(c.CVC), HolderName: string(c.HolderName), ExpMonth: c.ExpMonth, ExpYear: c.ExpYear,
	}, vault.Names{
		Number: at + ".number", ExpMonth: at + ".exp_month", ExpYear: at + ".exp_year", CVC: at + ".cvc", HolderName: at + ".holder_name",
	}, a.clock.Now())
}

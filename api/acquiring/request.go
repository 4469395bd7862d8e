package acquiring

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	openapi "paymenthub/api/openapi/acquiring"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
)

// Bounds of a request's fields, in characters.
const (
	maxDescription = 1000
	maxReason      = 500
	maxName        = 200 // of a customer or an order
)

// cardFields are this façade's names of a card's fields.
var cardFields = vault.Names{
	Number: "card.number", ExpMonth: "card.exp_month", ExpYear: "card.exp_year", CVC: "card.cvv", HolderName: "card.holder_name",
}

// special reads what a plain struct cannot check while it is read.
var special = json.UnmarshalFromFunc(decode.Metadata[openapi.Metadata])

// readRequest reads the body of a write, and its query, which may hold parameters.
func readRequest(c *gin.Context, v any, parameters ...string) error {
	if _, err := decode.Query(c.Request, parameters...); err != nil {
		return err
	}
	return decode.JSON(middleware.Body(c), v, special)
}

// namedPayment returns the payment id in the path and tells the log of it.
func namedPayment(c *gin.Context) (string, error) {
	paymentID, err := middleware.PathID(c, id.Payment, "payment")
	if err == nil {
		middleware.SetPayment(c, paymentID)
	}
	return paymentID, err
}

// currency checks that the merchant takes a currency here.
func (a *API) currency(ctx context.Context, scope merchant.Scope, given string) (money.Currency, error) {
	parsed, err := money.ParseCurrency(given)
	if err != nil {
		return "", fault.Field("currency", "Field 'currency' must be an ISO 4217 currency code.")
	}
	settings, err := a.settings.Settings(ctx, scope)
	if err != nil {
		return "", err
	}
	taken := settings.Currencies
	if len(taken) == 0 {
		taken = merchant.AcquiringCurrencies
	}
	if !slices.Contains(taken, parsed) {
		return "", fault.Field("currency", "Field 'currency' must be one that your settings allow: %s.", list(taken))
	}
	return parsed, nil
}

func list(currencies []money.Currency) string {
	codes := make([]string, 0, len(currencies))
	for _, c := range currencies {
		codes = append(codes, string(c))
	}
	return strings.Join(codes, ", ")
}

// card checks card data.
func (a *API) card(in openapi.Card) (vault.Card, error) {
	if in == (openapi.Card{}) {
		return vault.Card{}, fault.Field("card", "Field 'card' is required.")
	}
	if err := decode.Text(cardFields.HolderName, in.HolderName.Reveal(), vault.MaxHolderName); err != nil {
		return vault.Card{}, err
	}
	return vault.NewCard(vault.Input{
		Number: in.Number.Reveal(), CVC: in.CVV.Reveal(), HolderName: in.HolderName.Reveal(), ExpMonth: in.ExpMonth, ExpYear: in.ExpYear,
	}, cardFields, a.clock.Now())
}

// known returns the customer of the hub's that a merchant's reference names; ""
// when it names none, as references of the merchant's own do.
func (a *API) known(ctx context.Context, scope merchant.Scope, reference string) (string, error) {
	if !id.Valid(id.Customer, reference) {
		return "", nil
	}
	found, err := a.customers.Get(ctx, scope, reference)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return found.ID, err
}

// person is what the contract knows of its free-form customer.
type person struct {
	ID        *string `json:"id"`
	Email     *string `json:"email"`
	Name      *string `json:"name"`
	IPAddress *string `json:"ip_address"`
	Country   *string `json:"country"`
}

// readCustomer checks what the merchant tells of the shopper.
func readCustomer(raw jsontext.Value) (payment.Customer, payment.Shopper, error) {
	var in person
	if err := decode.Open("customer", raw, &in); err != nil {
		return payment.Customer{}, payment.Shopper{}, err
	}
	told := payment.Customer{Reference: text(in.ID), Email: text(in.Email), Name: text(in.Name)}
	shopper := payment.Shopper{Email: told.Email, Name: told.Name, BillingCountry: strings.ToUpper(text(in.Country))}
	if err := decode.Text("customer.id", told.Reference, maxName); err != nil {
		return told, shopper, err
	}
	if err := decode.Text("customer.name", told.Name, maxName); err != nil {
		return told, shopper, err
	}
	if err := email("customer.email", in.Email); err != nil {
		return told, shopper, err
	}
	if in.Country != nil && !country(shopper.BillingCountry) {
		return told, shopper, fault.Field("customer.country", "Field 'customer.country' must be an ISO 3166-1 alpha-2 code.")
	}
	if in.IPAddress != nil {
		addr, err := netip.ParseAddr(*in.IPAddress)
		if err != nil || addr.Zone() != "" {
			return told, shopper, fault.Field("customer.ip_address", "Field 'customer.ip_address' must be an IPv4 or IPv6 address.")
		}
		shopper.IP = addr.Unmap().String()
	}
	return told, shopper, nil
}

// country reports whether code has the form of ISO 3166-1 alpha-2.
func country(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

// email checks an address where one is given.
func email(field string, given *string) error {
	if given == nil {
		return nil
	}
	return decode.Email(field, *given)
}

// returnAddress checks an address that the shopper comes back to.
func returnAddress(field, given string) error {
	if utf8.RuneCountInString(given) == 0 {
		return fault.Field(field, "Field '%s' is required.", field)
	}
	return decode.URL(field, given)
}

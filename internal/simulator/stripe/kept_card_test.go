package stripe

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v76"

	"paymenthub/internal/simulator"
)

// keep makes a payment method of a card and attaches it to a new customer.
func (h *harness) keep(number string) (customer string, method *stripego.PaymentMethod, err error) {
	h.t.Helper()
	owner, err := h.Customers.New(&stripego.CustomerParams{Metadata: map[string]string{"customer_id": "ours"}})
	require.NoError(h.t, err)
	method, err = h.PaymentMethods.New(&stripego.PaymentMethodParams{
		Type: stripego.String("card"),
		Card: &stripego.PaymentMethodCardParams{
			Number: &number, ExpMonth: stripego.Int64(12), ExpYear: stripego.Int64(2040), CVC: stripego.String("123"),
		},
	})
	require.NoError(h.t, err)
	attached, err := h.PaymentMethods.Attach(method.ID, &stripego.PaymentMethodAttachParams{Customer: &owner.ID})
	if err == nil {
		require.Equal(h.t, owner.ID, attached.Customer.ID)
	}
	return owner.ID, method, err
}

// again pays with a kept card while the shopper is not there.
func (h *harness) again(customer, method string) (*stripego.PaymentIntent, error) {
	return h.PaymentIntents.New(&stripego.PaymentIntentParams{
		Amount: stripego.Int64(700), Currency: stripego.String("USD"), Confirm: stripego.Bool(true), OffSession: stripego.Bool(true),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}), Customer: &customer, PaymentMethod: &method,
	})
}

func (h *harness) keptCards() []simulator.PaymentMethod {
	var body struct {
		PaymentMethods []simulator.PaymentMethod `json:"payment_methods"`
	}
	h.get("/_sim/payment_methods", &body)
	return body.PaymentMethods
}

func TestAKeptCardPaysUntilItIsDetached(t *testing.T) {
	h := start(t, Options{})
	customer, method, err := h.keep(visa)
	require.NoError(t, err)
	paid, err := h.again(customer, method.ID)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, paid.Status)
	require.Equal(t, customer, h.keptCards()[0].Customer)

	_, err = h.PaymentMethods.Detach(method.ID, nil)
	require.NoError(t, err)
	require.Empty(t, h.keptCards()[0].Customer)
	_, err = h.PaymentMethods.Detach(method.ID, nil)
	require.Equal(t, 400, stripeError(t, err).HTTPStatusCode)
	_, err = h.again(customer, method.ID)
	require.Equal(t, "payment_method", stripeError(t, err).Param)
	_, err = h.PaymentMethods.Attach(method.ID, &stripego.PaymentMethodAttachParams{Customer: &customer})
	require.Equal(t, 400, stripeError(t, err).HTTPStatusCode)
	require.Len(t, h.charges(), 1)
}

func TestTheIssuerIsAskedWhenACardIsAttached(t *testing.T) {
	h := start(t, Options{})
	_, method, err := h.keep("4000000000000002")
	require.Equal(t, stripego.DeclineCodeGenericDecline, stripeError(t, err).DeclineCode)
	require.NotNil(t, method)
	require.Empty(t, h.keptCards())

	customer, method, err := h.keep("4000000000000341")
	require.NoError(t, err)
	_, err = h.again(customer, method.ID)
	require.Equal(t, stripego.ErrorCodeCardDeclined, stripeError(t, err).Code)
}

func TestACardThatAlwaysAuthenticatesDeclinesWithoutTheShopper(t *testing.T) {
	h := start(t, Options{})
	customer, method, err := h.keep(threeDS)
	require.NoError(t, err)
	_, err = h.again(customer, method.ID)
	require.Equal(t, stripego.DeclineCodeAuthenticationRequired, stripeError(t, err).DeclineCode)
}

func TestAPaymentThatSavesItsCardAttachesIt(t *testing.T) {
	h := start(t, Options{})
	owner, err := h.Customers.New(&stripego.CustomerParams{})
	require.NoError(t, err)
	save := func(p *stripego.PaymentIntentParams) {
		p.Customer, p.SetupFutureUsage = &owner.ID, stripego.String("off_session")
	}
	_, err = h.PaymentIntents.New(payment("4000000000000002", save))
	require.Error(t, err)
	require.Empty(t, h.keptCards(), "a refused card is not kept")
	paid, err := h.PaymentIntents.New(payment(visa, save, expandCharge))
	require.NoError(t, err)
	require.Contains(t, string(paid.LastResponse.RawJSON), `"network_transaction_id":"`)
	require.Len(t, h.keptCards(), 1)
	_, err = h.again(owner.ID, paid.PaymentMethod.ID)
	require.NoError(t, err)
}

func TestKeptCardsAreFoundByTheirOwner(t *testing.T) {
	h := start(t, Options{})
	owner, first, err := h.keep(visa)
	require.NoError(t, err)
	second, err := h.PaymentMethods.New(&stripego.PaymentMethodParams{
		Type: stripego.String("card"), Metadata: map[string]string{"ours": "pm_1"},
		Card: &stripego.PaymentMethodCardParams{
			Number: stripego.String(visa), ExpMonth: stripego.Int64(12), ExpYear: stripego.Int64(2040), CVC: stripego.String("123"),
		},
	})
	require.NoError(t, err)
	_, err = h.PaymentMethods.Attach(second.ID, &stripego.PaymentMethodAttachParams{Customer: &owner})
	require.NoError(t, err)
	other, _, err := h.keep(visa)
	require.NoError(t, err)

	cards := func(customer, kind string) (ids []string) {
		t.Helper()
		page := h.Customers.ListPaymentMethods(&stripego.CustomerListPaymentMethodsParams{Customer: &customer, Type: &kind})
		for page.Next() {
			ids = append(ids, page.PaymentMethod().ID)
			require.Equal(t, customer, page.PaymentMethod().Customer.ID)
		}
		require.NoError(t, page.Err())
		return ids
	}
	require.Equal(t, []string{second.ID, first.ID}, cards(owner, "card"), "newest first")
	require.Empty(t, cards(owner, "sepa_debit"))
	_, err = h.PaymentMethods.Detach(first.ID, nil)
	require.NoError(t, err)
	require.Equal(t, []string{second.ID}, cards(owner, "card"))
	nobody := h.Customers.ListPaymentMethods(&stripego.CustomerListPaymentMethodsParams{Customer: stripego.String("cus_nobody")})
	require.False(t, nobody.Next())
	require.Equal(t, 404, stripeError(t, nobody.Err()).HTTPStatusCode)

	search := func(value string) (ids []string) {
		t.Helper()
		found := h.Customers.Search(&stripego.CustomerSearchParams{SearchParams: stripego.SearchParams{Query: "metadata['customer_id']:'" + value + "'"}})
		for found.Next() {
			ids = append(ids, found.Customer().ID)
		}
		require.NoError(t, found.Err())
		return ids
	}
	require.Equal(t, []string{other, owner}, search("ours"))
	require.Empty(t, search("theirs"))
}

package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cards "paymenthub/internal/card"
	"paymenthub/internal/clock"
	"paymenthub/internal/customer"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
)

const (
	customers = "/v3/customers"
	methods   = "/v3/payment_methods"
)

// people are customers and their payment methods in memory.
type people struct {
	clock     clock.Clock
	customers map[string]customer.Customer
	methods   map[string]customer.PaymentMethod
	added     []customer.NewMethod
	refusal   *customer.Refusal // of cards
}

func newPeople(c clock.Clock) *people {
	return &people{clock: c, customers: map[string]customer.Customer{}, methods: map[string]customer.PaymentMethod{}}
}

func (p *people) Create(_ context.Context, c customer.Customer) (customer.Customer, error) {
	c.CreatedAt, c.UpdatedAt = p.clock.Now(), p.clock.Now()
	p.customers[c.ID] = c
	return c, nil
}

func (p *people) Get(_ context.Context, scope merchant.Scope, customerID string) (customer.Customer, error) {
	if c, ok := p.customers[customerID]; ok && c.Scope == scope {
		return c, nil
	}
	return customer.Customer{}, fault.New(fault.NotFound, "No such customer: '%s'.", customerID)
}

func (p *people) List(_ context.Context, scope merchant.Scope, f customer.Filter) (found []customer.Customer, more bool, err error) {
	for _, c := range p.customers {
		if c.Scope == scope && (f.Email == "" || f.Email == c.Email) {
			found = append(found, c)
		}
	}
	return found, false, nil
}

func (p *people) Update(ctx context.Context, scope merchant.Scope, customerID string, told customer.Changes) (customer.Customer, error) {
	c, err := p.Get(ctx, scope, customerID)
	if err != nil {
		return c, err
	}
	if told.Email != nil {
		c.Email = *told.Email
	}
	if told.Metadata != nil {
		c.Metadata = *told.Metadata
	}
	p.customers[customerID] = c
	return c, nil
}

func (p *people) AddMethod(ctx context.Context, n customer.NewMethod) (customer.PaymentMethod, error) {
	p.added = append(p.added, n)
	if _, err := p.Get(ctx, n.Scope, n.CustomerID); err != nil {
		return customer.PaymentMethod{}, err
	}
	m := customer.PaymentMethod{
		ID: id.Join(id.PaymentMethod, n.OperationID), Scope: n.Scope, CustomerID: n.CustomerID, Status: customer.MethodActive, Gateway: "stripe",
		NetworkTransactionID: n.NetworkTransactionID, ConsentedAt: p.clock.Now(), CreatedAt: p.clock.Now(),
		Card: cards.Summary{Brand: n.Card.Brand(), Last4: n.Card.Last4(), ExpMonth: n.Card.ExpMonth, ExpYear: n.Card.ExpYear, Fingerprint: "f00d"},
	}
	if p.refusal != nil {
		return m, &customer.DeclinedError{MethodID: m.ID, Refusal: *p.refusal}
	}
	p.methods[m.ID] = m
	return m, nil
}

func (p *people) GetMethod(_ context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error) {
	if m, ok := p.methods[methodID]; ok && m.Scope == scope {
		return m, nil
	}
	return customer.PaymentMethod{}, fault.New(fault.NotFound, "There is no such payment method.")
}

func (p *people) ListMethods(_ context.Context, scope merchant.Scope, f customer.MethodFilter) (found []customer.PaymentMethod, more bool, err error) {
	for _, m := range p.methods {
		if m.Scope == scope && m.Usable() && (f.CustomerID == "" || f.CustomerID == m.CustomerID) {
			found = append(found, m)
		}
	}
	return found, false, nil
}

func (p *people) SetDefault(ctx context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error) {
	m, err := p.GetMethod(ctx, scope, methodID)
	if c := p.customers[m.CustomerID]; err == nil {
		c.DefaultPaymentMethod = m.ID
		p.customers[m.CustomerID] = c
	}
	return m, err
}

func (p *people) Detach(ctx context.Context, scope merchant.Scope, methodID string) (customer.PaymentMethod, error) {
	m, err := p.GetMethod(ctx, scope, methodID)
	if err == nil {
		m.Status, m.DetachedAt = customer.MethodDetached, p.clock.Now()
		p.methods[methodID] = m
	}
	return m, err
}

// named makes a request and returns the answer's id.
func (s *stage) named(path, body string) string {
	s.t.Helper()
	w := s.call(http.MethodPost, path, body)
	require.Equal(s.t, http.StatusOK, w.Code, w.Body.String())
	return fields(s.t, w)["id"].(string)
}

func keeping(customerID, method string) string {
	return `{"customer_id":"` + customerID + `",` + strings.TrimPrefix(method, "{")
}

func TestCustomersAreToldAndChanged(t *testing.T) {
	s := newStage(t)
	customerID := s.named(customers, `{"email":"ada@example.com","name":"Ada","description":"first","metadata":{"a":"b"}}`)
	got := fields(t, s.call(http.MethodGet, customers+"/"+customerID, ""))
	require.Equal(t, "ada@example.com", got["email"])
	require.Nil(t, got["default_payment_method"])
	changed := fields(t, s.call(http.MethodPost, customers+"/"+customerID, `{"email":"","metadata":{}}`))
	require.Nil(t, changed["email"])
	require.Equal(t, "Ada", changed["name"])
	require.Equal(t, map[string]any{}, changed["metadata"])
	require.Len(t, fields(t, s.call(http.MethodGet, customers, ""))["data"], 1)
	require.Empty(t, fields(t, s.call(http.MethodGet, customers+"?email=other@example.com", ""))["data"])
	for body, param := range map[string]string{
		`{"email":"Ada <ada@example.com>"}`:           "email",
		`{"email":"ada"}`:                             "email",
		`{"name":"4242424242424242"}`:                 "name",
		`{"name":"` + strings.Repeat("n", 201) + `"}`: "name",
		`{"metadata":{"card":"4242424242424242"}}`:    "metadata.card",
		`{"default_payment_method":"pm_1"}`:           "default_payment_method",
	} {
		w := s.call(http.MethodPost, customers, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, param, failure(t, w)["param"], body)
	}
}

func TestACardIsKeptForACustomer(t *testing.T) {
	s := newStage(t)
	customerID := s.named(customers, `{}`)
	w := s.call(http.MethodPost, methods, keeping(customerID, strings.TrimSuffix(card, "}")+`,"network_transaction_id":"016153570198200"}`))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	m := fields(t, w)
	require.Equal(t, "active", m["status"])
	require.Equal(t, "016153570198200", m["network_transaction_id"])
	require.NotContains(t, w.Body.String(), "4242424242424242")
	require.Equal(t, "4242424242424242", s.people.added[0].Card.Number.Reveal())

	methodID := m["id"].(string)
	require.Equal(t, m, fields(t, s.call(http.MethodGet, methods+"/"+methodID, "")))
	require.Len(t, fields(t, s.call(http.MethodGet, methods+"?customer_id="+customerID, ""))["data"], 1)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, methods+"/"+methodID+"/default", "").Code)
	require.Equal(t, methodID, fields(t, s.call(http.MethodGet, customers+"/"+customerID, ""))["default_payment_method"])
	require.Equal(t, "detached", fields(t, s.call(http.MethodPost, methods+"/"+methodID+"/detach", `{}`))["status"])

	s.people.refusal = &customer.Refusal{Code: "do_not_honor", Advice: "use_another_payment_method", Message: "No."}
	w = s.call(http.MethodPost, methods, keeping(customerID, card))
	require.Equal(t, http.StatusPaymentRequired, w.Code)
	e := failure(t, w)
	require.Equal(t, []any{"payment_failed", "do_not_honor", "use_another_payment_method"}, []any{e["code"], e["decline_code"], e["advice"]})
}

func TestWhatIsWrongWithAKeptCardIsNamed(t *testing.T) {
	s := newStage(t)
	customerID := s.named(customers, `{}`)
	with := func(more string) string { return keeping(customerID, strings.TrimSuffix(card, "}")+more+"}") }
	for body, param := range map[string]string{
		card: "customer_id",
		`{"customer_id":"` + customerID + `","type":"card"}`:                                        "card",
		`{"customer_id":"` + customerID + `","type":"saved"}`:                                       "type",
		strings.Replace(keeping(customerID, card), "4242 4242 4242 4242", "4242 4242 4242 4241", 1): "card.number",
		with(`,"network_transaction_id":"4242424242424242"`):                                        "network_transaction_id",
		with(`,"network_transaction_id":"378282246310005"`):                                         "network_transaction_id",
		with(`,"network_transaction_id":"no spaces"`):                                               "network_transaction_id",
		with(`,"payment_method":{}`):                                                                "payment_method",
	} {
		w := s.call(http.MethodPost, methods, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, param, failure(t, w)["param"], body)
	}
	for _, unknown := range []string{id.New(id.Customer), "cus_1", "x"} {
		w := s.call(http.MethodPost, methods, keeping(unknown, card))
		require.Equal(t, http.StatusNotFound, w.Code, w.Body.String())
	}
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPost, methods+"/pm_1/detach", "").Code)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, methods+"/"+id.New(id.PaymentMethod)+"/detach", `{"force":true}`).Code)
}

func TestASavedMethodPays(t *testing.T) {
	s := newStage(t)
	customerID, methodID := id.New(id.Customer), id.New(id.PaymentMethod)
	saved := `{"type":"saved","id":"` + methodID + `"}`
	pay := func(more string) string {
		return `{"amount":1000,"currency":"USD","confirm":true,"customer_id":"` + customerID + `",` + more + `}`
	}
	w := s.call(http.MethodPost, intents, pay(`"off_session":true,"payment_method":`+saved))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, payment.Method{Type: payment.MethodCard, Saved: methodID, MerchantInitiated: true}, s.core.methods[0])
	require.Equal(t, customerID, s.core.created[0].CustomerID)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, intents, pay(`"save_payment_method":true,"payment_method":`+card)).Code)
	require.True(t, s.core.methods[1].Save)

	for more, param := range map[string]string{
		`"payment_method":{"type":"saved"}`:                                               "payment_method.id",
		`"payment_method":{"type":"saved","id":"tok_1"}`:                                  "payment_method.id",
		`"payment_method":{"type":"saved","id":7}`:                                        "payment_method.id",
		`"payment_method":{"type":"bank"}`:                                                "payment_method.type",
		`"payment_method":` + strings.TrimSuffix(saved, "}") + `,"card":{"cvc":"123"}}`:   "payment_method.card",
		`"payment_method":` + strings.TrimSuffix(card, "}") + `,"id":"` + methodID + `"}`: "payment_method.id",
		`"off_session":true,"payment_method":` + card:                                     "off_session",
		`"save_payment_method":true,"payment_method":` + saved:                            "save_payment_method",
	} {
		w := s.call(http.MethodPost, intents, pay(more))
		require.Equal(t, http.StatusBadRequest, w.Code, more)
		require.Equal(t, param, failure(t, w)["param"], more)
	}
	for _, alone := range []string{"save_payment_method", "off_session"} {
		w := s.call(http.MethodPost, intents, `{"amount":1000,"currency":"USD","`+alone+`":true}`)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Equal(t, alone, failure(t, w)["param"])
	}
	w = s.call(http.MethodPost, intents, strings.Replace(create, "{", `{"customer_id":"cus_1",`, 1))
	require.Equal(t, "customer_id", failure(t, w)["param"])
}

func TestABrowserChargesNoSavedMethod(t *testing.T) {
	s := newStage(t)
	open := fields(t, s.call(http.MethodPost, intents, create))
	body := func(method string) string {
		return `{"client_secret":"` + open["client_secret"].(string) + `","payment_method":` + method + `}`
	}
	path := intents + "/" + open["id"].(string) + "/confirm"
	w := s.call(http.MethodPost, path, body(`{"type":"saved","id":"`+id.New(id.PaymentMethod)+`"}`), "Authorization", "Bearer "+s.pk)
	require.Equal(t, http.StatusForbidden, w.Code, w.Body.String())
	require.Empty(t, s.core.methods)
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, path, body(card), "Authorization", "Bearer "+s.pk).Code)
}

// customer makes a customer and returns their id.
func (l *lifetime) customer(h *incarnation) string {
	l.t.Helper()
	w := l.send(h, "before", customers, `{"email":"ada@example.com"}`)
	require.Equal(l.t, http.StatusOK, w.Code, w.Body.String())
	return fields(l.t, w)["id"].(string)
}

// kept keeps a card and returns the method's id.
func (l *lifetime) kept(h *incarnation, customerID string) string {
	l.t.Helper()
	w := l.send(h, "before", methods, keeping(customerID, card))
	require.Equal(l.t, http.StatusOK, w.Code, w.Body.String())
	return fields(l.t, w)["id"].(string)
}

// paying is a request for a payment of a customer.
func (*lifetime) paying(customerID, more string) string {
	return `{"amount":1000,"currency":"USD","confirm":true,"customer_id":"` + customerID + `",` + more + `}`
}

// methods is what is there of payment methods, in the hub and at the provider.
func (l *lifetime) methods() (seen []string) {
	l.t.Helper()
	people, _, err := l.db.Customers().Customers(l.t.Context(), l.scope, customer.Filter{Page: customer.Page{Limit: 100}})
	require.NoError(l.t, err)
	for _, c := range people {
		reference, err := l.db.Customers().Reference(l.t.Context(), c.ID, l.provider.Provider())
		require.NoError(l.t, err)
		state := "none"
		rows, _, err := l.db.Customers().Methods(l.t.Context(), l.scope, customer.MethodFilter{CustomerID: c.ID, Page: customer.Page{Limit: 100}})
		require.NoError(l.t, err)
		for _, m := range rows {
			state = string(m.Status) + " " + m.NetworkTransactionID
			require.Equal(l.t, m.ID, c.DefaultPaymentMethod)
		}
		seen = append(seen, state, map[bool]string{true: "known"}[reference != ""], strings.Repeat("card ", l.provider.Kept("gw_"+c.ID)))
	}
	return seen
}

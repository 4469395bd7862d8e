package stripe

import "net/http"

// method is a payment method with what its card will answer.
type method struct {
	paymentMethod
	result testOutcome
}

// readPaymentMethod reads type, card, billing_details and metadata below prefix:
// "" for a payment method of its own, "payment_method_data" inside an intent.
func (c *call) readPaymentMethod(prefix string) method {
	under := func(name string) string {
		if prefix == "" {
			return name
		}
		return prefix + "[" + name + "]"
	}
	f := c.form
	if kind := f.required(under("type")); kind != "card" && kind != "" {
		f.fail(invalid("", under("type"), "Invalid %s: this account accepts card only", under("type")))
	}
	f.ignore(under("allow_redisplay"))
	m := method{paymentMethod: paymentMethod{Object: "payment_method", Type: "card", Metadata: map[string]string{}}}
	m.Card, m.result = c.readCard(under("card"))
	m.BillingDetails = billingDetails{
		Address: f.address(under("billing_details") + "[address]"),
		Email:   f.optional(under("billing_details") + "[email]"),
		Name:    f.optional(under("billing_details") + "[name]"),
		Phone:   f.optional(under("billing_details") + "[phone]"),
	}
	m.Card.Checks.verifyAddress(m.BillingDetails.Address)
	if prefix == "" {
		m.Metadata = f.metadata(nil)
	}
	return m
}

// verifyAddress says "pass" to every part of the address that was given.
func (checks *cardChecks) verifyAddress(a address) {
	if a.Line1 != nil {
		checks.AddressLine1 = pointer("pass")
	}
	if a.PostalCode != nil {
		checks.PostalCode = pointer("pass")
	}
}

func (f *form) address(prefix string) address {
	return address{
		City:       f.optional(prefix + "[city]"),
		Country:    f.optional(prefix + "[country]"),
		Line1:      f.optional(prefix + "[line1]"),
		Line2:      f.optional(prefix + "[line2]"),
		PostalCode: f.optional(prefix + "[postal_code]"),
		State:      f.optional(prefix + "[state]"),
	}
}

func (f *form) shipping() *shipping {
	if !f.hasPrefix("shipping") {
		return nil
	}
	return &shipping{
		Address:        f.address("shipping[address]"),
		Carrier:        f.optional("shipping[carrier]"),
		Name:           f.optional("shipping[name]"),
		Phone:          f.optional("shipping[phone]"),
		TrackingNumber: f.optional("shipping[tracking_number]"),
	}
}

// insertMethod gives a new payment method its id and writes it.
func (tx *transaction) insertMethod(m *method) ([]byte, error) {
	seq := tx.call.sim.seq.next()
	m.ID, m.Created = newID("pm_", seq), seconds(seq)
	doc := mustMarshal(&m.paymentMethod)
	return doc, tx.exec(`INSERT INTO payment_methods (seq, account, customer, outcome, doc) VALUES (?, ?, ?, ?, ?)`,
		seq, tx.call.account, customerSeq(m.Customer), m.result.name, doc)
}

// loadMethod finds the payment method named by the parameter payment_method.
func (tx *transaction) loadMethod(id string) (*method, error) {
	found, ok, err := object[paymentMethod](tx, tx.call.account, "payment_methods", "pm_", id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, missingParam("PaymentMethod", id, "payment_method")
	}
	result, err := tx.outcomeOfMethod(id)
	return &method{*found, result}, err
}

// outcomeOfMethod is how the issuer treats a payment method that was stored.
func (tx *transaction) outcomeOfMethod(id string) (testOutcome, error) {
	row, err := tx.queryRow(`SELECT outcome FROM payment_methods WHERE seq = ?`, seqOf(id))
	if err != nil {
		return testOutcome{}, err
	}
	var name string
	err = row.Scan(&name)
	return outcomesByName[name], err
}

func createPaymentMethod(c *call) (effect, error) {
	m := c.readPaymentMethod("")
	return func(tx *transaction) ([]byte, error) { return tx.insertMethod(&m) }, nil
}

func getPaymentMethod(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "payment_methods", "pm_", id)
	if err == nil && doc == nil {
		err = missing("PaymentMethod", id, "payment_method")
	}
	if err != nil {
		return nil, err
	}
	return c.expand.apply(q, c.account, doc)
}

func attachPaymentMethod(c *call) (effect, error) {
	owner := c.form.required("customer")
	return func(tx *transaction) ([]byte, error) {
		if err := tx.requireCustomer(&owner); err != nil {
			return nil, err
		}
		return tx.setMethodOwner(c.r.PathValue("id"), &owner)
	}, nil
}

func detachPaymentMethod(c *call) (effect, error) {
	return func(tx *transaction) ([]byte, error) {
		return tx.setMethodOwner(c.r.PathValue("id"), nil)
	}, nil
}

func (tx *transaction) setMethodOwner(id string, owner *string) ([]byte, error) {
	m, err := tx.loadMethod(id)
	if err != nil {
		if e, ok := err.(*apiError); ok {
			e.status = http.StatusNotFound // here the id is in the address
		}
		return nil, err
	}
	switch {
	case owner == nil && m.Customer == nil:
		return nil, invalid("", "", "The payment method you provided is not attached to a customer so detachment is impossible.")
	case owner == nil:
		m.result = detached
	case m.result.name == detached.name:
		return nil, usedUp("")
	case m.Customer != nil && *m.Customer != *owner:
		return nil, invalid("", "", "The payment method you provided has already been attached to a customer.")
	case m.result.code != "" && !m.result.attaches:
		return nil, m.refusal()
	}
	m.Customer = owner
	return tx.updateMethod(m)
}

// refusal is the issuer's answer when it is asked about a card without a payment.
func (m *method) refusal() *apiError {
	return &apiError{
		Type: typeCard, Code: m.result.code, DeclineCode: m.result.declineCode, DocURL: docBase + dashed(m.result.code),
		Message: m.result.message, status: http.StatusPaymentRequired, executed: true,
		AdviceCode: m.result.adviceCode, NetworkAdviceCode: m.result.networkAdvice, NetworkDeclineCode: m.result.issuerCode,
	}
}

// usedUp is the error for a payment method that was detached: it never comes back.
func usedUp(param string) *apiError {
	return invalid("", param, "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.")
}

func (tx *transaction) updateMethod(m *method) ([]byte, error) {
	doc := mustMarshal(&m.paymentMethod)
	return doc, tx.exec(`UPDATE payment_methods SET customer = ?, outcome = ?, doc = ? WHERE seq = ?`,
		customerSeq(m.Customer), m.result.name, doc, seqOf(m.ID))
}

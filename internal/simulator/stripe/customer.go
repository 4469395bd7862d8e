package stripe

func createCustomer(c *call) (effect, error) {
	f := c.form
	created := customer{
		Object: "customer", Description: f.limited("description", 1000), Email: f.limited("email", 512),
		Name: f.limited("name", 256), Phone: f.limited("phone", 20), Metadata: f.metadata(nil), Shipping: f.shipping(),
		InvoicePrefix: randomText(8), NextInvoiceSequence: 1, PreferredLocales: []string{}, TaxExempt: "none",
	}
	if f.hasPrefix("address") {
		created.Address = pointer(f.address("address"))
	}
	return func(tx *transaction) ([]byte, error) {
		seq := c.sim.seq.next()
		created.ID, created.Created = newID("cus_", seq), seconds(seq)
		doc := mustMarshal(&created)
		for key, value := range created.Metadata {
			err := tx.exec(`INSERT INTO customer_metadata (hash, customer) VALUES (?, ?)`, metadataHash(c.account, key, value), seq)
			if err != nil {
				return nil, err
			}
		}
		return doc, tx.exec(`INSERT INTO customers (seq, account, doc) VALUES (?, ?, ?)`, seq, c.account, doc)
	}, nil
}

func searchCustomers(c *call, q querier) ([]byte, error) {
	return c.searchFor(q, searched{table: "customers", index: "customer_metadata", column: "customer", url: "/v1/customers/search"})
}

// listCustomerMethods lists what is attached to a customer: cards, as there is
// nothing else here.
func listCustomerMethods(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	owner, err := find(q, c.account, "customers", "cus_", id)
	if err == nil && owner == nil {
		err = missing("customer", id, "customer")
	}
	if err != nil {
		return nil, err
	}
	l := listing{table: "payment_methods", prefix: "pm_", url: "/v1/customers/" + id + "/payment_methods", filter: "customer", value: seqOf(id)}
	if kind := c.form.optional("type"); kind != nil && *kind != "card" {
		l.filter = "seq" // of none
	}
	return c.list(q, l)
}

func getCustomer(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	doc, err := find(q, c.account, "customers", "cus_", id)
	if err == nil && doc == nil {
		err = missing("customer", id, "id")
	}
	if err != nil {
		return nil, err
	}
	return c.expand.apply(q, c.account, doc)
}

// requireCustomer refuses the id of a customer that the account does not have.
func (tx *transaction) requireCustomer(id *string) error {
	if id == nil {
		return nil
	}
	doc, err := find(tx, tx.call.account, "customers", "cus_", *id)
	if err == nil && doc == nil {
		err = missingParam("customer", *id, "customer")
	}
	return err
}

package stripe

import (
	"net/url"
	"slices"
	"strings"
)

// The statuses of a PaymentIntent.
const (
	requiresPaymentMethod = "requires_payment_method"
	requiresConfirmation  = "requires_confirmation"
	requiresAction        = "requires_action"
	requiresCapture       = "requires_capture"
	succeeded             = "succeeded"
	canceled              = "canceled"
)

// intent is a payment intent with what its row holds beside its doc.
type intent struct {
	paymentIntent
	returnURL string
	created   bool // by this transaction: to be inserted, not updated
	indexed   map[string]string
}

// intentInput is what create, update and confirm have in common.
type intentInput struct {
	data     *method // payment_method_data
	method   *string // id of a payment method
	customer *string
	confirm  confirmOptions
}

type confirmOptions struct {
	returnURL        *string
	offSession       bool
	failOnChallenge  bool
	requestChallenge string // payment_method_options[card][request_three_d_secure]
}

func (c *call) readIntentInput() intentInput {
	f := c.form
	in := intentInput{method: f.optional("payment_method")}
	if f.hasPrefix("payment_method_data") {
		if in.method != nil {
			f.fail(invalid("parameters_exclusive", "payment_method_data", "You may only specify one of these parameters: payment_method, payment_method_data."))
		}
		in.data = pointer(c.readPaymentMethod("payment_method_data"))
	}
	in.confirm.requestChallenge = f.choice("payment_method_options[card][request_three_d_secure]", "", "automatic", "any", "challenge")
	f.ignore("use_stripe_sdk", "radar_options", "mandate_data")
	return in
}

// readConfirm reads what only a confirmation takes.
func (in *intentInput) readConfirm(f *form) {
	in.confirm.returnURL = f.optional("return_url")
	in.confirm.failOnChallenge = f.boolean("error_on_requires_action")
	in.confirm.offSession = f.choice("off_session", "false", "true", "false", "one_off", "recurring") != "false"
	if in.confirm.returnURL != nil {
		if u, err := url.Parse(*in.confirm.returnURL); err != nil || u.Scheme == "" {
			f.fail(invalid("url_invalid", "return_url", "Not a valid URL"))
		}
	}
}

func createPaymentIntent(c *call) (effect, error) {
	f := c.form
	pi := &intent{created: true, paymentIntent: paymentIntent{
		Object: "payment_intent", ConfirmationMethod: f.choice("confirmation_method", "automatic", "automatic"),
		Amount: f.amount("amount"), Currency: f.currency(), Customer: f.optional("customer"),
		CaptureMethod: f.choice("capture_method", "automatic", "automatic", "automatic_async", "manual"),
		Metadata:      f.metadata(nil), Status: requiresPaymentMethod,
		PaymentMethodOptions: paymentMethodOptions{Card: cardOptions{RequestThreeDSecure: "automatic"}},
	}}
	f.checkMaximum(pi.Amount, pi.Currency)
	f.readDetails(&pi.paymentIntent)
	f.readMethodTypes(&pi.paymentIntent)
	in := c.readIntentInput()
	in.customer = pi.Customer
	confirm := f.boolean("confirm")
	if confirm {
		in.readConfirm(f)
		f.requireReturnURL(&pi.paymentIntent, in.confirm)
	}
	return func(tx *transaction) ([]byte, error) {
		seq := c.sim.seq.next()
		pi.ID, pi.Created = newID("pi_", seq), seconds(seq)
		pi.ClientSecret = pi.ID + "_secret_" + randomText(25)
		m, err := tx.applyInput(pi, in)
		if err != nil {
			return nil, err
		}
		if tx.listening() {
			tx.emit("payment_intent.created", mustMarshal(&pi.paymentIntent))
		}
		if !confirm {
			return tx.saveIntent(pi)
		}
		return tx.confirm(pi, m, in.confirm)
	}, nil
}

func updatePaymentIntent(c *call) (effect, error) {
	f := c.form
	changed := paymentIntent{Amount: f.optionalAmount("amount"), CaptureMethod: f.choice("capture_method", "", "automatic", "automatic_async", "manual")}
	if f.has("currency") {
		changed.Currency = f.currency()
	}
	in := c.readIntentInput()
	in.customer = f.optional("customer")
	f.readDetails(&changed)
	f.ignore("metadata") // read against the intent's own, below
	f.metadata(nil)
	return func(tx *transaction) ([]byte, error) {
		pi, err := tx.loadIntent(c.r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		moves := changed.Amount != 0 || changed.Currency != "" || changed.CaptureMethod != "" || in.method != nil || in.data != nil || in.customer != nil
		open := []string{requiresPaymentMethod, requiresConfirmation, requiresAction}
		if moves && !slices.Contains(open, pi.Status) {
			return nil, wrongState(&pi.paymentIntent, "update", strings.Join(open, ", "))
		}
		pi.merge(&changed)
		if f.hasMetadata() {
			pi.Metadata = f.metadata(pi.Metadata)
		}
		if _, err := tx.applyInput(pi, in); err != nil {
			return nil, err
		}
		return tx.saveIntent(pi)
	}, nil
}

// merge takes over what an update gives.
func (pi *intent) merge(changed *paymentIntent) {
	if changed.Amount != 0 {
		pi.Amount = changed.Amount
	}
	if changed.Currency != "" {
		pi.Currency = changed.Currency
	}
	if changed.CaptureMethod != "" {
		pi.CaptureMethod = changed.CaptureMethod
	}
	for _, field := range []struct{ to, from **string }{
		{&pi.Description, &changed.Description}, {&pi.ReceiptEmail, &changed.ReceiptEmail},
		{&pi.SetupFutureUsage, &changed.SetupFutureUsage}, {&pi.StatementDescriptor, &changed.StatementDescriptor},
		{&pi.DescriptorSuffix, &changed.DescriptorSuffix}, {&pi.TransferGroup, &changed.TransferGroup},
	} {
		if *field.from != nil {
			*field.to = *field.from
		}
	}
	if changed.Shipping != nil {
		pi.Shipping = changed.Shipping
	}
}

// applyInput sets customer and payment method; it returns the method that a
// confirmation would use, nil when there is none.
func (tx *transaction) applyInput(pi *intent, in intentInput) (*method, error) {
	if in.customer != nil {
		if err := tx.requireCustomer(in.customer); err != nil {
			return nil, err
		}
		pi.Customer = in.customer
	}
	if in.confirm.requestChallenge != "" {
		pi.PaymentMethodOptions.Card.RequestThreeDSecure = in.confirm.requestChallenge
	}
	m := in.data
	var err error
	switch {
	case m != nil:
		_, err = tx.insertMethod(m)
	case in.method != nil:
		m, err = tx.loadMethod(*in.method)
	case pi.PaymentMethod != nil:
		m, err = tx.loadMethod(*pi.PaymentMethod)
	}
	if m == nil || err != nil {
		return nil, err
	}
	if m.result.name == detached.name {
		return nil, usedUp("payment_method")
	}
	if m.Customer != nil && (pi.Customer == nil || *pi.Customer != *m.Customer) {
		return nil, invalid("", "payment_method", "The provided PaymentMethod belongs to a Customer: include that Customer on the PaymentIntent.")
	}
	pi.PaymentMethod = &m.ID
	if pi.Status == requiresPaymentMethod || pi.Status == requiresAction {
		pi.Status, pi.NextAction = requiresConfirmation, nil
	}
	return m, nil
}

func getPaymentIntent(c *call, q querier) ([]byte, error) {
	id := c.r.PathValue("id")
	secret := c.form.optional("client_secret")
	doc, err := find(q, c.account, "payment_intents", "pi_", id)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, missing("payment_intent", id, "intent")
	}
	if field, _ := findField(doc, "client_secret"); secret != nil && `"`+*secret+`"` != string(doc[field.from:field.to]) {
		return nil, invalid("payment_intent_invalid_parameter", "client_secret", "The client_secret provided does not match the client_secret associated with the PaymentIntent.")
	}
	return c.expand.apply(q, c.account, doc)
}

package stripe

import "strings"

const maxAmount = 99_999_999

// Currencies whose largest amount has more than eight digits, in minor units:
// https://stripe.com/docs/currencies#minimum-and-maximum-charge-amounts
var largerAmounts = map[string]int64{
	"cop": 9_999_999_999, "huf": 9_999_999_999, "idr": 999_999_999_999, "inr": 999_999_999, "jpy": 9_999_999_999, "lbp": 999_999_999_999,
}

// currencies are those that Stripe charges cards in.
var currencies = strings.Fields(`usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp
	byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl
	hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop
	mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek
	sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`)

// amount reads a required amount in minor units, at least 1.
func (f *form) amount(name string) int64 {
	f.required(name)
	return f.optionalAmount(name)
}

// optionalAmount is 0 when there is none.
func (f *form) optionalAmount(name string) int64 {
	amount := f.integer(name, 0)
	if f.values.Get(name) != "" && amount < 1 {
		f.fail(invalid("parameter_invalid_integer", name, "This value must be greater than or equal to 1."))
	}
	return amount
}

func (f *form) currency() string {
	currency := strings.ToLower(f.required("currency"))
	for _, known := range currencies {
		if currency == known {
			return currency
		}
	}
	f.fail(invalid("", "currency", "Invalid currency: use one of the three-letter codes that https://stripe.com/docs/currencies lists"))
	return ""
}

func (f *form) checkMaximum(amount int64, currency string) {
	most, ok := largerAmounts[currency]
	if !ok {
		most = maxAmount
	}
	if amount > most {
		f.fail(invalid("amount_too_large", "amount", "Amount must be no more than %d %s", most, currency))
	}
}

// readDetails reads what does not move money.
func (f *form) readDetails(pi *paymentIntent) {
	pi.Description = f.limited("description", 1000)
	pi.ReceiptEmail = f.limited("receipt_email", 800)
	pi.StatementDescriptor = f.limited("statement_descriptor", 22)
	pi.DescriptorSuffix = f.limited("statement_descriptor_suffix", 22)
	pi.TransferGroup = f.optional("transfer_group")
	pi.SetupFutureUsage = optional(f.choice("setup_future_usage", "", "on_session", "off_session"))
	pi.Shipping = f.shipping()
}

// readMethodTypes reads how payment methods are chosen. Since API version
// 2023-08-16 they are automatic unless payment_method_types says otherwise.
func (f *form) readMethodTypes(pi *paymentIntent) {
	types := f.list("payment_method_types")
	enabled := f.choice("automatic_payment_methods[enabled]", "", "true", "false")
	redirects := f.choice("automatic_payment_methods[allow_redirects]", "always", "always", "never")
	for _, kind := range types {
		if kind != "card" {
			f.fail(invalid("payment_intent_invalid_parameter", "payment_method_types", "This account accepts the payment method type card only."))
		}
	}
	switch {
	case enabled == "true" && len(types) > 0:
		f.fail(invalid("", "payment_method_types", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."))
	case enabled != "false" && len(types) == 0:
		pi.AutomaticPaymentMethods = &automaticPaymentMethods{AllowRedirects: redirects, Enabled: true}
	}
	pi.PaymentMethodTypes = []string{"card"}
}

// requireReturnURL is Stripe's rule for automatic payment methods: some of them
// would send the shopper away.
func (f *form) requireReturnURL(pi *paymentIntent, options confirmOptions) {
	automatic := pi.AutomaticPaymentMethods
	if automatic != nil && automatic.AllowRedirects != "never" && options.returnURL == nil && !options.offSession && !options.failOnChallenge {
		f.fail(invalid("", "", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."))
	}
}

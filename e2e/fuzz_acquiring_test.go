package e2e

import "paymenthub/api/openapi/generate"

// ofAcquiring is known for the acquiring façade's document.
func (f *fuzz) ofAcquiring(p generate.Place) (any, bool) {
	choose := func(from ...any) (any, bool) { return from[p.Random.IntN(len(from))], true }
	switch p.Operation {
	case "authorizePayment", "salePayment", "createPaymentIntent":
		switch p.Name {
		case "amount":
			return choose(1_000, 999, 50_000, 99_999_999)
		case "currency":
			return choose("USD", "usd", "Eur", "MAD")
		}
	case "confirmPaymentIntent", "getPublicPaymentIntent", "openCheckout":
		if p.Name == "client_secret" {
			if p.In == "body" {
				return nil, true // it is in the query
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.secrets[f.about[p.Operation]], true
		}
	}
	switch p.Name {
	case "card.number":
		return choose(visa, mastercard, "4242 4242 4242 4242", "5555-5555-5555-4444")
	case "card.exp_year":
		return 2040 + p.Random.IntN(20), true
	case "card.cvv":
		return choose("123", "000")
	case "customer.email", "customer_email":
		return choose("shopper@example.com", "a.b+c@sub.example.org", "O'Neil@example.museum")
	case "customer.country":
		return choose("MA", "fr", "US")
	case "customer.ip_address":
		return choose("203.0.113.7", "2001:db8::1", "::ffff:198.51.100.2")
	case "success_url", "cancel_url":
		return choose("https://shop.example/", "https://shop.example/{CHECKOUT_SESSION_ID}?s={CHECKOUT_SESSION_ID}", "http://localhost:3000/back", "http://[::1]:9/")
	case "save_card":
		return false, true // the payments have no customer
	}
	return nil, false
}

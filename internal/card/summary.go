package card

// Summary is what may be shown and compared of a card: truncated as the networks
// allow (PCI DSS 3.4.1), with a keyed fingerprint instead of the number.
type Summary struct {
	Brand       string `json:"brand"`
	BIN         string `json:"bin,omitempty"` // leading digits: see BIN; "" before it was kept
	Last4       string `json:"last4"`
	ExpMonth    int    `json:"exp_month"`
	ExpYear     int    `json:"exp_year"`
	Fingerprint string `json:"fingerprint"` // keyed HMAC of the number, same card same value
}

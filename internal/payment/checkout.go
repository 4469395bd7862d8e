package payment

import (
	"net/url"
	"strings"
)

// Checkout is what the hosted page needs to know beside the payment.
type Checkout struct {
	SuccessURL string `json:"success_url"`
	CancelURL  string `json:"cancel_url"`
	OrderID    string `json:"order_id,omitempty"` // the merchant's
}

// PaidURL is where a shopper who has paid goes on to: the success URL with
// "payment_intent" in its query. It is empty when there is no such address that a
// browser may be sent to.
func (c Checkout) PaidURL(paymentID string) string {
	u, ok := webAddress(c.SuccessURL)
	if !ok {
		return ""
	}
	u.RawQuery = withParameter(u.RawQuery, "payment_intent", paymentID)
	return u.String()
}

// BackURL is the way back to the shop without having paid; "" when there is none.
func (c Checkout) BackURL() string {
	if _, ok := webAddress(c.CancelURL); !ok {
		return ""
	}
	return c.CancelURL
}

// withParameter adds a parameter to a query, in the place of those of its name, and
// leaves all else as it is written: it may be signed.
func withParameter(query, name, value string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if key, _, _ := strings.Cut(part, "="); part != "" && key != name {
			kept = append(kept, part)
		}
	}
	return strings.Join(append(kept, name+"="+url.QueryEscape(value)), "&")
}

func webAddress(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	return u, err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

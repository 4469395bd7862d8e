package mollie

import (
	"net/http"
	"strings"
	"time"

	"paymenthub/internal/simulator/chassis"
)

// method is how shoppers pay. The amounts are in minor units; a maximum of 0 is none.
type method struct {
	ID, Description string
	Currencies      string
	Minimum         int64
	Maximum         int64
	Expires         time.Duration // how long the shopper may take
	Cancelable      bool
	ChargedBack     bool
}

const (
	methodIDEAL      = "ideal"
	methodBancontact = "bancontact"
	methodPayPal     = "paypal"
)

// methods are those of docs.mollie.com/docs/ideal, /bancontact and /paypal.
var methods = []method{
	{methodIDEAL, "iDEAL", "EUR", 1, 5_000_000, 15 * time.Minute, false, false},
	{methodBancontact, "Bancontact", "EUR", 2, 0, time.Hour, true, false},
	{
		methodPayPal, "PayPal", "AUD BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD",
		1, 0, 3 * time.Hour, true, true,
	},
}

func methodOf(id string) (method, bool) {
	for _, m := range methods {
		if m.ID == id {
			return m, true
		}
	}
	return method{}, false
}

func (m method) takes(currency string) bool {
	for code := range strings.FieldsSeq(m.Currencies) {
		if code == currency {
			return true
		}
	}
	return false
}

// wholeOnly are the currencies of which PayPal takes no decimals but 00.
func (m method) wholeOnly(currency string) bool {
	return m.ID == methodPayPal && (currency == "HUF" || currency == "TWD")
}

// listMethods is GET /v2/methods.
func listMethods(_ chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	type view struct {
		Resource      string          `json:"resource"`
		ID            string          `json:"id"`
		Description   string          `json:"description"`
		MinimumAmount *amount         `json:"minimumAmount"`
		MaximumAmount *amount         `json:"maximumAmount"`
		Status        string          `json:"status"`
		Links         map[string]link `json:"_links"`
	}
	views := []view{}
	for _, m := range methods {
		v := view{
			Resource: "method", ID: m.ID, Description: m.Description, MinimumAmount: amountOf(m.Minimum, "EUR"), Status: "activated",
			Links: map[string]link{"self": {r.BaseURL + "/v2/methods/" + m.ID, hal}},
		}
		if m.Maximum > 0 {
			v.MaximumAmount = amountOf(m.Maximum, "EUR")
		}
		views = append(views, v)
	}
	return answer(http.StatusOK, listView(len(views), "methods", views, map[string]*link{"self": {r.BaseURL + r.URL.RequestURI(), hal}})), nil
}

// listView is a page of a list.
func listView(count int, kind string, objects any, links map[string]*link) any {
	return struct {
		Count    int              `json:"count"`
		Embedded map[string]any   `json:"_embedded"`
		Links    map[string]*link `json:"_links"`
	}{count, map[string]any{kind: objects}, links}
}

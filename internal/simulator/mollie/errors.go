package mollie

import (
	"net/http"

	"paymenthub/internal/simulator/chassis"
)

const hal = "application/hal+json"

// answer is a finished response with a HAL object.
func answer(status int, body any) chassis.Answer {
	a := chassis.JSON(status, body)
	a.Header = map[string]string{"Content-Type": hal}
	return a
}

// titles are Mollie's words for statuses that are not HTTP's own.
var titles = map[int]string{http.StatusUnauthorized: "Unauthorized Request"}

// problem is an error as Mollie answers it. field names the parameter that is wrong,
// "" when no single one is.
func problem(status int, field, detail string) chassis.Answer {
	title := titles[status]
	if title == "" {
		title = http.StatusText(status)
	}
	return answer(status, struct {
		Status int             `json:"status"`
		Title  string          `json:"title"`
		Detail string          `json:"detail"`
		Field  string          `json:"field,omitempty"`
		Links  map[string]link `json:"_links"`
	}{status, title, detail, field, map[string]link{"documentation": {"https://docs.mollie.com/overview/handling-errors", "text/html"}}})
}

// refuse ends a call with an error of Mollie's.
func refuse(status int, field, detail string) *chassis.Refusal {
	return &chassis.Refusal{Answer: problem(status, field, detail)}
}

func noPayment() *chassis.Refusal {
	return refuse(http.StatusNotFound, "", "No payment exists with this token.")
}

// link is a HAL link.
type link struct {
	Href string `json:"href"`
	Type string `json:"type"`
}

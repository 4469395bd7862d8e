package paypal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paymenthub/internal/simulator"
	"paymenthub/internal/simulator/chassis"
)

const (
	signInPath = "/v1/oauth2/token"
	// tokenLife is how long an access token can be used, as PayPal's.
	tokenLife = 9 * time.Hour
)

// An access token is the account, when the token ends, and a derivation of both that
// only the simulator makes: tokens outlive a restart, and none is kept.

// giveToken is POST /v1/oauth2/token.
func (s *Simulator) giveToken(_ chassis.Reader, r *chassis.Request) (chassis.Answer, error) {
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || form.Get("grant_type") != "client_credentials" {
		return chassis.Answer{}, &chassis.Refusal{Answer: chassis.JSON(http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})}
	}
	return chassis.JSON(http.StatusOK, map[string]any{
		"scope": "https://uri.paypal.com/services/payments/payment", "access_token": s.token(r.Account, s.Now().Add(tokenLife)),
		"token_type": "Bearer", "app_id": "APP-SIMULATOR", "expires_in": int(tokenLife.Seconds()), "nonce": s.Now().UTC().Format(time.RFC3339),
	}), nil
}

func (s *Simulator) token(account string, until time.Time) string {
	ends := until.UTC().Format(time.RFC3339)
	return strings.Join([]string{account, ends, s.signer.mark("token", account, ends)}, "~")
}

// account derives the account from the access token, or from the credentials of who
// asks for one.
func (s *Simulator) account(r *chassis.Request) (string, error) {
	if r.URL.Path == signInPath {
		id, secret, ok := r.BasicAuth()
		if !ok || id == "" || simulator.Unrolled(secret) != secretOf(id) {
			return "", &chassis.Refusal{Answer: chassis.JSON(http.StatusUnauthorized, map[string]string{
				"error": "invalid_client", "error_description": "Client Authentication failed",
			})}
		}
		return chassis.AccountOf(id), nil
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, "~")
	if bearer && len(parts) == 3 && parts[2] == s.signer.mark("token", parts[0], parts[1]) {
		if until, err := time.Parse(time.RFC3339, parts[1]); err == nil && s.Now().Before(until) {
			return parts[0], nil
		}
	}
	return "", &chassis.Refusal{Answer: chassis.JSON(http.StatusUnauthorized, map[string]string{
		"error": "invalid_token", "error_description": "Token signature verification failed",
	})}
}

// requestID is the idempotency key of a call. Orders are found by theirs.
func requestID(r *chassis.Request) string {
	if r.URL.Path == "/v2/checkout/orders" {
		return ""
	}
	return r.Header.Get("PayPal-Request-Id")
}

// problem is an error as PayPal words it.
type problem struct {
	Name    string   `json:"name"`
	Message string   `json:"message"`
	DebugID string   `json:"debug_id"`
	Details []detail `json:"details,omitempty"`
	Links   []link   `json:"links"`
}

type detail struct {
	Issue       string `json:"issue"`
	Description string `json:"description"`
}

func refuse(status int, name, issue string) *chassis.Refusal {
	p := problem{
		Name: name, Message: "The request was refused.", DebugID: chassis.NewID("f", "0123456789abcdef", 12),
		Links: []link{{Href: "https://developer.paypal.com/api/rest/reference/orders/v2/errors/#" + issue, Rel: "information_link", Method: http.MethodGet}},
	}
	if issue != "" {
		p.Details = []detail{{issue, "See the link."}}
	}
	return &chassis.Refusal{Answer: chassis.Answer{
		Status: status, Header: map[string]string{"Paypal-Debug-Id": p.DebugID}, Body: chassis.Marshal(p),
	}}
}

func unprocessable(issue string) *chassis.Refusal {
	return refuse(http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", issue)
}

func invalid(issue string) *chassis.Refusal {
	return refuse(http.StatusBadRequest, "INVALID_REQUEST", issue)
}

func missing() *chassis.Refusal {
	return refuse(http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
}

func serverError(status int) chassis.Answer {
	if status == http.StatusTooManyRequests {
		return refuse(status, "RATE_LIMIT_REACHED", "").Answer
	}
	return refuse(status, "INTERNAL_SERVER_ERROR", "").Answer
}

// read reads a body that may be empty.
func read(r *chassis.Request, into any) error {
	if len(r.Body) > 0 && json.Unmarshal(r.Body, into) != nil {
		return invalid("MALFORMED_REQUEST_JSON")
	}
	return nil
}

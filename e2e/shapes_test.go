package e2e

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The API's objects, written down here again from the contract: what the hub
// sends is read by these and by nothing of the hub's.

type intent struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Status           string            `json:"status"`
	Gateway          string            `json:"gateway"`
	ClientSecret     string            `json:"client_secret"`
	Amount           int64             `json:"amount"`
	Currency         string            `json:"currency"`
	CaptureMethod    string            `json:"capture_method"`
	AmountCapturable int64             `json:"amount_capturable"`
	AmountCaptured   int64             `json:"amount_captured"`
	AmountRefunded   int64             `json:"amount_refunded"`
	SettledAmount    *int64            `json:"settled_amount"`
	SettledCurrency  *string           `json:"settled_currency"`
	NextAction       *nextAction       `json:"next_action"`
	LastError        *decline          `json:"last_error"`
	Metadata         map[string]string `json:"metadata"`
	Environment      string            `json:"environment"`
	CreatedAt        time.Time         `json:"created_at"`
	ExpiresAt        time.Time         `json:"expires_at"`
	Attempts         []attempt         `json:"attempts"`
}

type nextAction struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type decline struct {
	DeclineCode string `json:"decline_code"`
	Advice      string `json:"advice"`
	Message     string `json:"message"`
}

type attempt struct {
	ID          string  `json:"id"`
	Gateway     string  `json:"gateway"`
	Status      string  `json:"status"`
	DeclineCode *string `json:"decline_code"`
	Card        struct {
		Brand    string `json:"brand"`
		Last4    string `json:"last4"`
		ExpMonth int    `json:"exp_month"`
		ExpYear  int    `json:"exp_year"`

		Fingerprint string `json:"fingerprint"`
	} `json:"card"`
	Risk    *assessment `json:"risk"`
	Routing *decision   `json:"routing"`
}

// decision is why a payment goes where it does.
type decision struct {
	Strategy string `json:"strategy"`
	Choices  []struct {
		Gateway string `json:"gateway"`
		Health  string `json:"health"`
	} `json:"choices"`
	Excluded []struct {
		Gateway string `json:"gateway"`
		Why     string `json:"why"`
	} `json:"excluded"`
	Profile string `json:"profile"`
	Version int    `json:"version"`
	Rule    string `json:"rule"`
	Share   int    `json:"share"`
}

// gateways are those that are tried, in order.
func (d *decision) gateways() []string {
	var names []string
	for _, c := range d.Choices {
		names = append(names, c.Gateway)
	}
	return names
}

type assessment struct {
	Score   int      `json:"score"`
	Action  string   `json:"action"`
	Reasons []reason `json:"reasons"`
}

type reason struct {
	Rule   string `json:"rule"`
	Points int    `json:"points"`
	Text   string `json:"text"`
}

type refund struct {
	ID          string   `json:"id"`
	Object      string   `json:"object"`
	Status      string   `json:"status"`
	IntentID    string   `json:"intent_id"`
	Amount      int64    `json:"amount"`
	Currency    string   `json:"currency"`
	Reason      *string  `json:"reason"`
	Failure     *decline `json:"failure"`
	Environment string   `json:"environment"`
}

type event struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	CreatedAt   time.Time `json:"created_at"`
	Environment string    `json:"environment"`
	Data        struct {
		Object intent `json:"object"` // of refunds, what both have
	} `json:"data"`
}

type entry struct {
	ID            string `json:"id"`
	Account       string `json:"account"`
	Currency      string `json:"currency"`
	Amount        int64  `json:"amount"`
	TransactionID string `json:"transaction_id"`
	Kind          string `json:"kind"`
	IntentID      string `json:"intent_id"`
}

type balance struct {
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
}

type list[T any] struct {
	Object  string `json:"object"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
}

type failure struct {
	Code        string  `json:"code"`
	Message     string  `json:"message"`
	RequestID   string  `json:"request_id"`
	Param       string  `json:"param"`
	DeclineCode string  `json:"decline_code"`
	Advice      string  `json:"advice"`
	Intent      *intent `json:"intent"`
}

// object is a JSON object to send.
type object map[string]any

// The test cards of contracts/acquiring.md that are not declined.
const (
	visa       = "4242424242424242"
	mastercard = "5555555555554444"
	threeDS    = "4000002760003184"
	noFunds    = "4000000000009995"
	fraudulent = "4000000000000259"
)

// order is a request for an intent: 12,000 AED, and fields over that.
func order(fields ...object) object {
	o := object{"amount": 12000, "currency": "AED"}
	for _, f := range fields {
		maps.Copy(o, f)
	}
	return o
}

func card(number string) object {
	return object{"type": "card", "card": object{"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
}

// with is the body that confirms with a card.
func with(number string) object { return object{"payment_method": card(number)} }

// paidWith makes an order confirm in the same call.
func paidWith(number string) object { return object{"confirm": true, "payment_method": card(number)} }

// shop is a merchant that a test has to itself on a hub that others use too.
type shop struct {
	client // its sandbox secret key
	hub    *hub
	id     string
}

// newShop makes a merchant with the command line, beside the running hub.
func newShop(t testing.TB, h *hub) shop {
	t.Helper()
	s := shop{hub: h, id: h.run(t, "merchant", "create", "--name", t.Name())}
	s.client = s.newKey(t)
	return s
}

// newKey makes a key of the merchant, in the sandbox and secret unless flags
// say otherwise.
func (s shop) newKey(t testing.TB, flags ...string) client {
	t.Helper()
	c, _ := s.newNamedKey(t, flags...)
	return c
}

// newNamedKey is newKey, and says the key's id.
func (s shop) newNamedKey(t testing.TB, flags ...string) (c client, id string) {
	t.Helper()
	printed := s.hub.run(t, append([]string{"key", "create", "--merchant", s.id}, flags...)...)
	return s.hub.keyFrom(t, printed)
}

// keyFrom reads what the command prints of a new key.
func (h *hub) keyFrom(t testing.TB, printed string) (c client, id string) {
	t.Helper()
	require.Regexp(t, `^key_\S+ [sp]k_(sandbox|live)_\w+$`, printed)
	for i := range printed {
		if printed[i] == ' ' {
			id, c = printed[:i], client{h.API, printed[i+1:]}
		}
	}
	return c, id
}

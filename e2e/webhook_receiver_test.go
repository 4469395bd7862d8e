package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	webhookEndpoints  = "/v3/webhook_endpoints"
	webhookDeliveries = "/v3/webhook_deliveries"
	// deliverLimit bounds how long a message that nothing stands in the way of may take on
	// a machine that does other things, or stands still.
	deliverLimit = time.Minute
)

// message is one request that a receiver got.
type message struct {
	at     time.Time
	path   string
	header http.Header
	body   []byte

	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Data      struct {
		Object struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"object"`
	} `json:"data"`
}

// signedBy reports whether the message carries a signature of the secret, as
// contracts/hub.md describes it.
func (m message) signedBy(secret string) bool { return signedIn(m, "X-AMICA-Signature", secret) }

func signedIn(m message, header, secret string) bool {
	var at string
	var signatures []string
	for part := range strings.SplitSeq(m.header.Get(header), ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			at = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at + "."))
	mac.Write(m.body)
	want := hex.EncodeToString(mac.Sum(nil))
	for _, signature := range signatures {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}

// receiver is a merchant's server. It keeps what it gets, also what it refuses.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []message
	answer func(message) int // nil: 200
	says   string            // what each answer has as its body
}

func newReceiver(t testing.TB, answer func(message) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the hub was killed while it sent
	}
	m := message{at: time.Now(), path: req.URL.Path, header: req.Header.Clone(), body: body}
	if json.Unmarshal(body, &m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	r.got = append(r.got, m)
	answer := r.answer
	r.mu.Unlock()
	status := http.StatusOK
	if answer != nil {
		status = answer(m)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, r.says) // the hub may be dead by now
}

// answers changes what the receiver answers.
func (r *receiver) answers(answer func(message) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func always(status int) func(message) int { return func(message) int { return status } }

// messages returns what has come so far.
func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.got...)
}

// of returns the messages about an object.
func (r *receiver) of(objectID string) (found []message) {
	for _, m := range r.messages() {
		if m.Data.Object.ID == objectID {
			found = append(found, m)
		}
	}
	return found
}

// seen is how often each event came.
func (r *receiver) seen() map[string]int {
	times := map[string]int{}
	for _, m := range r.messages() {
		times[m.ID]++
	}
	return times
}

func typesOf(messages []message) []string {
	types := []string{}
	for _, m := range messages {
		types = append(types, m.Type)
	}
	return types
}

// endpoint is a webhook endpoint as the API shows it.
type endpoint struct {
	ID             string   `json:"id"`
	URL            string   `json:"url"`
	EventTypes     []string `json:"event_types"`
	Enabled        bool     `json:"enabled"`
	DisabledReason string   `json:"disabled_reason"`
	Secret         string   `json:"secret"`
	Health         struct {
		State    string `json:"state"`
		Failures int    `json:"consecutive_failures"`
	} `json:"health"`
}

// delivery is a webhook delivery as the API shows it.
type delivery struct {
	ID            string     `json:"id"`
	EventID       string     `json:"event_id"`
	EndpointID    string     `json:"endpoint_id"`
	ObjectID      string     `json:"object_id"`
	Type          string     `json:"type"`
	Status        string     `json:"status"`
	Round         int        `json:"round"`
	Attempts      int        `json:"attempt_count"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	LastAttempt   *sending   `json:"last_attempt"`
}

// sending is an attempt at a delivery as the API shows it.
type sending struct {
	Number    int       `json:"number"`
	Round     int       `json:"round"`
	StartedAt time.Time `json:"started_at"`
	Took      float64   `json:"duration_ms"`
	Request   struct {
		URL         string            `json:"url"`
		Headers     map[string]string `json:"headers"`
		Body        string            `json:"body"`
		BodyMatches bool              `json:"body_matches"`
	} `json:"request"`
	Response *struct {
		StatusCode int    `json:"status_code"`
		Body       string `json:"body"`
	} `json:"response"`
	Error string `json:"error"`
}

// tell adds an endpoint at the receiver, for all events unless fields say otherwise.
func (c client) tell(t testing.TB, r *receiver, fields ...object) endpoint {
	t.Helper()
	body := object{"url": r.URL + "/webhooks", "event_types": []string{"*"}}
	for _, more := range fields {
		for name, value := range more {
			body[name] = value
		}
	}
	made := read[endpoint](t, c.post(t, webhookEndpoints, body), http.StatusOK)
	require.True(t, strings.HasPrefix(made.Secret, "whsec_"), "the secret is shown once")
	return made
}

func (c client) endpoint(t testing.TB, endpointID string) endpoint {
	t.Helper()
	return read[endpoint](t, c.get(t, webhookEndpoints+"/"+endpointID), http.StatusOK)
}

func (c client) deliveriesOf(t testing.TB, path string) []delivery {
	t.Helper()
	return read[struct {
		Data []delivery `json:"data"`
	}](t, c.get(t, path), http.StatusOK).Data
}

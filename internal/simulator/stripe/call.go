package stripe

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

const (
	maxBody           = 1 << 20
	maxIdempotencyKey = 255
)

// call is one authenticated request to the provider's API.
type call struct {
	sim            *Simulator
	r              *http.Request
	account        int64
	form           *form
	expand         expansions
	requestID      string
	idempotencyKey string
}

// read is an operation that changes nothing. It answers with an object's doc.
type read func(*call, querier) ([]byte, error)

// write is an operation that changes state, in two steps: it reads and checks
// its parameters, and returns what is to be done in the one transaction.
type write func(*call) (effect, error)

// effect changes state and answers with an object's doc. An error with executed
// set is an answer like any other: what the effect wrote stays written.
type effect func(*transaction) ([]byte, error)

// answer is a finished response.
type answer struct {
	status    int
	body      []byte
	requestID string
	replayed  bool
}

func (s *Simulator) read(operation read) http.Handler {
	return s.authenticated(func(c *call) (answer, error) {
		doc, err := operation(c, s.store)
		if err == nil {
			err = c.form.done()
		}
		if err != nil {
			return answer{}, err
		}
		return answer{status: http.StatusOK, body: doc, requestID: c.requestID}, nil
	})
}

func (s *Simulator) write(operation write) http.Handler {
	return s.authenticated(func(c *call) (answer, error) {
		if len(c.idempotencyKey) > maxIdempotencyKey {
			return answer{}, invalid("", "", "Idempotency keys can be at most %d characters long.", maxIdempotencyKey)
		}
		release, err := s.inflight.acquire(c.account, c.idempotencyKey)
		if err != nil {
			return answer{}, err
		}
		defer release()
		run, err := operation(c)
		if err == nil {
			err = c.form.done()
		}
		if err != nil {
			return answer{}, err
		}
		return s.execute(c, run)
	})
}

// authenticated reads the request, lets handle answer it, and writes the answer.
func (s *Simulator) authenticated(handle func(*call) (answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.options.Latency > 0 {
			time.Sleep(s.options.Latency)
		}
		requestID := "req_" + randomText(14)
		c, err := s.newCall(r, requestID)
		var done answer
		if err == nil {
			done, err = handle(c)
		}
		if err != nil {
			done = s.failure(err, requestID)
		}
		s.respond(w, r, done)
	})
}

func (s *Simulator) newCall(r *http.Request, requestID string) (*call, error) {
	account, err := accountOf(r)
	if err != nil {
		return nil, err
	}
	values := r.Form
	if r.Method == http.MethodPost {
		values = r.PostForm
	}
	c := &call{
		sim: s, r: r, account: account, form: newForm(values), requestID: requestID,
		idempotencyKey: strings.TrimSpace(r.Header.Get("Idempotency-Key")),
	}
	c.expand, err = parseExpand(c.form.list("expand"))
	return c, err
}

// accountOf derives the account from the secret key, so that keys of others do not
// see its objects. Any non-empty key has an account, which it shares with those that
// it was rolled to.
func accountOf(r *http.Request) (int64, error) {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		key, _, _ = r.BasicAuth()
	}
	if key = strings.TrimSpace(key); key == "" {
		return 0, &apiError{
			Type: typeInvalidRequest, status: http.StatusUnauthorized,
			Message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
		}
	}
	return accountOfKey(key), nil
}

func accountOfKey(key string) int64 {
	sum := sha256.Sum256([]byte(simulator.Unrolled(key)))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

// accountID spells an account as Stripe does.
func accountID(account int64) string {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(account))
	return "acct_1" + base64.RawURLEncoding.EncodeToString(raw[:])
}

// failure turns an error into Stripe's error answer; what is not Stripe's is
// logged and answered as a server error.
func (s *Simulator) failure(err error, requestID string) answer {
	var stripeErr *apiError
	if !errors.As(err, &stripeErr) {
		s.log.Error("simulator failed", zap.String("request_id", requestID), zap.Error(err))
		stripeErr = serverError(http.StatusInternalServerError)
	}
	return answer{status: stripeErr.status, body: errorBody(stripeErr), requestID: requestID}
}

func errorBody(err *apiError) []byte {
	return mustMarshal(map[string]*apiError{"error": err})
}

// serverError is Stripe's answer of status 500 or 429.
func serverError(status int) *apiError {
	if status == http.StatusTooManyRequests {
		return &apiError{
			Type: typeInvalidRequest, Code: "rate_limit", DocURL: docBase + "rate-limit", status: status,
			Message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
		}
	}
	return &apiError{Type: typeAPI, status: status, Message: "An unknown error occurred."}
}

func (s *Simulator) respond(w http.ResponseWriter, r *http.Request, done answer) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(done.body)))
	header.Set("Request-Id", done.requestID)
	version := r.Header.Get("Stripe-Version")
	if version == "" {
		version = apiVersion
	}
	header.Set("Stripe-Version", version)
	if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
		header.Set("Idempotency-Key", key)
		header.Set("Original-Request", done.requestID)
	}
	if done.replayed {
		header.Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(done.status)
	_, _ = w.Write(done.body) // a client that left gets nothing
}

// baseURL is where a shopper's browser reaches this simulator.
func (c *call) baseURL() string {
	if c.sim.options.BaseURL != "" {
		return strings.TrimSuffix(c.sim.options.BaseURL, "/")
	}
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host
}

// mustMarshal marshals the package's own types, which always can be.
func mustMarshal(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return doc
}

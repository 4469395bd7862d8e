package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/conform"
	"paymenthub/internal/id"
)

// client calls one hub with one key.
type client struct {
	api string
	key string
}

// transport is shared by all clients. It follows no redirects and opens as many
// connections as a test asks for.
var transport = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}

func newHTTP(timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// web waits longer than a hub does before it answers.
var web = newHTTP(90 * time.Second)

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	raw    []byte
}

// header is one more header of a request.
type header struct{ name, value string }

func idempotent(key string) header { return header{"Idempotency-Key", key} }

// send makes one request and fails the test unless the OpenAPI document allows
// the answer. Without an answer (the hub was killed) it returns an error. body
// is nil, the bytes to send, or what to send as JSON.
func (c client) send(t testing.TB, method, path string, body any, headers ...header) (answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.api+path, bytes.NewReader(bodyOf(t, body)))
	require.NoError(t, err)
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		req.Header.Set(h.name, h.value)
	}
	res, err := web.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	conform.Check(t, req, res.StatusCode, res.Header, raw)
	return answer{res.StatusCode, res.Header, raw}, nil
}

func bodyOf(t testing.TB, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	case string:
		return []byte(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		return raw
	}
}

// comesAgain are the requests that were made again, since the hub had said so.
var comesAgain atomic.Int64

// again reports whether a request was refused for a moment, in which a part of the hub did
// not answer for seconds, and is to be made again now. That is for machines that stand
// still, and must be rare.
func (a answer) again() bool {
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || comesAgain.Add(1) > 20 {
		return false
	}
	time.Sleep(time.Second)
	return true
}

// do is send when there must be an answer, and none that says the hub failed.
func (c client) do(t testing.TB, method, path string, body any, headers ...header) answer {
	t.Helper()
	a, err := c.send(t, method, path, body, headers...)
	require.NoError(t, err)
	if a.again() {
		return c.do(t, method, path, body, headers...)
	}
	if a.status >= 500 {
		t.Errorf("%s %s answered %d: %s\n%s", method, path, a.status, a.raw, c.logged(a.header.Get("Request-Id")))
	}
	return a
}

// serving are the processes of hubs, by where they serve.
var serving sync.Map

// logged is what the hub wrote about a request.
func (c client) logged(requestID string) string {
	p, ok := serving.Load(c.api)
	if !ok {
		return ""
	}
	return p.(*process).wrote(requestID)
}

func (c client) post(t testing.TB, path string, body any, headers ...header) answer {
	t.Helper()
	return c.do(t, http.MethodPost, path, body, headers...)
}

func (c client) get(t testing.TB, path string) answer {
	t.Helper()
	return c.do(t, http.MethodGet, path, nil)
}

// read decodes an answer with the expected status into a T.
func read[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.raw)
	var v T
	require.NoError(t, json.Unmarshal(a.raw, &v))
	return v
}

// failure reads an error envelope: its status, its code, and the request id in
// it, which the header repeats. A replay, byte for byte, names the first request.
func (a answer) failure(t testing.TB, status int, code string) failure {
	t.Helper()
	envelope := read[struct {
		Error failure `json:"error"`
	}](t, a, status)
	require.Equal(t, code, envelope.Error.Code, "%s", a.raw)
	require.NotEmpty(t, envelope.Error.Message)
	require.Regexp(t, `^req_[0-9A-HJKMNP-TV-Z]{26}$`, envelope.Error.RequestID)
	if a.header.Get("Idempotent-Replayed") == "" {
		require.Equal(t, a.header.Get("Request-Id"), envelope.Error.RequestID)
	}
	return envelope.Error
}

func (a answer) intent(t testing.TB) intent {
	t.Helper()
	return read[intent](t, a, http.StatusOK)
}

func (a answer) refund(t testing.TB) refund {
	t.Helper()
	return read[refund](t, a, http.StatusOK)
}

const (
	intents = "/v3/payments/intents"
	refunds = "/v3/payments/refunds"
	events  = "/v3/events"
)

// create makes an intent from fields over an amount of 12,000 AED.
func (c client) create(t testing.TB, fields object) intent {
	t.Helper()
	return c.post(t, intents, order(fields)).intent(t)
}

// createOnce is create for who counts: made again, the request is the same.
func (c client) createOnce(t testing.TB, fields object) intent {
	t.Helper()
	return c.post(t, intents, order(fields), idempotent(id.NewSuffix())).intent(t)
}

// pay makes an intent and confirms it with a card in the same call.
func (c client) pay(t testing.TB, number string, fields object) answer {
	t.Helper()
	return c.post(t, intents, order(fields, paidWith(number)))
}

// paid makes a payment that succeeds.
func (c client) paid(t testing.TB, amount int64) intent {
	t.Helper()
	p := c.pay(t, visa, object{"amount": amount}).intent(t)
	require.Equal(t, "succeeded", p.Status)
	return p
}

// authorized makes a payment whose amount is held.
func (c client) authorized(t testing.TB, amount int64) intent {
	t.Helper()
	p := c.pay(t, visa, object{"amount": amount, "capture_method": "manual"}).intent(t)
	require.Equal(t, "requires_capture", p.Status)
	return p
}

func (c client) intent(t testing.TB, id string) intent {
	t.Helper()
	return c.get(t, intents+"/"+id).intent(t)
}

func (c client) refund(t testing.TB, id string) refund {
	t.Helper()
	return c.get(t, refunds+"/"+id).refund(t)
}

func (c client) confirm(t testing.TB, id string, body any, headers ...header) answer {
	t.Helper()
	return c.post(t, intents+"/"+id+"/confirm", body, headers...)
}

func (c client) capture(t testing.TB, id string, body any, headers ...header) answer {
	t.Helper()
	return c.post(t, intents+"/"+id+"/capture", body, headers...)
}

func (c client) cancel(t testing.TB, id string, body any, headers ...header) answer {
	t.Helper()
	return c.post(t, intents+"/"+id+"/cancel", body, headers...)
}

// all reads a list to its end, newest first.
func all[T any](t testing.TB, c client, path string, query url.Values, id func(T) string) []T {
	t.Helper()
	var rows []T
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", "100")
	for {
		page := read[list[T]](t, c.get(t, path+"?"+query.Encode()), http.StatusOK)
		rows = append(rows, page.Data...)
		if !page.HasMore {
			return rows
		}
		require.NotEmpty(t, page.Data, "has_more with an empty page")
		query.Set("starting_after", id(page.Data[len(page.Data)-1]))
	}
}

// simulator calls one of the own endpoints of Stripe's simulator.
func (h *hub) simulator(t testing.TB, method, path string, body any) answer {
	t.Helper()
	return h.simulatorOf(t, "stripe", method, path, body)
}

// simulatorOf calls one of the own endpoints of a provider's simulator.
func (h *hub) simulatorOf(t testing.TB, provider, method, path string, body any) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.Simulators[provider]+path, bytes.NewReader(bodyOf(t, body)))
	require.NoError(t, err)
	if strings.HasPrefix(path, "/3ds/") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := web.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answer{res.StatusCode, res.Header, raw}
}

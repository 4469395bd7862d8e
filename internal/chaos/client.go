package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// requestLimit is when a client gives a try up and sends the request again.
	requestLimit = 15 * time.Second
	retryPause   = 150 * time.Millisecond
)

// diary holds every answer that the clients of a world got.
type diary struct {
	began time.Time

	mu         sync.Mutex
	told       []Told
	resent     int
	violations []Violation
}

func (d *diary) now() int64 { return int64(time.Since(d.began)) }

func (d *diary) add(t Told) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, t)
}

func (d *diary) again() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resent++
}

func (d *diary) violate(rule, object, format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.violations = append(d.violations, Violation{Rule: rule, Object: object, What: fmt.Sprintf(format, args...)})
}

// broken reports whether a promise is broken for certain.
func (d *diary) broken() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.violations) > 0
}

// clients calls the hub of a world with patience: what is not answered is sent
// again under the same key.
type clients struct {
	world *World
	diary *diary
	http  *http.Client
}

func newClients(w *World, d *diary) *clients {
	return &clients{world: w, diary: d, http: &http.Client{
		Timeout:       requestLimit,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// request is what a client wants, until it is answered.
type request struct {
	told     Told // Step, Act, Payment, Key, Method, Path, Sent and Asked
	merchant int
	sent     func() // told of the first try, just before it; may be nil
}

// persist sends a request until it is answered or ctx ends, and writes the
// answer into the diary.
func (c *clients) persist(ctx context.Context, r request) (Told, bool) {
	for first := true; ctx.Err() == nil; first = false {
		if first && r.sent != nil {
			r.sent()
		}
		if !first {
			c.diary.again()
			pause(ctx, retryPause)
		}
		t, ok := c.try(ctx, r)
		if ok {
			c.diary.add(t)
			return t, true
		}
	}
	c.diary.violate("unanswered", r.told.Path, "%s %s under %q was not answered, though everything is healed", r.told.Method, r.told.Path, r.told.Key)
	return Told{}, false
}

// try sends a request once. Without an answer that ends the matter it reports false.
func (c *clients) try(ctx context.Context, r request) (Told, bool) {
	t := r.told
	req, err := http.NewRequestWithContext(ctx, t.Method, c.world.hub+t.Path, bytes.NewReader(t.Sent))
	if err != nil {
		return Told{}, false
	}
	req.Header.Set("Authorization", "Bearer "+c.world.merchants[r.merchant].key)
	if t.Sent != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if t.Key != "" {
		req.Header.Set("Idempotency-Key", t.Key)
	}
	t.BeganAt = c.diary.now()
	res, err := c.http.Do(req)
	if err != nil {
		return Told{}, false
	}
	defer func() { _ = res.Body.Close() }()
	if t.Raw, err = io.ReadAll(res.Body); err != nil {
		return Told{}, false
	}
	t.EndedAt, t.Status = c.diary.now(), res.StatusCode
	t.Replayed = res.Header.Get("Idempotent-Replayed") != ""
	if err := t.read(); err != nil {
		c.diary.violate("unreadable", t.Path, "answered %d with a body that is not the contract's: %v: %.200s", t.Status, err, t.Raw)
	}
	return t, c.ends(t, res.Header.Get("Retry-After") != "")
}

// ends reports whether the answer ends the matter. An answer that the hub should
// never give is noted.
func (c *clients) ends(t Told, retryAfter bool) bool {
	switch {
	case t.Status == http.StatusServiceUnavailable:
		if !retryAfter {
			c.diary.violate("retry_after", t.Path, "answered 503 without Retry-After: %s", t.Raw)
		}
		return false
	case t.Status >= 500:
		c.diary.violate("internal_error", t.Path, "%s answered %d: %s", t.Method, t.Status, t.Raw)
		return false
	case t.Status == http.StatusTooManyRequests, t.Status == http.StatusConflict && retryAfter:
		return false
	}
	return true
}

// read decodes the answer.
func (t *Told) read() error {
	var answer struct {
		Object string `json:"object"`
		Error  *struct {
			Code   string  `json:"code"`
			Param  string  `json:"param"`
			Intent *Intent `json:"intent"`
		} `json:"error"`
	}
	if err := json.Unmarshal(t.Raw, &answer); err != nil {
		return err
	}
	switch {
	case answer.Error != nil:
		t.Code, t.Param, t.Intent = answer.Error.Code, answer.Error.Param, answer.Error.Intent
	case answer.Object == "payment_intent":
		t.Intent = &Intent{}
		return json.Unmarshal(t.Raw, t.Intent)
	case answer.Object == "refund":
		t.Refund = &Refund{}
		return json.Unmarshal(t.Raw, t.Refund)
	case answer.Object != "list":
		return fmt.Errorf("object is %q", answer.Object)
	}
	return nil
}

// Paths of the API.
const (
	intentsPath  = "/v3/payments/intents"
	refundsPath  = "/v3/payments/refunds"
	disputesPath = "/v3/disputes"
)

// listAll reads a list of a merchant's to its end, newest first.
func listAll[T any](ctx context.Context, c *clients, merchant int, path string, query url.Values, id func(T) string) ([]T, error) {
	var all []T
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", "100")
	for {
		page, err := listPage[T](ctx, c, merchant, path+"?"+query.Encode())
		if err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if !page.HasMore || len(page.Data) == 0 {
			return all, nil
		}
		query.Set("starting_after", id(page.Data[len(page.Data)-1]))
	}
}

type page[T any] struct {
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

func listPage[T any](ctx context.Context, c *clients, merchant int, path string) (page[T], error) {
	var p page[T]
	for ctx.Err() == nil {
		t, ok := c.try(ctx, request{told: Told{Method: http.MethodGet, Path: path}, merchant: merchant})
		if !ok {
			pause(ctx, retryPause)
			continue
		}
		if t.Status != http.StatusOK {
			return p, fmt.Errorf("GET %s answered %d: %s", path, t.Status, t.Raw)
		}
		return p, json.Unmarshal(t.Raw, &p)
	}
	return p, fmt.Errorf("GET %s was not answered: %w", path, ctx.Err())
}

func intentID(p Intent) string   { return p.ID }
func refundID(r Refund) string   { return r.ID }
func disputeID(d Dispute) string { return d.ID }

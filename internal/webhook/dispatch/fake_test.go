package dispatch_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"paymenthub/internal/event"
	"paymenthub/internal/webhook"
)

// sent is one message that reached an endpoint.
type sent struct {
	url, eventID string
	from, to     time.Time
	header       []webhook.Header
	masked       []string
}

// reply is how an endpoint answers: code 0 is not at all.
type reply struct {
	code       int
	after      time.Duration
	retryAfter time.Duration
}

// sender is the network and the endpoints behind it.
type sender struct {
	mu      sync.Mutex
	answers func(url, eventID string, n int) reply // n counts the messages to the URL from 1
	log     []sent
	count   map[string]int
	running map[string]int // by URL, and of all under ""
	most    map[string]int
}

func newSender(answers func(url, eventID string, n int) reply) *sender {
	return &sender{answers: answers, count: map[string]int{}, running: map[string]int{}, most: map[string]int{}}
}

func always(code int) func(string, string, int) reply {
	return func(string, string, int) reply { return reply{code: code, after: time.Millisecond} }
}

func (s *sender) Send(ctx context.Context, url string, header []webhook.Header, masked []string, body []byte) webhook.Attempt {
	s.mu.Lock()
	s.count[url]++
	r := s.answers(url, string(body), s.count[url])
	for _, of := range []string{url, ""} {
		s.running[of]++
		s.most[of] = max(s.most[of], s.running[of])
	}
	s.mu.Unlock()
	begun := time.Now()
	a := webhook.Attempt{URL: url, StartedAt: begun, Code: r.code, RetryAfter: r.retryAfter}
	timer := time.NewTimer(r.after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		a.Code = 0
	}
	if a.Code == 0 {
		a.Error = "The endpoint could not be reached."
	}
	a.Duration = time.Since(begun)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range []string{url, ""} {
		s.running[of]--
	}
	s.log = append(s.log, sent{url: url, eventID: string(body), from: begun, to: time.Now(), header: header, masked: masked})
	return a
}

// told are the messages so far, to one URL; "" is all.
func (s *sender) told(url string) (log []sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.log {
		if url == "" || m.url == url {
			log = append(log, m)
		}
	}
	return log
}

// events are the ids of what an URL was told, in order.
func (s *sender) events(url string) (ids []string) {
	for _, m := range s.told(url) {
		ids = append(ids, m.eventID)
	}
	return ids
}

// under is how many messages are under way to an URL, peak how many were at most; "" is all.
func (s *sender) under(url string) int { s.mu.Lock(); defer s.mu.Unlock(); return s.running[url] }
func (s *sender) peak(url string) int  { s.mu.Lock(); defer s.mu.Unlock(); return s.most[url] }

func (s *sender) answer(answers func(url, eventID string, n int) reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = answers
}

// plain seals nothing.
type plain struct{}

func (plain) SealBytes(clear []byte, _ string) (int, []byte) { return 1, clear }
func (plain) OpenBytes(_ int, sealed []byte, _ string) ([]byte, error) {
	if string(sealed) == "broken" {
		return nil, errAway
	}
	return sealed, nil
}

// renderer writes an event as its id.
type renderer struct{}

func (renderer) Render(_ webhook.Dialect, _ string, e event.Event) ([]byte, error) {
	switch e.Type {
	case event.RefundFailed:
		return nil, errAway
	case event.DisputeClosed:
		panic("no such dispute")
	default:
		return []byte(e.ID), nil
	}
}

// retrier remembers whose retries were started.
type retrier struct {
	mu      sync.Mutex
	err     error
	started []webhook.Delivery
}

func (r *retrier) StartRetries(_ context.Context, d webhook.Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.started = append(r.started, d)
	}
	return r.err
}

func (r *retrier) ids() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.started {
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	return ids
}

func (r *retrier) AttemptNow(context.Context, webhook.Delivery) error { return nil }

func (r *retrier) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

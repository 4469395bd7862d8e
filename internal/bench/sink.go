package bench

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// sink takes webhooks and knows which are to come. It is in this process and shares its
// processors, as everything that is measured does.
type sink struct {
	url     string // of endpoints that work
	broken  string // answers 500
	refused string // refuses connections
	server  *http.Server

	mu       sync.Mutex
	expected map[string]*expected // by event
	last     time.Time            // when a delivery that was expected came last
}

// expected is an event on its way.
type expected struct {
	since    time.Time
	left     int      // deliveries to come
	measured *samples // of which this is one
	arrived  func()   // told once all have come
}

func openSink() (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{
		url: "http://" + listener.Addr().String() + "/webhooks", broken: "http://" + listener.Addr().String() + "/broken",
		refused:  "http://127.0.0.1:1/webhooks", // where nobody listens
		expected: map[string]*expected{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks", s.take)
	mux.HandleFunc("POST /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // ends with close
	return s, nil
}

func (s *sink) close() { _ = s.server.Close() }

// failing is the URL of the n-th endpoint that fails.
func (s *sink) failing(n int) string {
	if n%2 == 0 {
		return s.broken
	}
	return s.refused
}

// expect notes an event that is about to be written.
func (s *sink) expect(eventID string, e *expected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected[eventID] = e
}

// take is a delivery's arrival.
func (s *sink) take(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	_, _ = io.Copy(io.Discard, r.Body)
	if e := s.arrive(r.Header.Get("webhook-id"), now); e != nil {
		e.arrived()
	}
}

// arrive counts a delivery, and returns its event if it was the last one of it.
func (s *sink) arrive(eventID string, now time.Time) *expected {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.expected[eventID]
	if e == nil {
		return nil // given up
	}
	s.last = now
	e.measured.add(now.Sub(e.since), nil)
	if e.left--; e.left > 0 {
		return nil
	}
	delete(s.expected, eventID)
	return e
}

// drain waits until all that is expected has come, or nothing has come for a while. It
// returns when the last delivery came, and how many are missing, which are expected no more.
func (s *sink) drain(patience time.Duration) (last time.Time, missing int) {
	for began := time.Now(); s.waits(began, patience); {
		time.Sleep(time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for eventID, e := range s.expected {
		missing += e.left
		delete(s.expected, eventID)
	}
	return s.last, missing
}

// waits reports whether something is expected that may still come.
func (s *sink) waits(began time.Time, patience time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.expected) > 0 && (time.Since(began) < patience || time.Since(s.last) < patience)
}

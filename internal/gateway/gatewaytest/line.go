package gatewaytest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience bounds every wait of the suite for what must happen, and is the adapters'
// time limit: a busy machine may stand still for seconds.
const Patience = 30 * time.Second

// Impatience is the time limit of Harness.Silent, which the suite waits for to pass.
const Impatience = 300 * time.Millisecond

// Line carries the calls of a harness's adapters. It makes the provider's silence a
// matter of events: a call whose answer the provider keeps back ends, as when the time
// limit passes, as soon as the provider has done its part. A limit that really passes
// would have to be short, and would end calls of a busy machine too.
type Line struct {
	transport http.RoundTripper
	silent    atomic.Bool // the next call that breaks off took too long
}

// NewLine makes a line of net/http's.
func NewLine() *Line {
	return &Line{transport: http.DefaultTransport.(*http.Transport).Clone()}
}

// Client is the client of an adapter's calls.
func (l *Line) Client() *http.Client { return &http.Client{Transport: l} }

// Expect prepares the line for a fault, and tells for how many milliseconds the
// provider's simulator is to hold the call, 0 when it is to hold none.
func (l *Line) Expect(f Fault) (hold int64) {
	switch f {
	case TimeoutBefore, TimeoutAfter:
		l.silent.Store(true)
		return 1
	case Slow: // until the caller leaves
		return time.Minute.Milliseconds()
	default:
		return 0
	}
}

// RoundTrip implements http.RoundTripper.
func (l *Line) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.transport.RoundTrip(r)
	if err != nil && l.silent.CompareAndSwap(true, false) {
		return nil, context.DeadlineExceeded
	}
	return response, err
}

// Silent is a client whose calls nobody answers, but those to the path heard: these
// take as long as they must.
func (l *Line) Silent(heard string) *http.Client {
	return &http.Client{Transport: silence{l.transport, heard}}
}

type silence struct {
	transport http.RoundTripper
	heard     string
}

// RoundTrip implements http.RoundTripper.
func (s silence) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == s.heard {
		return s.transport.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	}
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(Patience):
		return nil, errors.New("the adapter has no time limit")
	}
}

// FaultsLeft counts the faults that a simulator was given and no call has met yet.
func FaultsLeft(t *testing.T, simulator string) int {
	t.Helper()
	response, err := http.Get(simulator + "/_sim/faults")
	require.NoError(t, err)
	defer response.Body.Close()
	var table struct{ Faults []any }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&table))
	return len(table.Faults)
}

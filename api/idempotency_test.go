package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/payment"
)

const create = `{"amount":100,"currency":"USD"}`

func (s *stage) keyed(key, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.call(http.MethodPost, intents, body, "Idempotency-Key", key)
}

func TestTheSameRequestIsAnsweredByteForByte(t *testing.T) {
	s := newStage(t)
	first := s.keyed("a", create)
	require.Equal(t, 200, first.Code)
	require.Empty(t, first.Header().Get("Idempotent-Replayed"))
	s.clock.Advance(time.Hour)
	second := s.keyed("a", create)
	require.Equal(t, first.Body.String(), second.Body.String())
	require.Equal(t, 200, second.Code)
	require.Equal(t, "true", second.Header().Get("Idempotent-Replayed"))
	require.NotEqual(t, first.Header().Get("Request-Id"), second.Header().Get("Request-Id"))
	require.Equal(t, 1, s.core.calls)

	other := s.keyed("a", `{"amount":101,"currency":"USD"}`)
	require.Equal(t, 409, other.Code)
	require.Equal(t, "idempotency_conflict", failure(t, other)["code"])
	require.Equal(t, 200, s.keyed("b", create).Code, "another key")
	require.Equal(t, 200, s.call("POST", intents, create).Code, "no key")
	require.Equal(t, 3, s.core.calls)
	s.clock.Advance(24 * time.Hour)
	require.Empty(t, s.keyed("a", create).Header().Get("Idempotent-Replayed"), "forgotten after 24 h")
}

func TestDeclinesAreRemembered(t *testing.T) {
	s := newStage(t)
	d := payment.NewDecline(payment.DeclineGeneric)
	s.core.outcome, s.core.decline = payment.RequiresPaymentMethod, &d
	body := `{"amount":1,"currency":"USD","confirm":true,"payment_method":` + card + `}`
	first := s.keyed("a", body)
	require.Equal(t, 402, first.Code)
	second := s.keyed("a", body)
	require.Equal(t, 402, second.Code)
	require.Equal(t, first.Body.String(), second.Body.String())
	require.Equal(t, 1, s.core.calls)
}

func TestSimultaneousRequestsActOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the first is waited for 200 ms, of which it takes 20
		s := newStage(t)
		s.core.before = func(context.Context) { time.Sleep(20 * time.Millisecond) }
		answers := make([]*httptest.ResponseRecorder, 50)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = serve(s, s.request("POST", intents, create, "Idempotency-Key", "a")) })
		}
		all.Wait()
		require.Equal(t, 1, s.core.calls)
		for _, w := range answers {
			require.Equal(t, 200, w.Code)
			require.Equal(t, answers[0].Body.String(), w.Body.String())
		}
	})
}

func TestARunningRequestIsWaitedForBriefly(t *testing.T) {
	s := newStage(t)
	release := make(chan struct{})
	s.core.before = func(context.Context) { <-release }
	done := make(chan int)
	go func() { done <- serve(s, s.request("POST", intents, create, "Idempotency-Key", "a")).Code }()
	require.Eventually(t, func() bool { s.memory.mu.Lock(); defer s.memory.mu.Unlock(); return len(s.memory.requests) == 1 }, 30*time.Second, time.Millisecond)
	w := s.keyed("a", create)
	require.Equal(t, 409, w.Code)
	require.Equal(t, "idempotency_conflict", failure(t, w)["code"])
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	close(release)
	require.Equal(t, 200, <-done)
}

// The acquiring façade tells a request that still runs from one that says something else.
func TestARunningSaleIsWaitedForBriefly(t *testing.T) {
	s := newStage(t)
	release, begun := make(chan struct{}), make(chan struct{})
	s.core.before = func(context.Context) { close(begun); <-release }
	path, key := acquired+"/sale", []string{"Idempotency-Key", "a"}
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- serve(s, s.request("POST", path, purchase, key...)) }()
	<-begun
	w := s.call("POST", path, purchase, key...)
	require.Equal(t, []any{409, "IDEMPOTENCY_IN_PROGRESS"}, []any{w.Code, tell(t, w).Error.Code})
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	w = s.call("POST", path, strings.Replace(purchase, "9999", "1", 1), key...)
	require.Equal(t, []any{409, "IDEMPOTENCY_MISMATCH", ""}, []any{w.Code, tell(t, w).Error.Code, w.Header().Get("Retry-After")})
	close(release)
	first := <-done
	require.Equal(t, 201, first.Code)
	require.Equal(t, first.Body.String(), s.call("POST", path, purchase, key...).Body.String())
	require.Equal(t, 1, s.core.calls)
}

func TestWhatChangedNothingIsForgotten(t *testing.T) {
	s := newStage(t)
	require.Equal(t, 400, s.keyed("a", `{"amount":0,"currency":"USD"}`).Code)
	require.Empty(t, s.memory.requests)
	require.Equal(t, 200, s.keyed("a", create).Code, "corrected under the same key")
	require.Equal(t, 401, s.call("POST", intents, create, "Idempotency-Key", "b", "Authorization", "Bearer x").Code)
	require.Equal(t, 415, s.call("POST", intents, create, "Idempotency-Key", "b", "Content-Type", "text/plain").Code)
	require.Len(t, s.memory.requests, 1)
}

func TestAfterACrashTheSameOperationGoesOn(t *testing.T) {
	for name, crash := range map[string]func(*stage){
		"error":    func(s *stage) { s.core.fail = errors.New("the database is gone") },
		"down":     func(s *stage) { s.core.fail = fault.New(fault.Unavailable, "Down.") },
		"panic":    func(s *stage) { s.core.before = func(context.Context) { panic("4539578763621486") } },
		"unstored": func(s *stage) { s.memory.fail = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			crash(s)
			first := s.keyed("a", create)
			require.Equal(t, map[string]int{"error": 500, "down": 503, "panic": 500, "unstored": 503}[name], first.Code)
			require.Len(t, s.memory.requests, 1)
			var operation string
			for _, r := range s.memory.requests {
				operation = r.OperationID
			}
			s.core.fail, s.core.before, s.memory.fail = nil, nil, false
			second := s.keyed("a", create)
			require.Equal(t, 200, second.Code)
			require.Equal(t, "pi_"+operation, fields(t, second)["id"])
			require.Empty(t, second.Header().Get("Idempotent-Replayed"))
			for _, line := range s.logs.All() {
				requireNoCard(t, line.Message, "log")
			}
		})
	}
}

func TestAResumedRequestThatFailsStaysOpen(t *testing.T) {
	s := newStage(t)
	s.core.fail = errors.New("gone")
	require.Equal(t, 500, s.keyed("a", create).Code)
	s.core.fail = fault.New(fault.InvalidState, "Not now.")
	require.Equal(t, 409, s.keyed("a", create).Code)
	require.Len(t, s.memory.requests, 1, "it may have made objects already")
}

func TestIdempotencyKeysAreChecked(t *testing.T) {
	s := newStage(t)
	for _, key := range []string{"", strings.Repeat("k", 256), "tab\there", "é"} {
		w := s.keyed(key, create)
		require.Equal(t, 400, w.Code, key)
		require.Equal(t, "Idempotency-Key", failure(t, w)["param"])
	}
	require.Equal(t, 200, s.keyed(strings.Repeat("k", 255), create).Code)
}

// The payment is what counts: it is carried out and remembered although the
// client went away.
func TestAWriteOutlivesItsClient(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.core.before = func(inner context.Context) {
		cancel()
		require.NoError(t, inner.Err())
		_, bounded := inner.Deadline()
		require.True(t, bounded)
	}
	serve(s, s.request("POST", intents, create, "Idempotency-Key", "a").WithContext(ctx))
	s.core.before = nil
	require.Equal(t, "true", s.keyed("a", create).Header().Get("Idempotent-Replayed"))
}

// A hub whose clock was ahead died with the key: its lock would hold for as
// long as the clock was wrong.
func TestALockOfAWrongClockHoldsNobodyUp(t *testing.T) {
	s := newStage(t)
	s.core.fail = fault.New(fault.Unavailable, "away")
	key := []string{"Idempotency-Key", "order-1"}
	require.Equal(t, http.StatusServiceUnavailable, s.call("POST", intents, create, key...).Code)
	for slot, r := range s.memory.requests {
		r.LockedUntil = s.clock.Now().Add(20 * time.Second)
		s.memory.requests[slot] = r
	}
	s.core.fail = nil
	require.Equal(t, http.StatusConflict, s.call("POST", intents, create, key...).Code, "it may be at work")
	s.clock.Advance(-time.Minute)
	require.Equal(t, http.StatusOK, s.call("POST", intents, create, key...).Code)
}

// An answer that could not be remembered is not given either: a retry might be
// told something else.
func TestAnAnswerThatIsNotRecordedIsNotGiven(t *testing.T) {
	s := newStage(t)
	s.memory.fail = true
	w := s.call("POST", intents, create, "Idempotency-Key", "order-1")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.NotContains(t, w.Body.String(), "pi_")
	s.memory.fail = false
	first := s.call("POST", intents, create, "Idempotency-Key", "order-1")
	require.Equal(t, http.StatusOK, first.Code)
	require.Len(t, s.core.payments, 1, "it was carried out once")
	require.Equal(t, first.Body.String(), s.call("POST", intents, create, "Idempotency-Key", "order-1").Body.String())
}

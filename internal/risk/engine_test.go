package risk_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/risk"
)

// shelf is a risk.Repository in memory.
type shelf struct {
	mu        sync.Mutex
	rules     map[merchant.Scope]risk.Rules
	sightings []risk.Sighting
	reads     int           // of rules
	wanted    []risk.Wanted // evidence
	slow      time.Duration // of reading rules
	fail      error
	losing    int // replacements that come too late
}

func (s *shelf) Rules(ctx context.Context, scope merchant.Scope) (risk.Rules, error) {
	time.Sleep(s.slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.fail != nil {
		return risk.Rules{}, s.fail
	}
	if r, ok := s.rules[scope]; ok {
		return r, ctx.Err()
	}
	return risk.Rules{}, fault.New(fault.NotFound, "No such rules.")
}

func (s *shelf) PutRules(_ context.Context, r risk.Rules) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.losing > 0 {
		s.losing--
		return false, nil
	}
	if s.rules[r.Scope].Version != r.Version-1 {
		return false, nil
	}
	s.rules[r.Scope] = r
	return true, nil
}

func (s *shelf) Evidence(_ context.Context, w risk.Wanted) (risk.Evidence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = append(s.wanted, w)
	for i, seen := range s.sightings {
		if seen.OperationID == w.OperationID && seen.Scope == w.Scope {
			return risk.Evidence{Sighting: seen, ByCard: min(i+1, w.Card.Limit)}, nil
		}
	}
	return risk.Evidence{}, fault.New(fault.NotFound, "No such sighting.")
}

func (s *shelf) DeleteOldSightings(_ context.Context, before time.Time, _ int) (int64, error) {
	if before.Equal(start.Add(-30 * 24 * time.Hour)) {
		return 7, nil
	}
	return 0, nil
}

type nowhere struct{}

func (nowhere) OfBIN(string) string { return "" }
func (nowhere) OfIP(string) string  { return "" }

var (
	start   = time.Date(2026, 4, 21, 9, 30, 0, 0, time.UTC)
	live    = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Live}
	sandbox = merchant.Scope{MerchantID: "mch_1", Environment: merchant.Sandbox}
	subject = risk.Subject{Scope: live, PaymentID: "pi_1", OperationID: "op_1", Amount: money.New(1000, "EUR")}
)

func newEngine() (*risk.Engine, *shelf, *clock.Manual) {
	at := clock.NewManual(start)
	kept := &shelf{rules: map[merchant.Scope]risk.Rules{}, sightings: []risk.Sighting{
		{OperationID: "op_1", Scope: live, Fingerprint: "fraud"}, {OperationID: "op_1", Scope: sandbox, Fingerprint: "fraud"},
	}}
	return risk.NewEngine(risk.Options{Repository: kept, Sandbox: nowhere{}, Live: nowhere{}, TestCard: func(string) string { return "fraud" }, Clock: at}), kept, at
}

func TestEngineAsksForWhatTheRulesNeed(t *testing.T) {
	engine, kept, _ := newEngine()
	judged, err := engine.Assess(t.Context(), subject)
	require.NoError(t, err)
	require.Equal(t, risk.Assessment{Action: risk.Allow}, judged, "the sandbox's test card is nothing special in live")
	in := subject
	in.Scope, in.Card.Fingerprint = sandbox, "fraud"
	judged, err = engine.Assess(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, risk.Decline, judged.Action)
	require.Equal(t, risk.RuleTestCard, judged.Reasons[0].Rule)
	require.Equal(t, []risk.Wanted{
		{Scope: live, OperationID: "op_1", Card: risk.Count{Window: time.Hour, Limit: 6}, IP: risk.Count{Window: time.Hour, Limit: 21}, Email: risk.Count{Window: time.Hour, Limit: 11}},
	}, kept.wanted, "the sandbox's rules need no more than the card")
}

func TestAnAttemptThatWasNeverSeenIsJudgedByItsCard(t *testing.T) {
	engine, kept, _ := newEngine()
	blocking := risk.Defaults(live)
	blocking.BlockList = []risk.Entry{{Type: risk.EntryBIN, Value: "411111"}}
	kept.rules[live] = blocking
	unseen := subject
	unseen.OperationID = "op_2"
	for bin, action := range map[string]risk.Action{"42424242": risk.Allow, "41111111": risk.Decline} {
		unseen.Card.BIN = bin
		judged, err := engine.Assess(t.Context(), unseen)
		require.NoError(t, err)
		require.Equal(t, action, judged.Action, bin)
	}
}

func TestAnAttemptThatCannotBeJudgedDoesNotPass(t *testing.T) {
	engine, kept, _ := newEngine()
	kept.fail = errors.New("the database is away")
	_, err := engine.Assess(t.Context(), subject)
	require.ErrorIs(t, err, kept.fail)
	kept.fail = nil
	_, err = engine.Assess(t.Context(), subject)
	require.NoError(t, err, "a failure is not remembered")
}

func TestRulesAreRememberedBriefly(t *testing.T) {
	engine, kept, at := newEngine()
	assess := func() risk.Action {
		judged, err := engine.Assess(t.Context(), subject)
		require.NoError(t, err)
		return judged.Action
	}
	require.Equal(t, risk.Allow, assess())
	at.Advance(3*time.Second - time.Microsecond)
	require.Equal(t, risk.Allow, assess())
	require.Equal(t, 1, kept.reads)

	// another process changes them
	blocking := risk.Defaults(live)
	blocking.Version, blocking.BlockList = 1, []risk.Entry{{Type: risk.EntryCard, Value: "fraud"}}
	kept.rules[live] = blocking
	require.Equal(t, risk.Allow, assess())
	at.Advance(time.Microsecond)
	require.Equal(t, risk.Decline, assess())
	require.Equal(t, 2, kept.reads)

	// this process changes them
	stored, err := engine.Replace(t.Context(), risk.Defaults(live), nil)
	require.NoError(t, err)
	require.Equal(t, 2, stored.Version)
	require.Equal(t, at.Now(), stored.UpdatedAt)
	require.Equal(t, risk.Allow, assess())
	rules, err := engine.Rules(t.Context(), live)
	require.NoError(t, err)
	require.Equal(t, stored, rules)
}

func TestRulesAreReadOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, kept, _ := newEngine()
		kept.slow = time.Second
		first, giveUp := context.WithCancel(t.Context())
		var done sync.WaitGroup
		for i := range 20 {
			ctx := t.Context()
			if i == 0 {
				ctx = first
			}
			done.Go(func() {
				_, err := engine.Assess(ctx, subject)
				require.NoError(t, err)
			})
			synctest.Wait()
		}
		giveUp() // those who wait for the same rules do not suffer from it
		done.Wait()
		require.Equal(t, 1, kept.reads)
	})
}

func TestReplace(t *testing.T) {
	engine, kept, _ := newEngine()
	zero, one := 0, 1
	wrong := risk.Defaults(live)
	wrong.VelocityCard.Limit = 0
	_, err := engine.Replace(t.Context(), wrong, &zero)
	require.Equal(t, "velocity_card.limit", fault.From(err).Param)

	_, err = engine.Replace(t.Context(), risk.Defaults(live), &one)
	require.True(t, fault.Is(err, fault.InvalidState))
	stored, err := engine.Replace(t.Context(), risk.Defaults(live), &zero)
	require.NoError(t, err)
	require.Equal(t, 1, stored.Version)
	_, err = engine.Replace(t.Context(), risk.Defaults(live), &zero)
	require.True(t, fault.Is(err, fault.InvalidState))

	kept.losing = 3
	stored, err = engine.Replace(t.Context(), risk.Defaults(live), nil)
	require.NoError(t, err, "whoever names no version replaces any")
	require.Equal(t, 2, stored.Version)
	kept.losing = 5
	_, err = engine.Replace(t.Context(), risk.Defaults(live), nil)
	require.True(t, fault.Is(err, fault.InvalidState))

	defaults, err := engine.Rules(t.Context(), sandbox)
	require.NoError(t, err)
	require.Equal(t, risk.Defaults(sandbox), defaults, "the other environment has its own")
	deleted, err := engine.DeleteOldSightings(t.Context(), 10)
	require.NoError(t, err)
	require.EqualValues(t, 7, deleted)
}

// BenchmarkJudge is what judging costs beside the database: rules of which
// everything is enabled, with full lists.
func BenchmarkJudge(b *testing.B) {
	engine, kept, _ := newEngine()
	rules := risk.Defaults(live)
	for range risk.MaxEntries / 2 {
		rules.BlockList = append(rules.BlockList, risk.Entry{Type: risk.EntryIP, Value: "203.0.113.0/24"}, risk.Entry{Type: risk.EntryBIN, Value: "411111"})
	}
	kept.rules[live] = rules
	for b.Loop() {
		if _, err := engine.Assess(b.Context(), subject); err != nil {
			b.Fatal(err)
		}
		kept.wanted = kept.wanted[:0]
	}
}

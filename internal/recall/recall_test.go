package recall_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/recall"
)

// counter answers with how often it was asked.
type counter struct {
	asked int
	fail  error
	slow  time.Duration
}

func (c *counter) ask(ctx context.Context) (int, error) {
	c.asked++
	time.Sleep(c.slow)
	return c.asked, errors.Join(c.fail, ctx.Err())
}

func TestAnAnswerIsBelievedForAMoment(t *testing.T) {
	at := clock.NewManual(time.Unix(1_700_000_000, 0))
	m, c := recall.New[string, int](3*time.Second, 2, at), &counter{}
	get := func(key string) int {
		got, err := m.Get(t.Context(), key, c.ask)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, 1, get("a"))
	at.Advance(3*time.Second - time.Nanosecond)
	require.Equal(t, 1, get("a"))
	at.Advance(time.Nanosecond)
	require.Equal(t, 2, get("a"))
	m.Forget("a")
	require.Equal(t, 3, get("a"))
	require.Equal(t, 4, get("b"))
	require.Equal(t, 3, get("a"))
	require.Equal(t, 5, get("c"), "above the limit all are forgotten")
	require.Equal(t, 6, get("a"))
}

func TestErrorsAreNotRemembered(t *testing.T) {
	m, c := recall.New[string, int](time.Hour, 10, clock.System{}), &counter{fail: errors.New("away")}
	_, err := m.Get(t.Context(), "a", c.ask)
	require.ErrorIs(t, err, c.fail)
	c.fail = nil
	got, err := m.Get(t.Context(), "a", c.ask)
	require.NoError(t, err)
	require.Equal(t, 2, got)

	require.Panics(t, func() { _, _ = m.Get(t.Context(), "b", func(context.Context) (int, error) { panic("b") }) })
	got, err = m.Get(t.Context(), "b", c.ask)
	require.NoError(t, err, "who comes after a panic asks anew")
	require.Equal(t, 3, got)
}

func TestOneAsksForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, c := recall.New[string, int](time.Hour, 10, clock.System{}), &counter{slow: time.Second}
		first, giveUp := context.WithCancel(t.Context())
		impatient, leave := context.WithCancel(t.Context())
		var done sync.WaitGroup
		for i := range 20 {
			ctx := t.Context()
			switch i {
			case 0:
				ctx = first
			case 7:
				ctx = impatient
			}
			done.Go(func() {
				got, err := m.Get(ctx, "a", c.ask)
				if ctx == impatient {
					require.ErrorIs(t, err, context.Canceled)
					return
				}
				require.NoError(t, err)
				require.Equal(t, 1, got)
			})
			synctest.Wait()
		}
		giveUp() // those who wait for the same do not suffer from it
		leave()
		done.Wait()
		require.Equal(t, 1, c.asked)
	})
}

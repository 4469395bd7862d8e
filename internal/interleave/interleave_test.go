package interleave_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/interleave"
)

// order runs two tasks of three points under a seed and tells how they mixed.
func order(t *testing.T, seed uint64) string {
	var mixed strings.Builder
	s := interleave.NewScheduler(rand.New(rand.NewPCG(1, seed)))
	for _, name := range []string{"a", "b"} {
		s.Go(name, func(ctx context.Context) {
			for range 3 {
				mixed.WriteString(name)
				interleave.Point(ctx, "point")
			}
		})
	}
	require.NoError(t, s.Run(t.Context()))
	return mixed.String()
}

func TestSeedsReachEveryOrder(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(1000) {
		one := order(t, seed)
		require.Equal(t, one, order(t, seed), "the same seed, the same order")
		orders[one] = true
	}
	require.Len(t, orders, 20, "3 of 6 places")
}

func TestAPointOutsideOfATaskDoesNothing(t *testing.T) {
	interleave.Point(t.Context(), "nobody waits")
}

func TestATasksPanicEndsTheRun(t *testing.T) {
	s := interleave.NewScheduler(rand.New(rand.NewPCG(1, 1)))
	s.Go("careless", func(ctx context.Context) {
		interleave.Point(ctx, "here")
		s.Note("%d things", 2)
		panic("gone")
	})
	require.EqualError(t, s.Run(t.Context()), "interleave: careless: gone")
	require.Equal(t, "careless: here\n  2 things", s.Trace())
}

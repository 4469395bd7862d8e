package dispatch

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFifoIsAQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q fifo[int]
		var model []int
		for n, push := range rapid.SliceOfN(rapid.IntRange(0, 9), 0, 300).Draw(t, "steps") {
			switch {
			case push < 5:
				q.push(n)
				model = append(model, n)
			case push < 9:
				got, ok := q.pop()
				require.Equal(t, len(model) > 0, ok)
				if ok {
					require.Equal(t, model[0], got)
					model = model[1:]
				}
			default:
				keep := len(model) / 2
				q.truncate(keep)
				model = model[:keep]
			}
			require.Equal(t, len(model), q.len())
			require.True(t, slices.Equal(model, q.all()))
		}
	})
}

func TestRecentRemembersTheLast(t *testing.T) {
	t.Parallel()
	r := newRecent()
	for n := range 3 * recentMost {
		r.add(fmt.Sprint(n / 2)) // each comes twice
	}
	require.Len(t, r.ring, recentMost)
	require.Len(t, r.ids, recentMost/2)
	require.True(t, r.has(fmt.Sprint(3*recentMost/2-1)))
	require.True(t, r.has(fmt.Sprint(recentMost)))
	require.False(t, r.has(fmt.Sprint(recentMost-1)))
}

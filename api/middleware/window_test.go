package middleware

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
)

func TestAWindowCountsFromItsFirstRequest(t *testing.T) {
	at := clock.NewManual(time.Unix(1_700_000_000, 0))
	windows := NewWindows(3, time.Hour, at)
	for left := 2; left >= 0; left-- {
		require.Equal(t, Decision{Allowed: true, Limit: 3, Remaining: left, Reset: time.Hour}, windows.Take("a"))
	}
	at.Advance(20 * time.Minute)
	require.Equal(t, Decision{Limit: 3, Reset: 40 * time.Minute, RetryAfter: 40 * time.Minute}, windows.Take("a"))
	require.True(t, windows.Take("b").Allowed, "each has its own")
	at.Advance(40 * time.Minute)
	require.Equal(t, 2, windows.Take("a").Remaining)
	require.Len(t, windows.open, 2)
	at.Advance(2 * time.Hour)
	windows.Take("c")
	require.Len(t, windows.open, 1, "windows that are over are forgotten")
}

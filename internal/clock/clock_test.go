package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
)

func TestOffsetIsTheSystemClockSetWrong(t *testing.T) {
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour} {
		before := clock.System{}.Now().Add(offset)
		off := clock.Offset(offset).Now()
		require.False(t, off.Before(before))
		require.False(t, off.After(clock.System{}.Now().Add(offset)))
		require.Equal(t, off, off.UTC().Truncate(time.Microsecond))
	}
}

package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
)

func TestOffsetIsTheSystemClockSetWrong(t *testing.T) {
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour} {
		off := clock.Offset(offset).Now()
		require.WithinDuration(t, clock.System{}.Now().Add(offset), off, time.Second)
		require.Equal(t, off, off.UTC().Truncate(time.Microsecond))
	}
}

package workflows_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/webhook"
)

// now is the time of the process that makes the attempt.
func (w *wire) now() time.Time { return envClock{w.TestWorkflowEnvironment}.Now().Add(w.ahead[0]) }

// wireClock is that process's clock.
type wireClock struct{ *wire }

func (c wireClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// Processes whose clocks differ share the attempts of a schedule, and make no more of them.
func TestClocksThatDifferKeepTheSchedule(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusBadGateway)
	w.ahead = [2]time.Duration{3 * time.Second, 0}
	d := &w.task.Delivery
	d.UpdatedAt, d.NextAttemptAt = d.UpdatedAt.Add(w.ahead[0]), d.NextAttemptAt.Add(w.ahead[0])
	end := w.lives()
	require.Equal(t, webhook.Failed, end.Status)
	require.Equal(t, 5, end.Attempts)
	require.Equal(t, after(5*time.Minute, 15*time.Minute, time.Hour, 6*time.Hour), w.tried)
}

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chaosLimit bounds one seed.
const chaosLimit = 5 * time.Minute

// chaosSeeds have kills, restarts and lost answers, and are quick.
var chaosSeeds = map[dialect]string{sqlite: "25", postgres: "13"}

// TestPromisesHoldUnderFaults makes one trial of the campaign that `paymenthub
// chaos` makes of hundreds.
func TestPromisesHoldUnderFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			if d == postgres {
				needPostgres(t)
			}
			path, err := binary()
			require.NoError(t, err)
			p, err := startProcess(path, t.TempDir(), nil, "chaos", "--seed", chaosSeeds[d], "--steps", "40", "--json", "--database", string(d))
			require.NoError(t, err)
			t.Cleanup(p.kill)
			select {
			case <-p.ended:
			case <-time.After(chaosLimit):
				t.Fatalf("the seed did not end within %s", chaosLimit)
			}
			stdout, stderr := p.output()
			require.Zero(t, p.command.ProcessState.ExitCode(), "%s%s", stdout, stderr)
			var result struct {
				Database   string
				Violations []any
				Payments   int
				Faults     int
			}
			require.NoError(t, json.NewDecoder(strings.NewReader(stdout)).Decode(&result))
			require.Equal(t, string(d), result.Database)
			require.Empty(t, result.Violations)
			require.Positive(t, result.Payments)
			require.Positive(t, result.Faults)
			t.Log(strings.TrimSpace(stderr))
		})
	}
}

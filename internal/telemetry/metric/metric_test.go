package metric_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"paymenthub/internal/telemetry/metric"
)

func TestOutcomesAreCountedBySeries(t *testing.T) {
	p := metric.New()
	p.Outcome("sale", "succeeded", "stripe", "live")
	p.Outcome("sale", "succeeded", "stripe", "live")
	p.Outcome("sale", "declined", "stripe", "sandbox")
	p.Raised("payment", "live")

	counts := series(t, p.Registry())
	require.Equal(t, map[string]int{
		"paymenthub_gateway_outcomes_total live stripe sale succeeded":   2,
		"paymenthub_gateway_outcomes_total sandbox stripe sale declined": 1,
		"paymenthub_raised_total live payment":                           1,
	}, counts)

	var off *metric.Metrics
	off.Outcome("sale", "succeeded", "stripe", "live")
	off.Raised("payment", "live")
}

// series reads the hub's counters by name and label values; runtime and process
// metrics must be beside them.
func series(t *testing.T, registry *prometheus.Registry) map[string]int {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	counts := map[string]int{}
	others := map[string]bool{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if m.GetCounter() == nil || len(m.GetLabel()) == 0 {
				others[family.GetName()] = true
				continue
			}
			name := family.GetName()
			for _, label := range m.GetLabel() { // sorted by label name
				name += " " + label.GetValue()
			}
			counts[name] = int(m.GetCounter().GetValue())
		}
	}
	require.True(t, others["go_goroutines"] && others["process_open_fds"])
	return counts
}

package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	latencyPayments = 60
	latencyLimit    = 200 * time.Millisecond
	// latencyRounds: others may take the machine for a while, and one round that they leave
	// alone is enough.
	latencyRounds = 20
)

// From the event to its arrival on an idle machine, p95. It runs beside no other test.
func TestMessagesArriveAtOnce(t *testing.T) {
	for _, d := range dialects(t) {
		t.Run(string(d), func(t *testing.T) {
			s := newShop(t, shared(t, d))
			r := newReceiver(t, nil)
			s.tell(t, r)
			s.create(t, paidWith(visa))
			var p95 time.Duration
			for range latencyRounds {
				if p95 = s.latency(t, r); p95 < latencyLimit {
					return
				}
			}
			require.Less(t, p95, latencyLimit)
		})
	}
}

// latency makes payments one after another and returns the p95 of the time that their
// events take to the receiver.
func (s shop) latency(t *testing.T, r *receiver) time.Duration {
	t.Helper()
	var took []time.Duration
	for range latencyPayments {
		p := s.create(t, paidWith(visa))
		await(t, deliverLimit, "both events arrive", func() bool { return len(r.of(p.ID)) == 2 })
		for _, m := range r.of(p.ID) {
			took = append(took, m.at.Sub(m.CreatedAt))
		}
	}
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[len(took)*percent/100] }
	t.Logf("%d events arrived after: median %s, p95 %s, the last %s", len(took), at(50), at(95), took[len(took)-1])
	return at(95)
}

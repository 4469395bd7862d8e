package verify

import (
	"context"
	"time"

	"paymenthub/internal/store"
)

// quietPoll is how often the database is asked whether it is quiet.
const quietPoll = 250 * time.Millisecond

// AwaitQuiet waits until no gateway call is under way for any payment or refund
// and all that gateways told is applied, at most for a time. It reports whether
// it became quiet.
func AwaitQuiet(ctx context.Context, s *store.Store, atMost time.Duration) (bool, error) {
	limit := time.NewTimer(atMost)
	defer limit.Stop()
	poll := time.NewTicker(quietPoll)
	defer poll.Stop()
	for {
		var busy bool
		err := within(ctx, s, func(s *snapshot) error {
			return s.each(func(scan scan) error { return scan(&busy) },
				`SELECT EXISTS (SELECT 1 FROM payment_intents WHERE due_at IS NOT NULL AND status = 'processing')
					OR EXISTS (SELECT 1 FROM refunds WHERE due_at IS NOT NULL AND status = 'pending')
					OR EXISTS (SELECT 1 FROM gateway_notifications WHERE status = 'received')`)
		})
		if err != nil || !busy {
			return err == nil, err
		}
		select {
		case <-poll.C:
		case <-limit.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

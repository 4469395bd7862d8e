package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"paymenthub/internal/clock"
	"paymenthub/internal/webhook"
)

// sink is a sender that has every message taken at once.
type sink struct{}

func (sink) Send(_ context.Context, url string, _ []webhook.Header, _ []string, _ []byte) webhook.Attempt {
	return webhook.Attempt{URL: url, Code: 200}
}

// tally is a queue that counts what is recorded.
type tally struct {
	*queue
	left sync.WaitGroup
}

func (t *tally) Claim(context.Context, string, time.Time, time.Time, int, int) ([]webhook.Task, error) {
	return nil, nil
}

func (t *tally) Record(_ context.Context, _ time.Time, results []webhook.Result) ([]webhook.Result, error) {
	t.left.Add(-len(results))
	return results, nil
}

// BenchmarkDelivery is what a delivery costs from Hand until it is recorded, without
// network and database: the signature, two goroutine switches and the bookkeeping.
func BenchmarkDelivery(b *testing.B) {
	for _, endpoints := range []int{1, 1_000} {
		b.Run(fmt.Sprint(endpoints), func(b *testing.B) {
			w := newWorld(b, nil)
			t := &tally{queue: w.queue}
			d := w.dispatcherWith("a", t, sink{})
			defer run(d)()
			tasks := make([]webhook.Task, endpoints)
			for n := range tasks {
				w.queue.endpoint(fmt.Sprint("mch_", n/10), fmt.Sprint("we_", n))
				_, handed := w.queue.write("a", fmt.Sprint("we_", n), "pi", clock.System{}.Now())
				tasks[n] = handed[0]
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				batch := make([]webhook.Task, 0, 32)
				until := clock.System{}.Now().Add(webhook.ClaimFor)
				for range min(32, b.N-n) {
					task := tasks[n%endpoints]
					task.Delivery.ID, task.Delivery.ObjectID, task.Delivery.ClaimedUntil = fmt.Sprint("whd_", n), fmt.Sprint("pi_", n), until
					batch = append(batch, task)
					n++
				}
				t.left.Add(len(batch))
				d.Hand(batch)
				t.left.Wait()
			}
		})
	}
}

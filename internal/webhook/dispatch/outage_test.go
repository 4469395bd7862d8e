package dispatch_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paymenthub/internal/clock"
	"paymenthub/internal/webhook"
)

func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	bubble(t, "for a while", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		synctest.Wait()
		for n := range 20 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		w.queue.set(func(q *queue) { q.away = true })
		time.Sleep(20 * time.Second)
		sentMeanwhile := len(w.sender.told(""))
		require.LessOrEqual(t, sentMeanwhile, 16, "what is sent now might have to be sent again")
		w.queue.set(func(q *queue) { q.away = false })
		time.Sleep(10 * time.Second)
		require.Equal(t, 20, w.queue.count("we_1", webhook.Succeeded))
		require.Len(t, w.sender.told(""), 20, "nothing was sent twice")
		require.ElementsMatch(t, []string{"record what came of webhooks: the database is away", "renew claims of webhooks: the database is away"},
			w.failed(), "told once of each kind; nothing was claimed")
	})
	bubble(t, "so long that others send again", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 3)
		w.queue.set(func(q *queue) { q.away = true })
		time.Sleep(10 * time.Minute)
		w.queue.set(func(q *queue) { q.away = false })
		time.Sleep(time.Minute)
		require.Equal(t, 3, w.queue.count("we_1", webhook.Succeeded))
	})
	bubble(t, "for one result alone", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		stop := run(d)
		w.queue.set(func(q *queue) { q.poison = "whd_000003" })
		for n := range 50 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
		}
		time.Sleep(20 * time.Second)
		require.Equal(t, 49, w.queue.count("we_1", webhook.Succeeded), "the others get through")
		stop()
	})
	bubble(t, "with its answer", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		w.queue.set(func(q *queue) { q.lost = true })
		w.tell(d, "we_1", "pi_1", 2)
		time.Sleep(time.Second)
		require.Equal(t, w.events(1, 2), w.sender.events(""))
	})
}

func TestResultsAreRecordedTogether(t *testing.T) {
	bubble(t, "while one write runs", func(t *testing.T) {
		w := newWorld(t, always(200))
		d := w.dispatcherWith("a", slowRecord{w.queue}, w.sender)
		defer run(d)()
		for n := range 10 {
			w.queue.endpoint("mch_1", fmt.Sprint("we_", n))
			for m := range 6 {
				w.tell(d, fmt.Sprint("we_", n), fmt.Sprint("pi_", m), 1)
			}
		}
		time.Sleep(time.Second)
		require.Equal(t, 60, w.queue.count("", webhook.Succeeded))
		w.queue.set(func(q *queue) { require.LessOrEqual(t, len(q.batches), 3) })
	})
	bubble(t, "while nobody waits for them", func(t *testing.T) {
		w := newWorld(t, always(200))
		w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		stop := run(d)
		for n := range 50 {
			w.tell(d, "we_1", fmt.Sprint("pi_", n), 1)
			time.Sleep(2 * time.Millisecond)
		}
		w.queue.set(func(q *queue) {
			require.Equal(t, 1, q.batches[0], "the first is not waited with")
			require.LessOrEqual(t, len(q.batches), 5)
		})
		stop()
		require.Equal(t, 50, w.queue.count("we_1", webhook.Succeeded))
	})
	bubble(t, "and at once where somebody does", func(t *testing.T) {
		w := newWorld(t, always(200))
		e := w.queue.endpoint("mch_1", "we_1")
		d := w.dispatcher("a")
		defer run(d)()
		w.tell(d, "we_1", "pi_1", 1)
		w.tell(d, "we_1", "pi_2", 4)
		time.Sleep(5 * time.Millisecond)
		require.Len(t, w.sender.told(e.URL), 5, "the next of the object waits")
		w.tell(d, "we_1", "pi_3", 1)
		time.Sleep(2 * time.Millisecond)
		w.tell(d, "we_1", "pi_3", 1)
		time.Sleep(2 * time.Millisecond)
		require.Len(t, w.sender.told(e.URL), 7, "it came while the one before was kept back")
		w.sender.answer(always(410))
		w.tell(d, "we_1", "pi_4", 1)
		time.Sleep(2 * time.Millisecond)
		w.queue.set(func(q *queue) { require.Equal(t, webhook.Gone, q.endpoints["we_1"].Disabled) })
	})
}

type slowRecord struct{ *queue }

func (s slowRecord) Record(ctx context.Context, now time.Time, results []webhook.Result) ([]webhook.Result, error) {
	time.Sleep(20 * time.Millisecond)
	return s.queue.Record(ctx, now, results)
}

// process is one that can be killed: from then on nothing that it does has an effect.
type process struct {
	*queue
	*sender
	dead atomic.Bool
}

func (p *process) hangs(ctx context.Context) bool {
	if p.dead.Load() {
		<-ctx.Done()
		return true
	}
	return false
}

func (p *process) Claim(ctx context.Context, by string, now, until time.Time, perEndpoint, limit int) ([]webhook.Task, error) {
	if p.hangs(ctx) {
		return nil, ctx.Err()
	}
	return p.queue.Claim(ctx, by, now, until, perEndpoint, limit)
}

func (p *process) Renew(ctx context.Context, by string, ids []string, until time.Time) ([]string, error) {
	if p.hangs(ctx) {
		return nil, ctx.Err()
	}
	return p.queue.Renew(ctx, by, ids, until)
}

func (p *process) Release(ctx context.Context, by string, ids []string, from time.Time) error {
	if p.hangs(ctx) {
		return ctx.Err()
	}
	return p.queue.Release(ctx, by, ids, from)
}

func (p *process) Record(ctx context.Context, now time.Time, results []webhook.Result) ([]webhook.Result, error) {
	if p.hangs(ctx) {
		return nil, ctx.Err()
	}
	return p.queue.Record(ctx, now, results)
}

func (p *process) Send(ctx context.Context, url string, header []webhook.Header, masked []string, body []byte) webhook.Attempt {
	if p.hangs(ctx) {
		return webhook.Attempt{}
	}
	return p.sender.Send(ctx, url, header, masked, body)
}

func TestKilledProcessesMissNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		kills := rapid.SliceOfN(rapid.IntRange(10, 3_000), 1, 4).Draw(rt, "kills") // milliseconds
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t, func(_, _ string, n int) reply {
				return reply{200, time.Duration(n*7919%200) * time.Millisecond, 0}
			})
			for n := range 3 {
				w.queue.endpoint(fmt.Sprint("mch_", n), fmt.Sprint("we_", n))
			}
			for n, after := range kills {
				p := &process{queue: w.queue, sender: w.sender}
				d := w.dispatcherWith(fmt.Sprint("p", n), p, p)
				stop := run(d)
				for end := time.Now().Add(time.Duration(after) * time.Millisecond); time.Now().Before(end); {
					w.tell(d, fmt.Sprint("we_", random.IntN(3)), fmt.Sprint("pi_", random.IntN(6)), 1+random.IntN(3))
					time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
				}
				p.dead.Store(true)
				defer stop()
				if random.IntN(2) == 0 { // written by one that was killed before it handed it over
					w.queue.write(d.Instance(), "we_1", "pi_1", clock.System{}.Now())
				}
			}
			last := w.dispatcher("last")
			stop := run(last)
			time.Sleep(2 * time.Minute)
			stop()
			if n := len(w.queue.rows) - w.queue.count("", webhook.Succeeded); n > 0 {
				wrong = fmt.Sprint(n, " of ", len(w.queue.rows), " were missed")
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// maxBatch bounds how many writes share a transaction.
const maxBatch = 32

// batcher lets writes that wait for SQLite's one writing connection share a
// transaction. They touch much the same pages, so together they cost far less
// than one by one. Nobody waits for a batch to fill: it is what came in while
// the one before was written. A write is answered when its batch is committed;
// when one of them fails, all are done again, each in its own transaction; when
// the database does, all are told, since each alone would wait as long again.
type batcher struct {
	db   *gorm.DB
	turn chan struct{} // held by whoever writes
	mu   sync.Mutex
	jobs []*job // waiting, in the order they came
}

func newBatcher(db *gorm.DB) *batcher { return &batcher{db: db, turn: make(chan struct{}, 1)} }

// job is one write. It may be run more than once before it is answered.
type job struct {
	ctx   context.Context
	write func(tx *gorm.DB) error
	taken atomic.Bool // by the one who runs it, or by its caller, who gave up
	done  chan error  // holds one
}

// do runs a write in a transaction, with others or alone, and returns when it is
// committed or failed. A write that has begun is not interrupted by ctx: it
// takes less time than that would, and its outcome is never in doubt.
func (b *batcher) do(ctx context.Context, write func(tx *gorm.DB) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{ctx: ctx, write: write, done: make(chan error, 1)}
	b.mu.Lock()
	b.jobs = append(b.jobs, j)
	b.mu.Unlock()
	for {
		select {
		case err := <-j.done:
			return err
		case b.turn <- struct{}{}:
			b.lead()
		case <-ctx.Done():
			if j.taken.CompareAndSwap(false, true) {
				return ctx.Err()
			}
			return <-j.done
		}
	}
}

// lead runs what waits, in the caller's turn.
func (b *batcher) lead() {
	defer func() { <-b.turn }()
	batch := b.take()
	answers := make([]error, len(batch))
	for i := range answers {
		answers[i] = errUnanswered
	}
	defer func() { // also when a write panics: the others must not wait for ever
		for i, j := range batch {
			j.done <- answers[i]
		}
	}()
	if len(batch) > 1 {
		if err := b.together(batch); err == nil || transient(err) {
			fill(answers, err)
			return
		}
	}
	for i, j := range batch {
		answers[i] = b.session(j).Transaction(j.write)
	}
}

func fill(answers []error, err error) {
	for i := range answers {
		answers[i] = err
	}
}

var errUnanswered = errors.New("store: another write of the batch failed badly")

// take removes the next jobs from those that wait, without those given up.
func (b *batcher) take() []*job {
	b.mu.Lock()
	defer b.mu.Unlock()
	var batch []*job
	rest := b.jobs
	for len(rest) > 0 && len(batch) < maxBatch {
		if rest[0].taken.CompareAndSwap(false, true) {
			batch = append(batch, rest[0])
		}
		rest[0], rest = nil, rest[1:]
	}
	b.jobs = rest
	return batch
}

// together runs all jobs in one transaction, or none.
func (b *batcher) together(batch []*job) error {
	return b.session(batch[0]).Transaction(func(tx *gorm.DB) error {
		for _, j := range batch {
			if err := j.write(tx.WithContext(context.WithoutCancel(j.ctx))); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *batcher) session(j *job) *gorm.DB { return b.db.WithContext(context.WithoutCancel(j.ctx)) }

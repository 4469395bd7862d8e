package payment

import "sync"

// Watcher tells callers in this process when a payment's step was recorded, so
// that the request that waits for it need not ask the database. It is a
// shortcut only: a step recorded by another process is not seen here.
type Watcher struct {
	mu      sync.Mutex
	waiting map[string][]*Watch
}

// NewWatcher makes an empty watcher.
func NewWatcher() *Watcher { return &Watcher{waiting: map[string][]*Watch{}} }

// Watch receives the payment after each recorded step until it is closed. Only
// the latest state is kept for a receiver that is slow.
type Watch struct {
	C       <-chan Intent
	c       chan Intent
	id      string
	watcher *Watcher
}

// Watch begins to watch a payment. Close it when done.
func (w *Watcher) Watch(paymentID string) *Watch {
	c := make(chan Intent, 1)
	watch := &Watch{C: c, c: c, id: paymentID, watcher: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting[paymentID] = append(w.waiting[paymentID], watch)
	return watch
}

// Close ends the watch.
func (watch *Watch) Close() {
	w := watch.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := w.waiting[watch.id]
	for i, other := range rest {
		if other == watch {
			rest = append(rest[:i:i], rest[i+1:]...)
			break
		}
	}
	if len(rest) == 0 {
		delete(w.waiting, watch.id)
		return
	}
	w.waiting[watch.id] = rest
}

// Notify tells the payment's watchers its state. It never blocks.
func (w *Watcher) Notify(p Intent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, watch := range w.waiting[p.ID] {
		select {
		case <-watch.c:
		default:
		}
		watch.c <- p
	}
}

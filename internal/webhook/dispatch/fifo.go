package dispatch

// fifo is a queue. Its zero value is empty.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(item T) {
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 { // move up rather than grow
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, item)
}

// pop takes the oldest item, and reports whether there was one.
func (q *fifo[T]) pop() (item T, ok bool) {
	if q.len() == 0 {
		return item, false
	}
	var none T
	item, q.items[q.head] = q.items[q.head], none
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return item, true
}

// all are the items, oldest first; they are the queue's own.
func (q *fifo[T]) all() []T { return q.items[q.head:] }

// truncate keeps the n oldest items.
func (q *fifo[T]) truncate(n int) {
	clear(q.items[q.head+n:])
	q.items = q.items[:q.head+n]
}

// recentMost is how many recorded deliveries are remembered.
const recentMost = 4_096

// recent remembers the deliveries that were recorded last.
type recent struct {
	ids  map[string]int // how often each is in the ring
	ring []string
	next int
}

func newRecent() recent { return recent{ids: map[string]int{}} }

func (r *recent) add(id string) {
	r.ids[id]++
	if len(r.ring) < recentMost {
		r.ring = append(r.ring, id)
		return
	}
	oldest := r.ring[r.next]
	if r.ids[oldest]--; r.ids[oldest] == 0 {
		delete(r.ids, oldest)
	}
	r.ring[r.next] = id
	r.next = (r.next + 1) % recentMost
}

func (r *recent) has(id string) bool { return r.ids[id] > 0 }

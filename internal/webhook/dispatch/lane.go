package dispatch

import (
	"slices"
	"sync/atomic"
	"time"

	"paymenthub/internal/webhook"
)

const (
	// laneAttempts is how many attempts at one endpoint run at once; cautiousAttempts
	// where the last one failed or took longer than slowAfter.
	laneAttempts     = 8
	cautiousAttempts = 2
	slowAfter        = 2 * time.Second
	// laneHeld bounds the tasks of a lane in memory, and apart from them the retries that wait.
	laneHeld = 256
	// forgetAfter is how long a lane is remembered that has nothing to do.
	forgetAfter = time.Minute
)

// item is a task in memory.
type item struct {
	task  webhook.Task
	lane  *lane
	line  *line         // nil: the attempt was asked for
	until time.Time     // when its claim ends
	asked chan<- answer // who waits for the attempt; nil: nobody. It has room for the answer.
	found bool          // in the database, where there may be more
	begun bool          // it is attempted or being recorded
	host  *host         // that the attempt was begun at
}

// answer is what came of an attempt that was asked for.
type answer struct {
	delivery webhook.Delivery
	err      error
}

// line is the tasks of one object, oldest first. The first is ready, attempted or being
// recorded; the others wait for that.
type line struct{ items fifo[*item] }

// lane is the way to one endpoint.
type lane struct {
	endpoint webhook.Endpoint // the newest that was seen
	readAt   time.Time        // when endpoint was read
	triedAt  time.Time        // when it was last tried to read it again
	awaited  bool             // it is being read again
	tenant   *tenant
	host     *host // that endpoint is on
	queued   bool  // in the tenant's lanes, or in the host's

	lines      map[string]*line // by object
	heads      fifo[*item]      // the first of lines, ready
	asked      fifo[*item]      // attempts that were asked for
	askedLast  bool             // the last attempt was one of those
	held       int              // in lines
	running    int              // attempts
	unrecorded int              // results

	health    webhook.Health
	slow      bool      // the last attempt was
	learnedAt time.Time // when the last result was recorded
	idleSince time.Time

	opened atomic.Pointer[opened]
}

// ready reports whether the lane may begin an attempt.
func (l *lane) ready() bool { return !l.awaited && l.running < l.limit() && l.wanted() }

// wanted reports whether something is to be attempted.
func (l *lane) wanted() bool { return l.heads.len()+l.asked.len() > 0 }

// limit is how many attempts may run at once.
func (l *lane) limit() int {
	switch {
	case l.health.Probing():
		return 1
	case l.slow || l.health.Failures > 0:
		return cautiousAttempts
	default:
		return laneAttempts
	}
}

// take takes what is attempted next of a lane that is ready. Attempts that were asked
// for and the others take turns: neither waits for all of the other kind.
func (l *lane) take() *item {
	l.askedLast = l.asked.len() > 0 && (l.heads.len() == 0 || !l.askedLast)
	if l.askedLast {
		it, _ := l.asked.pop()
		return it
	}
	it, _ := l.heads.pop()
	return it
}

// see takes over what a task knows of the endpoint, read at a time, if that is news.
// Health counts from what this process saw while it has attempts that the database
// does not know of yet; the merchant's changes begin it anew.
func (l *lane) see(e *webhook.Endpoint, readAt time.Time) {
	changed := e.Version > l.endpoint.Version
	if !changed && (e.Version < l.endpoint.Version || readAt.Before(l.readAt)) {
		return
	}
	l.endpoint, l.readAt = *e, readAt
	if changed || l.running+l.unrecorded == 0 && readAt.After(l.learnedAt) {
		l.health = e.Health
	}
}

// outdated reports whether the endpoint must be read again before an attempt begins.
func (l *lane) outdated(now time.Time) bool {
	age := now.Sub(l.readAt)
	return age > knownFor || age > freshFor && now.Sub(l.triedAt) > freshFor
}

// learn takes over what an attempt tells of the endpoint.
func (l *lane) learn(a webhook.Attempt, now time.Time) {
	if a.Unsent || a.Outdated {
		return
	}
	l.slow = a.Duration > slowAfter
	if a.OK() {
		l.health = webhook.Health{}
	} else {
		l.health = l.health.AfterFailure(now, a.RetryAfter)
	}
}

// paused reports whether nothing may be attempted now but what was asked for. What a
// disabled endpoint is to be told is refused, at any time.
func (l *lane) paused(now time.Time) bool { return l.endpoint.Enabled() && l.health.Paused(now) }

// gone reports whether the attempt's answer disables the endpoint.
func gone(a *webhook.Attempt) bool { return a != nil && a.Gone() }

// busy reports whether anything of the lane is in memory.
func (l *lane) busy() bool { return l.awaited || l.held+l.running+l.unrecorded+l.asked.len() > 0 }

// join puts a task at the end of its object's line.
func (l *lane) join(it *item) {
	object := it.task.Delivery.ObjectID
	it.line = l.lines[object]
	if it.line == nil {
		it.line = &line{}
		l.lines[object] = it.line
	}
	it.line.items.push(it)
	l.held++
	if it.line.items.len() == 1 {
		l.heads.push(it)
	}
}

// part takes the first task out of its line, so that the next may be attempted.
func (l *lane) part(it *item) {
	it.line.items.pop()
	l.held--
	if it.line.items.len() == 0 {
		delete(l.lines, it.task.Delivery.ObjectID)
		return
	}
	l.heads.push(it.line.items.all()[0])
}

// clear takes out all tasks but those that are attempted or being recorded.
func (l *lane) clear() (out []*item) {
	for object, line := range l.lines {
		all := line.items.all()
		kept := 0
		if all[0].begun {
			kept = 1
		}
		out = append(out, all[kept:]...)
		line.items.truncate(kept)
		if kept == 0 {
			delete(l.lines, object)
		}
	}
	l.heads = fifo[*item]{}
	l.held -= len(out)
	return out
}

// cut takes a line's tasks out, the first of which is not in heads.
func (l *lane) cut(it *item) []*item {
	delete(l.lines, it.task.Delivery.ObjectID)
	l.held -= it.line.items.len()
	return it.line.items.all()
}

// withdraw takes out an attempt that was asked for and has not begun.
func (l *lane) withdraw(it *item) {
	left := slices.DeleteFunc(l.asked.all(), func(other *item) bool { return other == it })
	l.asked.truncate(len(left))
}

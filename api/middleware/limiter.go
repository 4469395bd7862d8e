package middleware

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"paymenthub/internal/clock"
)

// maxBuckets bounds the memory of a limiter: about 150 bytes each.
const maxBuckets = 100_000

// sweepEvery is how often idle buckets are looked for.
const sweepEvery = time.Minute

// Decision is a limiter's answer about one request.
type Decision struct {
	Allowed    bool
	Limit      int           // requests in the limit's own unit of time
	Remaining  int           // requests that can be made at once
	Reset      time.Duration // until the burst is whole again
	RetryAfter time.Duration // until one request is allowed; 0 when this one is
}

// Limiter decides, for whoever a name stands for, whether a request may be made now.
type Limiter interface {
	Take(name string) Decision
}

// TokenBuckets is a Limiter in memory: each name has a bucket of burst tokens
// that is refilled steadily. A bucket that is full again is forgotten, which
// makes no difference to its owner.
type TokenBuckets struct {
	requests int // per
	per      time.Duration
	burst    int
	clock    clock.Clock

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
}

// NewTokenBuckets makes a limiter of that many requests per unit of time, in the
// long run, and burst of them at once.
func NewTokenBuckets(requests int, per time.Duration, burst int, c clock.Clock) *TokenBuckets {
	return &TokenBuckets{requests: requests, per: per, burst: burst, clock: c, buckets: map[string]*rate.Limiter{}, swept: c.Now()}
}

// Take implements Limiter.
func (t *TokenBuckets) Take(name string) Decision {
	now := t.clock.Now()
	bucket := t.bucket(name, now)
	return t.decide(bucket.AllowN(now, 1), bucket.TokensAt(now))
}

// Peek is Take without taking.
func (t *TokenBuckets) Peek(name string) Decision {
	now := t.clock.Now()
	tokens := t.bucket(name, now).TokensAt(now)
	return t.decide(tokens >= 1, tokens)
}

// decide tells of a bucket that has these tokens.
func (t *TokenBuckets) decide(allowed bool, tokens float64) Decision {
	d := Decision{
		Allowed: allowed, Limit: t.requests, Remaining: max(0, int(tokens)),
		Reset: t.until(float64(t.burst) - tokens),
	}
	if !allowed {
		d.RetryAfter = max(time.Millisecond, t.until(1-tokens))
	}
	return d
}

// until is how long it takes to earn tokens.
func (t *TokenBuckets) until(tokens float64) time.Duration {
	return time.Duration(math.Max(0, tokens) * float64(t.per) / float64(t.requests))
}

func (t *TokenBuckets) bucket(name string, now time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.swept) >= sweepEvery || len(t.buckets) >= maxBuckets {
		t.sweep(now)
	}
	bucket, ok := t.buckets[name]
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(float64(t.requests)/t.per.Seconds()), t.burst)
		t.buckets[name] = bucket
	}
	return bucket
}

// sweep forgets full buckets. When there are still too many, some others go
// too: their owners gain a burst, and the memory stays bounded.
func (t *TokenBuckets) sweep(now time.Time) {
	t.swept = now
	for name, bucket := range t.buckets {
		if bucket.TokensAt(now) >= float64(t.burst) {
			delete(t.buckets, name)
		}
	}
	for name := range t.buckets {
		if len(t.buckets) < maxBuckets*9/10 {
			return
		}
		delete(t.buckets, name)
	}
}

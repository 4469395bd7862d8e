package activities

import (
	"math/rand/v2"
	"sync"
	"time"

	"go.temporal.io/sdk/temporal"
)

// How many retries hold places of a worker at the same time; the others come again
// later. A dead endpoint holds each for a timeout, so that without bounds the retries of
// few merchants would hold all 256.
const (
	attemptsPerMerchant = 64
	attemptsPerEndpoint = 8
	attemptsProbing     = 1 // at an endpoint that has only failed for a while
)

// A retry that found no place comes again after busyLeast to busyMost, at random: those
// that found none together do not come again together.
const (
	busyLeast = 5 * time.Second
	busyMost  = time.Minute
)

// busy has a retry that found no place repeated later. It is no fault, and none is
// logged or counted.
func busy() error {
	return temporal.NewApplicationErrorWithOptions("other retries to the endpoint or of the merchant are being made", "busy",
		temporal.ApplicationErrorOptions{
			Category:       temporal.ApplicationErrorCategoryBenign,
			NextRetryDelay: busyLeast + rand.N(busyMost-busyLeast), //nolint:gosec // it keeps retries apart, and nothing secret
		})
}

// places counts who holds how many places. The zero value has none taken.
type places struct {
	mu    sync.Mutex
	taken map[string]int // by the holder's id
}

// bound is how many places a holder may have.
type bound struct {
	holder string
	most   int
}

// take takes a place for each of the holders, or none where one of them has as many as
// it may.
func (p *places) take(bounds ...bound) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range bounds {
		if p.taken[b.holder] >= b.most {
			return false
		}
	}
	if p.taken == nil {
		p.taken = make(map[string]int)
	}
	for _, b := range bounds {
		p.taken[b.holder]++
	}
	return true
}

// give gives the place of each holder back.
func (p *places) give(bounds ...bound) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range bounds {
		if p.taken[b.holder]--; p.taken[b.holder] == 0 {
			delete(p.taken, b.holder)
		}
	}
}

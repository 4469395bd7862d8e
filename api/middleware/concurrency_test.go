package middleware

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// take takes the places of a method, without a wait, and reports whether there
// were any.
func (g *Gate) take(method string) bool {
	for _, places := range g.needs(method) {
		if !g.enter(context.Background(), places, time.Now()) {
			return false
		}
	}
	return true
}

func TestWritesLeavePlacesToReads(t *testing.T) {
	g := NewGate(8)
	for range 6 {
		require.True(t, g.take("POST"))
	}
	require.False(t, g.take("POST"))
	for range 2 {
		require.True(t, g.take("GET"))
	}
	require.False(t, g.take("GET"))

	g = NewGate(8)
	for range 8 {
		require.True(t, g.take("GET"), "reads may take all places")
	}
	require.True(t, NewGate(1).take("POST"), "the smallest gate takes writes")
}

func TestQueueAtTheGateIsBounded(t *testing.T) {
	g := NewGate(1)
	until := time.Now().Add(time.Minute)
	require.True(t, g.take("GET"))
	ctx, giveUp := context.WithCancel(context.Background())
	entered := make(chan bool, 1)
	wait := func() {
		go func() { entered <- g.enter(ctx, g.places, until) }()
		require.Eventually(t, func() bool { return g.waiting.Load() == 1 }, 30*time.Second, time.Millisecond)
	}
	wait()
	require.False(t, g.enter(context.Background(), g.places, until), "the queue is full: refused at once")
	<-g.places
	require.True(t, <-entered)
	wait()
	giveUp()
	require.False(t, <-entered)
	require.Eventually(t, func() bool { return g.waiting.Load() == 0 }, 30*time.Second, time.Millisecond)
}

func TestDrainIsKnownByItsOwnRequestsOnly(t *testing.T) {
	var d Drain
	ctx := context.WithoutCancel(d.Context(context.Background()))
	require.False(t, draining(ctx))
	d.Begin()
	require.True(t, draining(ctx))
	require.False(t, draining(context.Background()))
}

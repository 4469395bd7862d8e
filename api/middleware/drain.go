package middleware

import (
	"context"
	"sync/atomic"
)

// Drain tells the requests of a server that it is ending: those that come are
// refused at the gate, those that run go on. The zero value refuses nothing.
type Drain struct{ begun atomic.Bool }

type drainKey struct{}

// Context makes a server's base context, by which its requests know the drain.
func (d *Drain) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, drainKey{}, d)
}

// Begin refuses requests from now on.
func (d *Drain) Begin() { d.begun.Store(true) }

func draining(ctx context.Context) bool {
	d, ok := ctx.Value(drainKey{}).(*Drain)
	return ok && d.begun.Load()
}

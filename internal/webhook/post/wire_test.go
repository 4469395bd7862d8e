package post_test

import (
	"context"
	"net"
	"net/http/httptest"
	"sync"

	"paymenthub/internal/webhook/post"
)

// wire is a network in memory that leads to one server. With it a test can run in a bubble
// of time, which passes only when everybody waits: no stall makes anybody late there.
type wire struct {
	arriving chan net.Conn
	cut      chan struct{}
	once     sync.Once
}

func newWire() *wire { return &wire{arriving: make(chan net.Conn), cut: make(chan struct{})} }

// lay has a server listen at the wire.
func (w *wire) lay(s *httptest.Server) {
	_ = s.Listener.Close()
	s.Listener = w
}

// through has a client dial the wire, whatever the address.
func (w *wire) through(c *post.Client) *post.Client {
	c.Dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case w.arriving <- far:
			return near, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return c
}

// Accept, Close and Addr implement net.Listener.
func (w *wire) Accept() (net.Conn, error) {
	select {
	case conn := <-w.arriving:
		return conn, nil
	case <-w.cut:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.cut) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443} }

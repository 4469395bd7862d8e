//go:build !slim

package devserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"go.temporal.io/server/common/primitives"
)

const loopback = "127.0.0.1"

// endpoint is an address that was free a moment ago.
type endpoint struct {
	ip   string
	port int
}

func (e endpoint) String() string { return net.JoinHostPort(e.ip, strconv.Itoa(e.port)) }

func endpointOf(l net.Listener) endpoint {
	tcp := l.Addr().(*net.TCPAddr)
	return endpoint{ip: tcp.IP.String(), port: tcp.Port}
}

// listen opens a listener and says in one line what stands in the way.
func listen(what, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s cannot listen on %s: the port is in use", what, address)
	}
	return nil, fmt.Errorf("%s cannot listen on %s: %w", what, address, err)
}

// Ports that systems give nobody unasked: between being found free and being taken
// by its service, a port from the system's own range can go to a connection of
// whatever process is quicker.
const (
	firstAside = 20_000
	lastAside  = 32_000
	asideTries = 100
)

// listenAside is listen, but for port 0 it chooses from the ports aside.
func listenAside(what, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port != "0" {
		return listen(what, address)
	}
	for range asideTries {
		chosen := net.JoinHostPort(host, strconv.Itoa(nextAside()))
		if l, err := listen(what, chosen); err == nil {
			return l, nil
		}
	}
	return listen(what, address)
}

// perProcess is how many of the ports aside lie between those that two processes begin
// with whose ids follow each other: what another server has chosen, and is about to
// take, is then not chosen here.
const perProcess = 8

var asideTaken atomic.Int64

// nextAside chooses a port aside that this process has not chosen yet.
func nextAside() int {
	n := int64(os.Getpid())*perProcess + asideTaken.Add(1) - 1
	return firstAside + int(n%(lastAside-firstAside))
}

// serviceEndpoints are where the services of one server listen.
type serviceEndpoints map[primitives.ServiceName]endpoint

// reserveServices finds the frontend's port as asked for, and free ports for
// the internal services. All are held open together, so that no two are alike,
// and released for the server to take.
func reserveServices(frontend string) (serviceEndpoints, error) {
	wanted := []struct {
		service primitives.ServiceName
		address string
	}{
		{primitives.FrontendService, frontend},
		{primitives.HistoryService, net.JoinHostPort(loopback, "0")},
		{primitives.MatchingService, net.JoinHostPort(loopback, "0")},
		{primitives.WorkerService, net.JoinHostPort(loopback, "0")},
	}
	reserved := make(serviceEndpoints, len(wanted))
	for _, w := range wanted {
		l, err := listenAside("embedded Temporal", w.address)
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		reserved[w.service] = endpointOf(l)
	}
	return reserved, nil
}

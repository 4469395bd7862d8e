package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports below those that kernels give to connections: nothing takes one while
// the process that it belongs to is down.
const (
	lowestPort  = 12_000
	highestPort = 30_000
)

var (
	portsMu sync.Mutex
	taken   = map[int]bool{}
)

// reservePorts finds n ports that are free on loopback and that no other world
// of this process has.
func reservePorts(n int) ([]int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	var ports []int
	for range 1000 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if taken[port] {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return nil, err
		}
		taken[port] = true
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, errors.New("no free ports between 12000 and 30000")
}

func releasePorts(ports []int) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for _, port := range ports {
		delete(taken, port)
	}
}

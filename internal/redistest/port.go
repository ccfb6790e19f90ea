package redistest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports come from a range below the one from which systems choose source ports
// for outgoing connections: a server that was killed finds its port free when
// it is started again. A cluster's bus listens 10000 above.
const (
	firstPort = 11000
	lastPort  = 21999
	busOffset = 10000
)

var ports = struct {
	sync.Mutex
	taken map[int]bool // by this program, and never given back
}{taken: map[int]bool{}}

// FreePort returns a port on which nobody listens, nor on its bus port. Another
// program may take it before its user does, so users try again.
func FreePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if !ports.taken[port] && canListen(port) && canListen(port+busOffset) {
			ports.taken[port] = true
			return port, nil
		}
	}
	return 0, errors.New("no free port in 1000 tries")
}

func canListen(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func portOf(addr string) (int, error) {
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, fmt.Errorf("address %q: %w", addr, err)
	}
	return strconv.Atoi(p)
}

package redistest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports come from a range below the system's source ports of outgoing connections. So the
// port of a killed server is still free when the server is started again. The cluster bus
// listens on the port plus 10000.
const (
	firstPort = 11000
	lastPort  = 21999
	busOffset = 10000
)

var ports = struct {
	sync.Mutex
	taken map[int]bool // used by this program; never reused
}{taken: map[int]bool{}}

// FreePort returns a port that is free together with its bus port. It returns each port
// only once. Another program may take the port before the caller uses it, so the caller
// must be ready to retry.
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

package rpc

import "sync"

// slots counts the handlers that may still start.
type slots struct {
	mu   *sync.Mutex
	n    int
	came chan struct{} // one is free where none was; holds one
}

func newSlots(n int) slots { return slots{mu: &sync.Mutex{}, n: n, came: make(chan struct{}, 1)} }

// free returns how many are free. If none is, the channel tells when one is.
func (s *slots) free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *slots) take() {
	s.mu.Lock()
	s.n--
	s.mu.Unlock()
}

func (s *slots) give() {
	s.mu.Lock()
	s.n++
	first := s.n == 1
	s.mu.Unlock()
	if first {
		select {
		case s.came <- struct{}{}:
		default:
		}
	}
}

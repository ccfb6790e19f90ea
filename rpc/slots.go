package rpc

import "sync"

// slots counts the handlers that may still start.
type slots struct {
	mu   *sync.Mutex
	n    int
	came chan struct{} // signals that a slot became free when none was; holds one
}

func newSlots(n int) slots { return slots{mu: &sync.Mutex{}, n: n, came: make(chan struct{}, 1)} }

// free returns the number of free slots. If it is 0, came signals when one is free.
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

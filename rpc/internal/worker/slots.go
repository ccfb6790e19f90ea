package worker

import "sync"

// slots counts the handlers that may still start.
type slots struct {
	mu    *sync.Mutex
	n     int
	freed chan struct{} // signals that a slot became free when none was; holds one
}

func newSlots(n int) slots { return slots{mu: &sync.Mutex{}, n: n, freed: make(chan struct{}, 1)} }

// available returns the number of free slots. If it is 0, came signals when one is free.
func (s *slots) available() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *slots) acquire() {
	s.mu.Lock()
	s.n--
	s.mu.Unlock()
}

func (s *slots) release() {
	s.mu.Lock()
	s.n++
	first := s.n == 1
	s.mu.Unlock()
	if first {
		select {
		case s.freed <- struct{}{}:
		default:
		}
	}
}

package lease

import (
	"context"
	"sync"
)

// line is the callers of this process that wait for one lock, first come, first served. Only
// the first one waits at the server, and none does while the process holds a lock that it
// passes on.
type line struct {
	waiting []*caller
	front   bool  // a caller waits at the server
	holds   bool  // the process has a lease that its release passes on
	passes  int   // how often in a row it was passed on
	tried   int64 // when the server last recorded that this process waits, ms of its clock
}

// caller is a call that waits in a line.
type caller struct {
	req  Request
	ctx  context.Context
	turn chan turn // holds one
}

// turn is what a caller gets when it is first in its line: a lease that was passed on to it,
// or, without a lease, its turn to wait at the server. If the client is being closed, every
// caller gets an error.
type turn struct {
	lease *Lease
	err   error
}

// lines are the lines of one client, by the key of the leases.
type lines struct {
	mu     sync.Mutex
	m      map[string]*line
	closed error // why nobody may wait, or nil
}

// of returns the line of a lock. The mutex is held.
func (s *lines) of(key string) *line {
	l := s.m[key]
	if l == nil {
		if s.m == nil {
			s.m = map[string]*line{}
		}
		l = &line{}
		s.m[key] = l
	}
	return l
}

// empty reports whether nobody waits for a lock.
func (s *lines) empty(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.m[key]
	return l == nil || len(l.waiting) == 0 && !l.front
}

// others reports whether callers of this process wait behind the one at the server.
func (s *lines) others(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.m[key]
	return l != nil && len(l.waiting) > 0
}

// tidy removes a line that is not needed. The mutex is held.
func (s *lines) tidy(key string) {
	if l := s.m[key]; len(l.waiting) == 0 && !l.front && !l.holds {
		delete(s.m, key)
	}
}

// tried records the time of an attempt after which the server counts this process as waiting.
func (s *lines) tried(key string, millis int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.m[key]; l != nil {
		l.tried = max(l.tried, millis)
	}
}

// join adds a caller. If it is first, its turn comes at once. tried is the time of its attempt
// by the server's clock, or 0.
func (s *lines) join(ctx context.Context, r Request, tried int64) *caller {
	c := &caller{req: r, ctx: ctx, turn: make(chan turn, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		c.turn <- turn{err: s.closed}
		return c
	}
	l := s.of(r.Keys.Leases)
	l.tried = max(l.tried, tried)
	l.waiting = append(l.waiting, c)
	l.advance()
	return c
}

// close ends the waits of all callers that do not wait at the server.
func (s *lines) close(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = err
	for _, l := range s.m {
		for _, c := range l.waiting {
			c.turn <- turn{err: err}
		}
		l.waiting = nil
	}
}

// advance lets the first caller wait at the server, unless another does, or the process
// holds the lock. The mutex is held.
func (l *line) advance() {
	if c := l.first(); c != nil && !l.front && !l.holds {
		l.front = true
		l.pop().turn <- turn{}
	}
}

func (l *line) first() *caller {
	if len(l.waiting) == 0 {
		return nil
	}
	return l.waiting[0]
}

func (l *line) pop() *caller {
	c := l.waiting[0]
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	return c
}

// leave removes a caller, and reports whether it was still waiting. Otherwise its turn has
// come, or is about to.
func (s *lines) leave(c *caller) bool {
	key := c.req.Keys.Leases
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.m[key]
	if l == nil {
		return false
	}
	for i, other := range l.waiting {
		if other == c {
			l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
			s.tidy(key)
			return true
		}
	}
	return false
}

// frontLeft records that the caller at the server has its lease, or has given up. It returns
// the time of the last attempt, and whether nobody waits any more.
func (s *lines) frontLeft(r Request, got bool) (tried int64, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(r.Keys.Leases)
	l.front = false
	tried, last = l.tried, len(l.waiting) == 0
	if got && r.PassOn {
		l.holds, l.passes = true, 0
	}
	l.advance()
	s.tidy(r.Keys.Leases)
	return tried, last
}

// taken records that a lease was acquired without waiting.
func (s *lines) taken(r Request) {
	if !r.PassOn {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(r.Keys.Leases)
	l.holds, l.passes = true, 0
}

// next removes and returns the caller to which a release passes the lease on, and how often
// that has happened in a row. Without one, the process no longer holds the lock. A caller that
// waits at the server is before those in the line, so nothing is passed on then.
func (s *lines) next(r Request) (*caller, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(r.Keys.Leases)
	if c := l.first(); c != nil && r.PassOn && l.holds && !l.front {
		l.passes++
		return l.pop(), l.passes - 1
	}
	l.holds = false
	l.advance()
	s.tidy(r.Keys.Leases)
	return nil, 0
}

// gone records that a lease was lost or given up.
func (s *lines) gone(r Request) {
	if !r.PassOn {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(r.Keys.Leases)
	l.holds = false
	l.advance()
	s.tidy(r.Keys.Leases)
}

// notPassed puts a caller back, since the lease was not passed on to it.
func (s *lines) notPassed(c *caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(c.req.Keys.Leases)
	l.holds = false
	if s.closed != nil {
		c.turn <- turn{err: s.closed}
		return
	}
	l.waiting = append([]*caller{c}, l.waiting...)
	l.advance()
}

package lease

import (
	"context"
	"sync"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

// line is the callers of this process that wait for one lock, first come, first served. Only
// the first one waits at the server, and none does while the process holds a lock that it
// passes on.
type line struct {
	waiting []*caller
	front   bool // a caller waits at the server
	holds   bool // the process has a lease that its release passes on
	passes  int  // how often in a row it was passed on
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

// join adds a caller. If it is first, its turn comes at once.
func (s *lines) join(ctx context.Context, r Request) *caller {
	c := &caller{req: r, ctx: ctx, turn: make(chan turn, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		c.turn <- turn{err: s.closed}
		return c
	}
	l := s.of(r.Keys.Leases)
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

// frontLeft records that the caller at the server has its lease, or has given up.
func (s *lines) frontLeft(r Request, got bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(r.Keys.Leases)
	l.front = false
	if got && r.PassOn {
		l.holds, l.passes = true, 0
	}
	l.advance()
	s.tidy(r.Keys.Leases)
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
// that has happened in a row. Without one, the process no longer holds the lock.
func (s *lines) next(r Request) (*caller, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of(r.Keys.Leases)
	if c := l.first(); c != nil && r.PassOn && l.holds {
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

// Acquire acquires a lease, and waits until it is free. Callers of one process are served in
// their order.
func (k *Keeper) Acquire(ctx context.Context, r Request) (*Lease, error) {
	var due time.Time
	if k.lines.empty(r.Keys.Leases) {
		l, next, err := k.try(ctx, r, true)
		if l != nil || err != nil {
			return l, err
		}
		due = next
	}
	c := k.lines.join(ctx, r)
	select {
	case t := <-c.turn:
		if t.lease != nil || t.err != nil {
			return t.lease, t.err
		}
		return k.waitAtServer(c, due)
	case <-ctx.Done():
		if k.lines.leave(c) {
			return nil, ctx.Err()
		}
		return k.leaveTurn(c)
	}
}

// leaveTime is how long a caller that leaves waits for a lease that is being passed on to it.
const leaveTime = 10 * time.Millisecond

// leaveTurn ends a call whose context has ended, and whose turn has come or is about to.
func (k *Keeper) leaveTurn(c *caller) (*Lease, error) {
	timer := time.NewTimer(leaveTime)
	defer timer.Stop()
	select {
	case t := <-c.turn:
		if t.lease != nil || t.err != nil {
			return t.lease, t.err
		}
		k.frontGaveUp(c.req)
	case <-timer.C:
		go func() { // the release that passes it on always ends
			switch t := <-c.turn; {
			case t.lease != nil:
				_ = t.lease.Release(context.Background()) // it ends by itself at the latest
			case t.err == nil:
				k.frontGaveUp(c.req)
			}
		}()
	}
	return nil, c.ctx.Err()
}

// waitAtServer waits for a lease at the server.
func (k *Keeper) waitAtServer(c *caller, due time.Time) (*Lease, error) {
	claim := &claimant{keeper: k, req: c.req, id: k.ids.next()}
	value, sent, err := wait.Of(k.shared).Claim(c.ctx, k.source(c.req), claim, due)
	if err != nil {
		claim.abandon()
		k.frontGaveUp(c.req)
		return nil, err
	}
	if time.Since(sent) > c.req.TTL/4 { // the request was sent before the block of the connection
		sent = k.renewNow(c.req, value, sent)
	}
	l, err := k.newLease(c.ctx, c.req, value, sent)
	if err != nil {
		claim.Orphaned(value)
		k.frontGaveUp(c.req)
		return nil, err
	}
	k.lines.frontLeft(c.req, true)
	return l, nil
}

// renewNow renews a lease that has just been acquired, and returns when the renewal was sent.
// If it fails, it returns the time sent: the lease then ends early by the local clock.
func (k *Keeper) renewNow(r Request, record string, sent time.Time) time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), r.TTL/2)
	defer cancel()
	now := time.Now()
	reply, err := renewScript.Run(ctx, k.shared, []string{r.Keys.Leases, r.Keys.Meta}, record, r.TTL.Milliseconds())
	if results, bad := parseRenewal(reply, 1); err == nil && bad == nil && results[1] == renewed {
		return now
	}
	return sent
}

// frontGaveUp records that the caller at the server has given up. If no other caller of this
// process waits, the server is told, so that it does not wake this process.
func (k *Keeper) frontGaveUp(r Request) {
	k.lines.frontLeft(r, false)
	if !k.lines.empty(r.Keys.Leases) {
		return
	}
	k.releases.Add(1)
	go func() {
		defer k.releases.Add(-1)
		_, _ = leaveScript.Run(context.Background(), k.shared, r.Keys.all(),
			wait.WakeMode(k.shared), wait.TokenTTL.Milliseconds(), k.ids.prefix) // it is forgotten after 12 s at the latest
	}()
}

// source returns the source of a lock's leases. Requests for more than 1 have another one.
func (k *Keeper) source(r Request) wait.Source {
	if r.Weight > 1 {
		return wait.NewClaims(r.Keys.Leases, r.Keys.LargeWake, acquireScript, r.Keys.all()...)
	}
	return wait.NewClaims(r.Keys.Leases, r.Keys.Wake, acquireScript, r.Keys.all()...)
}

// claimant is a request for a lease that waits at the server.
type claimant struct {
	keeper *Keeper
	req    Request
	id     string

	mu      sync.Mutex
	until   int64 // until when the last request may arrive
	copies  int64 // until when requests without a reply may arrive
	pending bool  // the last request has no reply
}

// Request implements [wait.Claimant].
func (c *claimant) Request() []any {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until, c.pending = c.keeper.clock.ToServer(time.Now().Add(copyTime)), true
	return c.keeper.requestArgs(c.req, c.id, c.until, c.copies, c.keeper.lines.others(c.req.Keys.Leases))
}

// Replied implements [wait.Claimant].
func (c *claimant) Replied(millis int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = false
	if millis > 0 {
		c.keeper.clock.Set(millis)
	}
}

// Lost implements [wait.Claimant].
func (c *claimant) Lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copies, c.pending = max(c.copies, c.until), false
}

// Orphaned implements [wait.Claimant].
func (c *claimant) Orphaned(string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keeper.releaseCopies(c.req.Keys, c.id, max(c.copies, c.until))
}

// abandon releases what requests without a reply may have acquired, or may still acquire.
func (c *claimant) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending || c.copies > 0 {
		c.keeper.releaseCopies(c.req.Keys, c.id, max(c.copies, c.until))
	}
}

// passOn releases a lease by passing it on to a caller of this process. It reports whether
// the lease was there.
func (k *Keeper) passOn(ctx context.Context, h *held, c *caller, passes int) (found bool, err error) {
	id := k.ids.next()
	sent := time.Now()
	pause := pauses.Start()
	for {
		reply, err := passScript.Run(ctx, k.shared, h.req.Keys.all(),
			wait.WakeMode(k.shared), wait.TokenTTL.Milliseconds(), passes, h.record, k.ids.prefix,
			id, c.req.Weight, c.req.TTL.Milliseconds(), c.req.Owner)
		state, record, bad := parsePass(reply)
		if err == nil {
			err = bad
		}
		var l *Lease
		if err == nil && state == passed {
			l, err = k.newLease(c.ctx, c.req, record, sent)
		}
		switch {
		case err == nil && state == passed:
			c.turn <- turn{lease: l}
			return true, nil
		case err == nil:
			k.lines.notPassed(c)
			return state == releasedOnly || !pause.Fresh(), nil
		case send.Permanent(err) || !time.Now().Before(sent.Add(h.req.TTL)):
			k.releaseCopies(h.req.Keys, id, k.clock.ToServer(sent.Add(c.req.TTL)))
			k.lines.notPassed(c)
			return false, err
		}
		pause.Wait(ctx)
	}
}

// The states that the script pass returns.
const (
	releasedOnly = 1
	passed       = 2
)

func parsePass(reply any) (state int64, record string, err error) {
	parts, _ := reply.([]any)
	if len(parts) < 2 {
		return 0, "", badReply("it has too few parts")
	}
	state, _ = parts[0].(int64)
	if len(parts) > 2 {
		record, _ = parts[2].(string)
	}
	return state, record, nil
}

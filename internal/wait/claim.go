package wait

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// claimPeriod is the length of one block of a loop for claims. Every take follows a block, so
// it is also how long the loop waits if no wake-up arrives and nothing becomes due.
const claimPeriod = 5 * time.Second

// claimLeaveTime is LeaveTime for claims: their takes in flight are settled later.
const claimLeaveTime = 10 * time.Millisecond

// Claimant is a receiver of a source of claims. It wants one value that its own request
// describes, for example a lease. Its methods are called while a mutex is held, and must
// neither block nor call this package.
type Claimant interface {
	// Request returns the arguments of the next take for it.
	Request() []any
	// Replied records a reply, which has the server's time in ms. The time is 0 in an error,
	// after which nothing was executed.
	Replied(millis int64)
	// Lost records that a reply was lost. The next request is a copy of that one: the script
	// must find out whether the first copy was executed.
	Lost()
	// Orphaned gets a value that arrived after the receiver had left.
	Orphaned(value string)
}

// NewClaims returns a source of which each take is for one receiver. Another process wakes
// its receivers whenever something becomes free. On a cluster the wake-up may name the process
// that it is for.
//
// take gets the arguments of a [Claimant]. It replies "state time due value": state 0 if
// there is no value, and receivers have to wait for a wake-up or for due ms, if due is not
// negative; 1 with a value; 2 if there may be another; 3 if the request came too late and has
// to be sent again. time is the server's clock in ms.
func NewClaims(process, values, wake string, take *script.Script, scriptKeys ...string) Source {
	return Source{Values: values, Wake: wake, owner: values, keys: scriptKeys, take: take, claims: true, process: process}
}

// The states that the take of a claim returns.
const (
	ClaimNone  = 0
	ClaimMade  = 1
	ClaimMore  = 2
	ClaimAgain = 3
)

// Claim waits for a value of a source of claims. sent is a time before the server executed
// the take. After an error the claimant may have a request in flight: its value is passed to
// Orphaned if it arrives.
//
// If the caller has just tried to take the value, due is when another take may succeed. A zero
// due makes the loop try at once.
func (w *Waiter) Claim(ctx context.Context, s Source, c Claimant, due time.Time) (value string, sent time.Time, err error) {
	r := &receiver{max: 1, claim: c, due: due, done: make(chan struct{})}
	values, err := w.receive(ctx, s, r, claimLeaveTime)
	if err != nil {
		return "", sent, err
	}
	return values[0], r.sent, nil
}

// firstClaim returns the receiver for which the next take of a source of claims is, or nil.
func (q *waitQueue) firstClaim() *receiver {
	for _, r := range q.waiting {
		if !r.leaving {
			return r
		}
	}
	return nil
}

// ClaimReply is the reply to the take of a claim.
type ClaimReply struct {
	State  int64
	Millis int64         // the server's time
	Due    time.Duration // until another take may succeed; negative if nothing becomes due
	Value  string
}

// ParseClaim parses the reply to the take of a claim.
func ParseClaim(reply any) (c ClaimReply, err error) {
	rest, _ := reply.(string)
	var due int64
	for _, n := range [...]*int64{&c.State, &c.Millis, &due} {
		number, after, found := strings.Cut(rest, " ")
		if *n, err = strconv.ParseInt(number, 10, 64); err != nil || !found {
			return c, badReply(reply)
		}
		rest = after
	}
	c.Due, c.Value = time.Duration(due)*time.Millisecond, rest
	if made := c.State == ClaimMade || c.State == ClaimMore; made == (rest == "") {
		return c, badReply(reply)
	}
	return c, nil
}

// finishClaim records the reply to a take. The mutex is held.
func (l *loop) finishClaim(t takeCall, reply any) {
	c, err := ParseClaim(reply)
	if err != nil {
		t.receiver.claim.Lost()
		if t.queue.remove(t.receiver) {
			t.receiver.err = err
			close(t.receiver.done)
		}
		return
	}
	t.queue.lastErr = nil
	t.receiver.claim.Replied(c.Millis)
	switch c.State {
	case ClaimNone:
		t.queue.due = time.Time{}
		if c.Due >= 0 {
			t.queue.due = time.Now().Add(c.Due)
		}
	case ClaimAgain:
		t.queue.dirty = true
	case ClaimMade, ClaimMore:
		if t.queue.remove(t.receiver) {
			t.receiver.values, t.receiver.sent = []string{c.Value}, t.sent
			close(t.receiver.done)
		} else {
			t.receiver.claim.Orphaned(c.Value)
		}
		t.queue.dirty = c.State == ClaimMore && len(t.queue.waiting) > 0
	}
}

// startDueTimer starts the timer that ends a block when a claim becomes due.
func (l *loop) startDueTimer(queues []*waitQueue) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first time.Time
	for _, q := range queues {
		if !q.due.IsZero() && (first.IsZero() || q.due.Before(first)) {
			first = q.due
		}
	}
	if first.IsZero() || time.Until(first) > l.period {
		return func() {}
	}
	timer := time.AfterFunc(time.Until(first), l.takeDue)
	return func() { timer.Stop() }
}

// takeDue makes the loop take from the queues that are due.
func (l *loop) takeDue() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, q := range l.queues {
		if !q.due.IsZero() && !q.due.After(now) && len(q.waiting) > 0 {
			q.due, q.dirty = time.Time{}, true
			l.notify()
			l.waker.interrupt(q, true)
		}
	}
}

// loopID identifies a loop. Claims have a loop of their own, since it blocks longer.
type loopID struct {
	node   *redis.Client // nil if the client does not identify its servers
	claims bool
}

// reportError records the error of a take: whether its reply was lost.
func (l *loop) reportError(t takeCall, err error) {
	lost := errors.Is(err, send.ErrMaybeRan)
	if t.receiver == nil {
		if lost {
			l.waiter.reportLost(t.queue.source, t.limit, whyTake, err)
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if lost {
		t.receiver.claim.Lost()
	} else {
		t.receiver.claim.Replied(0)
	}
}

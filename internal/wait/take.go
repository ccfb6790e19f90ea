package wait

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	// WakeLua is the Lua function with which scripts wake receivers.
	WakeLua = script.LoadFunctions(luaFiles, "wake")
	// PopLua is the Lua function with which scripts pop values up to the bound of one reply.
	PopLua = script.LoadFunctions(luaFiles, "pop")

	takeScript    = script.New(luaFiles, "take", WakeLua, PopLua)
	requeueScript = script.New(luaFiles, "requeue", WakeLua)
)

// take takes values from the queues, as many as their receivers can use.
func (l *loop) take(ctx context.Context, queues []*waitQueue) error {
	takes := l.newTakes(ctx, queues)
	l.expectReply(0)
	err := l.exec(ctx, cmders(takes)...)
	return l.finishTakes(ctx, takes, err)
}

// exec sends commands as one pipeline. Each command gets its error, also after a panic of a
// hook.
func (l *loop) exec(ctx context.Context, cmds ...redis.Cmder) error {
	client := l.waker.client()
	if c, ok := client.(*conn.Client); ok {
		l.watch.begin(c)
		defer l.watch.end()
	}
	err := guard(func() error { return l.waiter.shared.Sender.WriteOn(ctx, client, cmds...) })
	l.replyDeadline.Store(0)
	if errors.Is(err, send.ErrHookPanic) {
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
	}
	return err
}

// takeCall is a take in flight.
type takeCall struct {
	queue   *waitQueue
	limit   int
	expired []*receiver // receivers whose wait ends with this take
	args    []any
	cmd     *redis.Cmd

	receiver *receiver // of a claim
	sent     time.Time
}

// newTakes returns a take for each queue with receivers.
func (l *loop) newTakes(ctx context.Context, queues []*waitQueue) []takeCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.takesOf(ctx, queues)
}

// takesAfterBlock returns the takes that follow a block, and reports false if a queue cannot
// wait for the block.
func (l *loop) takesAfterBlock(ctx context.Context, queues []*waitQueue) (takes []takeCall, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.urgent() {
		return nil, false
	}
	return l.takesOf(ctx, queues), true
}

// takesOf is newTakes. The mutex is held.
func (l *loop) takesOf(ctx context.Context, queues []*waitQueue) (takes []takeCall) {
	for _, q := range queues {
		q.dirty = false
		t := takeCall{queue: q, limit: q.wanted(), expired: q.expired(), sent: time.Now()}
		if t.limit == 0 {
			continue
		}
		if q.source.claims {
			if t.receiver, t.limit = q.firstClaim(), 1; t.receiver == nil {
				continue
			}
			t.args = t.receiver.claim.Request()
		} else {
			t.args = l.waiter.takeArgs(t.limit)
		}
		q.taking = true
		t.cmd = q.source.take.Command(ctx, l.waiter.shared, q.source.keys, t.args...)
		takes = append(takes, t)
	}
	return takes
}

// discard discards takes that were not sent.
func (l *loop) discard(takes []takeCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range takes {
		t.queue.dirty = true
		t.queue.takeEnded()
	}
}

func (w *Waiter) takeArgs(n int) []any {
	return []any{n, WakeMode(w.shared), TokenTTL.Milliseconds()}
}

func cmders(takes []takeCall) []redis.Cmder {
	cmds := make([]redis.Cmder, len(takes))
	for i, t := range takes {
		cmds[i] = t.cmd
	}
	return cmds
}

// finishTakes distributes the values of the takes of a pipeline. err is the pipeline's error:
// a take without a reply may have popped values. It returns the first error of a take.
func (l *loop) finishTakes(ctx context.Context, takes []takeCall, err error) error {
	var replied redis.Error
	unsent := errors.Is(err, send.ErrUnavailable) && !errors.As(err, &replied)
	var first error
	for _, t := range takes {
		reply, err := t.cmd.Result()
		switch {
		case script.Unknown(err): // not executed; send it in full
			err = guard(func() (err error) {
				reply, err = l.takeInFull(ctx, t)
				return err
			})
		case send.IsNil(err): // not a reply of the script
			err = nil
		case err == nil, errors.Is(err, send.ErrHookPanic), errors.Is(err, send.ErrCloseCalled):
		case unsent, errors.As(err, &replied):
			err = l.waiter.shared.Sender.Classify(ctx, err)
		default:
			err = send.WithClass(send.ErrMaybeRan, err)
		}
		if err != nil {
			l.reportError(t, err)
		}
		if err := l.finishTake(t, reply, err); err != nil && first == nil {
			first = err
		}
	}
	if first == nil && len(takes) > 0 {
		l.recordSuccess()
	}
	return first
}

// takeInFull runs a take whose script the server does not know.
func (l *loop) takeInFull(ctx context.Context, t takeCall) (any, error) {
	s, keys := t.queue.source.take, t.queue.source.keys
	full := s.Full(ctx, l.waiter.shared, keys, t.args...)
	err := l.exec(ctx, full)
	if script.Unknown(full.Err()) {
		return s.Run(ctx, l.waiter.shared, keys, t.args...)
	}
	return full.Val(), err
}

// finishTake distributes the values of one take.
func (l *loop) finishTake(t takeCall, reply any, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer t.queue.takeEnded()
	switch {
	case send.SlotMoved(err):
		t.queue.lastErr = err
		l.startMove(t.queue, err)
		return nil
	case refused(err):
		t.queue.fail(err)
		return nil
	case err != nil:
		t.queue.dirty, t.queue.lastErr = true, err
		return err
	}
	if t.receiver != nil {
		l.finishClaim(t, reply)
		return nil
	}
	state, values, err := decodeTake(reply)
	if err != nil {
		t.queue.fail(err)
		return nil
	}
	t.queue.lastErr = nil
	t.queue.serve(values)
	if state == stateClosed {
		t.queue.fail(ErrClosed)
	}
	if len(values) == 0 && state == stateOpen {
		t.queue.endIdle(t.expired)
	}
	if state == stateMore && len(t.queue.waiting) > 0 || len(t.queue.expired()) > 0 {
		t.queue.dirty = true
	}
	return nil
}

// The states that take returns.
const (
	stateOpen   = 0
	stateMore   = 1
	stateClosed = 2
)

func decodeTake(reply any) (state int64, values []string, err error) {
	parts, ok := reply.([]any)
	if !ok || len(parts) == 0 {
		return 0, nil, badReply(reply)
	}
	state, ok = parts[0].(int64)
	if !ok {
		return 0, nil, badReply(parts[0])
	}
	for _, p := range parts[1:] {
		v, _ := p.(string)
		values = append(values, v)
	}
	return state, values, nil
}

// badReply returns the error for a reply that the script never gives: something else may have
// been executed.
func badReply(got any) error {
	return send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w (%T)", send.ErrBadReply, got))
}

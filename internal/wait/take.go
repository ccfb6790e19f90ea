package wait

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

var (
	// Ring is the Lua function with which scripts wake receivers.
	//go:embed scripts/ring.lua
	Ring string
	// Pop is the Lua function with which scripts pop values up to the bound of one reply.
	//go:embed scripts/pop.lua
	Pop string
	//go:embed scripts/take.lua
	takeSource string
	//go:embed scripts/give_back.lua
	giveBackSource string
)

var (
	take     = script.New(takeSource, Ring, Pop)
	giveBack = script.New(giveBackSource, Ring)
)

// look takes values from the queues, as many as their receivers can use.
func (l *loop) look(ctx context.Context, queues []*waitQueue) error {
	asks := l.ask(ctx, queues)
	l.expect(0)
	err := l.carry(ctx, cmders(asks)...)
	return l.settle(ctx, asks, err)
}

// carry sends commands as one pipeline. Each command gets its error, also after a panic of a
// hook.
func (l *loop) carry(ctx context.Context, cmds ...redis.Cmder) error {
	client := l.waker.client()
	if own, ok := client.(*conn.Client); ok {
		l.watch.begin(own)
		defer l.watch.end()
	}
	err := guard(func() error { return l.w.shared.Send.WriteOn(ctx, client, cmds...) })
	l.due.Store(0)
	if errors.Is(err, send.ErrHook) {
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
	}
	return err
}

// ask is a take in flight.
type ask struct {
	queue *waitQueue
	want  int
	last  []*receiver // receivers whose wait ends with this take
	cmd   *redis.Cmd
}

// ask returns a take for each queue with receivers.
func (l *loop) ask(ctx context.Context, queues []*waitQueue) []ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	var asks []ask
	for _, q := range queues {
		q.dirty = false
		if n := q.wanted(); n > 0 {
			q.taking = true
			asks = append(asks, ask{q, n, q.lasts(), q.source.take.Command(ctx, l.w.shared, q.source.keys, l.takeArgs(n)...)})
		}
	}
	return asks
}

// unask discards takes that were not sent.
func (l *loop) unask(asks []ask) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range asks {
		a.queue.dirty = true
		a.queue.settled()
	}
}

func (l *loop) takeArgs(n int) []any {
	return []any{n, Flag(l.w.shared), TokenLife.Milliseconds()}
}

func cmders(asks []ask) []redis.Cmder {
	cmds := make([]redis.Cmder, len(asks))
	for i, a := range asks {
		cmds[i] = a.cmd
	}
	return cmds
}

// settle distributes the values of the takes of a pipeline. err is the pipeline's error: a
// take without a reply may have popped values. It returns the first error of a take.
func (l *loop) settle(ctx context.Context, asks []ask, err error) error {
	var replied redis.Error
	unsent := errors.Is(err, send.ErrUnavailable) && !errors.As(err, &replied)
	var first error
	for _, a := range asks {
		answer, err := a.cmd.Result()
		switch {
		case script.Unknown(err): // not executed; send it in full
			err = guard(func() (err error) {
				answer, err = l.inFull(ctx, a)
				return err
			})
		case send.IsNil(err): // not a reply of the script
			err = nil
		case err == nil, errors.Is(err, send.ErrHook), errors.Is(err, send.ErrShut):
		case unsent, errors.As(err, &replied):
			err = l.w.shared.Send.Explain(ctx, err)
		default:
			err = send.Fault(send.ErrMaybeRan, err)
		}
		if errors.Is(err, send.ErrMaybeRan) {
			l.w.lost(a.queue.source, a.want, whyTake, err)
		}
		if err := l.settleOne(a, answer, err); err != nil && first == nil {
			first = err
		}
	}
	if first == nil && len(asks) > 0 {
		l.served()
	}
	return first
}

// inFull runs a take whose script the server does not know.
func (l *loop) inFull(ctx context.Context, a ask) (any, error) {
	take, keys, args := a.queue.source.take, a.queue.source.keys, l.takeArgs(a.want)
	full := take.Full(ctx, l.w.shared, keys, args...)
	err := l.carry(ctx, full)
	if script.Unknown(full.Err()) {
		return take.Run(ctx, l.w.shared, keys, args...)
	}
	return full.Val(), err
}

// settleOne distributes the values of one take.
func (l *loop) settleOne(a ask, answer any, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer a.queue.settled()
	switch {
	case moved(err):
		a.queue.trouble = err
		l.depart(a.queue, err)
		return nil
	case permanent(err):
		a.queue.fail(err)
		return nil
	case err != nil:
		a.queue.dirty, a.queue.trouble = true, err
		return err
	}
	state, values, err := decodeTake(answer)
	if err != nil {
		a.queue.fail(err)
		return nil
	}
	a.queue.trouble = nil
	a.queue.serve(values)
	if state == stateClosed {
		a.queue.fail(ErrClosed)
	}
	if len(values) == 0 && state == stateOpen {
		a.queue.end(a.last)
	}
	if state == stateMore && len(a.queue.waiting) > 0 || len(a.queue.lasts()) > 0 {
		a.queue.dirty = true
	}
	return nil
}

// The states that take returns.
const (
	stateOpen   = 0
	stateMore   = 1
	stateClosed = 2
)

func decodeTake(answer any) (state int64, values []string, err error) {
	parts, ok := answer.([]any)
	if !ok || len(parts) == 0 {
		return 0, nil, nonsense(answer)
	}
	state, ok = parts[0].(int64)
	if !ok {
		return 0, nil, nonsense(parts[0])
	}
	for _, p := range parts[1:] {
		v, _ := p.(string)
		values = append(values, v)
	}
	return state, values, nil
}

// nonsense returns the error for a reply that the script never gives: something else may have
// been executed.
func nonsense(got any) error {
	return send.Fault(send.ErrMaybeRan, fmt.Errorf("%w (%T)", send.ErrReply, got))
}

// moved reports whether err is a node's reply that it no longer has the slot, or only a part
// of it.
func moved(err error) bool {
	var answer redis.Error
	if !send.Transient(err) || !errors.As(err, &answer) {
		return false
	}
	word, _, _ := strings.Cut(answer.Error(), " ")
	return word == "MOVED" || word == "ASK" || word == "TRYAGAIN"
}

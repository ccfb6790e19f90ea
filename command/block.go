package command

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

const (
	grace    = 2 * time.Second      // wait for a reply beyond the time that a command blocks
	farewell = 8 * time.Millisecond // wait for the reply of a command whose context has ended
	moves    = 4                    // number of attempts when a cluster redirects a key
)

var errNode = errors.New("a command that blocks or changes its connection needs a client of a single server, of Sentinel or of a cluster")

// waits reports whether a blocking command will block. XREAD and XREADGROUP block only
// with BLOCK.
func (q *request) waits() bool {
	_, ok := q.blockTime()
	return ok || q.cmd.id != "xread" && q.cmd.id != "xreadgroup"
}

// blockTime returns how long the command may block; 0 means without limit. It returns
// false if the arguments do not say.
func (q *request) blockTime() (time.Duration, bool) {
	m := matcher{words: q.words, count: -1, keep: true}
	q.cmd.matches(&m)
	for _, match := range m.all {
		unit := time.Second
		switch {
		case match.Token:
			continue
		case match.Arg.Token == "BLOCK", q.cmd.id == "wait", q.cmd.id == "waitaof":
			unit = time.Millisecond
			if match.Arg.Token != "BLOCK" && match.Arg.Name != "timeout" {
				continue
			}
		case match.Arg.Name != "timeout":
			continue
		}
		n, err := strconv.ParseFloat(q.words[match.Pos], 64)
		if err != nil || n < 0 || n*float64(unit) > math.MaxInt64/4 {
			return 0, true // the server refuses it
		}
		return time.Duration(n * float64(unit)), true
	}
	return 0, false
}

// apart runs a request on a dedicated connection.
func (q *request) apart(ctx context.Context) (any, error) {
	key := ""
	if len(q.keys) > 0 {
		key = q.keys[0]
	}
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, q.ended(err, false)
		}
		node, err := q.shared.Node(ctx, key)
		if err != nil {
			return nil, q.shared.Sender.Classify(ctx, err)
		}
		if node == nil {
			return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errNode)
		}
		if err := send.ErrIfClosed(node); err != nil { // a new connection does not detect this
			return nil, q.shared.Sender.Classify(ctx, err)
		}
		v, err := q.alone(ctx, node)
		if !redis.HasErrorPrefix(err, "MOVED") || attempt == moves || !backoff.Sleep(ctx, grace/100) {
			return v, err
		}
		_ = q.shared.Sender.Classify(ctx, err) // makes a cluster client reload its slot map
	}
}

// answer is the result of a command.
type answer struct {
	value any
	err   error
}

// alone runs a request on a new connection to node, and ends it when the context ends.
func (q *request) alone(ctx context.Context, node *redis.Client) (any, error) {
	patience := node.Options().ReadTimeout
	if limit, ok := q.blockTime(); ok && limit == 0 {
		patience = -1
	} else if ok {
		patience = limit + grace
	}
	own := conn.Dedicated(node, patience)
	defer own.Close()
	var id atomic.Int64
	done := make(chan answer, 1)
	go func() { done <- q.occupy(ctx, own, &id) }()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
	}
	over := make(chan struct{})
	defer close(over)
	go q.unblock(node, &id, over)
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case a := <-done:
		if a.err != nil || a.value != nil {
			return a.value, a.err
		}
		return nil, q.ended(ctx.Err(), false)
	case <-timer.C:
		return nil, q.ended(ctx.Err(), true)
	}
}

// occupy sends a request on a dedicated connection. It first asks for the connection's
// id, by which the command can be unblocked.
func (q *request) occupy(ctx context.Context, own *redis.Client, id *atomic.Int64) answer {
	sender := send.New(own).Unbatched()
	wire := context.WithoutCancel(ctx)
	name := redis.NewIntCmd(wire, "CLIENT", "ID")
	if q.cmd.Blocking() && sender.Read(wire, name) == nil {
		id.Store(name.Val())
	}
	if err := ctx.Err(); err != nil {
		return answer{err: q.ended(err, false)}
	}
	cmd := redis.NewCmd(wire, q.args...)
	err := sender.Write(wire, cmd)
	if errors.Is(err, redis.Nil) {
		return answer{}
	}
	if err != nil {
		return answer{err: err}
	}
	return answer{value: cmd.Val()}
}

// unblock ends a blocked command at its server. It retries, because the command may not
// block yet.
func (q *request) unblock(node *redis.Client, id *atomic.Int64, over <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	for {
		if n := id.Load(); n != 0 && node.ClientUnblock(ctx, n).Val() == 1 {
			return
		}
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// ended returns the error of a request whose context has ended. maybe says that the
// command may have run.
func (q *request) ended(err error, maybe bool) error {
	switch {
	case q.cmd.Retryable():
		return err
	case maybe:
		return send.WithClass(send.ErrMaybeRan, err)
	default:
		return send.WithClass(send.ErrUnavailable, err)
	}
}

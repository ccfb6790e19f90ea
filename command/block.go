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
	replyGrace   = 2 * time.Second      // wait for a reply beyond the time that a command blocks
	cancelGrace  = 8 * time.Millisecond // wait for the reply of a command whose context has ended
	maxRedirects = 4                    // number of attempts when a cluster redirects a key
)

var errNode = errors.New("a command that blocks or changes its connection needs a client of a single server, of Sentinel or of a cluster")

// willBlock reports whether a blocking command will block. XREAD and XREADGROUP block
// only with BLOCK.
func (q *request) willBlock() bool {
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

// onDedicated runs a request on a dedicated connection.
func (q *request) onDedicated(ctx context.Context) (any, error) {
	key := ""
	if len(q.keys) > 0 {
		key = q.keys[0]
	}
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, q.contextError(err, false)
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
		v, err := q.onNewConn(ctx, node)
		if !redis.HasErrorPrefix(err, "MOVED") || attempt == maxRedirects || !backoff.Sleep(ctx, replyGrace/100) {
			return v, err
		}
		_ = q.shared.Sender.Classify(ctx, err) // makes a cluster client reload its slot map
	}
}

// result is what a command returned.
type result struct {
	value any
	err   error
}

// onNewConn runs a request on a new connection to node, and ends it when the context
// ends.
func (q *request) onNewConn(ctx context.Context, node *redis.Client) (any, error) {
	readTimeout := node.Options().ReadTimeout
	if limit, ok := q.blockTime(); ok && limit == 0 {
		readTimeout = -1
	} else if ok {
		readTimeout = limit + replyGrace
	}
	own := conn.NewClient(node, readTimeout, readTimeout)
	defer own.Close()
	var id atomic.Int64
	done := make(chan result, 1)
	go func() { done <- q.sendOn(ctx, own.Client, &id) }()
	if a, ok := q.await(ctx, own, done); ok {
		return a.value, a.err
	}
	finished := make(chan struct{})
	defer close(finished)
	go q.unblock(node, &id, finished)
	timer := time.NewTimer(cancelGrace)
	defer timer.Stop()
	select {
	case a := <-done:
		if a.err != nil || a.value != nil {
			return a.value, a.err
		}
		return nil, q.contextError(ctx.Err(), false)
	case <-timer.C:
		return nil, q.contextError(ctx.Err(), true)
	}
}

// await waits for the result of a request that was sent on own. It returns false if the
// context ends first. Behind sentinels it ends the request if another master was named:
// the former one may continue to reply, and may never end a command that blocks.
func (q *request) await(ctx context.Context, own *conn.Client, done <-chan result) (result, bool) {
	var check <-chan time.Time
	if own.BehindSentinels() {
		check = time.After(conn.SentinelLifetime)
	}
	deposed := make(chan bool, 1)
	for {
		select {
		case a := <-done:
			return a, true
		case <-ctx.Done():
			return result{}, false
		case <-check:
			go func() { deposed <- own.Deposed(ctx) }() // the sentinels may not reply
		case yes := <-deposed:
			check = time.After(conn.SentinelLifetime)
			if yes {
				return q.endDeposed(own, done), true
			}
		}
	}
}

// endDeposed ends a request that waits at a former master.
func (q *request) endDeposed(own *conn.Client, done <-chan result) result {
	_ = own.Close() // ends the request
	a := <-done
	if a.err != nil && !replied(a.err) {
		a.err = send.WithClass(send.ErrMaybeRan, errDeposed)
		if q.cmd != nil && q.cmd.Retryable() {
			a.err = send.WithClass(send.ErrUnavailable, errDeposed)
		}
	}
	return a
}

// sendOn sends a request on a dedicated connection. It first asks for the connection's
// id, by which the command can be unblocked.
func (q *request) sendOn(ctx context.Context, own *redis.Client, id *atomic.Int64) result {
	sender := send.New(own).Unbatched()
	sendCtx := context.WithoutCancel(ctx)
	name := redis.NewIntCmd(sendCtx, "CLIENT", "ID")
	if q.cmd.Blocking() && sender.Read(sendCtx, name) == nil {
		id.Store(name.Val())
	}
	if err := ctx.Err(); err != nil {
		return result{err: q.contextError(err, false)}
	}
	cmd := redis.NewCmd(sendCtx, q.args...)
	exec := sender.Write
	if q.cmd.Retryable() { // if its reply is lost, it does not matter whether it was executed
		exec = sender.Read
	}
	err := exec(sendCtx, cmd)
	if errors.Is(err, redis.Nil) {
		return result{}
	}
	if err != nil {
		return result{err: err}
	}
	return result{value: cmd.Val()}
}

// unblock ends a blocked command at its server. It retries, because the command may not
// block yet.
func (q *request) unblock(node *redis.Client, id *atomic.Int64, finished <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelGrace)
	defer cancel()
	for {
		if n := id.Load(); n != 0 && node.ClientUnblock(ctx, n).Val() == 1 {
			return
		}
		select {
		case <-finished:
			return
		case <-ctx.Done():
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// contextError returns the error of a request whose context has ended. maybe says that
// the command may have run.
func (q *request) contextError(err error, maybe bool) error {
	switch {
	case q.cmd.Retryable():
		return err
	case maybe:
		return send.WithClass(send.ErrMaybeRan, err)
	default:
		return send.WithClass(send.ErrUnavailable, err)
	}
}

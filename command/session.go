package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

// Session is a [Runner] whose commands all go through one connection, as those of
// redis-cli do: what a command leaves behind in it holds for the next ones. With [Allow]
// of their names MULTI, EXEC, WATCH, SELECT and AUTH work as Redis describes them.
//
// A Session is made by [Runner.Session]. It is safe for any number of goroutines, which
// take turns.
type Session struct {
	r    *Runner
	node *redis.Client // whose pool the connection is not of
	own  *redis.Client
	conn *redis.Conn
	id   atomic.Int64
	turn chan struct{} // held by the command that runs
	over atomic.Bool
}

var (
	errManyNodes = errors.New("a cluster has no one connection; use the URL of one of its nodes")
	errOver      = errors.New("the session's connection has ended, and a transaction or a database with it")
	errStreams   = errors.New("its answers have no end")
)

// streaming are commands that answer more than once, or never.
var streaming = []string{
	"client|reply", "monitor", "psubscribe", "psync", "punsubscribe", "ssubscribe", "subscribe", "sunsubscribe", "sync", "unsubscribe",
}

// Session opens a connection of its own and returns a Session with the options of r. The
// caller closes it. Two round trips. On a cluster, and for a client that is neither of a
// server nor of sentinels, it is [desir.ErrNotSupported].
func (r *Runner) Session(ctx context.Context) (*Session, error) {
	s, err := r.session(ctx)
	if err != nil {
		return nil, hub.NewHandle(nil, "command", "", nil).Fail("Session", err)
	}
	return s, nil
}

func (r *Runner) session(ctx context.Context) (*Session, error) {
	if r == nil || r.table == nil {
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errUnmade)
	}
	h, err := r.h.Hub()
	switch {
	case err != nil:
		return nil, err
	case h.Slotted():
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errManyNodes)
	}
	node, err := h.Node(ctx, "")
	if err != nil {
		return nil, h.Send.Explain(ctx, err)
	}
	if node == nil {
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errNode)
	}
	s := &Session{r: r, node: node, own: link.Alone(node, -1), turn: make(chan struct{}, 1)}
	s.conn = s.own.Conn()
	name := redis.NewIntCmd(ctx, "client", "id")
	err = h.Send.ReadOn(ctx, s.conn, name)
	if err != nil && !replied(err) {
		return nil, errors.Join(err, s.Close())
	}
	s.id.Store(name.Val())
	return s, nil
}

// Close ends the connection. Later commands are [desir.ErrClosed].
func (s *Session) Close() error {
	s.over.Store(true)
	return s.own.Close() // with the connection
}

// Do is [Runner.Do] on the connection of the session: one round trip, sent once whatever
// it is. A command that answers without end, as SUBSCRIBE and MONITOR, is
// [desir.ErrNotSupported].
//
// When the context ends during a command, it is as for a Runner; one that blocks is ended
// at the server, and the session goes on with the next one when it has the answer. Where
// none comes for two seconds, or the connection is lost, the session is over: later
// commands are [desir.ErrClosed], and nothing of them is sent.
func (s *Session) Do(ctx context.Context, args ...any) (Reply, error) {
	q, err := s.r.request(ctx, args)
	if err == nil && q.cmd != nil && slices.Contains(streaming, q.cmd.id) {
		err = fmt.Errorf("%w: %w", desir.ErrNotSupported, errStreams)
	}
	var v any
	if err == nil {
		v, err = s.do(ctx, q)
	}
	if err != nil {
		return Reply{}, q.fail(err)
	}
	return Reply{v}, nil
}

// Line is [Session.Do] of a line, which [Words] splits as redis-cli does.
func (s *Session) Line(ctx context.Context, line string) (Reply, error) {
	return doLine(ctx, line, s.Do)
}

// do sends a request when it is its turn.
func (s *Session) do(ctx context.Context, q *request) (any, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, q.endedOnce(ctx.Err(), false)
	}
	if err := ctx.Err(); err != nil || s.over.Load() {
		<-s.turn
		if err != nil {
			return nil, q.endedOnce(err, false)
		}
		return nil, fmt.Errorf("%w: %w", desir.ErrClosed, errOver)
	}
	done := make(chan answer, 1)
	go func() {
		defer func() { <-s.turn }()
		wire := context.WithoutCancel(ctx)
		cmd := redis.NewCmd(wire, q.args...)
		err := q.hub.Send.WriteOn(wire, s.conn, cmd)
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		if err != nil && !replied(err) {
			_ = s.Close()
		}
		done <- answer{cmd.Val(), err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
	}
	left := make(chan answer, 1)
	go s.interrupt(q, done, left)
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case a := <-left:
		if a.err != nil || a.value != nil {
			return a.value, a.err
		}
		return nil, q.endedOnce(ctx.Err(), false)
	case <-timer.C:
		return nil, q.endedOnce(ctx.Err(), true)
	}
}

// interrupt ends a command at its server and passes its answer on. Without an answer the
// session is over.
func (s *Session) interrupt(q *request, done, left chan answer) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	again := time.NewTicker(farewell)
	defer again.Stop()
	for {
		if q.cmd != nil && q.cmd.Blocking() && s.id.Load() != 0 {
			_ = s.node.ClientUnblock(ctx, s.id.Load()).Err() // it may not have begun to block
		}
		select {
		case a := <-done:
			left <- a
			return
		case <-again.C:
		case <-ctx.Done():
			_ = s.Close()
			return
		}
	}
}

// Ended reports whether the connection has ended: by Close, or because it was lost.
func (s *Session) Ended() bool { return s.over.Load() }

// replied reports whether an error is the server's reply.
func replied(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// endedOnce is ended for a command that may be unknown.
func (q *request) endedOnce(err error, maybe bool) error {
	if q.cmd != nil {
		return q.ended(err, maybe)
	}
	if maybe {
		return send.Fault(send.ErrMaybeRan, err)
	}
	return send.Fault(send.ErrUnavailable, err)
}

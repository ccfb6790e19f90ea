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
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

// Session runs commands like a [Runner], but all on one dedicated connection. State
// that a command leaves in the connection, such as a transaction, a database or a user,
// applies to the next commands. Permit MULTI, EXEC, WATCH, SELECT or AUTH with [Allow]
// to use them.
//
// [Runner.Session] returns a Session. It is safe for concurrent use; its commands run
// one after another.
type Session struct {
	r       *Runner
	node    *redis.Client // sends CLIENT UNBLOCK
	client  *conn.Client  // owns conn
	conn    *redis.Conn
	id      atomic.Int64
	running chan struct{} // held by the running command
	checked time.Time     // when the sentinels last named the session's master; for the running command
	closed  atomic.Bool
}

var (
	errManyNodes    = errors.New("a session needs a client of one server; use a client of one node of the cluster")
	errSessionEnded = errors.New("the session's connection was closed; its transaction and database are lost")
	errDeposed      = errors.New("the sentinels have named another master than the one to which the dedicated connection led")
	errStreams      = errors.New("the command has no single reply")
)

// streaming lists commands that reply more than once or never.
var streaming = []string{
	"client|reply", "monitor", "psubscribe", "psync", "punsubscribe", "ssubscribe", "subscribe", "sunsubscribe", "sync", "unsubscribe",
}

// Session opens a dedicated connection and returns a Session with the options of r. The
// caller must close it. Session takes two round trips. It returns
// [desir.ErrNotSupported] on a cluster and for a client that is neither of a single
// server nor of Sentinel.
func (r *Runner) Session(ctx context.Context) (*Session, error) {
	s, err := r.session(ctx)
	if err != nil {
		return nil, clients.NewHandle(nil, "command", "", nil).Fail("Session", err)
	}
	return s, nil
}

func (r *Runner) session(ctx context.Context) (*Session, error) {
	if r == nil || r.table == nil {
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errNotMadeByNew)
	}
	h, err := r.h.Shared()
	switch {
	case err != nil:
		return nil, err
	case h.Slotted():
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errManyNodes)
	}
	node, err := h.Node(ctx, "")
	if err != nil {
		return nil, h.Sender.Classify(ctx, err)
	}
	if node == nil {
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errNode)
	}
	s := &Session{r: r, node: node, client: conn.NewClient(node, -1, -1), running: make(chan struct{}, 1), checked: time.Now()}
	s.conn = s.client.Conn()
	name := redis.NewIntCmd(ctx, "client", "id")
	err = h.Sender.ReadOn(ctx, s.conn, name)
	if err != nil && !replied(err) {
		return nil, errors.Join(err, s.Close())
	}
	s.id.Store(name.Val())
	return s, nil
}

// Close closes the connection. Later commands return [desir.ErrClosed].
func (s *Session) Close() error {
	s.closed.Store(true)
	return s.client.Close()
}

// Do is [Runner.Do] on the session's connection. It takes one round trip and sends
// every command at most once, reads included. A command without a single reply, such as
// SUBSCRIBE or MONITOR, returns [desir.ErrNotSupported].
//
// If the context ends during a command, the result is that of Runner.Do. The session
// unblocks a blocking command at the server and waits for its reply before it sends the
// next command. If no reply arrives within two seconds, or if the connection is lost,
// the session ends: later commands return [desir.ErrClosed] and are not sent.
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

// do sends a request after the commands before it.
func (s *Session) do(ctx context.Context, q *request) (any, error) {
	select {
	case s.running <- struct{}{}:
	case <-ctx.Done():
		return nil, q.contextErrorOnce(ctx.Err(), false)
	}
	if err := ctx.Err(); err != nil || s.closed.Load() {
		<-s.running
		if err != nil {
			return nil, q.contextErrorOnce(err, false)
		}
		return nil, fmt.Errorf("%w: %w", desir.ErrClosed, errSessionEnded)
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-s.running }()
		if err := s.checkMaster(ctx); err != nil {
			done <- result{err: err}
			return
		}
		if err := ctx.Err(); err != nil {
			done <- result{err: q.contextErrorOnce(err, false)}
			return
		}
		sendCtx := context.WithoutCancel(ctx)
		cmd := redis.NewCmd(sendCtx, q.args...)
		err := q.shared.Sender.WriteOn(sendCtx, s.conn, cmd)
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		if err != nil && !replied(err) {
			_ = s.Close()
		}
		done <- result{cmd.Val(), err}
	}()
	if a, ok := q.await(ctx, s.client, done); ok {
		return a.value, a.err
	}
	late := make(chan result, 1)
	go s.interrupt(q, done, late)
	timer := time.NewTimer(cancelGrace)
	defer timer.Stop()
	select {
	case a := <-late:
		if a.err != nil || a.value != nil {
			return a.value, a.err
		}
		return nil, q.contextErrorOnce(ctx.Err(), false)
	case <-timer.C:
		return nil, q.contextErrorOnce(ctx.Err(), true)
	}
}

// checkMaster ends the session if the sentinels name another master than the one to which
// it leads. It asks them every five seconds at most.
func (s *Session) checkMaster(ctx context.Context) error {
	if time.Since(s.checked) <= conn.SentinelLifetime {
		return nil
	}
	if s.client.Deposed(ctx) {
		_ = s.Close() // the error says that it ends
		return fmt.Errorf("%w: %w", desir.ErrClosed, errDeposed)
	}
	s.checked = time.Now()
	return nil
}

// interrupt ends a command at its server and passes its reply on. If there is no reply
// in time, it closes the session.
func (s *Session) interrupt(q *request, done, late chan result) {
	ctx, cancel := context.WithTimeout(context.Background(), replyGrace)
	defer cancel()
	retry := time.NewTicker(cancelGrace)
	defer retry.Stop()
	for {
		if q.cmd != nil && q.cmd.Blocking() && s.id.Load() != 0 {
			_ = s.node.ClientUnblock(ctx, s.id.Load()).Err() // it may not have begun to block
		}
		select {
		case a := <-done:
			late <- a
			return
		case <-retry.C:
		case <-ctx.Done():
			_ = s.Close()
			return
		}
	}
}

// Ended reports whether the connection was closed by Close or lost.
func (s *Session) Ended() bool { return s.closed.Load() }

// replied reports whether an error is a reply of the server.
func replied(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}

// contextErrorOnce is contextError for a request whose command may be nil.
func (q *request) contextErrorOnce(err error, maybe bool) error {
	if q.cmd != nil {
		return q.contextError(err, maybe)
	}
	if maybe {
		return send.WithClass(send.ErrMaybeRan, err)
	}
	return send.WithClass(send.ErrUnavailable, err)
}

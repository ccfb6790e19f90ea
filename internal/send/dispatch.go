package send

import (
	"context"
	"errors"

	"github.com/desir-go/desir/internal/batch"
)

const (
	sharedSize     = 16 << 10 // largest call that may share a batch, in bytes sent or expected
	sharedElements = 64       // most elements of such a call
)

// do sends a call, in a batch with others if there are any. A call is sent alone if it
// must not share a batch, or if no other call is in flight and its context cannot end.
// The error is classified.
func (s *Sender) do(ctx context.Context, c *batch.Call, write bool) error {
	m := s.batcher(ctx, c, write)
	switch {
	case m == nil && runsOnCaller(ctx):
		return s.doDirect(ctx, c, write)
	case m == nil:
		return s.doAlone(ctx, c, write)
	case ctx.Done() == nil:
		if m.TryAcquire() {
			defer m.Release()
			return s.doAlone(ctx, c, write)
		}
	case ctx.Err() != nil:
		return s.finish(ctx, ctx.Err(), commandInfo{write: write})
	case runsOnCaller(ctx):
		return s.doDirect(ctx, c, write)
	case s.abandoned.Load() >= MaxAbandoned:
		return s.finish(ctx, errTooManyAbandoned, commandInfo{write: write})
	}
	switch m.Do(ctx, c) {
	case batch.Unsent:
		return s.finish(ctx, ctx.Err(), commandInfo{write: write})
	case batch.Abandoned:
		return s.finish(ctx, ctx.Err(), commandInfo{write: write, written: true})
	default:
		return s.finish(ctx, c.Err, commandInfo{write: write, written: true})
	}
}

// endedBeforeSend reports whether the end of the context ended the call's wait for a
// connection. For a context of type onCallerContext that is all it can end, and the
// arguments of the command may have been read before.
func endedBeforeSend(ctx context.Context, err error) bool {
	_, runsOnCaller := ctx.(onCallerContext)
	return runsOnCaller && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// doDirect is doAlone for a call on its caller's goroutine, outside of all batchers.
func (s *Sender) doDirect(ctx context.Context, c *batch.Call, write bool) error {
	s.direct.Add(1)
	defer s.direct.Add(-1)
	return s.doAlone(ctx, c, write)
}

// batcher returns the batcher of the call, or nil if the call must be sent alone.
func (s *Sender) batcher(ctx context.Context, c *batch.Call, write bool) *batch.Batcher {
	if s.nodes == nil || c.Key == "" || c.Size > sharedSize || c.Elements > sharedElements {
		return nil
	}
	l := s.nodes.of(ctx, c.Key)
	switch {
	case l == nil:
		return nil
	case write && c.Merger.Coalesces:
		return l.scripts
	case write:
		return l.writes
	default:
		return l.reads
	}
}

// acquireIdle acquires and returns the batcher of a read, if no call is in flight and the
// context cannot end. The caller then sends the read itself and calls Release. Otherwise
// acquireIdle returns nil.
func (s *Sender) acquireIdle(ctx context.Context, key string) *batch.Batcher {
	if ctx.Done() != nil || s.nodes == nil {
		return nil
	}
	if l := s.nodes.of(ctx, key); l != nil && l.reads.TryAcquire() {
		return l.reads
	}
	return nil
}

// doAlone sends a call as one command.
func (s *Sender) doAlone(ctx context.Context, c *batch.Call, write bool) error {
	r := commandInfo{write: write}
	cmd := c.Single(ctx)
	sent := cmd
	var o *onceCmd
	if write {
		o = &onceCmd{Cmder: cmd}
		sent = o
	}
	abandoned, err := false, s.errIfDrained()
	if err != nil {
		return err
	}
	if runsOnCaller(ctx) {
		err = process(ctx, s.rdb, sent)
	} else {
		abandoned, err = s.runAbandonable(ctx, &task{cmd: sent, write: write})
	}
	if o != nil {
		r.written = abandoned || o.written.Load() && !endedBeforeSend(ctx, err)
	}
	if !s.slotsLoaded.Load() {
		s.slotsLoaded.Store(err == nil || IsReply(err))
	}
	c.Complete(cmd, err)
	return s.finish(ctx, err, r)
}

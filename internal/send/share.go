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

// do sends a call, in a batch with others if there are any. A call is sent alone if it must
// not share a batch, or if no other call is in flight and its context cannot end. The error
// is classified.
func (s *Sender) do(ctx context.Context, c *batch.Call, write bool) error {
	m := s.batcher(ctx, c, write)
	switch {
	case m == nil && stays(ctx):
		return s.directly(ctx, c, write)
	case m == nil:
		return s.alone(ctx, c, write)
	case ctx.Done() == nil:
		if m.TryAcquire() {
			defer m.Release()
			return s.alone(ctx, c, write)
		}
	case ctx.Err() != nil:
		return s.finish(ctx, ctx.Err(), request{write: write})
	case stays(ctx):
		return s.directly(ctx, c, write)
	case s.left.Load() >= MaxAbandoned:
		return s.finish(ctx, errLeft, request{write: write})
	}
	switch m.Do(ctx, c) {
	case batch.Unsent:
		return s.finish(ctx, ctx.Err(), request{write: write})
	case batch.Abandoned:
		return s.finish(ctx, ctx.Err(), request{write: write, written: true})
	default:
		return s.finish(ctx, c.Err, request{write: write, written: true})
	}
}

// waited reports whether the end of the context ended the call's wait for a connection. For
// a context of type staying that is all it can end, and the arguments of the command may
// have been read before.
func waited(ctx context.Context, err error) bool {
	_, stays := ctx.(staying)
	return stays && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// directly is alone for a call on its caller's goroutine, outside of all batchers.
func (s *Sender) directly(ctx context.Context, c *batch.Call, write bool) error {
	s.direct.Add(1)
	defer s.direct.Add(-1)
	return s.alone(ctx, c, write)
}

// batcher returns the batcher of the call, or nil if the call must be sent alone.
func (s *Sender) batcher(ctx context.Context, c *batch.Call, write bool) *batch.Batcher {
	if s.lanes == nil || c.Key == "" || c.Size > sharedSize || c.Elements > sharedElements {
		return nil
	}
	l := s.lanes.of(ctx, c.Key)
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

// lone acquires and returns the batcher of a read, if no call is in flight and the context
// cannot end. The caller then sends the read itself and calls Release. Otherwise lone
// returns nil.
func (s *Sender) lone(ctx context.Context, key string) *batch.Batcher {
	if ctx.Done() != nil || s.lanes == nil {
		return nil
	}
	if l := s.lanes.of(ctx, key); l != nil && l.reads.TryAcquire() {
		return l.reads
	}
	return nil
}

// alone sends a call as one command.
func (s *Sender) alone(ctx context.Context, c *batch.Call, write bool) error {
	r := request{write: write}
	cmd := c.Single(ctx)
	sent := cmd
	var o *once
	if write {
		o = &once{Cmder: cmd}
		sent = o
	}
	left, err := false, s.refusal()
	if err != nil {
		return err
	}
	if stays(ctx) {
		err = process(ctx, s.rdb, sent)
	} else {
		left, err = s.leavable(ctx, call{cmd: sent, write: write})
	}
	if o != nil {
		r.written = left || o.written.Load() && !waited(ctx, err)
	}
	if !s.mapped.Load() {
		s.mapped.Store(err == nil || IsReply(err))
	}
	c.Complete(cmd, err)
	return s.finish(ctx, err, r)
}

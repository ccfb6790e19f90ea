package send

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// readAll sends reads as one pipeline; go-redis may send it again.
func (s *client) readAll(ctx context.Context, cmds []redis.Cmder) { s.exchange(ctx, cmds) }

// writeAll sends writes as one pipeline, once. What surely never left for the
// server has [unsent] as its error.
func (s *client) writeAll(ctx context.Context, cmds []redis.Cmder) {
	wrapped := make([]once, len(cmds))
	outer := make([]redis.Cmder, len(cmds))
	for i, cmd := range cmds {
		wrapped[i].Cmder = cmd
		outer[i] = &wrapped[i]
	}
	s.exchange(ctx, outer)
	for i, cmd := range cmds {
		if err := cmd.Err(); err != nil && !wrapped[i].written.Load() {
			cmd.SetErr(unsent{err})
		}
	}
}

// exchange sends commands, a lone one as itself, and sees to it that each has
// its error.
func (s *client) exchange(ctx context.Context, cmds []redis.Cmder) {
	if len(cmds) == 1 {
		if err := s.rdb.Process(ctx, cmds[0]); err != nil {
			cmds[0].SetErr(err)
		}
		return
	}
	pipe := s.rdb.Pipeline()
	_ = pipe.BatchProcess(ctx, cmds...) // queued; errors come with Exec
	_, err := pipe.Exec(ctx)
	if err == nil {
		return
	}
	for _, cmd := range cmds {
		if cmd.Err() != nil {
			return
		}
	}
	for _, cmd := range cmds { // a hook's, which speaks of the pipeline
		cmd.SetErr(err)
	}
}

// unsent is the error of a write that nobody asked for its words.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

package send

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// readAll sends reads as one pipeline; go-redis may send it again.
func (s *client) readAll(ctx context.Context, cmds []redis.Cmder) {
	if !s.refuse(cmds) {
		exchange(ctx, s.rdb, cmds)
	}
}

// writeAll sends writes as one pipeline, once.
func (s *client) writeAll(ctx context.Context, cmds []redis.Cmder) {
	if !s.refuse(cmds) {
		exchangeOnce(ctx, s.rdb, cmds)
	}
}

// refuse gives all commands the refusal of a client that is closed, if it is.
func (s *client) refuse(cmds []redis.Cmder) bool {
	err := s.refusal()
	if err == nil {
		return false
	}
	for _, cmd := range cmds {
		cmd.SetErr(err)
	}
	return true
}

// exchangeOnce sends commands that go-redis must not send again. What surely never left
// for the server has [unsent] as its error.
func exchangeOnce(ctx context.Context, node redis.Cmdable, cmds []redis.Cmder) {
	wrapped := make([]once, len(cmds))
	outer := make([]redis.Cmder, len(cmds))
	for i, cmd := range cmds {
		wrapped[i].Cmder = cmd
		outer[i] = &wrapped[i]
	}
	exchange(ctx, node, outer)
	for i, cmd := range cmds {
		if err := cmd.Err(); err != nil && !wrapped[i].written.Load() {
			cmd.SetErr(unsent{err})
		}
	}
}

// processor is what sends one command as itself.
type processor interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

// exchange sends commands, a lone one as itself, and sees to it that each has
// its error.
func exchange(ctx context.Context, node redis.Cmdable, cmds []redis.Cmder) {
	if one, ok := node.(processor); ok && len(cmds) == 1 {
		if err := process(ctx, one, cmds[0]); err != nil {
			cmds[0].SetErr(err)
		}
		return
	}
	pipe := node.Pipeline()
	_ = pipe.BatchProcess(ctx, cmds...) // queued; errors come with Exec
	_, err := pipe.Exec(ctx)
	if err == nil || firstError(cmds) != nil {
		return
	}
	for _, cmd := range cmds { // a hook's, or of a connection that was refused: it speaks of all
		cmd.SetErr(err)
	}
}

// process sends one command. A read through a client that caches on its side leaves in a
// pipeline, which go-redis does not cache: it would answer from the cache after the caller's
// own write.
func process(ctx context.Context, node processor, cmd redis.Cmder) error {
	piped, ok := node.(redis.Cmdable)
	if !ok || cmd.NoRetry() || !caches(node) {
		return node.Process(ctx, cmd)
	}
	pipe := piped.Pipeline()
	_ = pipe.BatchProcess(ctx, cmd) // queued; the error comes with Exec
	_, err := pipe.Exec(ctx)
	return err
}

// caches reports whether a client of go-redis answers reads from a cache of its own.
func caches(node any) bool {
	c, ok := node.(interface{ Options() *redis.Options })
	if !ok {
		return false
	}
	o := c.Options()
	return o.ClientSideCacheConfig != nil || o.ClientSideCache != nil
}

// firstError returns the error of the first command that has one.
func firstError(cmds []redis.Cmder) error {
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return err
		}
	}
	return nil
}

// unsent is the error of a write that nobody asked for its words.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

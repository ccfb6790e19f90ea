package send

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// readAll sends reads as one pipeline, which go-redis may retry.
func (s *client) readAll(ctx context.Context, cmds []redis.Cmder) {
	if !s.failIfDrained(cmds) {
		exchange(ctx, s.rdb, cmds)
	}
}

// writeAll sends writes as one pipeline, once.
func (s *client) writeAll(ctx context.Context, cmds []redis.Cmder) {
	if !s.failIfDrained(cmds) {
		exchangeOnce(ctx, s.rdb, cmds)
	}
}

// failIfDrained sets the error of all commands if the client is closed, and reports
// whether it is.
func (s *client) failIfDrained(cmds []redis.Cmder) bool {
	err := s.errIfDrained()
	if err == nil {
		return false
	}
	for _, cmd := range cmds {
		cmd.SetErr(err)
	}
	return true
}

// exchangeOnce sends commands that go-redis must not retry. A command that was certainly
// not sent has an error of type [unsent].
func exchangeOnce(ctx context.Context, node redis.Cmdable, cmds []redis.Cmder) {
	wrapped := make([]onceCmd, len(cmds))
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

// processor sends one command without a pipeline.
type processor interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

// exchange sends commands, as a pipeline if there are several, and sets the error of
// each.
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
	for _, cmd := range cmds { // an error of a hook or of the connection concerns all commands
		cmd.SetErr(err)
	}
}

// process sends one command. If the client has a client-side cache, it sends a read in a
// pipeline, which go-redis does not cache. Otherwise a read after the caller's own write
// could return the old value.
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

// caches reports whether a client of go-redis has a client-side cache.
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

// unsent is the error of a write that was never serialized.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

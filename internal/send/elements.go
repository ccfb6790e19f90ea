package send

import (
	"context"
	"math"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// Each call of this file carries one element. Concurrent calls are merged: many HGet
// become one HMGET, many IncrBy become one INCRBY, and each caller gets its own reply.

// HGet returns the value of a field, and whether the field exists.
func (s *Sender) HGet(ctx context.Context, key, field string) (value string, ok bool, err error) {
	if m := s.acquireIdle(ctx, key); m != nil { // fast path of a call that is alone
		defer m.Release()
		if err := s.errIfDrained(); err != nil {
			return "", false, err
		}
		cmd := redis.NewStringCmd(ctx, "hget", key, field)
		err = s.finish(ctx, process(ctx, s.rdb, cmd), commandInfo{})
		if value, ok = cmd.Val(), err == nil; len(value) > minGuess {
			s.sizes.of(key).record(len(value))
		}
	} else {
		c := s.calls.New(hget, key)
		c.Field = field
		size := s.sizes.of(key)
		c.Size = len(field) + size.guess()
		if err = s.do(ctx, c, false); err == nil {
			value, ok = c.Text, c.Found
			size.record(len(value))
		}
		s.calls.Free(c)
	}
	return value, ok, IgnoreNil(err)
}

// HSet stores the value of a field.
func (s *Sender) HSet(ctx context.Context, key, field, value string) error {
	c := s.calls.New(hset, key)
	c.Field, c.Value = field, value
	c.Size = len(field) + len(value)
	err := checkCount(s.sendWrite(ctx, c))
	s.calls.Free(c)
	return err
}

// HSetEX stores the value of a field that expires after ms milliseconds.
func (s *Sender) HSetEX(ctx context.Context, key, field, value string, ms int64) error {
	c := s.calls.New(hsetex, key)
	c.Field, c.Value, c.Class = field, value, ms
	c.Size = len(field) + len(value)
	err := checkCount(s.sendWrite(ctx, c))
	s.calls.Free(c)
	return err
}

// HPTTL returns the milliseconds until a field expires. The number is negative if the
// field does not exist or does not expire.
func (s *Sender) HPTTL(ctx context.Context, key, field string) (ms int64, err error) {
	c := s.calls.New(hpttl, key)
	c.Field = field
	c.Size = len(field)
	if err = s.do(ctx, c, false); err == nil {
		ms = c.Count
	}
	s.calls.Free(c)
	return ms, err
}

// SIsMember reports whether member is in a set.
func (s *Sender) SIsMember(ctx context.Context, key, member string) (bool, error) {
	c := s.calls.New(sismember, key)
	c.Field = member
	c.Size = len(member)
	err := s.do(ctx, c, false)
	found := err == nil && c.Found
	s.calls.Free(c)
	return found, err
}

// Push appends values to a list, or prepends them one after the other, and returns the
// length of the list after them.
func (s *Sender) Push(ctx context.Context, key string, front bool, values []string) (length int64, err error) {
	kind := rpush
	if front {
		kind = lpush
	}
	return s.Merge(ctx, kind, key, values)
}

// Merge sends values in a call of the given merger, merged with concurrent calls of the
// same, and returns the call's part of the reply.
func (s *Sender) Merge(ctx context.Context, merger *batch.Merger, key string, values []string) (n int64, err error) {
	return s.MergeClass(ctx, merger, key, 0, values)
}

// MergeClass is Merge for calls that merge only with calls of the same class.
func (s *Sender) MergeClass(ctx context.Context, merger *batch.Merger, key string, class int64, values []string) (n int64, err error) {
	c := s.calls.New(merger, key)
	c.Class, c.Values, c.Elements = class, values, len(values)
	for _, v := range values {
		c.Size += len(v)
	}
	return s.sendForCount(ctx, c)
}

// IncrBy adds delta to a counter and returns its new value.
func (s *Sender) IncrBy(ctx context.Context, key string, delta int64) (int64, error) {
	c := s.calls.New(incrUp, key)
	switch {
	case delta < -maxDelta || delta > maxDelta:
		c.Merger = incrLarge
	case delta < 0:
		c.Merger = incrDown
	}
	c.Delta = delta
	return s.sendForCount(ctx, c)
}

// sendForCount sends a write whose reply is a number.
func (s *Sender) sendForCount(ctx context.Context, c *batch.Call) (n int64, err error) {
	if err = checkCount(s.sendWrite(ctx, c)); err == nil {
		n = c.Count
	}
	s.calls.Free(c)
	return n, err
}

// Reply returns the reply to a command, or the error with which it was sent. After an error
// it does not read cmd, which may still be in flight.
func Reply[C interface{ Val() T }, T any](cmd C, err error) (v T, _ error) {
	if err != nil {
		return v, err
	}
	return cmd.Val(), nil
}

// IgnoreNil returns nil for a null reply, which callers report as ok == false, and else
// err.
func IgnoreNil(err error) error {
	if IsNil(err) {
		return nil
	}
	return err
}

// Args returns the arguments of a command on one key with many elements.
func Args(name, key string, elements []string) []any {
	args := make([]any, 2, 2+len(elements))
	args[0], args[1] = name, key
	for i := range elements {
		args = append(args, elements[i])
	}
	return args
}

// Millis returns d in milliseconds, for commands. It rounds up, so that a short duration
// does not become zero, but to no more than a Duration can hold.
func Millis(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d%time.Millisecond > 0 && ms < time.Duration(math.MaxInt64).Milliseconds() {
		ms++
	}
	return ms
}

// Duration returns milliseconds as a Duration, or the longest possible Duration.
func Duration(ms int64) time.Duration {
	return time.Duration(min(ms, time.Duration(math.MaxInt64).Milliseconds())) * time.Millisecond
}

package send

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

// The calls of this file carry one element each. They are the ones that
// concurrent callers can share: one HMGET for many HGet, one INCRBY for many
// IncrBy, each caller getting its own answer.

// HGet returns the value of a field and whether it is there.
func (s *Sender) HGet(ctx context.Context, key, field string) (value string, ok bool, err error) {
	cmd := redis.NewStringCmd(ctx, "hget", key, field)
	if err := s.Read(ctx, cmd); err != nil {
		return "", false, Miss(err)
	}
	return cmd.Val(), true, nil
}

// HSet stores the value of a field.
func (s *Sender) HSet(ctx context.Context, key, field, value string) error {
	return s.Write(ctx, redis.NewIntCmd(ctx, "hset", key, field, value))
}

// SIsMember reports whether member is in a set.
func (s *Sender) SIsMember(ctx context.Context, key, member string) (bool, error) {
	cmd := redis.NewBoolCmd(ctx, "sismember", key, member)
	if err := s.Read(ctx, cmd); err != nil {
		return false, err
	}
	return cmd.Val(), nil
}

// Push puts values at the end of a list, or at its front one after the other,
// and returns its length after them.
func (s *Sender) Push(ctx context.Context, key string, front bool, values []string) (length int64, err error) {
	name := "rpush"
	if front {
		name = "lpush"
	}
	cmd := redis.NewIntCmd(ctx, Args(name, key, values)...)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return cmd.Val(), nil
}

// IncrBy adds delta to a counter and returns its new value.
func (s *Sender) IncrBy(ctx context.Context, key string, delta int64) (int64, error) {
	cmd := redis.NewIntCmd(ctx, "incrby", key, delta)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return cmd.Val(), nil
}

// Miss turns redis.Nil into no error: the caller answers it with ok == false.
func Miss(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// Args returns the words of a command on one key with many elements.
func Args(name, key string, elements []string) []any {
	args := make([]any, 2, 2+len(elements))
	args[0], args[1] = name, key
	for i := range elements {
		args = append(args, elements[i])
	}
	return args
}

// Millis returns d as commands that count in milliseconds want it: rounded up,
// so that what should last does not end at once, but to no more than a
// Duration can hold.
func Millis(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d%time.Millisecond > 0 && ms < time.Duration(math.MaxInt64).Milliseconds() {
		ms++
	}
	return ms
}

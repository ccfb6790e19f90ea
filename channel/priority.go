package channel

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/wait"
)

// PriorityQueue gives out the value of the lowest priority first, and of those
// with one priority the one that was pushed first. It is a Redis sorted set,
// shared by everyone who uses its name; each value goes to one taker, at most
// once, and [PriorityQueue.Pop] loses nothing as [Chan.Recv] does not. See
// the package comment.
//
// A value is stored behind a number of 16 digits and a colon, so that equal
// values are two entries. What others have put in by plain ZADD, without such a
// number, is a value as it stands; it may have any score, and comes between the
// others by that, and by its bytes among those of one score.
//
// Use NewPriorityQueue. A PriorityQueue is safe for any number of goroutines.
type PriorityQueue[T any] struct {
	h      *hub.Handle
	values element.Of[T]
	source wait.Source
}

var (
	errBufferChan = errors.New("Buffer is for a Chan")
	errPriority   = errors.New("a priority lies between -2^53 and 2^53")
)

// maxPriority is how far the scores of a sorted set are exact.
const maxPriority = 1 << 53

// NewPriorityQueue names a queue. It does not talk to Redis and cannot fail: a
// name, a type or an option that cannot work ([Buffer] is one) is the error of
// every call.
func NewPriorityQueue[T any](rdb redis.UniversalClient, name string, opts ...Option) *PriorityQueue[T] {
	s, err := gather(opts)
	if s.buffer != nil {
		err = errBufferChan
	}
	values, valueErr := element.Messages[T](element.Scoped(s.codec, "priority", name))
	wake := keys.Part(name, "wake")
	return &PriorityQueue[T]{
		h:      hub.NewHandle(rdb, "channel.PriorityQueue", name, errors.Join(err, valueErr, keys.CheckTag(name))),
		values: values,
		source: wait.NewSource(name, wake, priorityTake, priorityGiveBack, name, wake),
	}
}

// Key returns the Redis key of the values, which is the queue's name.
func (q *PriorityQueue[T]) Key() string { return keyOf(q.h) }

// Push puts v in, behind those of its priority. The lowest priority comes out
// first; it may be negative, and anything from -2^53 to 2^53.
//
// One script, one round trip, O(log n), atomic, sent once. It fails with
// [codec.ErrTooLarge] before anything is sent if v is longer than 1 MiB (see the
// package comment); after [desir.ErrMaybeRan] v may be there.
func (q *PriorityQueue[T]) Push(ctx context.Context, v T, priority int) error {
	return q.fail("Push", q.push(ctx, v, priority))
}

func (q *PriorityQueue[T]) push(ctx context.Context, v T, priority int) error {
	hub, err := q.h.Hub()
	if err != nil {
		return err
	}
	if p := int64(priority); p < -maxPriority || p > maxPriority {
		return errPriority
	}
	value, err := q.values.Encode(v)
	if err != nil {
		return err
	}
	_, err = priorityPush.Run(ctx, hub, q.source.Keys(), wait.Flag(hub), wait.TokenLife.Milliseconds(), priority, value)
	return err
}

// TryPop takes the first value if there is one, and does not wait for it. It fails
// with a [*codec.DecodeError] for bytes that are no T, which are consumed. One
// script, one round trip, O(log n), sent once; a value that arrives after the
// context has ended goes back. After [desir.ErrMaybeRan] a value may be lost.
func (q *PriorityQueue[T]) TryPop(ctx context.Context) (v T, ok bool, err error) {
	v, ok, err = q.pop(ctx)
	return v, ok, q.fail("TryPop", err)
}

func (q *PriorityQueue[T]) pop(ctx context.Context) (v T, ok bool, err error) {
	entry, ok, err := tryReceive(ctx, q.h, q.source)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = q.decode(entry)
	return v, err == nil, err
}

// Pop takes the first value and waits for it. A value that is there when
// the context ends is returned; otherwise nothing was taken. It fails with a
// [*codec.DecodeError] for bytes that are no T, which are consumed: Pop may
// be called again.
//
// All who wait at a client share one connection, with the receivers of its
// Chans; see the package comment.
func (q *PriorityQueue[T]) Pop(ctx context.Context) (T, error) {
	v, err := q.popWait(ctx)
	return v, q.fail("Pop", err)
}

func (q *PriorityQueue[T]) popWait(ctx context.Context) (v T, err error) {
	entries, err := receive(ctx, q.h, q.source, 1)
	if err != nil {
		return v, err
	}
	return q.decode(entries[0])
}

func (q *PriorityQueue[T]) decode(entry string) (T, error) {
	return q.values.Decode(valueOf(entry), q.source.Values, "")
}

// numberDigits is the length of the number in front of a stored value.
const numberDigits = 16

// valueOf returns the value in what the script take has popped: a score, a
// space, and a member, which has no number if somebody else has written it.
func valueOf(entry string) string {
	_, member, _ := strings.Cut(entry, " ")
	number, value, ok := strings.Cut(member, ":")
	if !ok || len(number) != numberDigits || strings.Trim(number, "0123456789") != "" {
		return member
	}
	return value
}

// Len returns how many values are in the queue. One ZCARD, O(1).
func (q *PriorityQueue[T]) Len(ctx context.Context) (int, error) {
	n, err := count(ctx, q.h, "zcard")
	return int(n), q.fail("Len", err)
}

// Exists reports whether values are in the queue: Redis deletes a sorted set
// with its last member. One EXISTS, O(1).
func (q *PriorityQueue[T]) Exists(ctx context.Context) (bool, error) {
	n, err := count(ctx, q.h, "exists")
	return n > 0, q.fail("Exists", err)
}

// Clear deletes the queue: its values and what wakes takers. One script, one
// round trip, atomic, sent once.
func (q *PriorityQueue[T]) Clear(ctx context.Context) error {
	return q.fail("Clear", unlink(ctx, q.h, q.source.Keys()...))
}

func (q *PriorityQueue[T]) fail(op string, err error) error { return q.h.Fail(op, err) }

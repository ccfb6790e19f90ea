package channel

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/stored"
	"github.com/desir-go/desir/internal/wait"
)

// PriorityQueue delivers the value with the lowest priority first. Values with the same
// priority are delivered in the order in which they were pushed. A PriorityQueue is stored
// in a Redis sorted set. All processes that use the same name share it. Each value goes to
// one consumer, at most once. [PriorityQueue.Pop] gives the same guarantees against loss as
// [Chan.Recv]. See the package comment.
//
// A stored member is a number of 16 digits, a colon and the value. Equal values are therefore
// separate members. A member that another client added by plain ZADD, without such a number,
// is a value as it is. It may have any score. It is ordered by that score, and by its bytes
// among members with the same score.
//
// Create a PriorityQueue with [NewPriorityQueue]. It is safe for concurrent use.
type PriorityQueue[T any] struct {
	h      *clients.Handle
	values stored.Codec[T]
	source wait.Source
}

var (
	errQueueBuffer = errors.New("a PriorityQueue does not support Buffer")
	errPriority    = errors.New("the priority is not between -2^53 and 2^53")
)

// maxPriority is the largest integer up to which scores of a sorted set are exact.
const maxPriority = 1 << 53

// NewPriorityQueue returns the queue called name. It does not contact Redis and does not
// fail. If the name, the type or an option is invalid, every call returns that error. The
// option [Buffer] is invalid.
func NewPriorityQueue[T any](rdb redis.UniversalClient, name string, opts ...Option) *PriorityQueue[T] {
	s, err := newSettings(opts)
	if s.buffer != nil {
		err = errQueueBuffer
	}
	values, valueErr := stored.Messages[T](stored.Scope(s.codec, "priority", name))
	wake := keys.Part(name, "wake")
	return &PriorityQueue[T]{
		h:      clients.NewHandle(rdb, "channel.PriorityQueue", name, errors.Join(err, valueErr, keys.CheckTag(name))),
		values: values,
		source: wait.NewSource(name, wake, priorityTake, priorityRequeue, name, wake),
	}
}

// Key returns the Redis key of the values. It is the queue's name.
func (q *PriorityQueue[T]) Key() string { return keyOf(q.h) }

// Push adds v after the values with the same priority. The lowest priority is delivered
// first. A priority may be negative. It must be between -2^53 and 2^53.
//
// Push runs one script: one round trip, O(log n), atomic, sent once. It fails with
// [codec.ErrTooLarge] before anything is sent if the encoded value is longer than 1 MiB (see
// the package comment). After [desir.ErrMaybeRan], v may have been added.
func (q *PriorityQueue[T]) Push(ctx context.Context, v T, priority int) error {
	return q.h.Fail("Push", q.push(ctx, v, priority))
}

func (q *PriorityQueue[T]) push(ctx context.Context, v T, priority int) error {
	shared, err := q.h.Shared()
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
	_, err = priorityPush.Run(ctx, shared, q.source.Keys(), wait.WakeMode(shared), wait.TokenTTL.Milliseconds(), priority, value)
	return err
}

// TryPop takes the first value if there is one. It does not wait for a value.
//
// It runs one script: one round trip, O(log n), sent once. If the context ends while the
// script is in flight, TryPop waits up to 50 ms for the value. A value that arrives later
// goes back to its position. TryPop fails with a [*codec.DecodeError] if the stored bytes
// do not decode as a T; those bytes are consumed. After [desir.ErrMaybeRan] a value may
// be lost.
func (q *PriorityQueue[T]) TryPop(ctx context.Context) (v T, ok bool, err error) {
	v, ok, err = q.tryPop(ctx)
	return v, ok, q.h.Fail("TryPop", err)
}

func (q *PriorityQueue[T]) tryPop(ctx context.Context) (v T, ok bool, err error) {
	entry, ok, err := tryReceive(ctx, q.h, q.source)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = q.decode(entry)
	return v, err == nil, err
}

// Pop takes the first value. It waits until there is one. If a value has arrived when the
// context ends, Pop returns it. If a value is in flight to it, Pop waits up to 50 ms for it.
// A value that arrives later is not lost: it goes to another consumer or back to its position.
//
// Pop fails with a [*codec.DecodeError] if the stored bytes do not decode as a T. Those bytes
// are consumed, and Pop may be called again.
//
// All waiting calls of a client share one connection, also with the receivers of its Chans;
// see the package comment.
func (q *PriorityQueue[T]) Pop(ctx context.Context) (T, error) {
	v, err := q.pop(ctx)
	return v, q.h.Fail("Pop", err)
}

func (q *PriorityQueue[T]) pop(ctx context.Context) (v T, err error) {
	entries, err := receive(ctx, q.h, q.source, 1)
	if err != nil {
		return v, err
	}
	return q.decode(entries[0])
}

func (q *PriorityQueue[T]) decode(entry string) (T, error) {
	return q.values.Decode(memberValue(entry), q.source.Values, "")
}

// numberDigits is the length of the number that precedes a stored value.
const numberDigits = 16

// memberValue returns the value of an entry that priority_take returned: a score, a space and
// a member. A member added by plain ZADD has no number.
func memberValue(entry string) string {
	_, member, _ := strings.Cut(entry, " ")
	number, value, ok := strings.Cut(member, ":")
	if !ok || len(number) != numberDigits || strings.Trim(number, "0123456789") != "" {
		return member
	}
	return value
}

// Len returns the number of values in the queue. It sends one ZCARD, O(1).
func (q *PriorityQueue[T]) Len(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, q.h, redis.NewIntCmd, "zcard")
	return int(n), q.h.Fail("Len", err)
}

// Exists reports whether the queue contains values. Redis deletes a sorted set when its last
// member is removed. Exists sends one EXISTS, O(1).
func (q *PriorityQueue[T]) Exists(ctx context.Context) (bool, error) {
	n, err := clients.Read(ctx, q.h, redis.NewIntCmd, "exists")
	return n > 0, q.h.Fail("Exists", err)
}

// Clear deletes the queue: its values and the key that wakes consumers. It runs one script:
// one round trip, atomic, sent once.
func (q *PriorityQueue[T]) Clear(ctx context.Context) error {
	return q.h.Fail("Clear", unlink(ctx, q.h, q.source.Keys()...))
}

package collections

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// List is a double-ended list stored in a Redis list. All users of its name share it.
// Pushing and popping at either end is O(1). Access to the middle is O(n).
//
// Create a List with [NewList]. A List is safe for concurrent use and does not hold the
// data itself. To wait for elements, use a Chan of package channel.
type List[T any] struct {
	desir.Object
	h     *clients.Handle
	elems stored.Codec[T]
	exact error // why elements cannot be compared by their bytes, or nil
	ring  int   // the maximum length, or 0
}

// End is one of the two ends of a list.
type End int

// The ends of a list.
const (
	Front End = iota
	Back
)

// arg returns the end's name in LMOVE.
func (e End) arg() string {
	if e == Front {
		return "left"
	}
	return "right"
}

// NewList returns the list called name. It sends nothing and cannot fail. If the name,
// the type or an option is invalid, every call returns the error.
func NewList[T any](rdb redis.UniversalClient, name string, opts ...Option) *List[T] {
	s, err := newSettings(opts, true)
	c := stored.Scope(s.values, "list", name)
	elems, valueErr := stored.Values[T](c)
	h := handle(rdb, "List", name, err, valueErr).Unbatched(s.unbatched)
	l := &List[T]{Object: newObject(h), h: h, elems: elems, exact: stored.CheckDeterministic(c)}
	if s.maxLen != nil {
		l.ring = *s.maxLen
	}
	return l
}

// PushBack appends the values in order and returns the new length.
//
// PushBack sends one RPUSH, or shares one with concurrent calls, in which the values of a
// call stay together. With [MaxLen] it runs one script, which also trims the front. It is
// O(len(vs)) and atomic, and it is sent once.
func (l *List[T]) PushBack(ctx context.Context, vs ...T) (length int, err error) {
	length, err = l.push(ctx, Back, vs)
	return length, l.h.Fail("PushBack", err)
}

// PushFront inserts the values at the front, one after the other, and returns the new
// length. The last of vs becomes the first element of the list.
//
// PushFront sends one LPUSH, or shares one with concurrent calls. With [MaxLen] it runs
// one script, which also trims the back. It is O(len(vs)) and atomic, and it is sent
// once.
func (l *List[T]) PushFront(ctx context.Context, vs ...T) (length int, err error) {
	length, err = l.push(ctx, Front, vs)
	return length, l.h.Fail("PushFront", err)
}

func (l *List[T]) push(ctx context.Context, at End, vs []T) (int, error) {
	if len(vs) == 0 {
		return l.length(ctx)
	}
	shared, err := l.h.Shared()
	if err != nil {
		return 0, err
	}
	all, err := l.elems.EncodeAll(vs)
	if err != nil {
		return 0, err
	}
	if l.ring == 0 {
		n, err := shared.Sender.Push(ctx, l.h.Key, at == Front, all)
		return int(n), err
	}
	command := "RPUSH"
	if at == Front {
		command = "LPUSH"
	}
	reply, err := listPushRing.Run(ctx, shared, []string{l.h.Key}, send.Args(command, strconv.Itoa(l.ring), all)...)
	n, _ := reply.(int64)
	return int(n), err
}

// PopFront removes and returns the first element. ok is false if the list is empty.
// PopFront sends one LPOP, once, and is O(1). After [desir.ErrMaybeRan] one element may
// be lost. An element that does not decode is removed too, and PopFront returns the
// error.
func (l *List[T]) PopFront(ctx context.Context) (v T, ok bool, err error) {
	raw, err := clients.Write(ctx, l.h, redis.NewStringCmd, "lpop")
	v, ok, err = decodeReply(l.h, &l.elems, raw, err)
	return v, ok, l.h.Fail("PopFront", err)
}

// PopBack removes and returns the last element. It sends RPOP, and costs and fails as
// [List.PopFront] does.
func (l *List[T]) PopBack(ctx context.Context) (v T, ok bool, err error) {
	raw, err := clients.Write(ctx, l.h, redis.NewStringCmd, "rpop")
	v, ok, err = decodeReply(l.h, &l.elems, raw, err)
	return v, ok, l.h.Fail("PopBack", err)
}

// PopN removes up to n elements from the front and returns them in order. Elements that
// do not decode are removed too; their errors are joined in the error. PopN sends one
// LPOP, once, and is O(n) and atomic. After [desir.ErrMaybeRan] n elements may be lost.
func (l *List[T]) PopN(ctx context.Context, n int) ([]T, error) {
	if _, err := l.h.Shared(); err != nil || n <= 0 {
		return nil, l.h.Fail("PopN", err)
	}
	raw, err := clients.Write(ctx, l.h, redis.NewStringSliceCmd, "lpop", n)
	vs, err := decodeReplies(l.h, &l.elems, raw, err)
	return vs, l.h.Fail("PopN", err)
}

// At returns the element at position i. A negative i counts from the back, so -1 is the
// last element. ok is false if i is outside the list. At sends one LINDEX and is
// O(distance from the nearer end).
func (l *List[T]) At(ctx context.Context, i int) (v T, ok bool, err error) {
	raw, err := clients.Read(ctx, l.h, redis.NewStringCmd, "lindex", i)
	v, ok, err = decodeReply(l.h, &l.elems, raw, err)
	return v, ok, l.h.Fail("At", err)
}

// SetAt replaces the element at position i, counted as in [List.At]. ok is false if i is
// outside the list. SetAt sends one LSET, once, and is O(distance from the nearer end).
func (l *List[T]) SetAt(ctx context.Context, i int, v T) (ok bool, err error) {
	value, err := l.encode(v)
	if err == nil {
		_, err = clients.Write(ctx, l.h, redis.NewStatusCmd, "lset", i, value)
	}
	if redis.HasErrorPrefix(err, "index out of range") || redis.HasErrorPrefix(err, "no such key") {
		return false, nil
	}
	return err == nil, l.h.Fail("SetAt", err)
}

// Len returns the number of elements. It sends one LLEN and is O(1).
func (l *List[T]) Len(ctx context.Context) (int, error) {
	n, err := l.length(ctx)
	return n, l.h.Fail("Len", err)
}

func (l *List[T]) length(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, l.h, redis.NewIntCmd, "llen")
	return int(n), err
}

// encode encodes an element, unless the list cannot work.
func (l *List[T]) encode(v T) (string, error) {
	if _, err := l.h.Shared(); err != nil {
		return "", err
	}
	return l.elems.Encode(v)
}

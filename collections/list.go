package collections

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// List is a double-ended list in a Redis list, shared by everyone who uses its
// name: pushing and popping cost O(1) at both ends, the middle costs O(n).
//
// Use NewList. A List is safe for any number of goroutines and holds no data
// itself. To wait for elements use a Chan of the package channel.
type List[T any] struct {
	desir.Object
	h     *hub.Handle
	elems element.Of[T]
	exact error // why elements cannot be compared by their bytes
	ring  int   // bound of the length, 0 for none
}

// End is one of the two ends of a list.
type End int

// The ends of a list.
const (
	Front End = iota
	Back
)

// word is the end's name in LMOVE.
func (e End) word() string {
	if e == Front {
		return "left"
	}
	return "right"
}

// NewList names a list. It does not talk to Redis and cannot fail: a name, a
// type or an option that cannot work is the error of every call.
func NewList[T any](rdb redis.UniversalClient, name string, opts ...Option) *List[T] {
	s, err := gather(opts, true)
	c := element.Scoped(s.values, "list", name)
	elems, valueErr := element.Values[T](c)
	h := handle(rdb, "List", name, err, valueErr).Apart(s.apart)
	l := &List[T]{Object: newObject(h), h: h, elems: elems, exact: element.Canonical(c)}
	if s.maxLen != nil {
		l.ring = *s.maxLen
	}
	return l
}

// PushBack appends values in order and returns the length afterwards. One
// RPUSH, or a share of one, in which they stand together: O(len(vs)), atomic,
// sent once; of a ring one script, which also drops what is too much at the
// front.
func (l *List[T]) PushBack(ctx context.Context, vs ...T) (length int, err error) {
	length, err = l.push(ctx, Back, vs)
	return length, l.fail("PushBack", err)
}

// PushFront puts values in front, one after the other, so that the last of vs
// is the first of the list, and returns the length afterwards. One LPUSH, or a
// share of one: O(len(vs)), atomic, sent once; of a ring one script, which also
// drops what is too much at the back.
func (l *List[T]) PushFront(ctx context.Context, vs ...T) (length int, err error) {
	length, err = l.push(ctx, Front, vs)
	return length, l.fail("PushFront", err)
}

func (l *List[T]) push(ctx context.Context, at End, vs []T) (int, error) {
	if len(vs) == 0 {
		return l.length(ctx)
	}
	hub, err := l.h.Hub()
	if err != nil {
		return 0, err
	}
	all, err := l.elems.EncodeAll(vs)
	if err != nil {
		return 0, err
	}
	if l.ring == 0 {
		n, err := hub.Send.Push(ctx, l.h.Key, at == Front, all)
		return int(n), err
	}
	command := "RPUSH"
	if at == Front {
		command = "LPUSH"
	}
	answer, err := listPushRing.Run(ctx, hub, []string{l.h.Key}, send.Args(command, strconv.Itoa(l.ring), all)...)
	n, _ := answer.(int64)
	return int(n), err
}

// PopFront takes the first element; ok is false when the list is empty. One
// LPOP, O(1), sent once: after [desir.ErrMaybeRan] one element may be gone. An
// element that does not decode is gone as well; the error tells.
func (l *List[T]) PopFront(ctx context.Context) (v T, ok bool, err error) {
	return l.one(ctx, "PopFront", true, "lpop", l.h)
}

// PopBack takes the last element. It costs and fails as [List.PopFront]. RPOP.
func (l *List[T]) PopBack(ctx context.Context) (v T, ok bool, err error) {
	return l.one(ctx, "PopBack", true, "rpop", l.h)
}

// PopN takes up to n elements from the front: the good ones in order, and
// joined errors for those that do not decode, which are gone as well. One
// LPOP, O(n), atomic, sent once: after [desir.ErrMaybeRan] n may be gone.
func (l *List[T]) PopN(ctx context.Context, n int) ([]T, error) {
	s, err := l.h.Send()
	if err != nil || n <= 0 {
		return nil, l.fail("PopN", err)
	}
	vs, err := l.list(ctx, s.Write, "lpop", l.h.Key, n)
	return vs, l.fail("PopN", err)
}

// At returns the element at position i; a negative i counts from the back, so
// -1 is the last. ok is false outside the list. One LINDEX, O(i) from the
// nearer end.
func (l *List[T]) At(ctx context.Context, i int) (v T, ok bool, err error) {
	return l.one(ctx, "At", false, "lindex", l.h, i)
}

// one runs a command on the list that answers with one element or none.
func (l *List[T]) one(ctx context.Context, op string, write bool, command string, h *hub.Handle, args ...any) (v T, ok bool, err error) {
	s, err := h.Send()
	if err != nil {
		return v, false, l.fail(op, err)
	}
	cmd := redis.NewStringCmd(ctx, append([]any{command, h.Key}, args...)...)
	if write {
		err = s.Write(ctx, cmd)
	} else {
		err = s.Read(ctx, cmd)
	}
	if err != nil {
		return v, false, l.fail(op, send.Miss(err))
	}
	v, err = l.elems.Decode(cmd.Val(), h.Key, "")
	return v, err == nil, l.fail(op, err)
}

// SetAt replaces the element at position i, counted as in [List.At]; ok is
// false outside the list. One LSET, O(i) from the nearer end, sent once.
func (l *List[T]) SetAt(ctx context.Context, i int, v T) (ok bool, err error) {
	s, err := l.h.Send()
	if err != nil {
		return false, l.fail("SetAt", err)
	}
	value, err := l.elems.Encode(v)
	if err != nil {
		return false, l.fail("SetAt", err)
	}
	err = s.Write(ctx, redis.NewStatusCmd(ctx, "lset", l.h.Key, i, value))
	if redis.HasErrorPrefix(err, "index out of range") || redis.HasErrorPrefix(err, "no such key") {
		return false, nil
	}
	return err == nil, l.fail("SetAt", err)
}

// Len returns the number of elements. One LLEN, O(1).
func (l *List[T]) Len(ctx context.Context) (int, error) {
	n, err := l.length(ctx)
	return n, l.fail("Len", err)
}

func (l *List[T]) length(ctx context.Context) (int, error) {
	s, err := l.h.Send()
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, "llen", l.h.Key)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// list runs a command that answers with elements.
func (l *List[T]) list(ctx context.Context, do func(context.Context, redis.Cmder) error, args ...any) ([]T, error) {
	cmd := redis.NewStringSliceCmd(ctx, args...)
	if err := do(ctx, cmd); err != nil {
		return nil, send.Miss(err)
	}
	return l.elems.DecodeAll(cmd.Val(), l.h.Key)
}

func (l *List[T]) fail(op string, err error) error { return l.h.Fail(op, err) }

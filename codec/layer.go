package codec

import (
	"fmt"
	"io"
	"sync"
)

// layer is what a wrapping codec does to the bytes of the codec inside it.
type layer interface {
	// begin appends the bytes before those of the inner codec.
	begin(dst []byte) ([]byte, error)
	// seal completes the frame dst[start:]. The bytes of the inner codec begin at body.
	// check reports whether the inner codec can decode bytes within a budget.
	seal(dst []byte, start, body int, at place, check checker) ([]byte, error)
	// open returns the bytes of the inner codec, and the rest of the budget.
	open(data []byte, at place, budget int) ([]byte, int, error)
	// scope returns the same layer for one object.
	scope(object string) layer
	// binds reports whether seal and open use the place.
	binds() bool
	name() string
	deterministic() bool
}

// checker returns an error if a codec cannot decode data within the budget.
type checker = func(data []byte, at place, budget int) error

// wrapper is a codec made of a layer and the codec inside it. Callers hold a pointer to
// it. fmt prints only its name, because a layer may hold keys.
type wrapper struct {
	layer layer
	inner Codec
	forms sync.Map // of reflect.Type to *untypedAt
}

func wrap(l layer, inner Codec) Codec { return &wrapper{layer: l, inner: orAuto(inner)} }

func (w *wrapper) Append(dst []byte, v any) ([]byte, error) { return appendAny(w, dst, noPlace, v) }
func (w *wrapper) Decode(data []byte, ptr any) error        { return decodeAny(w, data, noPlace, ptr) }

func (w *wrapper) Name() string { return w.layer.name() + "(" + w.inner.Name() + ")" }

// Scope implements Scoped, for this layer and those inside it.
func (w *wrapper) Scope(object string) Codec {
	inner := w.inner
	if s, ok := inner.(Scoped); ok {
		inner = s.Scope(object)
	}
	return &wrapper{layer: w.layer.scope(object), inner: inner}
}

// Deterministic reports whether equal values have equal bytes.
func (w *wrapper) Deterministic() bool {
	d, ok := w.inner.(interface{ Deterministic() bool })
	return ok && d.Deterministic() && w.layer.deterministic()
}

// Limited reports whether the codec is a Limit or has one inside.
func (w *wrapper) Limited() bool {
	if _, ok := w.layer.(limit); ok {
		return true
	}
	l, ok := w.inner.(interface{ Limited() bool })
	return ok && l.Limited()
}

// Format implements fmt.Formatter for every verb, so that no verb prints the keys.
func (w *wrapper) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, w.Name()) }

// wrapped returns inner with a layer around its bytes.
func wrapped[T any](l layer, inner typedAt[T]) typedAt[T] {
	return typedAt[T]{
		append: func(dst []byte, at place, v T) ([]byte, error) {
			start := len(dst)
			out, err := l.begin(dst)
			if err != nil {
				return dst, err
			}
			body := len(out)
			if out, err = inner.append(out, at, v); err != nil {
				return dst, err
			}
			return l.seal(out, start, body, at, inner.check)
		},
		decode: func(data []byte, at place, budget int) (T, error) {
			body, budget, err := l.open(data, at, budget)
			if err != nil {
				var zero T
				return zero, err
			}
			return inner.decode(body, at, budget)
		},
		check: func(data []byte, at place, budget int) error {
			body, budget, err := l.open(data, at, budget)
			if err != nil {
				return err
			}
			return inner.check(body, at, budget)
		},
	}
}

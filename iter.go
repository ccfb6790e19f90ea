package desir

import (
	"errors"
	"iter"
)

// Entry is one key of a map with its value.
type Entry[K comparable, V any] struct {
	Key   K
	Value V
}

// Until returns a sequence of the values alone. The sequence ends at the first error of
// any kind and stores it in *err. After a normal end or a break *err is nil:
//
//	var err error
//	names := slices.Collect(desir.Until(set.All(ctx), &err))
func Until[T any](seq iter.Seq2[T, error], err *error) iter.Seq[T] {
	return func(yield func(T) bool) {
		*err = nil
		for v, e := range seq {
			if e != nil {
				*err = e
				return
			}
			if !yield(v) {
				return
			}
		}
	}
}

// Pairs is [Until] for the entries of a map:
//
//	var err error
//	carts := maps.Collect(desir.Pairs(m.All(ctx), &err))
func Pairs[K comparable, V any](seq iter.Seq2[Entry[K, V], error], err *error) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for e := range Until(seq, err) {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	}
}

// maxJoined bounds the errors that one call or loop joins.
const maxJoined = 100

// Valid returns a sequence of the values alone that skips items with an error. After the
// loop, *err joins the errors: the first 100 errors of single items, and the fatal error
// that ended the sequence.
func Valid[T any](seq iter.Seq2[T, error], err *error) iter.Seq[T] {
	return func(yield func(T) bool) {
		*err = nil
		var first []error
		var last error // joined even after 100 earlier errors
		defer func() { *err = errors.Join(append(first, last)...) }()
		for v, e := range seq {
			switch {
			case e == nil:
				if !yield(v) {
					return
				}
			case len(first) < maxJoined:
				first = append(first, e)
			default:
				last = e
			}
		}
	}
}

// Collect returns the values of a sequence up to its first error, and that error.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var values []T
	for v, err := range seq {
		if err != nil {
			return values, err
		}
		values = append(values, v)
	}
	return values, nil
}

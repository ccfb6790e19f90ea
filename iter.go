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

// Until turns a sequence of values and errors into a plain one that ends at
// the first error of any kind and keeps it in *err, which is nil after a
// natural end or a break:
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

// Valid turns a sequence of values and errors into a plain one that skips
// items with errors of their own. *err joins all errors, the fatal one that
// ended the sequence too; of those of single items the first 100.
func Valid[T any](seq iter.Seq2[T, error], err *error) iter.Seq[T] {
	return func(yield func(T) bool) {
		*err = nil
		var first []error
		var last error // joined even when there are more than 100 before it
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

// Collect returns the values of a sequence up to its first error, and that.
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

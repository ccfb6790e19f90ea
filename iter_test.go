package desir_test

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/desir-go/desir"
)

var (
	errItem  = errors.New("an item's error")
	errFatal = errors.New("a fatal error")
)

type step struct {
	v   int
	err error
}

func sequence(steps ...step) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for _, s := range steps {
			if !yield(s.v, s.err) {
				return
			}
		}
	}
}

func TestUntil(t *testing.T) {
	err := errFatal // left from an earlier use
	got := slices.Collect(desir.Until(sequence(step{1, nil}, step{2, nil}), &err))
	if !slices.Equal(got, []int{1, 2}) || err != nil {
		t.Errorf("a natural end: %v, %v", got, err)
	}
	got = slices.Collect(desir.Until(sequence(step{1, nil}, step{0, errItem}, step{2, nil}), &err))
	if !slices.Equal(got, []int{1}) || err != errItem {
		t.Errorf("an error: %v, %v", got, err)
	}
	for range desir.Until(sequence(step{1, nil}, step{0, errItem}), &err) {
		break
	}
	if err != nil {
		t.Errorf("a break: %v", err)
	}
}

func TestPairs(t *testing.T) {
	entries := func(yield func(desir.Entry[string, int], error) bool) {
		if yield(desir.Entry[string, int]{Key: "a", Value: 1}, nil) {
			yield(desir.Entry[string, int]{}, errFatal)
		}
	}
	var err error
	got := maps.Collect(desir.Pairs(entries, &err))
	if len(got) != 1 || got["a"] != 1 || err != errFatal {
		t.Errorf("got %v, %v", got, err)
	}
	for range desir.Pairs(entries, &err) {
		break
	}
	if err != nil {
		t.Errorf("a break: %v", err)
	}
}

func TestValid(t *testing.T) {
	var err error
	got := slices.Collect(desir.Valid(sequence(step{1, nil}, step{0, errItem}, step{2, nil}, step{0, errFatal}), &err))
	if !slices.Equal(got, []int{1, 2}) || !errors.Is(err, errItem) || !errors.Is(err, errFatal) {
		t.Errorf("got %v, %v", got, err)
	}
	many := make([]step, 1000)
	for i := range many {
		many[i].err = errItem
	}
	many = append(many, step{0, errFatal})
	for range desir.Valid(sequence(many...), &err) {
		t.Error("a value out of errors")
	}
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 101 || !errors.Is(err, errFatal) {
		t.Errorf("%d errors joined, want 100 and the fatal one", n)
	}
	for range desir.Valid(sequence(step{1, nil}, step{0, errItem}), &err) {
		break
	}
	if err != nil {
		t.Errorf("a break: %v", err)
	}
}

func TestCollect(t *testing.T) {
	if got, err := desir.Collect(sequence(step{1, nil}, step{2, nil})); !slices.Equal(got, []int{1, 2}) || err != nil {
		t.Errorf("a natural end: %v, %v", got, err)
	}
	if got, err := desir.Collect(sequence(step{1, nil}, step{0, errItem}, step{2, nil})); !slices.Equal(got, []int{1}) || err != errItem {
		t.Errorf("an error: %v, %v", got, err)
	}
}

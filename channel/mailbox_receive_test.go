package channel

import (
	"slices"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TestMailboxLooksAtNew checks that a scan examines the letters that arrived after the
// previous scan, in order, and all letters if the letter at its start (or end) is gone.
func TestMailboxLooksAtNew(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for _, opts := range [][]MailboxOption{nil, {LIFO()}} {
			m := NewMailbox[int](r.Client, r.Key("m"), opts...)
			shared, err := m.h.Shared()
			if err != nil {
				t.Fatal(err)
			}
			send := func(from, to int) {
				t.Helper()
				for i := from; i < to; i++ {
					if err := m.Send(t.Context(), m.Key(), i); err != nil {
						t.Fatal(err)
					}
				}
			}
			var seen scanPosition
			look := func(want ...int) {
				t.Helper()
				if m.order == newestFirst {
					slices.Reverse(want)
				}
				var asked []int
				_, _, err := m.scan(t.Context(), &outageTracker{shared: shared, key: m.h.Key}, &seen, func(l Letter[int]) bool {
					asked = append(asked, l.Value)
					return false
				})
				if err != nil || !slices.Equal(asked, want) {
					t.Errorf("from the %s: match was asked about %v, %v; want %v", m.order, asked, err, want)
				}
			}
			look()
			send(0, 30)
			look(numbers(0, 30)...)
			look()
			send(30, 45) // more than a page
			look(numbers(30, 45)...)
			look()
			if _, err := m.Receive(t.Context(), func(l Letter[int]) bool { return l.Value == 44 }); err != nil {
				t.Fatal(err)
			}
			send(45, 46)
			look(append(numbers(0, 44), 45)...)
			send(46, 47)
			look(46)
			if err := m.Clear(t.Context()); err != nil {
				t.Fatal(err)
			}
			look()
			send(0, 3)
			look(0, 1, 2)
			if err := m.Clear(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// numbers returns from, from+1 … to-1.
func numbers(from, to int) (all []int) {
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

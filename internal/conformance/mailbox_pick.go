package conformance

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// is returns a match for letters with value v.
func is[T comparable](v T) func(channel.Letter[T]) bool {
	return func(l channel.Letter[T]) bool { return l.Value == v }
}

func mailboxPicks(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	for i := range 6 {
		must(t, m.Send(soon(t), m.Key(), i))
	}
	var asked []int
	l, err := m.Receive(soon(t), func(l channel.Letter[int]) bool {
		asked = append(asked, l.Value)
		return l.Value == 3
	})
	equal(t, "Receive", answer(l.Value, l.From, err), answer(3, m.Key(), nil))
	equal(t, "what match was asked", asked, []int{0, 1, 2, 3})
	l, err = m.Receive(soon(t), func(l channel.Letter[int]) bool { return l.Value%2 == 1 })
	equal(t, "the first odd one", answer(l.Value, err), answer(1, nil))
	equal(t, "the rest", rest(t, m), []int{0, 2, 4, 5})
}

func mailboxPicksFromLast(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"), channel.LIFO())
	for i := range 250 {
		must(t, m.Send(soon(t), m.Key(), i))
	}
	var asked []int
	l, err := m.Receive(soon(t), func(l channel.Letter[int]) bool {
		asked = append(asked, l.Value)
		return l.Value%100 == 7
	})
	equal(t, "Receive", answer(l.Value, err), answer(207, nil))
	slices.Reverse(asked)
	equal(t, "what match was asked", answer(asked[0], len(asked), slices.IsSorted(asked)), answer(207, 43, true))
	l, err = m.Receive(soon(t), is(0))
	equal(t, "the last one", answer(l.Value, err), answer(0, nil))
	all := rest(t, m)
	slices.Reverse(all)
	equal(t, "the rest", answer(len(all), slices.IsSorted(all)), answer(248, true))
}

// mailboxPicksPages searches more than a page of letters while others receive letters
// before the current position. It must not miss a letter behind that position.
func mailboxPicksPages(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	const letters = 500
	for i := range letters {
		must(t, m.Send(soon(t), m.Key(), i))
	}
	far := channel.NewMailbox[int](r.NewClient(t), m.Key())
	taken := 0
	var asked []int
	l, err := m.Receive(soon(t), func(l channel.Letter[int]) bool {
		asked = append(asked, l.Value)
		if l.Value%50 == 9 && l.Value < 400 { // the current letter stays
			for range 9 {
				must(t, second(far.Recv(soon(t))))
				taken++
			}
		}
		return l.Value == letters-1
	})
	equal(t, "Receive", answer(l.Value, err), answer(letters-1, nil))
	for i, v := range asked {
		if i != v {
			t.Fatalf("match was asked about %d after %d", v, i-1)
		}
	}
	equal(t, "the rest", len(rest(t, m)), letters-1-taken)

	// The letter that was examined last is received: the search starts again.
	for i := range 30 {
		must(t, m.Send(soon(t), m.Key(), i))
	}
	gone := false
	l, err = m.Receive(soon(t), func(l channel.Letter[int]) bool {
		if l.Value == 9 && !gone { // the last of the first page
			gone = true
			must(t, second(far.Receive(soon(t), is(9))))
		}
		return l.Value == 20
	})
	equal(t, "Receive behind a letter that is gone", answer(l.Value, err), answer(20, nil))
}

// mailboxPicksLater: several receivers wait for letters that match. They also find a
// letter that another program wrote.
func mailboxPicksLater(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[string](r.Client, name(t, r, "m"))
	must(t, m.Send(soon(t), m.Key(), "before"))
	got := make(chan string)
	for _, c := range []client{r.Client, r.Client, r.NewClient(t)} {
		go func() {
			fits := func(l channel.Letter[string]) bool { return len(l.Value) == 1 }
			l, err := channel.NewMailbox[string](c, m.Key()).Receive(soon(t), fits)
			if err != nil {
				t.Error(err)
			}
			got <- l.Value
		}()
	}
	var all []string
	for _, v := range []string{"a", "b"} {
		must(t, m.Send(soon(t), m.Key(), "beside"))
		must(t, m.Send(soon(t), m.Key(), v))
		all = append(all, <-got)
	}
	must(t, r.Raw().LPush(t.Context(), m.Key(), stamped("c", "c")).Err())
	equal(t, "Receive", append(all, <-got), []string{"a", "b", "c"})
	equal(t, "the rest", rest(t, m), []string{"before", "beside", "beside"})
}

// mailboxPicksSoon: selective receivers of two clients are notified of letters. They do
// not depend on their check once a second.
func mailboxPicksSoon(opts ...channel.MailboxOption) func(*testing.T, *redistest.Redis) {
	return func(t *testing.T, r *redistest.Redis) {
		out := channel.NewMailbox[int](r.Client, name(t, r, "m"))
		rdbs := []client{r.Client, r.NewClient(t)}
		must(t, out.Send(soon(t), out.Key(), -1)) // stays
		const rounds = 4
		took := time.Duration(0)
		for n := range rounds {
			looks, got := make(chan bool, 100), make(chan error)
			go func() {
				_, err := channel.NewMailbox[int](rdbs[n%2], out.Key(), opts...).Receive(soon(t), func(l channel.Letter[int]) bool {
					if l.Value == -1 {
						looks <- true
					}
					return l.Value == n
				})
				got <- err
			}()
			<-looks
			<-looks // the check after a second without a notification
			start := time.Now()
			must(t, out.Send(soon(t), out.Key(), n))
			must(t, <-got)
			took += time.Since(start)
		}
		if took > rounds*time.Second/2 {
			t.Errorf("%d letters were picked after %v altogether", rounds, took)
		} else {
			t.Logf("%d letters were picked after %v altogether", rounds, took)
		}
	}
}

// mailboxPicksUntold: a receiver finds a letter that came without a notification, even
// while there are always notifications, since each letter causes the next one.
func mailboxPicksUntold(opts ...channel.MailboxOption) func(*testing.T, *redistest.Redis) {
	return func(t *testing.T, r *redistest.Redis) {
		m := channel.NewMailbox[int](r.Client, name(t, r, "m"), opts...)
		ctx, last := soon(t), 0
		must(t, m.Send(ctx, m.Key(), last))
		l, err := m.Receive(ctx, func(l channel.Letter[int]) bool {
			if l.Value == last {
				if last == 0 { // the first search is over
					must(t, r.Raw().LPush(ctx, m.Key(), stamped("h", "-1")).Err())
				}
				last++
				must(t, m.Send(ctx, m.Key(), last))
			}
			return l.Value == -1
		})
		equal(t, "Receive", answer(l.Value, err), answer(-1, nil))
	}
}

// mailboxPicksOnce: many receivers match the same letters. Each letter is received once.
func mailboxPicksOnce(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "m")
	const letters, receivers = 40, 4
	got := make(chan int, letters)
	var group sync.WaitGroup
	for _, c := range []client{r.Client, r.NewClient(t)} {
		for range receivers / 2 {
			m := channel.NewMailbox[int](c, key)
			group.Go(func() {
				for range letters / receivers {
					l, err := m.Receive(soon(t), func(channel.Letter[int]) bool { return true })
					if err != nil {
						t.Error(err)
						return
					}
					got <- l.Value
				}
			})
		}
	}
	out := channel.NewMailbox[int](r.Client, key)
	for i := range letters {
		must(t, out.Send(soon(t), key, i))
	}
	group.Wait()
	close(got)
	var all []int
	for v := range got {
		all = append(all, v)
	}
	slices.Sort(all)
	want := make([]int, letters)
	for i := range want {
		want[i] = i
	}
	equal(t, "Receive", all, want)
}

// mailboxMatchPanics: a panic of match reaches the caller, and no letter is lost.
func mailboxMatchPanics(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	must(t, m.Send(soon(t), m.Key(), 1))
	oops := errors.New("oops")
	func() {
		defer func() {
			if p := recover(); p != oops {
				t.Errorf("recovered %v, want what match has panicked with", p)
			}
		}()
		_, err := m.Receive(soon(t), func(channel.Letter[int]) bool { panic(oops) })
		t.Errorf("Receive returned: %v", err)
	}()
	went := make(chan struct{})
	go func() { // panics in a later search, after it has waited
		defer close(went)
		defer func() { _ = recover() }()
		_, _ = m.Receive(soon(t), func(l channel.Letter[int]) bool {
			if l.Value == 2 {
				panic(oops)
			}
			return false
		})
	}()
	must(t, m.Send(soon(t), m.Key(), 2))
	select {
	case <-went:
	case <-time.After(20 * time.Second):
		t.Fatal("Receive does not end")
	}
	equal(t, "the rest", rest(t, m), []int{1, 2})
}

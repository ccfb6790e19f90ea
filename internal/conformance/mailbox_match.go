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

// hasValue returns a match for letters with value v.
func hasValue[T comparable](v T) func(channel.Letter[T]) bool {
	return func(l channel.Letter[T]) bool { return l.Value == v }
}

func mailboxMatch(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	for i := range 6 {
		must(t, m.Send(timeoutContext(t), m.Key(), i))
	}
	var examined []int
	l, err := m.Receive(timeoutContext(t), func(l channel.Letter[int]) bool {
		examined = append(examined, l.Value)
		return l.Value == 3
	})
	equal(t, "Receive", results(l.Value, l.From, err), results(3, m.Key(), nil))
	equal(t, "the letters that match was called with", examined, []int{0, 1, 2, 3})
	l, err = m.Receive(timeoutContext(t), func(l channel.Letter[int]) bool { return l.Value%2 == 1 })
	equal(t, "the first odd one", results(l.Value, err), results(1, nil))
	equal(t, "the rest", remaining(t, m), []int{0, 2, 4, 5})
}

func mailboxMatchLIFO(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"), channel.LIFO())
	for i := range 250 {
		must(t, m.Send(timeoutContext(t), m.Key(), i))
	}
	var examined []int
	l, err := m.Receive(timeoutContext(t), func(l channel.Letter[int]) bool {
		examined = append(examined, l.Value)
		return l.Value%100 == 7
	})
	equal(t, "Receive", results(l.Value, err), results(207, nil))
	slices.Reverse(examined)
	equal(t, "the letters that match was called with", results(examined[0], len(examined), slices.IsSorted(examined)), results(207, 43, true))
	l, err = m.Receive(timeoutContext(t), hasValue(0))
	equal(t, "the last one", results(l.Value, err), results(0, nil))
	all := remaining(t, m)
	slices.Reverse(all)
	equal(t, "the rest", results(len(all), slices.IsSorted(all)), results(248, true))
}

// mailboxMatchPages searches more than a page of letters while others receive letters
// before the current position. It must not miss a letter behind that position.
func mailboxMatchPages(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	const letters = 500
	for i := range letters {
		must(t, m.Send(timeoutContext(t), m.Key(), i))
	}
	peer := channel.NewMailbox[int](r.NewClient(t), m.Key())
	taken := 0
	var examined []int
	l, err := m.Receive(timeoutContext(t), func(l channel.Letter[int]) bool {
		examined = append(examined, l.Value)
		if l.Value%50 == 9 && l.Value < 400 { // the current letter stays
			for range 9 {
				must(t, second(peer.Recv(timeoutContext(t))))
				taken++
			}
		}
		return l.Value == letters-1
	})
	equal(t, "Receive", results(l.Value, err), results(letters-1, nil))
	for i, v := range examined {
		if i != v {
			t.Fatalf("match was called with %d after %d", v, i-1)
		}
	}
	equal(t, "the rest", len(remaining(t, m)), letters-1-taken)

	// The letter that was examined last is received: the search starts again.
	for i := range 30 {
		must(t, m.Send(timeoutContext(t), m.Key(), i))
	}
	removed := false
	l, err = m.Receive(timeoutContext(t), func(l channel.Letter[int]) bool {
		if l.Value == 9 && !removed { // the last of the first page
			removed = true
			must(t, second(peer.Receive(timeoutContext(t), hasValue(9))))
		}
		return l.Value == 20
	})
	equal(t, "Receive after a removed letter", results(l.Value, err), results(20, nil))
}

// mailboxMatchLater: several receivers wait for letters that match. They also find a
// letter that another program wrote.
func mailboxMatchLater(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[string](r.Client, name(t, r, "m"))
	must(t, m.Send(timeoutContext(t), m.Key(), "before"))
	got := make(chan string)
	for _, c := range []client{r.Client, r.Client, r.NewClient(t)} {
		go func() {
			fits := func(l channel.Letter[string]) bool { return len(l.Value) == 1 }
			l, err := channel.NewMailbox[string](c, m.Key()).Receive(timeoutContext(t), fits)
			if err != nil {
				t.Error(err)
			}
			got <- l.Value
		}()
	}
	var all []string
	for _, v := range []string{"a", "b"} {
		must(t, m.Send(timeoutContext(t), m.Key(), "beside"))
		must(t, m.Send(timeoutContext(t), m.Key(), v))
		all = append(all, <-got)
	}
	must(t, r.Raw().LPush(t.Context(), m.Key(), storedLetter("c", "c")).Err())
	equal(t, "Receive", append(all, <-got), []string{"a", "b", "c"})
	equal(t, "the rest", remaining(t, m), []string{"before", "beside", "beside"})
}

// mailboxMatchNotified: selective receivers of two clients are notified of letters. They
// do not depend on their check once a second.
func mailboxMatchNotified(opts ...channel.MailboxOption) func(*testing.T, *redistest.Redis) {
	return func(t *testing.T, r *redistest.Redis) {
		sender := channel.NewMailbox[int](r.Client, name(t, r, "m"))
		rdbs := []client{r.Client, r.NewClient(t)}
		must(t, sender.Send(timeoutContext(t), sender.Key(), -1)) // stays
		const rounds = 4
		took := time.Duration(0)
		for n := range rounds {
			checks, got := make(chan bool, 100), make(chan error)
			go func() {
				_, err := channel.NewMailbox[int](rdbs[n%2], sender.Key(), opts...).Receive(timeoutContext(t), func(l channel.Letter[int]) bool {
					if l.Value == -1 {
						checks <- true
					}
					return l.Value == n
				})
				got <- err
			}()
			<-checks
			<-checks // the check after a second without a notification
			start := time.Now()
			must(t, sender.Send(timeoutContext(t), sender.Key(), n))
			must(t, <-got)
			took += time.Since(start)
		}
		if took > rounds*time.Second/2 {
			t.Errorf("%d letters were received after %v altogether", rounds, took)
		} else {
			t.Logf("%d letters were received after %v altogether", rounds, took)
		}
	}
}

// mailboxMatchUnnotified: a receiver finds a letter that came without a notification,
// even while there are always notifications, since each letter causes the next one.
func mailboxMatchUnnotified(opts ...channel.MailboxOption) func(*testing.T, *redistest.Redis) {
	return func(t *testing.T, r *redistest.Redis) {
		m := channel.NewMailbox[int](r.Client, name(t, r, "m"), opts...)
		ctx, last := timeoutContext(t), 0
		must(t, m.Send(ctx, m.Key(), last))
		l, err := m.Receive(ctx, func(l channel.Letter[int]) bool {
			if l.Value == last {
				if last == 0 { // the first search is over
					must(t, r.Raw().LPush(ctx, m.Key(), storedLetter("h", "-1")).Err())
				}
				last++
				must(t, m.Send(ctx, m.Key(), last))
			}
			return l.Value == -1
		})
		equal(t, "Receive", results(l.Value, err), results(-1, nil))
	}
}

// mailboxMatchOnce: many receivers match the same letters. Each letter is received once.
func mailboxMatchOnce(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "m")
	const letters, receivers = 40, 4
	got := make(chan int, letters)
	var group sync.WaitGroup
	for _, c := range []client{r.Client, r.NewClient(t)} {
		for range receivers / 2 {
			m := channel.NewMailbox[int](c, key)
			group.Go(func() {
				for range letters / receivers {
					l, err := m.Receive(timeoutContext(t), func(channel.Letter[int]) bool { return true })
					if err != nil {
						t.Error(err)
						return
					}
					got <- l.Value
				}
			})
		}
	}
	sender := channel.NewMailbox[int](r.Client, key)
	for i := range letters {
		must(t, sender.Send(timeoutContext(t), key, i))
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
	must(t, m.Send(timeoutContext(t), m.Key(), 1))
	oops := errors.New("oops")
	func() {
		defer func() {
			if p := recover(); p != oops {
				t.Errorf("recovered %v, want what match has panicked with", p)
			}
		}()
		_, err := m.Receive(timeoutContext(t), func(channel.Letter[int]) bool { panic(oops) })
		t.Errorf("Receive returned: %v", err)
	}()
	ended := make(chan struct{})
	go func() { // panics in a later search, after it has waited
		defer close(ended)
		defer func() { _ = recover() }()
		_, _ = m.Receive(timeoutContext(t), func(l channel.Letter[int]) bool {
			if l.Value == 2 {
				panic(oops)
			}
			return false
		})
	}()
	must(t, m.Send(timeoutContext(t), m.Key(), 2))
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("Receive does not end")
	}
	equal(t, "the rest", remaining(t, m), []int{1, 2})
}

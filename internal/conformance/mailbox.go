package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// Mailbox tests channel.Mailbox on a backend.
func Mailbox(t *testing.T, r *redistest.Redis) {
	run(t, r,
		failures(mailboxSubject()),
		costs(mailboxSubject()),
		part{"Order", mailboxOrder},
		part{"LIFO", mailboxLIFO},
		part{"SentAt", mailboxSentAt},
		part{"Form", mailboxForm},
		part{"Malformed", mailboxMalformed},
		part{"Sizes", mailboxSizes},
		part{"Idle", mailboxIdle},
		part{"Prefetch", mailboxPrefetch},
		part{"Deadline", mailboxDeadline},
		part{"WrongType", mailboxWrongType},
		part{"HelperKeys", mailboxHelperKeys},
		part{"Match", mailboxMatch},
		part{"MatchLIFO", mailboxMatchLIFO},
		part{"MatchPages", mailboxMatchPages},
		part{"MatchLater", mailboxMatchLater},
		part{"MatchNotified", mailboxMatchNotified()},
		part{"MatchNotifiedLIFO", mailboxMatchNotified(channel.LIFO())},
		part{"MatchUnnotified", mailboxMatchUnnotified()},
		part{"MatchUnnotifiedLIFO", mailboxMatchUnnotified(channel.LIFO())},
		part{"MatchOnce", mailboxMatchOnce},
		part{"MatchPanics", mailboxMatchPanics},
		part{"Asks", mailboxAsks},
		part{"AskCanceled", mailboxAskCanceled},
		part{"Replies", mailboxReplies},
		part{"Codecs", mailboxCodecs},
		part{"Sealed", mailboxSealed},
		part{"SealedReplies", mailboxSealedReplies},
	)
}

// mailboxSubject contains the calls that do not wait for other clients. It sends letters
// to the mailbox itself.
func mailboxSubject() Subject {
	return Subject{
		Name: "Mailbox", Type: "channel.Mailbox", Kind: "list",
		Calls: func(rdb client, name string) []Call {
			return mailboxCalls(channel.NewMailbox[string](rdb, name), name, marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.RPush(ctx, name, storedLetter("1", marker), storedLetter("2", "b")).Err()
		},
		Zero: func() []Call { return mailboxCalls(new(channel.Mailbox[string]), "to", "v") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return mailboxCalls(channel.NewMailbox[chan int](rdb, name), name, nil)
		}},
	}
}

func mailboxCalls[T any](m *channel.Mailbox[T], to string, v T) []Call {
	return []Call{
		reads("Len", "llen", func(ctx context.Context) error { return second(m.Len(ctx)) }),
		reads("Exists", "exists", func(ctx context.Context) error { return second(m.Exists(ctx)) }).ofAnyType(),
		writes("Send", "evalsha", func(ctx context.Context) error { return m.Send(ctx, to, v) }),
		writes("Clear", "evalsha", m.Clear).ofAnyType(),
	}
}

// storedLetter returns the stored form of a letter that another program wrote.
func storedLetter(id, value string) string { return "1700000000000000 .3:eve,1:" + id + ",0:," + value }

// letterValues returns the values of letters.
func letterValues[T any](ls []channel.Letter[T]) (vs []T) {
	for _, l := range ls {
		vs = append(vs, l.Value)
	}
	return vs
}

// remaining receives the remaining letters.
func remaining[T any](t *testing.T, m *channel.Mailbox[T]) []T {
	t.Helper()
	ls, err := drain(m.All(timeoutContext(t), channel.Idle(0)))
	must(t, err)
	return letterValues(ls)
}

func mailboxOrder(t *testing.T, r *redistest.Redis) {
	ada := channel.NewMailbox[int](r.Client, name(t, r, "ada"))
	bob := channel.NewMailbox[int](r.NewClient(t), name(t, r, "bob"))
	for i := range 5 {
		must(t, bob.Send(timeoutContext(t), ada.Key(), i))
	}
	n, err := ada.Len(timeoutContext(t))
	equal(t, "Len", results(n, err), results(5, nil))
	l, err := ada.Recv(timeoutContext(t))
	must(t, err)
	equal(t, "Recv", results(l.Value, l.From, l.Re, len(l.ID)), results(0, bob.Key(), "", 26))
	l, ok, err := ada.TryRecv(timeoutContext(t))
	equal(t, "TryRecv", results(l.Value, ok, err), results(1, true, nil))
	equal(t, "the rest", remaining(t, ada), []int{2, 3, 4})
	_, ok, err = ada.TryRecv(timeoutContext(t))
	equal(t, "TryRecv from an empty mailbox", results(ok, err), results(false, nil))
	ok, err = ada.Exists(timeoutContext(t))
	equal(t, "Exists", results(ok, err), results(false, nil))

	got := make(chan int)
	go func() { // waits before the letters come
		l, err := ada.Recv(timeoutContext(t))
		if err != nil {
			t.Error(err)
		}
		got <- l.Value
	}()
	must(t, bob.Send(timeoutContext(t), ada.Key(), 7))
	equal(t, "Recv that waits", <-got, 7)
	must(t, ada.Send(timeoutContext(t), ada.Key(), 8))
	equal(t, "a letter to oneself", remaining(t, ada), []int{8})
	for range 3 {
		must(t, bob.Send(timeoutContext(t), ada.Key(), 9))
	}
	must(t, ada.Clear(timeoutContext(t)))
	equal(t, "after Clear", remaining(t, ada), []int(nil))
}

// mailboxLIFO receives from both ends of one mailbox, with objects of one client that
// wait at the same time.
func mailboxLIFO(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "pile")
	oldest, newest := channel.NewMailbox[int](r.Client, key), channel.NewMailbox[int](r.Client, key, channel.LIFO())
	for i := range 6 {
		must(t, oldest.Send(timeoutContext(t), key, i))
	}
	for i, m := range []*channel.Mailbox[int]{newest, oldest, newest} {
		l, err := m.Recv(timeoutContext(t))
		equal(t, fmt.Sprint("Recv ", i), results(l.Value, err), results([]int{5, 0, 4}[i], nil))
	}
	l, ok, err := newest.TryRecv(timeoutContext(t))
	equal(t, "TryRecv", results(l.Value, ok, err), results(3, true, nil))
	equal(t, "the rest", remaining(t, newest), []int{2, 1})

	got := make(chan int)
	for _, m := range []*channel.Mailbox[int]{newest, oldest, newest, oldest} {
		go func() {
			l, err := m.Recv(timeoutContext(t))
			if err != nil {
				t.Error(err)
			}
			got <- l.Value
		}()
	}
	var all []int
	for i := range 4 {
		must(t, channel.NewMailbox[int](r.NewClient(t), key).Send(timeoutContext(t), key, i))
		all = append(all, <-got)
	}
	equal(t, "Recv at both ends", all, []int{0, 1, 2, 3})
	must(t, newest.Clear(timeoutContext(t)))
}

// mailboxSentAt: SentAt follows the server's clock, not the client's.
func mailboxSentAt(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	clock := func() time.Time {
		now, err := r.Master(t, m.Key()).Time(t.Context()).Result()
		must(t, err)
		return now
	}
	before := clock()
	must(t, m.Send(timeoutContext(t), m.Key(), 1))
	after := clock()
	l, err := m.Recv(timeoutContext(t))
	must(t, err)
	if l.SentAt.Before(before) || l.SentAt.After(after) || l.SentAt.Location() != time.UTC {
		t.Errorf("sent at %v, want a time in UTC between %v and %v", l.SentAt, before, after)
	}
}

// mailboxForm checks the stored form and reads letters that another program wrote.
func mailboxForm(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[string](r.Client, name(t, r, "m"))
	must(t, m.Send(timeoutContext(t), m.Key(), "hello"))
	stored := r.Raw().LIndex(t.Context(), m.Key(), 0).Val()
	l, err := m.Recv(timeoutContext(t))
	must(t, err)
	want := fmt.Sprintf("%d .%d:%s,26:%s,0:,hello", l.SentAt.UnixMicro(), len(m.Key()), m.Key(), l.ID)
	equal(t, "what is stored", stored, want)
	must(t, r.Raw().RPush(t.Context(), m.Key(), "1700000000123456 .3:eve,4:id-1,2:me,by hand").Err())
	l, err = m.Recv(timeoutContext(t))
	equal(t, "by hand", results(l.From, l.ID, l.Re, l.Value, l.SentAt, err),
		results("eve", "id-1", "me", "by hand", time.UnixMicro(1700000000123456).UTC(), nil))
}

// mailboxMalformed receives bytes that are not letters. They are consumed, and the loop
// continues.
func mailboxMalformed(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	bad := []string{
		"", " ", marker, "1", "1 ", "-1 .3:eve,1:a,0:,1", "1.5 .3:eve,1:a,0:,1", "99999999999999999999 .3:eve,1:a,0:,1",
		"1 3:eve,1:a,0:,1", "1 .3:eve,1:a,1", "1 .3:eve,1:a,0:,", "1 .3:eve,1:a,0:,one", "1 .0:,1:a,0:,1", "1 .3:eve,0:,0:,1",
		"1 .3:eve,1:*,0:,1", "1 .3:eve,1:a,1: ,1", "1 .03:eve,1:a,0:,1", "1 .4294967299:eve,1:a,0:,1", "1 .9:eve,1:a,0:,1",
		"1 .3:a}b,1:a,0:,1", "1 .3:eve,65:" + strings.Repeat("a", 65) + ",0:,1", "1 !3:eve,1:a,0:,1", "\x00\xff",
	}
	push := func() {
		for _, b := range bad {
			must(t, r.Raw().RPush(t.Context(), m.Key(), b).Err())
		}
	}
	push()
	must(t, m.Send(timeoutContext(t), m.Key(), 7))
	good, errs := drainWithErrors(m.All(timeoutContext(t), channel.Idle(0)))
	equal(t, "All", letterValues(good), []int{7})
	if len(errs) != len(bad) {
		t.Fatalf("%d errors, want %d: %v", len(errs), len(bad), errs)
	}
	for _, err := range errs {
		checkDecodeError(t, err, "channel.Mailbox.All", m.Key(), "")
	}
	push()
	must(t, m.Send(timeoutContext(t), m.Key(), 8))
	l, err := m.Receive(timeoutContext(t), func(channel.Letter[int]) bool { return true })
	equal(t, "Receive", results(l.Value, err), results(8, nil))
	n, err := m.Len(timeoutContext(t)) // they stay for Recv
	equal(t, "Len", results(n, err), results(len(bad), nil))
	checkDecodeError(t, second(m.Recv(timeoutContext(t))), "channel.Mailbox.Recv", m.Key(), "")
	checkDecodeError(t, third(m.TryRecv(timeoutContext(t))), "channel.Mailbox.TryRecv", m.Key(), "")
}

// mailboxSizes sends the longest letter that is allowed, and a longer one.
func mailboxSizes(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	m := channel.NewMailbox[string](rdb, name(t, r, "m"))
	fits := strings.Repeat("x", 1<<20-len(storedLetter("", ""))-len(m.Key())-26)
	must(t, m.Send(timeoutContext(t), m.Key(), fits))
	trips := redistest.CountTrips(rdb)
	for what, err := range map[string]error{
		"Send": m.Send(timeoutContext(t), m.Key(), strings.Repeat("x", 1<<20)),
		"Ask":  second(m.Ask(timeoutContext(t), m.Key(), strings.Repeat("x", 1<<20))),
	} {
		if !errors.Is(err, codec.ErrTooLarge) {
			t.Errorf("%s of a letter beyond 1 MiB: %v; want ErrTooLarge", what, err)
		}
	}
	equal(t, "round trips", trips.Count(), 0)
	equal(t, "the other letter", slices.Equal(remaining(t, m), []string{fits}), true)
}

func mailboxIdle(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	for _, d := range []time.Duration{-1, 0, time.Millisecond, 50 * time.Millisecond} {
		for i := range 3 {
			must(t, m.Send(timeoutContext(t), m.Key(), i))
		}
		ls, err := drain(m.All(timeoutContext(t), nil, channel.Idle(d)))
		must(t, err)
		equal(t, fmt.Sprintf("All with Idle(%v)", d), letterValues(ls), []int{0, 1, 2})
	}
	for i := range 3 {
		must(t, m.Send(timeoutContext(t), m.Key(), i))
	}
	for l, err := range m.All(timeoutContext(t)) {
		must(t, err)
		if l.Value == 1 {
			break
		}
	}
	equal(t, "the letters after break", remaining(t, m), []int{2})
}

// mailboxDeadline: receivers of every kind end soon after their context.
func mailboxDeadline(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	must(t, m.Send(timeoutContext(t), m.Key(), 1))
	none := func(channel.Letter[int]) bool { return false }
	for what, receive := range map[string]func(context.Context) error{
		"Receive": func(ctx context.Context) error { return second(m.Receive(ctx, none)) },
		"Ask":     func(ctx context.Context) error { return second(m.Ask(ctx, name(t, r, "nobody"), 1)) },
	} {
		checkDeadline(t, what, receive)
	}
	equal(t, "the letter that does not match", remaining(t, m), []int{1})
	checkDeadline(t, "Recv", func(ctx context.Context) error { return second(m.Recv(ctx)) })
	checkDeadline(t, "All", func(ctx context.Context) error { return second(drain(m.All(ctx))) })
}

// checkDeadline checks that a deadline ends a call that waits.
func checkDeadline(t *testing.T, what string, receive func(context.Context) error) {
	t.Helper()
	took := quickest(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v; want the deadline", what, err)
		}
	})
	if took > 200*time.Millisecond {
		t.Errorf("%s returned after %v", what, took)
	}
}

// mailboxWrongType receives from a key of another type and sends to it.
func mailboxWrongType(t *testing.T, r *redistest.Redis) {
	good := channel.NewMailbox[string](r.Client, tagged(t, r, "good"))
	got := make(chan error, 2)
	go func() { got <- second(good.Recv(timeoutContext(t))) }()
	for _, opts := range [][]channel.MailboxOption{nil, {channel.LIFO()}} {
		bad := channel.NewMailbox[string](r.Client, tagged(t, r, "bad"), opts...)
		must(t, r.Raw().Set(t.Context(), bad.Key(), "text", 0).Err())
		for what, err := range map[string]error{
			"Recv":    second(bad.Recv(timeoutContext(t))),
			"Receive": second(bad.Receive(timeoutContext(t), func(channel.Letter[string]) bool { return true })),
			"Send":    good.Send(timeoutContext(t), bad.Key(), "v"),
			"Ask":     second(good.Ask(timeoutContext(t), bad.Key(), "v")),
		} {
			if !errors.Is(err, desir.ErrWrongType) {
				t.Errorf("%s: %v; want ErrWrongType", what, err)
			}
		}
	}
	must(t, good.Send(timeoutContext(t), good.Key(), "v"))
	must(t, <-got)
}

// mailboxHelperKeys: no helper key without an expiry remains, and addresses that cannot
// have helper keys are refused.
func mailboxHelperKeys(t *testing.T, r *redistest.Redis) {
	m := channel.NewMailbox[int](r.Client, name(t, r, "m"))
	must(t, m.Send(timeoutContext(t), m.Key(), 1))
	must(t, second(m.Receive(timeoutContext(t), func(channel.Letter[int]) bool { return true })))
	go func() {
		_ = m.Send(timeoutContext(t), m.Key(), 2)
	}()
	must(t, second(m.Recv(timeoutContext(t))))
	redistest.Eventually(t, 5*time.Second, func() bool {
		return !slices.ContainsFunc(r.KeysWithoutExpiry(t), func(k string) bool { return strings.Contains(k, m.Key()) })
	}, "no key without an end")
	for _, bad := range []string{"", "}{", "a{}b", "{}"} {
		for what, err := range map[string]error{
			"Send to":   m.Send(t.Context(), bad, 1),
			"Ask of":    second(m.Ask(t.Context(), bad, 1)),
			"Send from": channel.NewMailbox[int](r.Client, bad).Send(t.Context(), m.Key(), 1),
		} {
			if op := new(desir.OpError); !errors.As(err, &op) || !errors.Is(err, desir.ErrName) {
				t.Errorf("%s %q: %v; want ErrName", what, bad, err)
			}
		}
	}
	for _, odd := range []string{"a{b}c", "\x00\n", "ключ", "a,1:b"} {
		key := r.Key(odd)
		must(t, channel.NewMailbox[int](r.Client, key).Send(timeoutContext(t), m.Key(), 1))
		l, err := m.Recv(timeoutContext(t))
		must(t, err)
		equal(t, "From", l.From, key)
		must(t, l.Reply(timeoutContext(t), 2))
		equal(t, "the reply", remaining(t, channel.NewMailbox[int](r.Client, key)), []int{2})
	}
}

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

// Chan tests channel.Chan on a backend.
func Chan(t *testing.T, r *redistest.Redis) {
	run(t, r,
		failures(chanSubject()),
		part{"Order", chanOrder},
		part{"Closes", chanCloses},
		part{"Wakes", chanWakes},
		part{"Bound", chanBound},
		part{"Idle", chanIdle},
		part{"Prefetch", chanPrefetch},
		part{"PlainCommands", chanPlainCommands},
		part{"Undecodable", chanUndecodable},
		part{"Sizes", chanSizes},
		part{"Deadline", chanDeadline},
		part{"WrongType", chanWrongType},
		part{"HelperKeys", chanHelperKeys},
	)
}

// chanSubject contains the calls that do not wait for other clients.
func chanSubject() Subject {
	return Subject{
		Name: "Chan", Type: "channel.Chan", Kind: "list",
		Calls: func(rdb client, name string) []Call {
			return chanCalls(channel.NewChan[string](rdb, name), marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.RPush(ctx, name, marker, "b").Err()
		},
		Zero: func() []Call { return chanCalls(new(channel.Chan[string]), "v") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return chanCalls(channel.NewChan[chan int](rdb, name), nil)
		}},
	}
}

func chanCalls[T any](c *channel.Chan[T], v T) []Call {
	return []Call{
		reads("Len", "llen", func(ctx context.Context) error { return second(c.Len(ctx)) }),
		reads("Exists", "exists", func(ctx context.Context) error { return second(c.Exists(ctx)) }).ofAnyType(),
		writes("Send", "evalsha", func(ctx context.Context) error { return c.Send(ctx, v) }),
		writes("TrySend", "evalsha", func(ctx context.Context) error { return second(c.TrySend(ctx, v)) }),
		writes("SendMany", "evalsha", func(ctx context.Context) error { return second(c.SendMany(ctx, v, v)) }),
		writes("Close", "evalsha", c.Close),
		writes("Reopen", "evalsha", c.Reopen).ofAnyType(),
		writes("Clear", "evalsha", c.Clear).ofAnyType(),
	}
}

// timeoutContext returns a context for a call that waits and is expected to succeed.
func timeoutContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func chanOrder(t *testing.T, r *redistest.Redis) {
	c := channel.NewChan[int](r.Client, name(t, r, "jobs"))
	for i := range 3 {
		must(t, c.Send(timeoutContext(t), i))
	}
	n, err := c.SendMany(timeoutContext(t), 3, 4, 5, 6)
	must(t, err)
	equal(t, "SendMany", n, 4)
	ok, err := c.TrySend(timeoutContext(t), 7)
	must(t, err)
	equal(t, "TrySend", ok, true)
	v, err := c.Recv(timeoutContext(t))
	must(t, err)
	equal(t, "Recv", v, 0)
	v, ok, err = c.TryRecv(timeoutContext(t))
	must(t, err)
	equal(t, "TryRecv", []any{v, ok}, []any{1, true})
	vs, err := c.RecvMany(timeoutContext(t), 4)
	must(t, err)
	equal(t, "RecvMany", vs, []int{2, 3, 4, 5})
	vs, err = c.RecvMany(timeoutContext(t), 0)
	must(t, err)
	equal(t, "RecvMany of none", vs, []int(nil))
	vs, err = c.RecvMany(timeoutContext(t), int(^uint(0)>>1))
	must(t, err)
	equal(t, "RecvMany of any number", vs, []int{6, 7})
	_, ok, err = c.TryRecv(timeoutContext(t))
	must(t, err)
	equal(t, "TryRecv from an empty channel", ok, false)
	n, err = c.SendMany(timeoutContext(t))
	must(t, err)
	equal(t, "SendMany of none", n, 0)
}

// chanCloses drains a closed channel, whose loops end without an error, and opens it
// again.
func chanCloses(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "jobs")
	c, peer := channel.NewChan[int](r.Client, key), channel.NewChan[int](r.NewClient(t), key)
	second(c.SendMany(timeoutContext(t), 1, 2, 3))
	must(t, peer.Close(timeoutContext(t)))
	must(t, c.Close(timeoutContext(t)))
	for _, err := range []error{c.Send(timeoutContext(t), 4), second(peer.TrySend(timeoutContext(t), 4)), second(c.SendMany(timeoutContext(t), 4))} {
		if !errors.Is(err, desir.ErrClosed) {
			t.Errorf("a send to a closed channel: %v", err)
		}
	}
	got, err := drain(c.All(timeoutContext(t)))
	must(t, err)
	equal(t, "All", got, []int{1, 2, 3})
	for _, err := range []error{
		second(c.Recv(timeoutContext(t))), second(peer.RecvMany(timeoutContext(t), 2)), third(c.TryRecv(timeoutContext(t))),
	} {
		if !errors.Is(err, desir.ErrClosed) {
			t.Errorf("a receive from a closed, empty channel: %v", err)
		}
	}
	must(t, c.Reopen(timeoutContext(t)))
	must(t, peer.Send(timeoutContext(t), 5))
	v, err := c.Recv(timeoutContext(t))
	must(t, err)
	equal(t, "Recv after Reopen", v, 5)
	must(t, c.Close(timeoutContext(t)))
	must(t, c.Clear(timeoutContext(t)))
	must(t, peer.Send(timeoutContext(t), 6)) // Clear also removes the mark of a closed channel
}

// chanWakes: receivers of two clients wait for a value and for the close.
func chanWakes(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "jobs")
	peer := channel.NewChan[int](r.NewClient(t), key)
	got, ends := make(chan int), make(chan error)
	for _, rdb := range []client{r.Client, r.Client, r.NewClient(t)} {
		c := channel.NewChan[int](rdb, key)
		go func() {
			for v, err := range c.All(timeoutContext(t)) {
				if err != nil {
					ends <- err
					return
				}
				got <- v
			}
			ends <- nil
		}()
	}
	for i := range 5 {
		must(t, peer.Send(timeoutContext(t), i))
		equal(t, "All", <-got, i)
	}
	start := time.Now()
	must(t, peer.Close(timeoutContext(t)))
	for range 3 {
		must(t, <-ends)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the receivers ended %v after Close", took)
	}
}

func chanBound(t *testing.T, r *redistest.Redis) {
	c := channel.NewChan[int](r.Client, name(t, r, "jobs"), channel.Buffer(3))
	short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	n, err := c.SendMany(short, 1, 2, 3, 4, 5)
	equal(t, "SendMany", n, 3)
	if !errors.Is(err, desir.ErrFull) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("SendMany to a full channel: %v; want ErrFull and the deadline", err)
	}
	ok, err := c.TrySend(timeoutContext(t), 6)
	must(t, err)
	equal(t, "TrySend to a full channel", ok, false)
	sent := make(chan error)
	go func() { sent <- c.Send(timeoutContext(t), 7) }()
	var got []int
	for range 4 {
		v, err := c.Recv(timeoutContext(t))
		must(t, err)
		got = append(got, v)
	}
	must(t, <-sent)
	equal(t, "Recv", got, []int{1, 2, 3, 7})
	for _, n := range []int{0, -1} {
		if err := channel.NewChan[int](r.Client, "c", channel.Buffer(n)).Send(t.Context(), 1); err == nil {
			t.Errorf("Buffer(%d): no error", n)
		}
	}
}

// chanIdle: Idle ends a loop, but not while there are values.
func chanIdle(t *testing.T, r *redistest.Redis) {
	c := channel.NewChan[int](r.Client, name(t, r, "jobs"))
	for _, d := range []time.Duration{-1, 0, time.Millisecond, 50 * time.Millisecond} {
		must(t, second(c.SendMany(timeoutContext(t), 1, 2, 3)))
		var got []int
		for v, err := range c.All(timeoutContext(t), nil, channel.Idle(d)) {
			must(t, err)
			got = append(got, v)
			<-time.After(60 * time.Millisecond) // the body takes longer than the idle time
		}
		equal(t, fmt.Sprintf("All with Idle(%v)", d), got, []int{1, 2, 3})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := drain(c.All(ended, channel.Idle(time.Hour))); !errors.Is(err, context.Canceled) {
		t.Errorf("All with an ended context: %v", err)
	}
}

// chanPlainCommands pushes and pops with plain commands.
func chanPlainCommands(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "jobs")
	c := channel.NewChan[string](r.Client, key)
	got := make(chan string)
	go func() {
		v, err := c.Recv(timeoutContext(t))
		if err != nil {
			t.Error(err)
		}
		got <- v
	}()
	must(t, r.Raw().RPush(t.Context(), key, "by hand").Err())
	equal(t, "Recv", <-got, "by hand")
	must(t, c.Send(timeoutContext(t), "for a hand"))
	equal(t, "LPOP", r.Raw().LPop(t.Context(), key).Val(), "for a hand")
}

// chanUndecodable receives bytes that do not decode. They are consumed, and the loop
// continues.
func chanUndecodable(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "jobs")
	c := channel.NewChan[int](r.Client, key)
	fill := func() {
		must(t, r.Raw().RPush(t.Context(), key, "1", marker, "2").Err())
	}
	fill()
	good, bad := drainWithErrors(c.All(timeoutContext(t), channel.Idle(0)))
	equal(t, "All", good, []int{1, 2})
	equal(t, "errors", len(bad), 1)
	checkDecodeError(t, bad[0], "channel.Chan.All", key, "")
	fill()
	good, err := c.RecvMany(timeoutContext(t), 10)
	equal(t, "RecvMany", good, []int{1, 2})
	if _, ok := errors.AsType[*codec.DecodeError](err); !ok || strings.Contains(err.Error(), marker) {
		t.Errorf("RecvMany: %v", err)
	}
	must(t, r.Raw().RPush(t.Context(), key, marker, marker).Err())
	checkDecodeError(t, second(c.Recv(timeoutContext(t))), "channel.Chan.Recv", key, "")
	checkDecodeError(t, third(c.TryRecv(timeoutContext(t))), "channel.Chan.TryRecv", key, "")
	n, err := c.Len(timeoutContext(t))
	must(t, err)
	equal(t, "Len", n, 0)
}

// chanSizes sends long values and many values.
func chanSizes(t *testing.T, r *redistest.Redis) {
	long := channel.NewChan[string](r.Client, name(t, r, "long"))
	big := strings.Repeat("x", 1<<20)
	must(t, second(long.SendMany(timeoutContext(t), big, "", big)))
	var vs []string
	for len(vs) < 3 { // one take returns only as many values as fit a reply
		some, err := long.RecvMany(timeoutContext(t), 10)
		must(t, err)
		vs = append(vs, some...)
	}
	equal(t, "RecvMany of long values", slices.Equal(vs, []string{big, "", big}), true)
	many := channel.NewChan[int](r.Client, name(t, r, "many"))
	all := make([]int, 10_000)
	for i := range all {
		all[i] = i
	}
	n, err := many.SendMany(timeoutContext(t), all...)
	must(t, err)
	equal(t, "SendMany", n, len(all))
	var got []int
	for len(got) < len(all) {
		vs, err := many.RecvMany(timeoutContext(t), 10_000)
		must(t, err)
		got = append(got, vs...)
	}
	equal(t, "RecvMany of many", slices.Equal(got, all), true)
}

// chanDeadline: receivers of every kind end soon after their context.
func chanDeadline(t *testing.T, r *redistest.Redis) {
	c := channel.NewChan[int](r.Client, name(t, r, "jobs"))
	for what, receive := range map[string]func(context.Context) error{
		"Recv":     func(ctx context.Context) error { return second(c.Recv(ctx)) },
		"RecvMany": func(ctx context.Context) error { return second(c.RecvMany(ctx, 5)) },
		"All":      func(ctx context.Context) error { return second(drain(c.All(ctx))) },
	} {
		checkDeadline(t, what, receive)
	}
}

// chanWrongType receives from a key of another type, and from a channel whose helper key
// has another type. Only these receivers fail.
func chanWrongType(t *testing.T, r *redistest.Redis) {
	good := channel.NewChan[string](r.Client, tagged(t, r, "good"))
	got := make(chan error, 1)
	go func() { got <- second(good.Recv(timeoutContext(t))) }()
	for what, suffix := range map[string]string{"the values": "", "the wake-up": ":wake"} {
		if suffix != "" && r.IsCluster() {
			continue // is a channel there
		}
		key := tagged(t, r, "bad"+what)
		must(t, r.Raw().Set(t.Context(), key+suffix, "text", 0).Err())
		if err := second(channel.NewChan[string](r.Client, key).Recv(timeoutContext(t))); !errors.Is(err, desir.ErrWrongType) {
			t.Errorf("Recv with %s of another type: %v; want ErrWrongType", what, err)
		}
	}
	must(t, good.Send(timeoutContext(t), "v"))
	must(t, <-got)
}

// chanHelperKeys: no helper key without an expiry remains, and names whose helper keys
// would be in other slots are refused.
func chanHelperKeys(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "jobs")
	c := channel.NewChan[int](r.Client, key, channel.Buffer(1))
	must(t, c.Send(timeoutContext(t), 1))
	for range 3 { // senders that wait and give up
		limit, err := 100*time.Millisecond, error(nil)
		for ; limit < 10*time.Second && !errors.Is(err, desir.ErrFull); limit *= 2 { // the server may be slow
			short, cancel := context.WithTimeout(t.Context(), limit)
			err = c.Send(short, 2)
			cancel()
		}
		if !errors.Is(err, desir.ErrFull) {
			t.Errorf("Send to a full channel: %v", err)
		}
		must(t, second(c.Recv(timeoutContext(t))))
		must(t, c.Send(timeoutContext(t), 1))
	}
	must(t, second(c.Recv(timeoutContext(t))))
	redistest.Eventually(t, 20*time.Second, func() bool {
		return !slices.ContainsFunc(r.KeysWithoutExpiry(t), func(k string) bool { return strings.Contains(k, key) })
	}, "no key without an end")
	for _, bad := range []string{"}{", "a{}b", "{}"} {
		if err := channel.NewChan[int](r.Client, bad).Send(t.Context(), 1); !errors.Is(err, desir.ErrName) {
			t.Errorf("a channel called %q: %v; want ErrName", bad, err)
		}
	}
}

package conformance

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
)

// PriorityQueue tries channel.PriorityQueue on a backend.
func PriorityQueue(t *testing.T, r *redistest.Redis) {
	run(t, r,
		failures(prioritySubject()),
		part{"Model", priorityModel},
		part{"Crowd", priorityCrowd},
		part{"Equals", priorityEquals},
		part{"Range", priorityRange},
		part{"Waits", priorityWaits},
		part{"GivenBack", priorityGivenBack},
		part{"Plain", priorityPlain},
		part{"Undecodable", priorityUndecodable},
		part{"Codecs", priorityCodecs},
		part{"Leaves", priorityLeaves},
		part{"Refused", priorityRefused},
		part{"Costs", priorityCosts},
		part{"Helpers", priorityHelpers},
	)
}

// prioritySubject has the calls that do not take.
func prioritySubject() Subject {
	return Subject{
		Name: "PriorityQueue", Type: "channel.PriorityQueue", Kind: "zset",
		Calls: func(rdb client, name string) []Call {
			return priorityCalls(channel.NewPriorityQueue[string](rdb, name), marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.ZAdd(ctx, name, redis.Z{Score: 1, Member: marker}).Err()
		},
		Zero: func() []Call { return priorityCalls(new(channel.PriorityQueue[string]), "v") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return priorityCalls(channel.NewPriorityQueue[chan int](rdb, name), nil)
		}},
	}
}

func priorityCalls[T any](q *channel.PriorityQueue[T], v T) []Call {
	return []Call{
		look("Len", "zcard", func(ctx context.Context) error { return second(q.Len(ctx)) }),
		look("Exists", "exists", func(ctx context.Context) error { return second(q.Exists(ctx)) }).whatever(),
		change("Push", "evalsha", func(ctx context.Context) error { return q.Push(ctx, v, 1) }),
		change("Clear", "evalsha", q.Clear).whatever(),
	}
}

// urgent is a value in a queue of the model.
type urgent struct {
	priority, turn int
	value          string
}

// waitingLine is a queue as Go has it: a heap, first come first served.
type waitingLine []urgent

func (w waitingLine) Len() int { return len(w) }

func (w waitingLine) Less(i, j int) bool {
	return w[i].priority < w[j].priority || w[i].priority == w[j].priority && w[i].turn < w[j].turn
}

func (w waitingLine) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waitingLine) Push(v any)   { *w = append(*w, v.(urgent)) }

func (w *waitingLine) Pop() any {
	last := len(*w) - 1
	v := (*w)[last]
	*w = (*w)[:last]
	return v
}

// priorityModel makes random calls, by handles of three clients, and the same
// to a heap.
func priorityModel(t *testing.T, r *redistest.Redis) {
	m, key := newModel(t), name(t, r, "q")
	var handles []*channel.PriorityQueue[string]
	for _, rdb := range []client{r.Client, r.NewClient(t), otherHandle(t, r)} {
		handles = append(handles, channel.NewPriorityQueue[string](rdb, key))
	}
	var want waitingLine
	turn := 0
	push := func() {
		turn++
		u := urgent{m.rng.IntN(7) - 3, turn, oneOf(m, "", "a", "b", "c:d", "\x00", "1234567890123456:x")}
		err := oneOf(m, handles...).Push(m.ctx(), u.value, u.priority)
		heap.Push(&want, u)
		m.same(err, nil, nil, "Push(%q, %d)", u.value, u.priority)
	}
	first := func() (v string, ok bool) {
		if len(want) == 0 {
			return "", false
		}
		return heap.Pop(&want).(urgent).value, true
	}
	pop := func() {
		v, ok, err := oneOf(m, handles...).Pop(m.ctx())
		m.same(err, answer(v, ok), answer2(first()), "Pop()")
	}
	popWait := func() {
		if len(want) == 0 {
			return
		}
		v, err := oneOf(m, handles...).PopWait(soon(t))
		m.same(err, answer(v, true), answer2(first()), "PopWait()")
	}
	length := func() {
		n, err := oneOf(m, handles...).Len(m.ctx())
		m.same(err, n, len(want), "Len()")
		ok, err := oneOf(m, handles...).Exists(m.ctx())
		m.same(err, ok, len(want) > 0, "Exists()")
	}
	wipe := func() {
		if !m.chance(40) {
			return
		}
		want = nil
		m.same(oneOf(m, handles...).Clear(m.ctx()), nil, nil, "Clear()")
	}
	m.run(400, push, push, push, push, pop, pop, popWait, length, wipe)
	for len(want) > 0 {
		pop()
	}
	pop()
}

// priorityCrowd lets goroutines of two clients push, pop and wait: each value
// goes to one, and who takes alone afterwards gets what is left in order.
func priorityCrowd(t *testing.T, r *redistest.Redis) {
	const goroutines, rounds = 12, 40
	type job struct{ By, N, Priority int }
	key := name(t, r, "q")
	handles := []*channel.PriorityQueue[job]{
		channel.NewPriorityQueue[job](r.Client, key), channel.NewPriorityQueue[job](r.NewClient(t), key),
	}
	var mu sync.Mutex
	seen := map[job]int{}
	crowd(goroutines, func(i int) {
		q := handles[i%2]
		for n := range rounds {
			if err := q.Push(t.Context(), job{i, n, n % 3}, n%3); err != nil {
				t.Error(err)
			}
			var v job
			var err error
			ok := true
			switch i % 3 {
			case 0:
				continue
			case 1:
				v, ok, err = q.Pop(t.Context())
			default:
				v, err = q.PopWait(soon(t)) // one is left for everybody: a third of them takes nothing
			}
			if err != nil || !ok {
				t.Errorf("taken: %t, %v", ok, err)
			}
			mu.Lock()
			seen[v]++
			mu.Unlock()
		}
	})
	last := job{Priority: -1}
	turn := map[int]int{}
	for {
		v, ok, err := handles[0].Pop(t.Context())
		must(t, err)
		if !ok {
			break
		}
		if v.Priority < last.Priority {
			t.Errorf("%v came after %v", v, last)
		}
		if at := 1000*v.By + v.Priority; v.N < turn[at] {
			t.Errorf("%v came after number %d of the same goroutine", v, turn[at])
		} else {
			turn[at] = v.N
		}
		last = v
		seen[v]++
	}
	equal(t, "values that came", len(seen), goroutines*rounds)
	for v, n := range seen {
		if n != 1 {
			t.Errorf("%v came %d times", v, n)
		}
	}
}

// priorityEquals pushes one value again and again: each is an entry, whatever
// its priority.
func priorityEquals(t *testing.T, r *redistest.Redis) {
	q := channel.NewPriorityQueue[string](r.Client, name(t, r, "q"))
	for i := range 50 {
		must(t, q.Push(t.Context(), "same", i%5))
		must(t, q.Push(t.Context(), "same", i%5))
	}
	n, err := q.Len(t.Context())
	must(t, err)
	equal(t, "Len", n, 100)
	for range n {
		v, ok, err := q.Pop(t.Context())
		must(t, err)
		equal(t, "Pop", answer(v, ok), answer("same", true))
	}
}

// priorityRange has what is just inside, and refuses what is just outside
// before it is sent.
func priorityRange(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	q := channel.NewPriorityQueue[int64](rdb, name(t, r, "q"))
	inside := []int64{-1 << 53, -1<<53 + 1, -1e15, -1, 0, 1, 1e15, 1<<53 - 1, 1 << 53}
	for _, i := range []int{4, 8, 0, 7, 1, 6, 2, 5, 3} {
		must(t, q.Push(t.Context(), inside[i], int(inside[i])))
	}
	for _, want := range inside {
		v, ok, err := q.Pop(t.Context())
		must(t, err)
		equal(t, "Pop", answer(v, ok), answer(want, true))
	}
	trips := redistest.CountTrips(rdb)
	for _, p := range []int64{-1<<53 - 1, 1<<53 + 1, -1 << 63, 1<<63 - 1} {
		err := q.Push(t.Context(), 1, int(p))
		if op, ok := errors.AsType[*desir.OpError](err); !ok || op.Op != "channel.PriorityQueue.Push" {
			t.Errorf("Push with priority %d: %v; want an OpError", p, err)
		}
	}
	equal(t, "round trips of what is refused", trips.Count(), 0)
}

// priorityWaits has takers of two clients wait, for several queues, beside a
// Chan: each value wakes one.
func priorityWaits(t *testing.T, r *redistest.Redis) {
	const takers = 4
	var names []string
	for i := range 3 {
		names = append(names, name(t, r, fmt.Sprint("q", i)))
	}
	jobs := channel.NewChan[string](r.Client, name(t, r, "jobs"))
	got := make(chan string, 100)
	var group sync.WaitGroup
	for _, rdb := range []client{r.Client, r.NewClient(t)} {
		for _, at := range names {
			for range takers {
				group.Go(func() {
					v, err := channel.NewPriorityQueue[string](rdb, at).PopWait(soon(t))
					if err != nil {
						t.Error(err)
					}
					got <- at + v
				})
			}
		}
	}
	group.Go(func() {
		v, err := jobs.Recv(soon(t))
		if err != nil {
			t.Error(err)
		}
		got <- v
	})
	out := r.NewClient(t)
	want := []string{"job"}
	for i := range 2 * takers {
		for _, at := range names {
			must(t, channel.NewPriorityQueue[string](out, at).Push(soon(t), fmt.Sprint(i), i))
			want = append(want, at+fmt.Sprint(i))
		}
	}
	must(t, jobs.Send(soon(t), "job"))
	group.Wait()
	var all []string
	for range want {
		all = append(all, <-got)
	}
	slices.Sort(want)
	slices.Sort(all)
	equal(t, "what was taken", all, want)
}

// leaving lets a call leave while the answer to its script is under way.
type leaving struct {
	arm func() // for the next command; called with the answer at hand
	mu  sync.Mutex
}

// leave calls f with a context that ends when its script has been executed and
// meanwhile has happened; the answer arrives when f has returned.
func (l *leaving) leave(t *testing.T, f func(ctx context.Context) error, meanwhile func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	l.mu.Lock()
	l.arm = func() { meanwhile(); cancel(); <-left }
	l.mu.Unlock()
	if err := f(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that left: %v; want context.Canceled", err)
	}
	close(left)
}

func (l *leaving) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *leaving) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *leaving) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l.mu.Lock()
		arm := l.arm
		l.arm = nil
		l.mu.Unlock()
		err := next(ctx, cmd)
		if arm != nil {
			arm()
		}
		return err
	}
}

// priorityGivenBack leaves each value once before it takes it: it goes back to
// its place. If somebody has written the same member meanwhile there are two.
func priorityGivenBack(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	rdb, l := r.NewClient(t), new(leaving)
	rdb.AddHook(l)
	q := channel.NewPriorityQueue[string](rdb, key)
	must(t, third(q.Pop(t.Context()))) // the server knows the script
	for i, v := range []string{"a", "a", "b", "z"} {
		must(t, q.Push(t.Context(), v, i/3*9-5))
	}
	must(t, r.Raw().ZAdd(t.Context(), key, redis.Z{Score: -5.125, Member: "plain"}, redis.Z{Score: 1e300, Member: "\x00 :"}).Err())
	entries := func() []redis.Z {
		all, err := r.Raw().ZRangeWithScores(t.Context(), key, 0, -1).Result()
		must(t, err)
		return all
	}
	back := func(want int) {
		t.Helper()
		redistest.Eventually(t, 5*time.Second, func() bool { return len(entries()) == want }, "everything is back")
	}
	leave := func(meanwhile func()) {
		l.leave(t, func(ctx context.Context) error { return third(q.Pop(ctx)) }, meanwhile)
	}
	for _, want := range []string{"plain", "a", "a", "b", "z", "\x00 :"} {
		before := entries()
		leave(func() { equal(t, "entries while one is in hand", entries(), before[1:]) })
		back(len(before))
		equal(t, "entries", entries(), before)
		again := redis.Z{Score: 2e300, Member: before[0].Member}
		leave(func() { must(t, r.Raw().ZAdd(t.Context(), key, again).Err()) })
		back(len(before) + 1)
		equal(t, "entries, but for one that came back", slices.Contains(entries()[1:], again), true)
		must(t, r.Raw().ZRem(t.Context(), key, again.Member).Err())
		v, ok, err := q.Pop(t.Context())
		must(t, err)
		equal(t, "Pop", answer(v, ok), answer(want, true))
	}
}

// priorityPlain lets a client take part that knows nothing of the numbers.
func priorityPlain(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	q := channel.NewPriorityQueue[string](r.Client, key)
	must(t, q.Push(t.Context(), "ours", 1))
	must(t, q.Push(t.Context(), "ours", 3))
	theirs := []redis.Z{
		{Score: 0.5, Member: "half"},
		{Score: 1, Member: "!first of its score"},
		{Score: 1, Member: "zlast of its score"},
		{Score: 2, Member: ""},
		{Score: 2, Member: "1234567890123456"},
		{Score: 2, Member: "123456789012345:short"},
		{Score: 2, Member: "1234567890123456:numbered"},
		{Score: 2, Member: "12345678901234567:long"},
		{Score: 2, Member: "12345678901234+6:sign"},
		{Score: 7, Member: "9999999999999999:huge"},
	}
	must(t, r.Raw().ZAdd(t.Context(), key, theirs...).Err())
	must(t, r.Raw().Do(t.Context(), "zadd", key, "-inf", "urgent", "+inf", "whenever", "9999999999999999", "9999999999999999:far").Err())
	must(t, q.Push(t.Context(), "ours again", 1)) // the last of this priority has no number
	must(t, q.Push(t.Context(), "ours", 7))       // there is no larger number than theirs
	want := []string{
		"urgent", "half", "!first of its score", "ours", "ours again", "zlast of its score",
		"", "12345678901234+6:sign", "1234567890123456", "12345678901234567:long", "numbered", "123456789012345:short",
		"ours", "ours", "huge", "far", "whenever",
	}
	var got []string
	for i := range want {
		var v string
		var err error
		if i%2 == 0 {
			v, err = q.PopWait(soon(t))
		} else {
			v, _, err = q.Pop(t.Context())
		}
		must(t, err)
		got = append(got, v)
	}
	equal(t, "what was taken", got, want)
}

func priorityUndecodable(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	q := channel.NewPriorityQueue[int](r.Client, key)
	must(t, r.Raw().ZAdd(t.Context(), key, redis.Z{Score: 1, Member: marker}, redis.Z{Score: 2, Member: "1234567890123456:" + marker}).Err())
	must(t, q.Push(t.Context(), 7, 3))
	undecodable(t, second(q.PopWait(soon(t))), "channel.PriorityQueue.PopWait", key, "")
	undecodable(t, third(q.Pop(t.Context())), "channel.PriorityQueue.Pop", key, "")
	v, err := q.PopWait(soon(t))
	must(t, err)
	equal(t, "PopWait", v, 7)
}

// priorityCodecs moves a frame that protects its value to another queue, and to
// a Chan of the same name.
func priorityCodecs(t *testing.T, r *redistest.Redis) {
	for what, c := range map[string]codec.Codec{"sign": codec.Sign(codec.Auto, ring(1)), "encrypt": codec.Encrypt(codec.Auto, ring(1))} {
		with := channel.WithCodec(c)
		here, there := name(t, r, what), name(t, r, what+"2")
		q := channel.NewPriorityQueue[string](r.Client, here, with)
		must(t, q.Push(t.Context(), "v", 1))
		members, err := r.Raw().ZRange(t.Context(), here, 0, -1).Result()
		must(t, err)
		v, err := q.PopWait(soon(t))
		must(t, err)
		equal(t, "PopWait", v, "v")
		must(t, r.Raw().ZAdd(t.Context(), there, redis.Z{Score: 1, Member: members[0]}).Err())
		_, frame, _ := strings.Cut(members[0], ":")
		must(t, r.Raw().RPush(t.Context(), here, frame).Err())
		for of, err := range map[string]error{
			"queue": second(channel.NewPriorityQueue[string](r.Client, there, with).PopWait(soon(t))),
			"Chan":  second(channel.NewChan[string](r.Client, here, with).Recv(soon(t))),
		} {
			if !errors.Is(err, codec.ErrSignature) {
				t.Errorf("%s: a frame moved to another %s: %v; want ErrSignature", what, of, err)
			}
		}
	}
}

// priorityLeaves ends takers within a moment.
func priorityLeaves(t *testing.T, r *redistest.Redis) {
	q := channel.NewPriorityQueue[int](r.Client, name(t, r, "q"))
	took := quickest(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := second(q.PopWait(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("PopWait: %v; want the deadline", err)
		}
	})
	if took > 200*time.Millisecond {
		t.Errorf("PopWait returned after %v", took)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{second(q.PopWait(ended)), third(q.Pop(ended))} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("taken with a context that has ended: %v", err)
		}
	}
}

// priorityRefused takes where that cannot be; and makes a queue of options that
// are not for it.
func priorityRefused(t *testing.T, r *redistest.Redis) {
	key := tagged(t, r, "q")
	must(t, r.Raw().RPush(t.Context(), key, marker).Err())
	for _, tt := range []struct {
		what string
		q    *channel.PriorityQueue[string]
		want error
	}{
		{"a list", channel.NewPriorityQueue[string](r.Client, key), desir.ErrWrongType},
		{"no name", channel.NewPriorityQueue[string](r.Client, ""), desir.ErrName},
		{"braces", channel.NewPriorityQueue[string](r.Client, "a{}b"), desir.ErrName},
		{"no client", channel.NewPriorityQueue[string](nil, "q"), desir.ErrNotSupported},
		{"no constructor", new(channel.PriorityQueue[string]), desir.ErrNotSupported},
	} {
		for op, err := range map[string]error{
			"Pop": third(tt.q.Pop(soon(t))), "PopWait": second(tt.q.PopWait(soon(t))), "Push": tt.q.Push(soon(t), marker, 1),
		} {
			_, ok := errors.AsType[*desir.OpError](err)
			if !ok || !errors.Is(err, tt.want) || errors.Is(err, redis.Nil) || strings.Contains(err.Error(), marker) {
				t.Errorf("%s of %s: %v; want an OpError with %v", op, tt.what, err, tt.want)
			}
		}
	}
	equal(t, "Key of a zero object", new(channel.PriorityQueue[string]).Key(), "")
	equal(t, "Key", channel.NewPriorityQueue[string](r.Client, key).Key(), key)
	if err := channel.NewPriorityQueue[string](r.Client, key, channel.Buffer(3)).Push(t.Context(), "v", 1); err == nil {
		t.Error("a queue with Buffer: no error")
	}
}

// priorityCosts counts the round trips, once the server knows the scripts.
func priorityCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	q := channel.NewPriorityQueue[int](rdb, name(t, r, "q"))
	must(t, q.Push(t.Context(), 1, 1))
	must(t, third(q.Pop(t.Context())))
	must(t, q.Clear(t.Context()))
	trips := redistest.CountTrips(rdb)
	count(t, trips,
		counted{"Push", 1, 1, func(ctx context.Context) error { return q.Push(ctx, 1, 1) }},
		counted{"Len", 1, 1, func(ctx context.Context) error { return second(q.Len(ctx)) }},
		counted{"Exists", 1, 1, func(ctx context.Context) error { return second(q.Exists(ctx)) }},
		counted{"Pop", 1, 1, func(ctx context.Context) error { return third(q.Pop(ctx)) }},
		counted{"Pop of nothing", 1, 1, func(ctx context.Context) error { return third(q.Pop(ctx)) }},
		counted{"Clear", 1, 1, func(ctx context.Context) error { return q.Clear(ctx) }},
	)
}

// priorityHelpers leaves nothing behind that has no end.
func priorityHelpers(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	q := channel.NewPriorityQueue[int](r.Client, key)
	for i := range 10 {
		must(t, q.Push(t.Context(), i, -i))
	}
	mine := func() (keys []string) {
		for _, k := range r.Leftovers(t) {
			if strings.Contains(k, key) {
				keys = append(keys, k)
			}
		}
		return keys
	}
	equal(t, "keys that never expire, of a queue with values", mine(), []string{key})
	for range 5 {
		must(t, third(q.Pop(t.Context())))
		must(t, second(q.PopWait(soon(t))))
	}
	equal(t, "keys that never expire, of an empty queue", mine(), []string(nil))
	must(t, q.Push(t.Context(), 1, 1))
	must(t, q.Clear(t.Context()))
	equal(t, "keys that never expire, of a cleared queue", mine(), []string(nil))
}

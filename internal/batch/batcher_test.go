package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

// echo returns a Merger whose command contains the fields of its calls. The result of
// each call is its field.
func echo(joins bool) *Merger {
	return &Merger{
		Merges: joins,
		Command: func(ctx context.Context, calls []*Call) redis.Cmder {
			args := []any{"echo", calls[0].Key}
			for _, c := range calls {
				args = append(args, c.Field)
			}
			return redis.NewStringSliceCmd(ctx, args...)
		},
		Share: func(cmd redis.Cmder, calls []*Call) {
			for i, v := range cmd.(*redis.StringSliceCmd).Val() {
				calls[i].Text = v
			}
		},
		Split: func(err error) bool { return err.Error() == "apart" },
	}
}

// place is the transport of a batcher under test. It holds every batch until the test
// releases it.
type place struct {
	gate chan func(cmds []redis.Cmder) // sets the replies of the next waiting batch
	mu   sync.Mutex
	seen []string // batches, with commands separated by " | "
	ctxs []context.Context
}

func newPlace() *place { return &place{gate: make(chan func([]redis.Cmder))} }

func (p *place) transport(ctx context.Context, cmds []redis.Cmder) {
	var words []string
	for _, cmd := range cmds {
		words = append(words, strings.Trim(fmt.Sprint(cmd.Args()), "[]"))
	}
	p.mu.Lock()
	p.seen = append(p.seen, strings.Join(words, "|"))
	p.ctxs = append(p.ctxs, ctx)
	p.mu.Unlock()
	(<-p.gate)(cmds)
}

// batches returns the batches that were sent since its last call.
func (p *place) batches() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.seen
	p.seen = nil
	return all
}

// good sets the reply of every command.
func good(cmds []redis.Cmder) {
	for _, cmd := range cmds {
		var all []string
		for _, a := range cmd.Args()[2:] {
			all = append(all, a.(string))
		}
		cmd.(*redis.StringSliceCmd).SetVal(all)
	}
}

func bad(err error) func([]redis.Cmder) {
	return func(cmds []redis.Cmder) {
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
	}
}

// lab is a batcher with its transport.
type lab struct {
	*testing.T
	*place
	*Batcher
	calls  Pool
	left   atomic.Int64
	joined *Merger
	single *Merger
	wg     sync.WaitGroup
}

// inLab runs the test in a synctest bubble. At its end no worker and no call may remain.
func inLab(t *testing.T, test func(x *lab)) {
	synctest.Test(t, func(t *testing.T) {
		x := &lab{T: t, place: newPlace(), joined: echo(true), single: echo(false)}
		x.Batcher = New(x.place.transport, 2*time.Millisecond, &x.left)
		test(x)
		x.wg.Wait()
		synctest.Wait()
		if x.workers != 0 || x.busy.Load() != 0 || x.first != nil || x.left.Load() != 0 {
			t.Errorf("%d workers, %d busy, %d left; pending: %t; want nothing",
				x.workers, x.busy.Load(), x.left.Load(), x.first != nil)
		}
	})
}

// result is the result of a call.
type result struct {
	outcome  Outcome
	text     string
	err      error
	panicked any
}

// call makes a call in a goroutine. The result is set when the call returns.
func (x *lab) call(ctx context.Context, c *Call) *result {
	r := &result{outcome: -1}
	x.wg.Go(func() {
		defer func() { r.panicked = recover() }()
		outcome := x.Do(ctx, c)
		if outcome == Replied {
			r.text, r.err = c.Text, c.Err
		}
		r.outcome = outcome
		x.calls.Free(c)
	})
	synctest.Wait()
	return r
}

func (x *lab) ask(key, field string) *Call {
	c := x.calls.New(x.joined, key)
	c.Field = field
	return c
}

// occupy gives every worker a batch.
func (x *lab) occupy() {
	x.Helper()
	for i := range maxWorkers {
		x.call(x.Context(), x.ask("busy", fmt.Sprint(i)))
	}
	if n := len(x.batches()); n != maxWorkers {
		x.Fatalf("%d batches are in flight, want %d", n, maxWorkers)
	}
}

func (x *lab) free(n int) {
	for range n {
		x.gate <- good
	}
	synctest.Wait()
}

func (x *lab) sent(want ...string) {
	x.Helper()
	if got := x.batches(); fmt.Sprint(got) != fmt.Sprint(want) {
		x.Errorf("sent %q, want %q", got, want)
	}
}

func (x *lab) answered(r *result, want string) {
	x.Helper()
	if r.outcome != Replied || r.text != want || r.err != nil || r.panicked != nil {
		x.Errorf("result %+v, want %q", *r, want)
	}
}

// TestJoins queues calls with one key, with several keys, and of kinds that do not merge.
// Groups and calls keep their order.
func TestJoins(t *testing.T) {
	inLab(t, func(x *lab) {
		x.occupy()
		var all []*result
		for i, key := range []string{"a", "b", "a", "a", "c", "b"} {
			all = append(all, x.call(x.Context(), x.ask(key, fmt.Sprint(i))))
		}
		for i := range 2 {
			c := x.calls.New(x.single, "a")
			c.Field = fmt.Sprint("s", i)
			all = append(all, x.call(x.Context(), c))
		}
		x.free(1)
		x.sent("echo a 0 2 3|echo b 1 5|echo c 4|echo a s0|echo a s1")
		x.free(maxWorkers)
		for i, r := range all[:6] {
			x.answered(r, fmt.Sprint(i))
		}
		x.answered(all[6], "s0")
		x.answered(all[7], "s1")
	})
}

// TestClasses queues calls of one kind and one key, but of two classes.
func TestClasses(t *testing.T) {
	inLab(t, func(x *lab) {
		x.occupy()
		var all []*result
		for i, class := range []int64{1, 2, 1, 1, 2} {
			c := x.ask("a", fmt.Sprint(i))
			c.Class = class
			all = append(all, x.call(x.Context(), c))
		}
		x.free(1)
		x.sent("echo a 0 2 3|echo a 1 4")
		x.free(maxWorkers)
		for i, r := range all {
			x.answered(r, fmt.Sprint(i))
		}
	})
}

// TestBounds limits batches by maxElements and by maxSize.
func TestBounds(t *testing.T) {
	inLab(t, func(x *lab) {
		x.occupy()
		for i := range maxElements + 3 {
			x.call(x.Context(), x.ask("a", fmt.Sprint(i)))
		}
		large := x.ask("large", "x")
		large.Elements, large.Size = maxElements+1, maxSize+1 // sent alone, but not refused
		x.call(x.Context(), large)
		for range 2 {
			half := x.ask("half", "x")
			half.Size = maxSize/2 + 1
			x.call(x.Context(), half)
		}
		var counts []int
		for range 5 {
			x.free(1)
			for _, b := range x.batches() {
				counts = append(counts, len(strings.Fields(b))-2)
			}
		}
		if want := []int{maxElements, 3, 1, 1, 1}; fmt.Sprint(counts) != fmt.Sprint(want) {
			x.Errorf("batches of %d, want %d", counts, want)
		}
		x.free(maxWorkers)
	})
}

// TestLeave ends the contexts of callers whose calls are pending or in flight.
func TestLeave(t *testing.T) {
	inLab(t, func(x *lab) {
		ctx, cancel := context.WithCancel(x.Context())
		x.occupy()
		first := x.call(ctx, x.ask("a", "first"))
		second := x.call(x.Context(), x.ask("a", "second"))
		x.free(1)
		x.sent("echo a first second")
		pending := x.call(ctx, x.ask("a", "pending"))
		last := x.call(x.Context(), x.ask("a", "last"))
		start := time.Now()
		cancel()
		synctest.Wait()
		if pending.outcome != Unsent {
			x.Errorf("pending: %+v, want Unsent", *pending)
		}
		time.Sleep(3 * time.Millisecond)
		synctest.Wait()
		if first.outcome != Abandoned || x.left.Load() != 0 {
			x.Errorf("in flight: %+v after %v, %d batches left; want Abandoned, and a batch that is not", *first, time.Since(start), x.left.Load())
		}
		x.free(maxWorkers)
		x.sent("echo a last")
		x.answered(second, "second")
		x.free(1)
		x.answered(last, "last")
	})
}

// TestLeftBatch: a batch that all of its callers have abandoned counts until it ends.
func TestLeftBatch(t *testing.T) {
	inLab(t, func(x *lab) {
		ctx, cancel := context.WithTimeout(x.Context(), time.Second)
		defer cancel()
		x.occupy()
		r1, r2 := x.call(ctx, x.ask("a", "1")), x.call(ctx, x.ask("a", "2"))
		x.free(1)
		time.Sleep(1010 * time.Millisecond)
		synctest.Wait()
		if r1.outcome != Abandoned || r2.outcome != Abandoned || x.left.Load() != 1 {
			x.Errorf("%+v, %+v, %d left; want Abandoned twice, and one batch", *r1, *r2, x.left.Load())
		}
		x.free(maxWorkers)
	})
}

// TestVerdict: the reply comes just after the end of the context.
func TestVerdict(t *testing.T) {
	inLab(t, func(x *lab) {
		ctx, cancel := context.WithCancel(x.Context())
		r := x.call(ctx, x.ask("a", "1"))
		cancel()
		synctest.Wait()
		x.free(1)
		x.answered(r, "1")
	})
}

// TestStuck sends batches that do not return. After some time more batches may be sent,
// up to a limit.
func TestStuck(t *testing.T) {
	inLab(t, func(x *lab) {
		x.occupy()
		for i := range 2 * MaxInFlight {
			x.call(x.Context(), x.ask("a", fmt.Sprint(i)))
			if i == 0 {
				x.sent() // nothing yet
			}
			time.Sleep(3 * stuckAfter)
			synctest.Wait()
		}
		if n := len(x.batches()); n != MaxInFlight-maxWorkers {
			x.Errorf("%d more batches left, want %d", n, MaxInFlight-maxWorkers)
		}
		x.free(MaxInFlight)
		x.free(1)
	})
}

// TestSplit: if a merged command is refused, its calls are sent again one by one.
func TestSplit(t *testing.T) {
	inLab(t, func(x *lab) {
		x.occupy()
		a, b := x.call(x.Context(), x.ask("a", "1")), x.call(x.Context(), x.ask("a", "2"))
		alone := x.call(x.Context(), x.ask("b", "3"))
		x.free(1)
		x.sent("echo a 1 2|echo b 3")
		x.free(maxWorkers - 1)
		x.gate <- bad(errors.New("apart"))
		synctest.Wait()
		x.sent("echo a 1|echo a 2")
		x.gate <- func(cmds []redis.Cmder) {
			good(cmds[:1])
			bad(errors.New("apart"))(cmds[1:])
		}
		synctest.Wait()
		x.answered(a, "1")
		for _, r := range []*result{b, alone} {
			if r.outcome != Replied || r.err == nil || r.err.Error() != "apart" {
				x.Errorf("result %+v, want its own refusal", *r)
			}
		}
	})
}

// TestPanic: a hook panics, and another one ends its goroutine. All callers of the batch
// get that, and other batches continue.
func TestPanic(t *testing.T) {
	inLab(t, func(x *lab) {
		x.occupy()
		a, b := x.call(x.Context(), x.ask("a", "1")), x.call(x.Context(), x.ask("b", "2"))
		x.free(maxWorkers)
		x.gate <- func([]redis.Cmder) { panic("hook") }
		synctest.Wait()
		for _, r := range []*result{a, b} {
			if r.panicked != "hook" {
				x.Errorf("result %+v, want the panic", *r)
			}
		}
		c := x.call(x.Context(), x.ask("a", "3"))
		d := x.call(x.Context(), x.ask("a", "4"))
		x.gate <- func([]redis.Cmder) { runtime.Goexit() }
		synctest.Wait()
		x.free(1)
		if lost, ok := c, d; lost.outcome != Replied || lost.err == nil == (ok.err == nil) {
			x.Errorf("results %+v and %+v, want one error", *c, *d)
		}
		e := x.call(x.Context(), x.ask("a", "5"))
		x.free(1)
		x.answered(e, "5")
	})
}

type ctxKey struct{}

// TestContext checks the context of a batch. It has the values of the first caller's
// context. It ends with that context only if the batch has a single caller.
func TestContext(t *testing.T) {
	inLab(t, func(x *lab) {
		ctx, cancel := context.WithCancel(context.WithValue(x.Context(), ctxKey{}, "span"))
		defer cancel()
		x.call(ctx, x.ask("a", "alone"))
		if x.ctxs[0] != ctx {
			x.Error("a call that is alone runs under another context")
		}
		x.occupyOthers()
		x.call(ctx, x.ask("a", "1"))
		x.call(x.Context(), x.ask("a", "2"))
		x.free(1)
		if got := x.ctxs[len(x.ctxs)-1]; got.Done() != nil || got.Value(ctxKey{}) != "span" {
			x.Errorf("a shared batch runs under %v", got)
		}
		x.free(maxWorkers)
	})
}

// occupyOthers gives a batch to each worker that is still free after one call.
func (x *lab) occupyOthers() {
	for i := range maxWorkers - 1 {
		x.call(x.Context(), x.ask("busy", fmt.Sprint(i)))
	}
}

// TestEnter: a caller may send directly only if nothing is in flight.
func TestEnter(t *testing.T) {
	inLab(t, func(x *lab) {
		if !x.TryAcquire() || x.TryAcquire() {
			x.Error("TryAcquire: want true, and then false")
		}
		r := x.call(x.Context(), x.ask("a", "1"))
		x.Release()
		if x.TryAcquire() {
			x.Error("TryAcquire succeeds with a batch in flight")
		}
		x.free(1)
		x.answered(r, "1")
		if !x.TryAcquire() {
			x.Error("Enter after the end")
		}
		x.Release()
	})
}

package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// load calls objects of each package, in many slots, and records which calls were
// acknowledged and when.
type load struct {
	rdb  redis.UniversalClient
	name string
	end  func() // ends the calls, then the receivers and workers

	packages map[string]*callCounts

	mu            sync.Mutex
	lastSet       []int                  // the last acknowledged value of each worker
	uncertain     []map[int]bool         // values that may have been set since
	issued        map[string][]time.Time // when a number was issued, by counter's name and number
	sent          map[string]time.Time
	got           map[string][]time.Time
	receivedCount [workers]atomic.Int64 // values received

	calls  calls
	moving time.Duration // additional time that workers need to find another master
}

// startLoad starts calls of objects whose names begin with name.
func startLoad(t *testing.T, rdb redis.UniversalClient, name string) *load {
	l := &load{
		rdb: rdb, name: name,
		packages: map[string]*callCounts{"collections": {}, "counter": {}, "channel": {}, "rpc": {}},
		lastSet:  make([]int, workers), uncertain: make([]map[int]bool, workers),
		issued: map[string][]time.Time{}, sent: map[string]time.Time{}, got: map[string][]time.Time{},
		calls: calls{ran: map[string][]time.Time{}, notRun: map[string]error{}},
	}
	calling, stop := context.WithCancel(ctx)
	receiving, stopReceivers := context.WithCancel(ctx)
	var calls, receivers sync.WaitGroup
	for w := range workers {
		calls.Go(func() { l.set(calling, w) })
		calls.Go(func() { l.count(calling, w) })
		calls.Go(func() { l.send(calling, w) })
		calls.Go(func() { l.call(calling, w) })
		receivers.Go(func() { l.receive(receiving, w) })
		receivers.Go(func() {
			if err := l.serve(receiving, w); err != nil {
				t.Errorf("worker %d: %v", w, err)
			}
		})
	}
	l.end = sync.OnceFunc(func() {
		stop()
		calls.Wait()
		redistest.Eventually(t, 30*time.Second, l.drained, "the receivers have taken everything")
		stopReceivers()
		receivers.Wait()
	})
	t.Cleanup(func() { stop(); stopReceivers(); calls.Wait(); receivers.Wait() })
	return l
}

func (l *load) object(w int, kind string) string { return fmt.Sprint(l.name, kind, w) }

// set, count and send call one object each until the context ends.
func (l *load) set(ctx context.Context, w int) {
	m := collections.NewMap[string, int](l.rdb, l.object(w, "map"))
	for i, last := 1, time.Now(); ctx.Err() == nil; i++ {
		err := m.Set(ctx, "k", i)
		l.packages["collections"].record(w, err, &last)
		l.mu.Lock()
		switch {
		case err == nil:
			l.lastSet[w], l.uncertain[w] = i, map[int]bool{}
		case errors.Is(err, desir.ErrMaybeRan) && l.uncertain[w] != nil:
			l.uncertain[w][i] = true
		}
		l.mu.Unlock()
	}
}

func (l *load) count(ctx context.Context, w int) {
	n := counter.New(l.rdb, l.object(w, "counter"))
	for last := time.Now(); ctx.Err() == nil; {
		number, err := n.Next(ctx)
		l.packages["counter"].record(w, err, &last)
		if err == nil {
			l.mu.Lock()
			at := fmt.Sprint(w, "/", number)
			l.issued[at] = append(l.issued[at], time.Now())
			l.mu.Unlock()
		}
	}
}

func (l *load) send(ctx context.Context, w int) {
	c := l.channel(w)
	for i, last := 1, time.Now(); ctx.Err() == nil; i++ {
		v := fmt.Sprint(w, "/", i)
		err := c.Send(ctx, v)
		l.packages["channel"].record(w, err, &last)
		if err == nil {
			l.mu.Lock()
			l.sent[v] = time.Now()
			l.mu.Unlock()
		}
	}
}

func (l *load) channel(w int) *channel.Chan[string] {
	return channel.NewChan[string](l.rdb, l.object(w, "chan"))
}

func (l *load) receive(ctx context.Context, w int) {
	for v, err := range l.channel(w).All(ctx) {
		if err == nil {
			l.received(w, v)
		}
	}
}

func (l *load) received(w int, v string) {
	l.receivedCount[w].Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got[v] = append(l.got[v], time.Now())
}

func (l *load) drained() bool {
	for w := range workers {
		if n, err := l.channel(w).Len(ctx); n > 0 || err != nil {
			return false
		}
	}
	return true
}

// progress waits until every worker of every package has n more successes and its
// receivers have n more values.
func (l *load) progress(t *testing.T, n int64) {
	t.Helper()
	for name, f := range l.packages {
		for w := range workers {
			before := f.byWorker[w].Load()
			redistest.Eventually(t, time.Minute, func() bool { return f.byWorker[w].Load() >= before+n },
				fmt.Sprintf("%d calls of worker %d of %s succeed", n, w, name))
		}
	}
	for w := range workers {
		before := l.receivedCount[w].Load()
		redistest.Eventually(t, time.Minute, func() bool { return l.receivedCount[w].Load() >= before+n },
			fmt.Sprintf("receiver %d receives %d values", w, n))
	}
}

// totalProgress waits for n more successes of all workers together.
func (l *load) totalProgress(t *testing.T, n int64) {
	t.Helper()
	all := func() (sum int64) {
		for _, f := range l.packages {
			sum += f.done.Load()
		}
		return sum
	}
	before := all()
	redistest.Eventually(t, time.Minute, func() bool { return all() >= before+n }, "calls succeed")
}

// busyMargin is the additional time allowed on a busy machine. The log has the measured
// times.
const busyMargin = 2 * time.Second

// findings are violations that a run found.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// report fails the test with the first findings.
func (f findings) report(t *testing.T) {
	t.Helper()
	const most = 20
	for _, one := range f[:min(len(f), most)] {
		t.Error(one)
	}
	if len(f) > most {
		t.Errorf("and %d more", len(f)-most)
	}
}

// stop ends the load and returns violations of these promises. No worker was without a
// success for longer than outage. No write that was acknowledged outside the window is
// lost, and no number was issued twice. A receiver whose connection broke may have lost
// one value.
func (l *load) stop(t *testing.T, outage time.Duration, lossy lossWindow) (found findings) {
	t.Helper()
	l.end()
	for w := range workers { // a receiver that ends requeues the values that it has not returned
		for {
			v, ok, err := l.channel(w).TryRecv(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			l.received(w, v)
		}
	}
	for name, f := range l.packages {
		longest, outage := time.Duration(f.longestGap.Load()), outage
		if name == "rpc" {
			outage += callTimeout + l.moving
		}
		t.Logf("%s: %d calls acknowledged, %d perhaps run, %d not run; longest time without a success %v",
			name, f.done.Load(), f.maybe.Load(), f.failed.Load(), longest)
		if longest > outage+busyMargin {
			found.add("%s: %v without a success; want %v at most", name, longest, outage)
		}
	}
	l.verify(t, &found, lossy)
	return found
}

func (l *load) verify(t *testing.T, found *findings, lossy lossWindow) {
	t.Helper()
	l.calls.verify(found, lossy)
	l.mu.Lock()
	defer l.mu.Unlock()
	for w, want := range l.lastSet {
		got, _, err := collections.NewMap[string, int](l.rdb, l.object(w, "map")).Get(ctx, "k")
		if err != nil || got != want && !l.uncertain[w][got] {
			found.add("map %d has %d, %v; want %d, or one of %v", w, got, err, want, l.uncertain[w])
		}
	}
	for number, times := range l.issued {
		if len(times) > 1 && !lossy.hasAny(times) {
			found.add("number %s was issued %d times", number, len(times))
		}
	}
	for v, times := range l.got {
		if len(times) > 1 && !lossy.hasAny(times) {
			found.add("value %s was received %d times", v, len(times))
		}
	}
	lost := map[string][]string{}
	excused := 0
	for v, at := range l.sent {
		switch {
		case l.got[v] != nil:
		case lossy.has(at):
			excused++
		default:
			w, _, _ := strings.Cut(v, "/")
			lost[w] = append(lost[w], v)
		}
	}
	allowed := 0
	if lossy != (lossWindow{}) {
		allowed = 1
		t.Logf("%d values are lost that were acknowledged while that may be", excused)
	}
	for w, vs := range lost {
		if len(vs) > allowed {
			found.add("channel %s has lost %d values, the first ones: %q", w, len(vs), vs[:min(len(vs), 5)])
		}
	}
}

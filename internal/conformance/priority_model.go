package conformance

import (
	"container/heap"
	"errors"
	"sync"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// heapItem is a value in the queue of the model.
type heapItem struct {
	priority, seq int
	value         string
}

// priorityHeap is the queue of the model: a heap, first in first out for equal
// priorities.
type priorityHeap []heapItem

func (w priorityHeap) Len() int { return len(w) }

func (w priorityHeap) Less(i, j int) bool {
	return w[i].priority < w[j].priority || w[i].priority == w[j].priority && w[i].seq < w[j].seq
}

func (w priorityHeap) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *priorityHeap) Push(v any)   { *w = append(*w, v.(heapItem)) }

func (w *priorityHeap) Pop() any {
	last := len(*w) - 1
	v := (*w)[last]
	*w = (*w)[:last]
	return v
}

// priorityModel makes the same random calls to objects of three clients and to a heap.
func priorityModel(t *testing.T, r *redistest.Redis) {
	m, key := newModel(t), name(t, r, "q")
	var handles []*channel.PriorityQueue[string]
	for _, rdb := range []client{r.Client, r.NewClient(t), otherProtocolClient(t, r)} {
		handles = append(handles, channel.NewPriorityQueue[string](rdb, key))
	}
	var want priorityHeap
	seq := 0
	push := func() {
		seq++
		u := heapItem{m.rng.IntN(7) - 3, seq, oneOf(m, "", "a", "b", "c:d", "\x00", "1234567890123456:x")}
		err := oneOf(m, handles...).Push(m.ctx(), u.value, u.priority)
		heap.Push(&want, u)
		m.check(err, nil, nil, "Push(%q, %d)", u.value, u.priority)
	}
	first := func() (v string, ok bool) {
		if len(want) == 0 {
			return "", false
		}
		return heap.Pop(&want).(heapItem).value, true
	}
	pop := func() {
		v, ok, err := oneOf(m, handles...).TryPop(m.ctx())
		m.check(err, results(v, ok), results2(first()), "TryPop()")
	}
	popWait := func() {
		if len(want) == 0 {
			return
		}
		v, err := oneOf(m, handles...).Pop(timeoutContext(t))
		m.check(err, results(v, true), results2(first()), "Pop()")
	}
	length := func() {
		n, err := oneOf(m, handles...).Len(m.ctx())
		m.check(err, n, len(want), "Len()")
		ok, err := oneOf(m, handles...).Exists(m.ctx())
		m.check(err, ok, len(want) > 0, "Exists()")
	}
	clearAll := func() {
		if !m.chance(40) {
			return
		}
		want = nil
		m.check(oneOf(m, handles...).Clear(m.ctx()), nil, nil, "Clear()")
	}
	m.runRandom(400, push, push, push, push, pop, pop, popWait, length, clearAll)
	for len(want) > 0 {
		pop()
	}
	pop()
}

// priorityConcurrent: goroutines of two clients push, pop and wait. Each value is popped
// once. Afterwards a single caller pops the remaining values in order.
func priorityConcurrent(t *testing.T, r *redistest.Redis) {
	const goroutines, rounds = 12, 40
	type job struct{ By, N, Priority int }
	key := name(t, r, "q")
	handles := []*channel.PriorityQueue[job]{
		channel.NewPriorityQueue[job](r.Client, key), channel.NewPriorityQueue[job](r.NewClient(t), key),
	}
	var mu sync.Mutex
	seen := map[job]int{}
	concurrently(goroutines, func(i int) {
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
				v, ok, err = q.TryPop(t.Context())
			default:
				v, err = q.Pop(timeoutContext(t)) // there is a value for every caller: a third of them pops nothing
			}
			if err != nil || !ok {
				t.Errorf("TryPop or Pop: %t, %v", ok, err)
			}
			mu.Lock()
			seen[v]++
			mu.Unlock()
		}
	})
	last := job{Priority: -1}
	seq := map[int]int{}
	for {
		v, ok, err := handles[0].TryPop(t.Context())
		must(t, err)
		if !ok {
			break
		}
		if v.Priority < last.Priority {
			t.Errorf("%v was popped after %v", v, last)
		}
		if at := 1000*v.By + v.Priority; v.N < seq[at] {
			t.Errorf("%v was popped after number %d of the same goroutine", v, seq[at])
		} else {
			seq[at] = v.N
		}
		last = v
		seen[v]++
	}
	equal(t, "popped values", len(seen), goroutines*rounds)
	for v, n := range seen {
		if n != 1 {
			t.Errorf("%v was popped %d times", v, n)
		}
	}
}

// priorityEquals pushes one value repeatedly: each push is an entry, with any priority.
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
		v, ok, err := q.TryPop(t.Context())
		must(t, err)
		equal(t, "TryPop", results(v, ok), results("same", true))
	}
}

// priorityRange: the outermost priorities are accepted, and the ones beyond are refused
// before anything is sent.
func priorityRange(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	q := channel.NewPriorityQueue[int64](rdb, name(t, r, "q"))
	inside := []int64{-1 << 53, -1<<53 + 1, -1e15, -1, 0, 1, 1e15, 1<<53 - 1, 1 << 53}
	for _, i := range []int{4, 8, 0, 7, 1, 6, 2, 5, 3} {
		must(t, q.Push(t.Context(), inside[i], int(inside[i])))
	}
	for _, want := range inside {
		v, ok, err := q.TryPop(t.Context())
		must(t, err)
		equal(t, "TryPop", results(v, ok), results(want, true))
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

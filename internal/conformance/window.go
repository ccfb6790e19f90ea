package conformance

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// Window tests counter.Window on a backend.
func Window(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Counts", windowCounts},
		failures(windowSubject()),
		costs(windowSubject()),
		part{"Edges", windowEdges},
		part{"Slides", windowSlides},
		part{"Race", windowRace},
		part{"Largest", windowLargest},
		part{"Undecodable", windowUndecodable},
		part{"Sizes", windowSizes},
	)
}

// windowCounts counts in a window that is longer than the test.
func windowCounts(t *testing.T, r *redistest.Redis) {
	m := newModel(t)
	at := name(t, r, "logins")
	handles := []*counter.Window{
		counter.NewWindow(r.Client, at, 100*time.Hour), counter.NewWindow(otherProtocolClient(t, r), at, 100*time.Hour),
	}
	want := int64(0)
	m.runRandom(200, func() {
		n := m.rng.Int64N(4)
		want += n
		v, err := oneOf(m, handles...).Add(m.ctx(), n)
		m.check(err, v, want, "Add(%d)", n)
	}, func() {
		limit := want + m.rng.Int64N(4) - 2
		allowed := want+1 <= limit
		if allowed {
			want++
		}
		ok, err := oneOf(m, handles...).Allow(m.ctx(), limit)
		m.check(err, ok, allowed, "Allow(%d) of %d", limit, want)
	}, func() {
		v, err := oneOf(m, handles...).Count(m.ctx())
		m.check(err, v, want, "Count()")
	}, func() {
		if !m.chance(10) {
			return
		}
		want = 0
		m.check(oneOf(m, handles...).Clear(m.ctx()), nil, nil, "Clear()")
		ok, err := oneOf(m, handles...).Exists(m.ctx())
		m.check(err, ok, false, "Exists()")
	})
	if d := r.Raw().PTTL(t.Context(), at).Val(); want > 0 && (d < 99*time.Hour || d > 103*time.Hour) {
		t.Errorf("the key expires in %v", d)
	}
}

// windowEdges has events whose age differs by hours from the limits of the window, so
// that the duration of the test does not matter.
func windowEdges(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "w")
	const size = 600 * time.Hour
	w := counter.NewWindow(r.Client, at, size)
	now, err := r.Raw().Time(ctx).Result()
	must(t, err)
	part := size / 60
	for age, counts := range map[time.Duration]bool{
		0:                          true,
		size / 2:                   true,
		size - time.Hour:           true, // entirely in the window
		size + part - time.Hour:    true, // began before the window, ends in it
		size + part + time.Hour:    false,
		size + 2*part:              false,
		100 * size:                 false,
		-part:                      true, // from a clock that was ahead
		now.Sub(time.UnixMicro(5)): false,
	} {
		must(t, r.Raw().Del(ctx, at).Err())
		field := fmt.Sprint(now.Add(-age).UnixMicro())
		must(t, r.Raw().HSet(ctx, at, field, "7").Err())
		want := int64(0)
		if counts {
			want = 7
		}
		v, err := w.Count(ctx)
		equal(t, "Count at an age of "+age.String(), results(v, err), results(want, nil))
		ok, err := w.Allow(ctx, 7)
		equal(t, "Allow at an age of "+age.String(), results(ok, err), results(!counts, nil))
		v, err = w.Add(ctx, 2)
		equal(t, "Add", results(v, err), results(map[bool]int64{true: 9, false: 3}[counts], nil))
		if has := r.Raw().HExists(ctx, at, field).Val(); has != counts {
			t.Errorf("after Add the field of age %v exists: %t, want %t", age, has, counts)
		}
	}
}

// windowSlides waits until events have left the window.
func windowSlides(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "w")
	w := counter.NewWindow(r.Client, at, 300*time.Millisecond)
	start, err := r.Raw().Time(ctx).Result()
	must(t, err)
	v, err := w.Add(ctx, 5)
	equal(t, "Add", results(v, err), results(int64(5), nil))
	redistest.Eventually(t, 10*time.Second, func() bool {
		v, err := w.Count(ctx)
		must(t, err)
		if now, err := r.Raw().Time(ctx).Result(); err == nil && v == 0 && now.Sub(start) < 300*time.Millisecond {
			t.Fatalf("the events are past after %v", now.Sub(start))
		}
		return v == 0
	}, "events leave the window")
	redistest.Eventually(t, 10*time.Second, func() bool {
		ok, err := w.Exists(ctx)
		must(t, err)
		return !ok
	}, "the key expires with the last event")
	redistest.Eventually(t, 10*time.Second, func() bool {
		ok, err := w.Allow(ctx, 1)
		must(t, err)
		return ok
	}, "events are allowed again")
}

// windowRace makes more concurrent calls of Allow than the limit permits.
func windowRace(t *testing.T, r *redistest.Redis) {
	const limit, goroutines, each = 50, 16, 10
	at := name(t, r, "w")
	handles := []*counter.Window{
		counter.NewWindow(r.Client, at, time.Hour), counter.NewWindow(r.NewClient(t), at, time.Hour),
	}
	var allowed atomic.Int64
	concurrently(goroutines, func(i int) {
		for range each {
			ok, err := handles[i%2].Allow(t.Context(), limit)
			if err != nil {
				t.Error(err)
			}
			if ok {
				allowed.Add(1)
			}
		}
	})
	v, err := handles[0].Count(t.Context())
	equal(t, "allowed, counted", results(allowed.Load(), v, err), results(int64(limit), int64(limit), nil))
}

// windowLargest counts up to the largest exact number.
func windowLargest(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	w := counter.NewWindow(r.Client, name(t, r, "w"), time.Hour)
	const most = 1 << 53
	for _, n := range []int64{most + 1, 1<<63 - 1} {
		if v, err := w.Add(ctx, n); v != 0 || !errors.Is(err, counter.ErrBound) {
			t.Errorf("Add(%d) = %d, %v; want ErrBound", n, v, err)
		}
	}
	v, err := w.Add(ctx, most-1)
	equal(t, "Add", results(v, err), results(int64(most-1), nil))
	ok, err := w.Allow(ctx, 1<<63-1)
	equal(t, "Allow", results(ok, err), results(true, nil))
	ok, err = w.Allow(ctx, 1<<63-1)
	equal(t, "Allow", results(ok, err), results(false, nil))
	v, err = w.Add(ctx, 1)
	if v != most || !errors.Is(err, counter.ErrBound) {
		t.Errorf("Add(1) = %d, %v; want ErrBound", v, err)
	}
	v, err = w.Count(ctx)
	equal(t, "Count", results(v, err), results(int64(most), nil))
	for _, limit := range []int64{0, -1, -1 << 63} {
		ok, err := w.Allow(ctx, limit)
		equal(t, "Allow of nothing", results(ok, err), results(false, nil))
	}
}

// windowUndecodable reads a hash that a Window did not write.
func windowUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "w")
	w := counter.NewWindow(r.Client, at, time.Hour)
	for field, value := range map[string]string{"1700000000000000": marker, marker: "1", "": "1", "5": "-1", "7": "1.5"} {
		must(t, r.Raw().Del(ctx, at).Err())
		must(t, r.Raw().HSet(ctx, at, field, value).Err())
		before := contents(t, r.Raw(), at)
		for op, err := range map[string]error{
			"Count": second(w.Count(ctx)), "Add": second(w.Add(ctx, 1)), "Allow": second(w.Allow(ctx, 5)),
		} {
			if !errors.Is(err, desir.ErrWrongType) || strings.Contains(err.Error(), marker) {
				t.Errorf("%s with field %q %q: error %v, want ErrWrongType", op, field, value, err)
			}
		}
		equal(t, "the hash", contents(t, r.Raw(), at), before)
	}
}

// windowSizes uses windows of invalid sizes, and negative numbers of events.
func windowSizes(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	for _, size := range []time.Duration{-1, 0, time.Millisecond - 1, 1<<63 - 1} {
		for _, c := range windowCalls(counter.NewWindow(rdb, "w", size)) {
			if err := c.Do(t.Context()); err == nil {
				t.Errorf("%s with a size of %v: no error", c.name(), size)
			}
		}
	}
	if _, err := counter.NewWindow(rdb, "w", time.Hour).Add(t.Context(), -1); err == nil {
		t.Error("Add(-1): no error")
	}
	equal(t, "round trips", trips.Count(), 0)
	for _, size := range []time.Duration{time.Millisecond, 1000 * 24 * time.Hour} {
		w := counter.NewWindow(rdb, name(t, r, size.String()), size)
		v, err := w.Add(t.Context(), 3)
		equal(t, "Add", results(v, err), results(int64(3), nil))
	}
}

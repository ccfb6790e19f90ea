package wait

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

func receivers(limits ...int) (rs []*receiver) {
	for _, n := range limits {
		rs = append(rs, &receiver{max: n, done: make(chan struct{})})
	}
	return rs
}

func isEnded(r *receiver) bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// TestWanted checks the sum of the values that receivers can use, and that it does not
// overflow.
func TestWanted(t *testing.T) {
	for _, tt := range []struct {
		limits []int
		want   int
	}{
		{nil, 0},
		{[]int{1, 1, 3}, 5},
		{[]int{maxTake + 1}, maxTake},
		{[]int{math.MaxInt, math.MaxInt, 1}, maxTake},
	} {
		q := &waitQueue{waiting: receivers(tt.limits...)}
		if n := q.wanted(); n != tt.want {
			t.Errorf("wanted by %v = %d, want %d", tt.limits, n, tt.want)
		}
	}
}

// TestServe checks that values are served in order and the remaining ones are buffered.
func TestServe(t *testing.T) {
	rs := receivers(1, 3, 1)
	q := &waitQueue{waiting: slices.Clone(rs)}
	q.serve([]string{"a", "b"})
	if !slices.Equal(rs[0].values, []string{"a"}) || !slices.Equal(rs[1].values, []string{"b"}) || isEnded(rs[2]) {
		t.Errorf("served %q, %q, third: %t", rs[0].values, rs[1].values, isEnded(rs[2]))
	}
	if !q.remove(rs[2]) || q.remove(rs[2]) || q.remove(rs[0]) {
		t.Error("a receiver leaves once, and not after it was served")
	}
	q.serve([]string{"c", "d"})
	late := receivers(5)
	q.waiting = append(q.waiting, late...)
	q.serve([]string{"e"})
	if !slices.Equal(late[0].values, []string{"c", "d", "e"}) || len(q.buffered) != 0 {
		t.Errorf("the late one got %q, %q are left", late[0].values, q.buffered)
	}
}

// TestLast checks that an empty last take ends its receivers and no others.
func TestLast(t *testing.T) {
	l := &loop{}
	rs := receivers(1, 1)
	rs[1].expired = true
	q := &waitQueue{waiting: slices.Clone(rs)}
	if err := l.finishTake(takeCall{queue: q, expired: q.expired()}, []any{int64(stateOpen)}, nil); err != nil {
		t.Error(err)
	}
	if isEnded(rs[0]) || !isEnded(rs[1]) || !errors.Is(rs[1].err, ErrIdle) {
		t.Errorf("ended: %t, %t: %v", isEnded(rs[0]), isEnded(rs[1]), rs[1].err)
	}
	rs = receivers(1, 1)
	rs[1].expired = true
	q = &waitQueue{waiting: slices.Clone(rs)}
	if err := l.finishTake(takeCall{queue: q, expired: q.expired()}, []any{int64(stateOpen), "v"}, nil); err != nil {
		t.Error(err)
	}
	if !isEnded(rs[0]) || isEnded(rs[1]) || !q.dirty {
		t.Errorf("ended: %t, %t; another look: %t", isEnded(rs[0]), isEnded(rs[1]), q.dirty)
	}
}

// TestDecodeTake checks that replies which take never sends are refused.
func TestDecodeTake(t *testing.T) {
	for _, bad := range []any{nil, "x", []any{}, []any{"0"}} {
		if _, _, err := decodeTake(bad); err == nil {
			t.Errorf("decodeTake(%#v): no error", bad)
		}
	}
	state, values, err := decodeTake([]any{int64(1), "a", ""})
	if state != stateMore || !slices.Equal(values, []string{"a", ""}) || err != nil {
		t.Errorf("decodeTake = %d, %q, %v", state, values, err)
	}
}

// TestPlanReturnsAll checks that plan returns all queues from time to time, even if one is
// busy.
func TestPlanReturnsAll(t *testing.T) {
	l := &loop{queues: map[sourceID]*waitQueue{
		{values: "busy"}:  {waiting: receivers(1), dirty: true},
		{values: "quiet"}: {waiting: receivers(1)},
	}}
	if now, all := l.plan(); len(now) != 2 || len(all) != 2 {
		t.Errorf("%d of %d queues after a long time, want both", len(now), len(all))
	}
	l.allChecked = time.Now().Add(time.Hour)
	if now, all := l.plan(); len(now) != 1 || len(all) != 2 {
		t.Errorf("%d of %d queues while it is busy, want one", len(now), len(all))
	}
}

// TestUrgentBeforeBlock checks that no take waits for a block if its queue may have values
// already.
func TestUrgentBeforeBlock(t *testing.T) {
	q := &waitQueue{waiting: receivers(1), dirty: true}
	l := &loop{waiter: &Waiter{}, queues: map[sourceID]*waitQueue{q.source.id(): q}}
	if _, ok := l.takesAfterBlock(t.Context(), []*waitQueue{q}); ok || !q.dirty {
		t.Error("the take of an urgent queue follows a block")
	}
}

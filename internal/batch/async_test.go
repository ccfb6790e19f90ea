package batch

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

// doAsync sends a call asynchronously. The result is set when the reply has arrived.
func (x *lab) doAsync(c *Call, inline bool) *result {
	r := &result{outcome: -1}
	x.wg.Go(func() {
		x.DoAsync(x.Context(), c, inline, func(c *Call) { r.outcome, r.text, r.err = Replied, c.Text, c.Err })
	})
	synctest.Wait()
	return r
}

// TestAsyncCalls keeps one batch in flight until it counts as slow.
func TestAsyncCalls(t *testing.T) {
	for _, inline := range []bool{false, true} {
		t.Run(fmt.Sprintf("inline=%t", inline), func(t *testing.T) {
			inLab(t, func(x *lab) {
				x.Coalesce(3 * time.Millisecond)
				var all []*result
				for i := range 4 {
					all = append(all, x.doAsync(x.ask("a", fmt.Sprint(i)), inline))
				}
				x.sent("echo a 0")
				x.free(1) // the others are sent in one batch
				x.sent("echo a 1 2 3")
				time.Sleep(3 * time.Millisecond)
				synctest.Wait()
				all = append(all, x.doAsync(x.ask("a", "4"), inline))
				x.sent("echo a 4") // they do not wait any longer
				x.free(2)
				for i, r := range all {
					x.answered(r, fmt.Sprint(i))
				}
			})
		})
	}
}

// TestCancel cancels asynchronous calls: one that is pending and one that is in flight.
func TestCancel(t *testing.T) {
	inLab(t, func(x *lab) {
		x.Coalesce(time.Hour)
		first, second := x.ask("a", "1"), x.ask("a", "2")
		r1, r2 := x.doAsync(first, false), x.doAsync(second, false)
		if x.Cancel(first) || !x.Cancel(second) || x.Cancel(second) {
			x.Error("a call in flight was canceled, or a pending one was not")
		}
		x.free(1)
		x.sent("echo a 1")
		x.answered(r1, "1")
		if r2.outcome == Replied {
			x.Error("a call that was canceled has a reply")
		}
	})
}

// TestAsyncPanics: if a hook panics while asynchronous calls are sent, they get that as
// their error.
func TestAsyncPanics(t *testing.T) {
	inLab(t, func(x *lab) {
		r := x.doAsync(x.ask("a", "1"), true)
		x.gate <- func([]redis.Cmder) { panic("hook") }
		synctest.Wait()
		if r.outcome != Replied || r.err == nil || !strings.Contains(r.err.Error(), "hook") {
			x.Errorf("result %+v; want the panic as an error", *r)
		}
		again := x.doAsync(x.ask("a", "2"), false)
		x.free(1)
		x.answered(again, "2")
	})
}

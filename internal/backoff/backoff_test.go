package backoff

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestNext(t *testing.T) {
	t.Parallel()
	b := Range{10 * time.Millisecond, 65 * time.Millisecond}.Start()
	check := func(want ...time.Duration) {
		t.Helper()
		for _, d := range want {
			if got := b.Next(); got < d/2 || got >= d*3/2 {
				t.Errorf("pause %v, want %v to %v", got, d/2, d*3/2)
			}
		}
	}
	if !b.Fresh() {
		t.Error("not fresh at the start")
	}
	const ms = time.Millisecond
	check(10*ms, 20*ms, 40*ms, 65*ms, 65*ms)
	if b.Fresh() {
		t.Error("fresh after pauses")
	}
	b.Reset()
	check(10*ms, 20*ms)
	b.Limit(15 * ms)
	check(15*ms, 15*ms)
	b.Reset()
	check(10*ms, 15*ms)
}

func TestJitterDiffers(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 100 {
		b := Range{time.Second, time.Second}.Start()
		seen[b.Next()] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 pauses of a second have %d different lengths", len(seen))
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := Range{time.Second, time.Minute}.Start()
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		if !b.Wait(ctx) || !b.WaitUntil(ctx.Done()) || !Sleep(ctx, time.Second) {
			t.Error("a wait ended early")
		}
		if d := time.Since(start); d < 2*time.Second || d >= 6*time.Second {
			t.Errorf("pauses of 1, 2 and 1 s took %v", d)
		}
		time.AfterFunc(time.Millisecond, cancel)
		start = time.Now()
		if b.Wait(ctx) || b.WaitUntil(ctx.Done()) || Sleep(ctx, time.Hour) {
			t.Error("a wait outlived its context")
		}
		if d := time.Since(start); d != time.Millisecond {
			t.Errorf("the waits ended %v after their start, want 1ms", d)
		}
	})
}

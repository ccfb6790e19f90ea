package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

// TestTopic publishes from one process to two others.
func TestTopic(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	admin := s.Client(t)
	plain := listening("topic", "sub", "news.sport", "-n", "3")
	pattern := listening("topic", "sub", "news.*", "--pattern", "--count", "4")
	redistest.Eventually(t, 10*time.Second, func() bool {
		ctx := context.Background()
		return admin.PubSubNumSub(ctx, "news.sport").Val()["news.sport"] == 1 && admin.PubSubNumPat(ctx).Val() == 1
	}, "two who listen")
	for _, args := range [][]string{{"news.sport", "one", "one more"}, {"news.arts", "two"}, {"news.sport", "three"}} {
		if status, out, errs := tool(t, append([]string{"topic", "pub"}, args...)...); status != 0 || out+errs != "" {
			t.Errorf("publish %q: exit status %d, %q, %q", args, status, out, errs)
		}
	}
	if got, want := (<-plain), (outcome{0, "one\none more\nthree\n", ""}); got != want {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	want := outcome{0, "news.sport: one\nnews.sport: one more\nnews.arts: two\nnews.sport: three\n", ""}
	if got := <-pattern; got != want {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	if status, out, errs := tool(t, "topic", "sub", "news.sport", "--idle", "10ms"); status != 0 || out+errs != "" {
		t.Errorf("listening to nothing: exit status %d, %q, %q", status, out, errs)
	}
	for _, args := range [][]string{{"topic", "pub", "", "x"}, {"topic", "sub", ""}} {
		if status, out, errs := tool(t, args...); status != 1 || out != "" || strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: exit status %d, %q, %q; want 1 and a line", args, status, out, errs)
		}
	}
}

// TestTopicGap verifies that a gap is reported and that the subscription goes on.
func TestTopicGap(t *testing.T) {
	s := redistest.StartServer(t)
	t.Setenv("DESIR_URL", "redis://"+s.Addr)
	admin, ctx := s.Client(t), context.Background()
	subscribed := func() bool { return admin.PubSubNumSub(ctx, "news").Val()["news"] == 1 }
	heard := listening("topic", "sub", "news", "-n", "1")
	redistest.Eventually(t, 10*time.Second, subscribed, "a subscriber")
	if n := admin.ClientKillByFilter(ctx, "TYPE", "pubsub").Val(); n != 1 {
		t.Fatalf("%d connections killed", n)
	}
	redistest.Eventually(t, 10*time.Second, subscribed, "a subscriber again")
	if status, _, errs := tool(t, "topic", "pub", "news", "after"); status != 0 {
		t.Fatalf("exit status %d, %q", status, errs)
	}
	if got := <-heard; got.status != 0 || got.out != "after\n" || !strings.Contains(got.errs, "missed") {
		t.Errorf("heard %+v, want the message and a word about the gap", got)
	}
}

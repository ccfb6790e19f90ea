package channel_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestTopicRewound restarts a server from a snapshot that is older than the last message of a
// subscriber. While the subscriber is disconnected, the counter reaches the same number again.
// The subscriber gets a gap.
func TestTopicRewound(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t)
	topic := channel.NewTopic[int](rdb, "t", channel.Numbered())
	publish := func(values ...int) {
		t.Helper()
		for _, v := range values {
			redistest.Eventually(t, 10*time.Second, func() bool {
				_, err := topic.Publish(ctx, v)
				return err == nil
			}, "published")
		}
	}
	far := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	sub, err := channel.NewTopic[int](far, "t", channel.Numbered()).Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	publish(1, 2)
	if err := rdb.Save(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	publish(3, 4)
	last, gap := 0, false
	hear := func(until int) {
		t.Helper()
		for m, err := range sub.All(within(t, 30*time.Second)) {
			_, missed := errors.AsType[*channel.GapError](err)
			gap = gap || missed
			if err != nil && !missed {
				t.Fatal(err)
			}
			if !missed {
				last = m.Value
			}
			if last == until && (until == 4 || gap) {
				return
			}
		}
	}
	hear(4)
	if gap {
		t.Error("a gap before anything was missed")
	}
	p.BlackHole(true)
	p.CutAll()
	s.Restart()
	publish(5, 6) // with the numbers 3 and 4 again
	p.BlackHole(false)
	redistest.Eventually(t, 20*time.Second, func() bool {
		n, err := rdb.PubSubNumSub(ctx, "t").Result()
		return err == nil && n["t"] == 1
	}, "subscribed again")
	publish(7)
	hear(7)
	if !gap {
		t.Error("5 and 6 were missed without a gap")
	}
}

// TestNumberedWithoutInfo subscribes as a user who may not send INFO. Gaps are then detected
// by the numbers only.
func TestNumberedWithoutInfo(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	if err := s.Client(t).Do(ctx, "acl", "setuser", "u", "on", ">pw", "~*", "&*", "+@all", "-info").Err(); err != nil {
		t.Fatal(err)
	}
	rdb := s.Client(t, func(o *redis.Options) { o.Username, o.Password = "u", "pw" })
	topic := channel.NewTopic[int](rdb, "t", channel.Numbered())
	sub, err := topic.Subscribe(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topic.Publish(ctx, 1); err != nil {
		t.Fatal(err)
	}
	for m, err := range sub.All(within(t, 10*time.Second)) {
		if m.Value != 1 || err != nil {
			t.Errorf("%d, %v", m.Value, err)
		}
		break
	}
}

package wait

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// TestSubscriber checks when a loop subscribes on a cluster: again after a refusal, not again
// for a queue that returns, and no longer for a queue that is gone.
func TestSubscriber(t *testing.T) {
	redistest.Goroutines(t)
	c := redistest.StartCluster(t, 0, redistest.Config("user", "app on >x ~* +@all resetchannels"))
	src := ListOf("c").Source
	admin := c.MasterFor("c").Client(t)
	rdb := c.Client(t, func(o *redis.ClusterOptions) { o.Username, o.Password = "app", "x" })
	shared, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	node, err := shared.Node(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	l := newLoop(Of(shared), loopID{node: node})
	s, id := newSubscriber(l), src.id()
	defer s.close()
	setQueue := func() *waitQueue {
		l.mu.Lock()
		defer l.mu.Unlock()
		q := &waitQueue{source: src}
		l.queues[id] = q
		return q
	}
	dirty := func(q *waitQueue) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return q.dirty
	}
	block := func(queues ...*waitQueue) {
		t.Helper()
		l.allChecked = time.Now().Add(-period) // returns at once
		if _, err := s.block(t.Context(), queues); err != nil {
			t.Fatal(err)
		}
	}
	q := setQueue()
	block(q)
	redistest.Eventually(t, 20*time.Second, func() bool { return errors.Is(s.subs[id].Err(), send.ErrDenied) }, "the server refuses the channel")
	if err := admin.Do(t.Context(), "acl", "setuser", "app", "allchannels").Err(); err != nil {
		t.Fatal(err)
	}
	block(q)
	if s.subs[id].Err() == nil {
		t.Error("it subscribes again at once")
	}
	s.retried = time.Now().Add(-refusedTime)
	block(q) // closes the refused subscription
	block(q)
	redistest.Eventually(t, 20*time.Second, func() bool { return dirty(q) }, "the subscription is confirmed")

	q, sub := setQueue(), s.subs[id]
	block(q)
	if err := admin.SPublish(t.Context(), src.Wake, "").Err(); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return dirty(q) }, "the message wakes the queue that has returned")
	if s.subs[id] != sub {
		t.Error("it has subscribed again for a queue that has returned")
	}

	l.mu.Lock()
	delete(l.queues, id)
	l.mu.Unlock()
	for range 2 { // a queue may be gone for a moment
		s.swept = time.Time{}
		block()
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		channels, err := admin.PubSubShardChannels(t.Context(), "*").Result()
		return len(channels) == 0 && err == nil
	}, "no channel is subscribed")
}

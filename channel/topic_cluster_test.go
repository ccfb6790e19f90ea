package channel_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
)

// receiveUntil publishes rising numbers until the subscriber has received the last one, so
// that none is in flight. It returns what the subscriber received.
func receiveUntil(t *testing.T, topic *channel.Topic[int64], s *channel.Sub[int64], from int64) (c deliveries) {
	t.Helper()
	c.next = from
	n := from
	redistest.Eventually(t, 30*time.Second, func() bool {
		if _, err := topic.Publish(within(t, 2*time.Second), n); err == nil {
			n++
		}
		for m, err := range s.All(ctx, channel.Idle(20*time.Millisecond)) {
			c.add(t, m, err)
			if err == nil && m.Value == n-1 {
				return true
			}
		}
		return false
	}, "messages arrive")
	return c
}

// TestShardMoves moves the slot of a sharded topic to another node.
func TestShardMoves(t *testing.T) {
	redistest.Goroutines(t)
	t.Parallel()
	cl := redistest.StartCluster(t, 0)
	rdb, other := cl.Client(t), cl.Client(t)
	ids := map[*redistest.Server]string{}
	for _, n := range cl.Nodes {
		id, err := n.Client(t).ClusterMyID(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		ids[n] = id
	}
	type side struct {
		topic, far *channel.Topic[int64]
		sub        *channel.Sub[int64]
	}
	var sides []side
	for _, opts := range [][]channel.TopicOption{{channel.Sharded()}, {channel.Sharded(), channel.Numbered()}} {
		name := fmt.Sprint("{t}", len(opts))
		topic := channel.NewTopic[int64](rdb, name, opts...)
		sides = append(sides, side{topic, channel.NewTopic[int64](other, name, opts...), subscribe(t, topic)})
	}
	stays := channel.NewTopic[int64](rdb, "{stays}", channel.Sharded())
	staying := subscribe(t, stays)
	for round := range 2 {
		from := cl.MasterFor("{t}")
		to := cl.Nodes[(slices.Index(cl.Nodes, from)+1)%3]
		for _, n := range append([]*redistest.Server{to, from}, cl.Nodes...) {
			// Delete the counter of the numbered topic, which would have to be migrated.
			c := n.Client(t)
			if n == from {
				_ = c.Del(ctx, "{t}2:seq").Err()
			}
			err := c.Do(ctx, "cluster", "setslot", keys.Slot("{t}"), "node", ids[to]).Err()
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range sides {
			c := receiveUntil(t, s.far, s.sub, int64(round*1000))
			if c.unknown == 0 {
				t.Errorf("round %d, topic %d: no gap: %+v", round, i, c)
			}
		}
	}
	publish(t, stays, 1)
	for m, err := range staying.All(within(t, 10*time.Second)) {
		if _, gap := errors.AsType[*channel.GapError](err); gap {
			continue // its connection may have been replaced
		}
		if m.Value != 1 || err != nil {
			t.Errorf("heard %v, %v", m, err)
		}
		break
	}
}

// TestTopicClusterFailover freezes the master that delivers the messages. The publisher
// reloads its slot map often; the subscriber has to detect the failover.
func TestTopicClusterFailover(t *testing.T) {
	redistest.Slow(t)
	redistest.Goroutines(t)
	t.Parallel()
	cl := redistest.StartCluster(t, 1)
	rdb, far := cl.Client(t), cl.Client(t, func(o *redis.ClusterOptions) {
		o.ClusterStateReloadInterval = time.Second
	})
	var topics []*channel.Topic[int64]
	var subs []*channel.Sub[int64]
	for _, k := range topicKinds {
		topics = append(topics, channel.NewTopic[int64](far, "{t}"+k.name, k.opts...))
		subs = append(subs, subscribe(t, channel.NewTopic[int64](rdb, "{t}"+k.name, k.opts...)))
		receiveUntil(t, topics[len(topics)-1], subs[len(subs)-1], 0)
	}
	cl.MasterFor("{t}").Freeze()
	began := time.Now()
	for i, k := range topicKinds {
		c := receiveUntil(t, topics[i], subs[i], 1000)
		t.Logf("%s: %+v after %v", k.name, c, time.Since(began))
		if k.name == "sharded" && c.unknown == 0 {
			t.Errorf("sharded: no gap: %+v", c)
		}
	}
}

// TestTopicChurn starts and ends many subscriptions while messages are published.
func TestTopicChurn(t *testing.T) {
	redistest.Goroutines(t)
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		opts := []channel.TopicOption{channel.Numbered()}
		if r.Name != "embedded" {
			opts = append(opts, channel.Sharded())
		}
		var topics []*channel.Topic[int]
		for i := range 4 {
			topics = append(topics, channel.NewTopic[int](r.Client, r.Key(fmt.Sprint(i)), opts[:i%(len(opts)+1)]...))
		}
		seed := redistest.Seed(t).Uint64()
		var group sync.WaitGroup
		for g := range uint64(8) {
			group.Go(func() {
				rng := rand.New(rand.NewPCG(seed, g))
				for range 50 {
					topic := topics[rng.IntN(len(topics))]
					s, err := topic.Subscribe(within(t, 20*time.Second))
					if err != nil {
						t.Error(err)
						return
					}
					v := rng.Int()
					if _, err := topic.Publish(ctx, v); err != nil {
						t.Error(err)
					}
					for m, err := range s.All(within(t, 20*time.Second)) { // also messages of others
						if err != nil {
							t.Errorf("%v: heard %v", topic.Key(), err)
							break
						}
						if m.Value == v {
							break
						}
					}
					_ = s.Close()
				}
			})
		}
		group.Wait()
		redistest.Eventually(t, 20*time.Second, func() bool {
			return subscribers(t, r.Raw(), topics[0].Key()) == 0
		}, "no connection is subscribed")
	})
}

// TestTopicRing spreads topics over two independent servers.
func TestTopicRing(t *testing.T) {
	redistest.Goroutines(t)
	t.Parallel()
	a, b := redistest.StartServer(t), redistest.StartServer(t)
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": a.Addr, "b": b.Addr}, DisableIdentity: true})
	defer ring.Close()
	for _, k := range topicKinds {
		for i := range 10 {
			topic := channel.NewTopic[int](ring, fmt.Sprint(k.name, i), k.opts...)
			s := subscribe(t, topic)
			publish(t, topic, i)
			if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, intRange(i, i)) {
				t.Errorf("%s: heard %v", topic.Key(), got)
			}
		}
	}
	if _, err := channel.NewPattern[int](ring, "*").Subscribe(ctx); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("pattern: %v; want ErrNotSupported", err)
	}
}

// TestTopicWrappedRing: a ring inside a type of the user's is not known for one, and cannot
// subscribe to what comes later. Subscriptions are refused; it ended the process.
func TestTopicWrappedRing(t *testing.T) {
	t.Parallel()
	type wrapped struct{ redis.UniversalClient }
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": redistest.StartServer(t).Addr}, DisableIdentity: true})
	defer ring.Close()
	for _, k := range topicKinds {
		if _, err := channel.NewTopic[int](&wrapped{ring}, k.name, k.opts...).Subscribe(within(t, 10*time.Second)); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("%s: %v; want ErrNotSupported", k.name, err)
		}
	}
}

// TestTopicNumberedReadOnly: the reason why a counter cannot be asked is beside the end of the
// context.
func TestTopicNumberedReadOnly(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	if err := rdb.ReplicaOf(ctx, "127.0.0.1", "1").Err(); err != nil { // no server is there
		t.Fatal(err)
	}
	_, err := channel.NewTopic[int](rdb, "t", channel.Numbered()).Subscribe(within(t, 2*time.Second))
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, desir.ErrUnavailable) || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("Subscribe: %v; want the context's error, and READONLY", err)
	}
}

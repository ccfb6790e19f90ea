package channel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// subscribedTo returns, for each connection of a server with subscriptions, how many channels
// it has subscribed to, in rising order.
func subscribedTo(t *testing.T, admin *redis.Client) (counts []int) {
	t.Helper()
	list, err := admin.Do(ctx, "client", "list", "type", "pubsub").Text()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(list) {
		total := 0
		for field := range strings.FieldsSeq(line) {
			var n int
			for _, kind := range []string{"sub", "psub", "ssub"} {
				if _, err := fmt.Sscanf(field, kind+"=%d", &n); err == nil {
					total += n
				}
			}
		}
		counts = append(counts, total)
	}
	slices.Sort(counts)
	return counts
}

// startOneNodeCluster starts a cluster of one node.
func startOneNodeCluster(t *testing.T) *redistest.Cluster {
	t.Helper()
	s := redistest.StartServer(t, redistest.Config("cluster-enabled", "yes"))
	admin := s.Client(t)
	if err := admin.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		return strings.Contains(admin.ClusterInfo(ctx).Val(), "cluster_state:ok")
	}, "the cluster works")
	return &redistest.Cluster{Addrs: []string{s.Addr}, Nodes: []*redistest.Server{s}}
}

// TestWakeUpConnections has receivers, selective receivers and subscribers of one client. Each
// node has one connection for the topics and one for the wake-ups, also after both were cut.
func TestWakeUpConnections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		start   func(t *testing.T) (rdb redis.UniversalClient, nodes []*redistest.Server)
		wakeUps int // channels of the wake-up connection: the letters and a private one, on a cluster the letters and the Chans
	}{
		{"server", func(t *testing.T) (redis.UniversalClient, []*redistest.Server) {
			s := redistest.StartServer(t)
			return s.Client(t), []*redistest.Server{s}
		}, 2},
		{"one node", func(t *testing.T) (redis.UniversalClient, []*redistest.Server) {
			c := startOneNodeCluster(t)
			return c.Client(t), c.Nodes
		}, 4},
		{"cluster", func(t *testing.T) (redis.UniversalClient, []*redistest.Server) {
			c := redistest.StartCluster(t, 0)
			return c.Client(t), c.Nodes
		}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			redistest.Goroutines(t)
			rdb, nodes := tt.start(t)
			checkConnections(t, rdb, nodes, tt.wakeUps)
		})
	}
}

func checkConnections(t *testing.T, rdb redis.UniversalClient, nodes []*redistest.Server, wakeUps int) {
	const chans = 3
	all, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer func() { stop(); group.Wait() }()
	topic := func(i int) *channel.Topic[int] {
		return channel.NewTopic[int](rdb, nameOnNode(t, nodes[i])+"topic", channel.Sharded())
	}
	var admins []*redis.Client
	got := make(chan int, 1000)
	for i, s := range nodes {
		admins = append(admins, s.Client(t))
		tag := nameOnNode(t, s)
		for n := range chans {
			c := channel.NewChan[int](rdb, fmt.Sprint(tag, n))
			group.Go(func() {
				for v, err := range c.All(all) {
					if err == nil {
						got <- v
					}
				}
			})
		}
		m := channel.NewMailbox[int](rdb, tag+"mailbox")
		group.Go(func() { _, _ = m.Receive(all, func(channel.Letter[int]) bool { return false }) })
		sub := subscribe(t, topic(i))
		group.Go(func() {
			for m, err := range sub.All(all) {
				if err == nil {
					got <- m.Value
				}
			}
		})
	}
	want := []int{2, wakeUps} // the topic and a private channel
	slices.Sort(want)
	check := func() {
		t.Helper()
		for i, a := range admins {
			redistest.Eventually(t, 20*time.Second, func() bool {
				return slices.Equal(subscribedTo(t, a), want)
			}, "one connection of each class at each node")
			for n := range chans {
				if err := channel.NewChan[int](rdb, fmt.Sprint(nameOnNode(t, nodes[i]), n)).Send(ctx, 1); err != nil {
					t.Error(err)
				}
			}
			publish(t, topic(i), 1)
			for range chans + 1 {
				select {
				case <-got:
				case <-time.After(20 * time.Second):
					t.Fatal("a value or a message did not arrive")
				}
			}
			if n := len(subscribedTo(t, a)); n != len(want) {
				t.Errorf("%d connections; want %d", n, len(want))
			}
		}
	}
	check()
	for range 2 {
		for _, a := range admins {
			if n, err := a.ClientKillByFilter(ctx, "TYPE", "pubsub").Result(); n != 2 || err != nil {
				t.Errorf("%d connections cut, %v; want 2", n, err)
			}
		}
		check()
	}
}

// nameOnNode returns a name of a slot that belongs to the node, or any name if the node is not
// part of a cluster. A suffix does not change the slot.
func nameOnNode(t *testing.T, s *redistest.Server) string {
	t.Helper()
	c := s.Client(t)
	for i := range 10_000 {
		name := fmt.Sprintf("{n%d}", i)
		_, err := c.Exists(ctx, name).Result()
		if err == nil {
			return name
		}
	}
	t.Fatal("the node has no slots")
	return ""
}

// TestWakeUpsBesideFlood floods a topic while a subscriber of the same client stands still, so
// that the server cuts the connection of the topics. Receivers are still woken, and do not
// have to wait for the check of their queues once a second.
func TestWakeUpsBesideFlood(t *testing.T) {
	redistest.Slow(t)
	cluster := startOneNodeCluster(t)
	admin := cluster.Nodes[0].Client(t)
	if err := admin.ConfigSet(ctx, "client-output-buffer-limit", "pubsub 1mb 0 0").Err(); err != nil {
		t.Fatal(err)
	}
	rdb := cluster.Client(t)
	topic := channel.NewTopic[string](rdb, "topic", channel.Sharded())
	stalled := subscribe(t, topic, channel.Backlog(10, channel.Block))
	fast := subscribe(t, topic)
	all, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer func() { stop(); group.Wait() }()
	var messages, cuts int
	group.Go(func() {
		for _, err := range fast.All(all) {
			if gap, ok := errors.AsType[*channel.GapError](err); ok && gap.Missed < 0 {
				cuts++ // the connection is another one
			} else if err == nil {
				messages++
			}
		}
	})
	group.Go(func() { // a subscriber that takes something is waited for again
		for range stalled.All(all) {
			sleep(1200 * time.Millisecond)
		}
	})
	const perPipeline, pause = 500, 5 * time.Millisecond // 100 000 messages a second
	payload := strings.Repeat("x", 200)
	published := 0
	group.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for all.Err() == nil {
			pipe := admin.Pipeline()
			for range perPipeline {
				pipe.SPublish(ctx, "topic", payload)
			}
			if _, err := pipe.Exec(ctx); err != nil {
				t.Error(err)
				return
			}
			published += perPipeline
			<-tick.C
		}
	})
	in, out := channel.NewChan[int](rdb, "c"), channel.NewChan[int](cluster.Client(t), "c")
	sent := make(chan time.Time, 1)
	var took []time.Duration
	start := time.Now()
	for n := 0; time.Since(start) < 8*time.Second; n++ {
		group.Go(func() {
			sleep(10 * time.Millisecond) // the receiver waits now
			sent <- time.Now()
			if err := out.Send(within(t, 20*time.Second), n); err != nil {
				t.Error(err)
			}
		})
		v, err := in.Recv(within(t, 20*time.Second))
		if v != n || err != nil {
			t.Fatalf("Recv = %d, %v; want %d", v, err, n)
		}
		took = append(took, time.Since(<-sent))
	}
	elapsed := time.Since(start)
	stop()
	group.Wait()
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	t.Logf("%d wake-ups: p50 %v, p99 %v, max %v; %.0f messages/s published, %d received, %d connections cut",
		len(took), p50, p99, took[len(took)-1], float64(published)/elapsed.Seconds(), messages, cuts)
	if p99 > 500*time.Millisecond {
		t.Errorf("wake-ups took %v (99th percentile)", p99)
	}
	if cuts == 0 {
		t.Error("no connection was cut; the test needs one")
	}
}

package channel_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
)

// receiveOnAll starts a receiver for each channel. The receivers report all values that they
// get.
func receiveOnAll(t *testing.T, rdb redis.UniversalClient, names []string) <-chan string {
	t.Helper()
	got := make(chan string, 1000)
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	t.Cleanup(func() { stop(); group.Wait() })
	for _, name := range names {
		group.Go(func() {
			for v, err := range channel.NewChan[string](rdb, name).All(ctx) {
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				got <- name + "=" + v
			}
		})
	}
	return got
}

// sendToAll sends a value to each channel and repeats refused sends. It returns the time
// until all values were received.
func sendToAll(t *testing.T, rdb redis.UniversalClient, names []string, v string, got <-chan string, limit time.Duration) time.Duration {
	t.Helper()
	start := time.Now()
	want := map[string]bool{}
	for _, name := range names {
		want[name+"="+v] = true
		c := channel.NewChan[string](rdb, name)
		redistest.Eventually(t, limit, func() bool { return c.Send(within(t, 2*time.Second), v) == nil }, "a value sent to "+name)
	}
	for timeout := time.After(limit); len(want) > 0; {
		select {
		case g := <-got:
			delete(want, g)
		case <-timeout:
			t.Fatalf("not received within %v: %v", limit, want)
		}
	}
	return time.Since(start)
}

// namesInSlots returns channel names in slots that are far apart.
func namesInSlots(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	return names
}

func TestChanSentinelFailover(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	s := redistest.StartSentinel(t)
	names := namesInSlots(3)
	got := receiveOnAll(t, s.Client(t), names)
	out := s.Client(t)
	sendToAll(t, out, names, "before", got, 20*time.Second)
	s.Failover()
	t.Logf("before: %v", sendToAll(t, out, names, "told", got, 20*time.Second))
	s.AwaitStable()
	old := s.Master()
	old.Kill()
	s.MasterAfter(old)
	t.Logf("killed: %v", sendToAll(t, out, names, "killed", got, 20*time.Second))
}

func TestChanClusterFailover(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	c := redistest.StartCluster(t, 1)
	names := namesInSlots(12)
	got := receiveOnAll(t, c.Client(t), names)
	out := c.Client(t)
	sendToAll(t, out, names, "before", got, 20*time.Second)
	victim := c.MasterFor(names[0])
	victim.Kill()
	redistest.Eventually(t, 20*time.Second, func() bool { return c.MasterFor(names[0]) != victim }, "another master")
	t.Logf("killed: %v", sendToAll(t, out, names, "killed", got, 20*time.Second))
	heir := c.MasterFor(names[0])
	victim.Restart() // at the same address, first as a replica, then as the master again
	admin := victim.Client(t)
	redistest.Eventually(t, 20*time.Second, func() bool {
		info := admin.Info(ctx, "replication").Val()
		return strings.Contains(info, "role:slave") && strings.Contains(info, "master_link_status:up")
	}, "a replica with its copy")
	sendToAll(t, out, names, "restarted", got, 20*time.Second)
	heir.Kill()
	redistest.Eventually(t, 20*time.Second, func() bool { return c.MasterFor(names[0]) == victim }, "the first master again")
	t.Logf("back: %v", sendToAll(t, out, names, "back", got, 20*time.Second))
}

// TestChanSlotMoves moves a slot to another node while receivers wait for a key in it.
func TestChanSlotMoves(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	names := namesInSlots(6)
	rdb := c.Client(t)
	got := receiveOnAll(t, rdb, names)
	out := c.Client(t)
	sendToAll(t, out, names, "before", got, 20*time.Second)
	for i := range 3 {
		from := c.MasterFor(names[0])
		to := c.Nodes[slices.IndexFunc(c.Nodes, func(s *redistest.Server) bool { return s != from })]
		c.MoveSlot(t, names[0], to, func() { sleep(300 * time.Millisecond) }) // ASK during the pause
		t.Logf("moved: %v", sendToAll(t, out, names, fmt.Sprint(i), got, 20*time.Second))
	}
}

// TestChanSlotMovesWithValues moves a full channel, one key after the other, while senders
// wait for room, receivers wait for values, and receivers leave.
func TestChanSlotMovesWithValues(t *testing.T) {
	t.Parallel()
	const senders, receivers = 6, 3
	c := redistest.StartCluster(t, 0)
	h, name := newHistory(), "c"
	all, stop := context.WithCancel(ctx)
	defer stop()
	var receiving, sending sync.WaitGroup
	var moved atomic.Bool
	rng := redistest.Seed(t)
	var left atomic.Int64
	for i, rdb := range []redis.UniversalClient{c.Client(t), c.Client(t)} {
		l := &cancelingReceiver{t, chanMethods(rdb, name, i), h, fmt.Sprint("leaver ", i), rand.New(rand.NewPCG(rng.Uint64(), 0)), &left}
		receiving.Go(func() { l.run(all) })
		for j := range receivers {
			receiving.Go(func() {
				for v, err := range channel.NewChan[item](rdb, name).All(all) {
					if err != nil {
						if all.Err() == nil {
							t.Errorf("All: %v", err)
						}
						return
					}
					h.received(fmt.Sprint(i, j), v)
					sleep(time.Millisecond) // slower than the senders
				}
			})
		}
	}
	for s := range senders {
		out := channel.NewChan[item](c.Client(t), name, channel.Buffer(50))
		sending.Go(func() {
			for n := 1; !moved.Load(); n++ {
				m := item{s, n}
				h.try(m)
				if err := out.Send(within(t, 30*time.Second), m); err != nil {
					t.Errorf("Send: %v", err)
					return
				}
				h.acked(m)
			}
		})
	}
	inSlot := func(s *redistest.Server) int64 { return s.Client(t).ClusterCountKeysInSlot(ctx, keys.Slot(name)).Val() }
	admin, halves := c.Client(t), 0
	flows := func() {
		t.Helper()
		start, before := time.Now(), h.arrived()
		redistest.Eventually(t, 20*time.Second, func() bool {
			return h.arrived() >= before+200 && admin.LLen(ctx, name).Val() > 5
		}, "values flow, and some wait")
		t.Logf("flows after %v", time.Since(start))
	}
	for range 4 {
		flows()
		from := c.MasterFor(name)
		to := c.Nodes[(slices.Index(c.Nodes, from)+1)%len(c.Nodes)]
		c.MoveSlot(t, name, to, func() {
			if inSlot(from) > 0 && inSlot(to) > 0 {
				halves++
			}
			sleep(200 * time.Millisecond)
		})
	}
	flows()
	moved.Store(true)
	sending.Wait()
	redistest.Eventually(t, 20*time.Second, func() bool { return h.missing() == 0 }, "every value received")
	stop()
	receiving.Wait()
	h.check(t, 0, false)
	// Whether values are in the channel during a move depends on the load of the machine.
	t.Logf("%d values, %d moves with values in both halves, receivers left %d times", h.arrived(), halves, left.Load())
}

// TestChanResubscribes cuts the subscriptions of a cluster node. Wake-ups of all its slots
// work again soon, and not only the takes once a second.
func TestChanResubscribes(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	names := namesInSlots(30)
	got := receiveOnAll(t, c.Client(t), names)
	out := c.Client(t)
	sendToAll(t, out, names, "before", got, 20*time.Second)
	for _, s := range c.Nodes {
		s.Client(t).ClientKillByFilter(ctx, "TYPE", "pubsub")
	}
	subscribed := func() (n int) {
		for _, s := range c.Nodes {
			n += len(s.Client(t).PubSubShardChannels(ctx, "*").Val())
		}
		return n
	}
	redistest.Eventually(t, 15*time.Second, func() bool { return subscribed() == len(names) }, "all channels subscribed again")
	sendToAll(t, out, names, "after", got, 20*time.Second)
}

package channel_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// blockedClients returns how many connections of a server wait in BLPOP or have subscribed to
// sharded channels.
func blockedClients(rdb *redis.Client) (n int) {
	for line := range strings.Lines(rdb.ClientList(ctx).Val()) {
		if strings.Contains(line, "cmd=blpop") || strings.Contains(line, "cmd=ssubscribe") {
			n++
		}
	}
	return n
}

// commandCount returns how many commands a server has executed.
func commandCount(rdb *redis.Client) (n int) {
	_, rest, _ := strings.Cut(rdb.Info(ctx, "stats").Val(), "total_commands_processed:")
	_, _ = fmt.Sscan(rest, &n)
	return n
}

// TestChanManyReceivers has 1000 receivers of 50 channels wait on one connection for each
// server, while ordinary commands run.
func TestChanManyReceivers(t *testing.T) {
	t.Parallel()
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		redistest.Goroutines(t)
		s := redistest.StartServer(t)
		rdb := s.Client(t, func(o *redis.Options) { o.PoolSize = 10 })
		manyReceivers(t, rdb, s.Client(t))
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		redistest.Goroutines(t)
		c := redistest.StartCluster(t, 0)
		rdb := c.Client(t, func(o *redis.ClusterOptions) { o.PoolSize = 10 })
		var admins []*redis.Client
		for _, s := range c.Nodes {
			admins = append(admins, s.Client(t))
		}
		manyReceivers(t, rdb, admins...)
	})
}

func manyReceivers(t *testing.T, rdb redis.UniversalClient, admins ...*redis.Client) {
	const channels, each = 50, 20
	all, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	got := make(chan string, channels*each)
	for i := range channels {
		c := channel.NewChan[string](rdb, fmt.Sprintf("c%d", i))
		for range each {
			group.Go(func() {
				v, err := c.Recv(all)
				switch {
				case err == nil:
					got <- v
				case !errors.Is(err, context.Canceled):
					t.Error(err)
				}
			})
		}
	}
	waiting := func() bool {
		for _, a := range admins {
			if blockedClients(a) != 1 {
				return false
			}
		}
		return true
	}
	redistest.Eventually(t, 10*time.Second, waiting, "one connection that waits at each server")
	var sending sync.WaitGroup
	for i := range channels { // one value for each channel, and ordinary commands
		sending.Go(func() {
			if err := channel.NewChan[string](rdb, fmt.Sprintf("c%d", i)).Send(within(t, 10*time.Second), "v"); err != nil {
				t.Error(err)
			}
			for range 20 {
				if err := rdb.Incr(ctx, fmt.Sprint("n", i)).Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	redistest.Eventually(t, 10*time.Second, func() bool { return len(got) == channels }, "a value for each channel")
	sending.Wait()
	sleep(1500 * time.Millisecond)
	redistest.Eventually(t, 10*time.Second, waiting, "one connection that waits at each server")
	idleCost(t, admins, channels)
	start := time.Now()
	stop()
	group.Wait()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the receivers were gone after %v", took)
	} else {
		t.Logf("%d receivers gone after %v", channels*each, took)
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		for _, a := range admins {
			if blockedClients(a) > 0 {
				return false
			}
		}
		return true
	}, "no connection waits any more")
}

// parkedGoroutines returns how many goroutines of the process wait in a receiving call.
func parkedGoroutines() int {
	var b strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&b, 2) // writing to a strings.Builder never fails
	return strings.Count(b.String(), "wait.(*Waiter).Receive(")
}

// TestChanReceiverMemory has 1000 receivers of 50 channels wait, and measures their memory. It
// is not parallel, so that nothing else in the process allocates.
func TestChanReceiverMemory(t *testing.T) {
	const channels, each = 50, 20
	s := redistest.StartServer(t)
	rdb, admin := s.Client(t), s.Client(t)
	all, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer func() { stop(); group.Wait() }()
	kept := func() (heap, stacks uint64) {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.StackInuse
	}
	if err := rdb.Ping(ctx).Err(); err != nil || blockedClients(admin) != 0 {
		t.Fatal(err)
	}
	heap, stacks := kept()
	for i := range channels {
		c := channel.NewChan[string](rdb, fmt.Sprintf("c%d", i))
		for range each {
			group.Go(func() {
				if v, err := c.Recv(all); !errors.Is(err, context.Canceled) {
					t.Errorf("received %q, %v", v, err)
				}
			})
		}
	}
	redistest.Eventually(t, 10*time.Second, func() bool { return parkedGoroutines() == channels*each && blockedClients(admin) == 1 }, "all wait, on one connection")
	heap2, stacks2 := kept()
	perHeap, perStack := int64(heap2-heap)/(channels*each), int64(stacks2-stacks)/(channels*each)
	if perHeap > 4<<10 || perStack > 16<<10 {
		t.Errorf("a receiver keeps %d bytes of heap and %d of stacks", perHeap, perStack)
	} else {
		t.Logf("a receiver keeps %d bytes of heap and %d of stacks", perHeap, perStack)
	}
}

// idleCost counts the commands of waiting while no value arrives: once a second a block or a
// ping, and a take for each channel. A script counts as itself and as the commands it calls.
func idleCost(t *testing.T, admins []*redis.Client, channels int) {
	t.Helper()
	const seconds = 2
	before := 0
	for _, a := range admins {
		before += commandCount(a)
	}
	sleep(seconds * time.Second)
	after := -len(admins)
	for _, a := range admins {
		after += commandCount(a)
	}
	if cost := (after - before) / seconds; cost > 2*channels*4 {
		t.Errorf("%d commands a second for %d idle channels", cost, channels)
	} else {
		t.Logf("%d commands a second for %d idle channels", cost, channels)
	}
}

// TestChanIdlePipelines counts the pipelines of a waiting connection.
func TestChanIdlePipelines(t *testing.T) {
	t.Parallel()
	s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
	rdb := s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() })
	got := receiveOnAll(t, rdb, namesInSlots(3))
	sendToAll(t, s.Client(t), namesInSlots(3), "v", got, 5*time.Second)
	sleep(1100 * time.Millisecond)
	block := p.CountFunc(redistest.Command("blpop"))
	look := p.CountFunc(redistest.Command("evalsha"))
	other := p.CountFunc(redistest.Any)
	sleep(3 * time.Second)
	if b, l, o := block(), look(), other(); b > 5 || l > 3*b+3 || o > b+l {
		t.Errorf("%d blocks, %d looks, %d commands in 3 s", b, l, o)
	}
}

// TestChanBusyNeighbour keeps one channel busy without a pause. The other channels of the
// client are served too, also values that plain commands push.
func TestChanBusyNeighbour(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		busy := channel.NewChan[int](r.Client, r.TagKey("busy"))
		all, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range busy.All(all) {
				}
			})
		}
		group.Go(func() {
			vs := make([]int, 50)
			for all.Err() == nil {
				_, _ = busy.SendMany(all, vs...)
			}
		})
		var names []string
		for i := range 12 {
			names = append(names, r.TagKey(fmt.Sprintf("c%d", i)))
		}
		got := receiveOnAll(t, r.Client, names)
		out := r.NewClient(t)
		for range 3 {
			t.Logf("sent: %v", sendToAll(t, out, names, "v", got, 5*time.Second))
		}
		start := time.Now()
		for _, name := range names {
			if err := r.Raw().RPush(ctx, name, "plain").Err(); err != nil {
				t.Error(err)
			}
		}
		for range names {
			select {
			case <-got:
			case <-time.After(5 * time.Second):
				t.Error("a plain push was not received")
			}
		}
		t.Logf("pushed: %v", time.Since(start))
		stop()
		group.Wait()
	})
}

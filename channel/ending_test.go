package channel_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// consumer receives with one method until its context ends, and reports the received values.
type consumer struct {
	name        string
	carrierType carrierType
	run         func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error
}

// consumers returns each receiving method of each type.
var consumers = []consumer{
	{"Chan.Recv", chans, loopRecv(func(rdb redis.UniversalClient, name string) receiveOne {
		return channel.NewChan[item](rdb, name).Recv
	})},
	{"Chan.RecvMany", chans, func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error {
		for {
			ms, err := channel.NewChan[item](rdb, name).RecvMany(ctx, 100)
			got(ms...)
			if err != nil {
				return err
			}
		}
	}},
	{"Chan.TryRecv", chans, loopTry(func(rdb redis.UniversalClient, name string) tryOne {
		return channel.NewChan[item](rdb, name).TryRecv
	})},
	{"Chan.All", chans, loopAll()},
	{"Chan.All,Prefetch", chans, loopAll(channel.Prefetch(100))},
	{"Mailbox.Recv", mailboxes, loopRecv(func(rdb redis.UniversalClient, name string) receiveOne {
		return newMailboxCarrier(rdb, name).Recv
	})},
	{"Mailbox.TryRecv", mailboxes, loopTry(func(rdb redis.UniversalClient, name string) tryOne {
		return func(ctx context.Context) (item, bool, error) {
			l, ok, err := newMailboxCarrier(rdb, name).mailbox.TryRecv(ctx)
			return l.Value, ok, err
		}
	})},
	{"Mailbox.Receive", mailboxes, loopRecv(func(rdb redis.UniversalClient, name string) receiveOne {
		return func(ctx context.Context) (item, error) {
			l, err := newMailboxCarrier(rdb, name).mailbox.Receive(ctx, func(channel.Letter[item]) bool { return true })
			return l.Value, err
		}
	})},
	{"Mailbox.All,Prefetch", mailboxes, func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error {
		for l, err := range newMailboxCarrier(rdb, name).mailbox.All(ctx, channel.Prefetch(10)) {
			if err != nil {
				return err
			}
			got(l.Value)
		}
		return nil
	}},
	{"PriorityQueue.Pop", queues, loopRecv(func(rdb redis.UniversalClient, name string) receiveOne {
		return channel.NewPriorityQueue[item](rdb, name).Pop
	})},
	{"PriorityQueue.TryPop", queues, loopTry(func(rdb redis.UniversalClient, name string) tryOne {
		return channel.NewPriorityQueue[item](rdb, name).TryPop
	})},
}

type (
	receiveOne = func(context.Context) (item, error)
	tryOne     = func(context.Context) (item, bool, error)
	consume    = func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error
)

func loopRecv(open func(redis.UniversalClient, string) receiveOne) consume {
	return func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error {
		recv := open(rdb, name)
		for {
			m, err := recv(ctx)
			if err != nil {
				return err
			}
			got(m)
		}
	}
}

func loopTry(open func(redis.UniversalClient, string) tryOne) consume {
	return func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error {
		try := open(rdb, name)
		for {
			m, ok, err := try(ctx)
			switch {
			case err != nil:
				return err
			case ok:
				got(m)
			}
		}
	}
}

func loopAll(opts ...channel.LoopOption) consume {
	return func(ctx context.Context, rdb redis.UniversalClient, name string, got func(...item)) error {
		for m, err := range channel.NewChan[item](rdb, name).All(ctx, opts...) {
			if err != nil {
				return err
			}
			got(m)
		}
		return nil
	}
}

// TestCancelCloseCount ends consumers as programs do: the context is canceled, the consumers
// return, the client is closed. Nothing is lost, even if a take was in flight.
func TestCancelCloseCount(t *testing.T) {
	t.Parallel()
	eachConsumer(t, func(t *testing.T, r *redistest.Redis, c consumer) {
		testEndings(t, r, c, true, func(rdb redis.UniversalClient) error { return rdb.Close() })
	})
}

// TestCloseCount closes clients with desir.Close while consumers wait. The consumers end with
// ErrClosed, and nothing is lost.
func TestCloseCount(t *testing.T) {
	t.Parallel()
	eachConsumer(t, func(t *testing.T, r *redistest.Redis, c consumer) {
		testEndings(t, r, c, false, func(rdb redis.UniversalClient) error { return desir.Close(within(t, 20*time.Second), rdb) })
	})
}

func eachConsumer(t *testing.T, test func(*testing.T, *redistest.Redis, consumer)) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		for _, c := range consumers {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				test(t, r, c)
			})
		}
	})
}

// testEndings starts and ends consumers many times while a sender sends, and counts the
// values. The consumers end by their context before the client is closed, or when it is
// closed.
func testEndings(t *testing.T, r *redistest.Redis, c consumer, cancelled bool, end func(redis.UniversalClient) error) {
	rounds := 30 * scale
	if r.Name == "embedded" {
		rounds = 8 * scale // its Lua is slow
	}
	rng := redistest.Seed(t)
	h, name := newHistory(), r.Key(c.name)
	out := c.carrierType.open(r.NewClient(t), name)
	stop := h.keepSending(t, out)
	var maybeRan atomic.Int64 // values that a consumer reported as ErrMaybeRan: the server was slow
	var rdbs []redis.UniversalClient
	for round := range rounds {
		rdb := r.NewClient(t)
		rdbs = append(rdbs, rdb)
		ctx, cancel := context.WithCancel(within(t, 60*time.Second))
		var n atomic.Int64
		limit, delay := int64(rng.IntN(20)), time.Duration(rng.IntN(1000))*time.Microsecond
		ended := make(chan struct{})
		finish := sync.OnceFunc(func() {
			defer close(ended)
			if cancelled {
				cancel()
				return
			}
			if err := end(rdb); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		var receiving sync.WaitGroup
		for i := range 1 + round%3 {
			receiving.Go(func() {
				err := c.run(ctx, rdb, name, func(ms ...item) {
					h.received(fmt.Sprint(round, i), ms...)
					if n.Add(int64(len(ms))) > limit {
						time.AfterFunc(delay, finish) // while commands are in flight
					}
				})
				if errors.Is(err, desir.ErrMaybeRan) {
					maybeRan.Add(1)
				}
				if want := endErr(cancelled); !errors.Is(err, want) {
					t.Errorf("a consumer ended with %v; want %v", err, want)
				}
			})
		}
		receiving.Wait()
		<-ended
		if cancelled {
			if err := end(rdb); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		cancel()
	}
	stop()
	h.drain(t, out, int(maybeRan.Load()))
	// On a busy machine a take may need longer than a leaving consumer waits. The library then
	// counts and logs the values that the closed client cannot requeue. If consumers did not
	// wait at all, that would happen in at least half of the endings.
	lost := 0
	for _, rdb := range rdbs {
		lost += lostCount(t, rdb)
	}
	h.check(t, int(maybeRan.Load())+min(lost, rounds/5), false)
	t.Logf("%d values, %d endings, perhaps lost: %d by consumers, %d after they had left", len(h.sent), rounds, maybeRan.Load(), lost)
}

// keepSending sends values until stop is called, which returns when the last one is sent. It
// pauses while many values wait for a consumer.
func (h *history) keepSending(t *testing.T, out carrier) (stop func()) {
	stopped := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stopped:
				return
			default:
				if n-h.arrived() > 1000 {
					sleep(time.Millisecond)
				}
				h.sendOne(t, out, item{0, n})
			}
		}
	})
	return func() {
		close(stopped)
		sending.Wait()
	}
}

// endErr returns the expected error of a consumer.
func endErr(cancelled bool) error {
	if cancelled {
		return context.Canceled
	}
	return desir.ErrClosed
}

// TestTerminateCount ends processes with SIGTERM as a deployment does. Each process catches it
// with signal.NotifyContext, waits for its consumers, closes its client and exits.
func TestTerminateCount(t *testing.T) {
	redistest.Slow(t)
	for _, b := range redistest.Backends() {
		if b.Name == "autopipeline" || b.Name == "embedded" {
			continue // another process cannot use the client of an embedded server
		}
		t.Run(b.Name, func(t *testing.T) {
			r := b.Start(t)
			for _, c := range consumers {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					testTerminations(t, r, c)
				})
			}
		})
	}
}

// Environment variables of a process that consumes until SIGTERM: the server and the method.
const (
	consumeEnv  = "DESIR_TEST_CONSUME"
	consumeAddr = "DESIR_TEST_CONSUME_ADDR"
	consumeName = "DESIR_TEST_CONSUME_NAME"
)

// lostLine is the line that the process prints for a value that may be lost.
const lostLine = "perhaps"

func testTerminations(t *testing.T, r *redistest.Redis, c consumer) {
	const processes = 6 * scale
	rng := redistest.Seed(t)
	h, name := newHistory(), r.Key(c.name)
	out := c.carrierType.open(r.NewClient(t), name)
	stop := h.keepSending(t, out)
	maybeRan := 0 // values that a process reported as ErrMaybeRan: the server was slow
	for i := range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), consumeEnv+"="+c.name, consumeName+"="+name,
			consumeAddr+"="+strings.Join(r.Addrs(), ","))
		n, limit := 0, 5+rng.IntN(50)
		lines := &lineWriter{each: func(line string) {
			var m item
			if line == lostLine {
				maybeRan++
				return
			}
			if _, err := fmt.Sscanf(line, "%d-%d", &m.Sender, &m.N); err != nil {
				t.Errorf("the process printed %q", line)
			}
			h.received(fmt.Sprint(i), m)
			if n++; n == limit {
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Error(err)
				}
			}
		}}
		cmd.Stdout, cmd.Stderr = lines, os.Stderr
		if err := cmd.Run(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	stop()
	h.drain(t, out, maybeRan)
	h.check(t, maybeRan, false)
	t.Logf("%d values, %d processes, %d perhaps lost", len(h.sent), processes, maybeRan)
}

// lineWriter calls each for every complete line that is written to it.
type lineWriter struct {
	rest string
	each func(line string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest += string(p)
	for {
		line, rest, whole := strings.Cut(w.rest, "\n")
		if !whole {
			return len(p), nil
		}
		w.rest = rest
		w.each(line)
	}
}

// consumeUntilTerminated is the process of [TestTerminateCount].
func consumeUntilTerminated(method string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	before := runtime.NumGoroutine()
	addrs := strings.Split(os.Getenv(consumeAddr), ",")
	var rdb redis.UniversalClient
	if len(addrs) > 1 {
		rdb = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	} else {
		rdb = redis.NewClient(&redis.Options{Addr: addrs[0]})
	}
	var group sync.WaitGroup
	for _, c := range consumers {
		if c.name != method {
			continue
		}
		for range 1 + rand.IntN(3) {
			group.Go(func() {
				err := c.run(ctx, rdb, os.Getenv(consumeName), func(ms ...item) {
					for _, m := range ms {
						fmt.Printf("%d-%d\n", m.Sender, m.N) // one write
					}
				})
				if errors.Is(err, desir.ErrMaybeRan) {
					fmt.Println(lostLine)
				}
				if !errors.Is(err, context.Canceled) {
					fmt.Fprintln(os.Stderr, "a consumer ended with", err)
					os.Exit(1)
				}
			})
		}
	}
	group.Wait()
	if err := rdb.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// On a slow machine a reply may come after its receiver has left. Its value is requeued or
	// counted before the last goroutine ends. The goroutine of NotifyContext has ended too.
	limit, end := context.WithTimeout(context.Background(), 20*time.Second)
	_ = send.PollUntil(limit, func() bool { return runtime.NumGoroutine() < before }) // else what is counted so far
	end()
	for range channel.PerhapsLost(rdb) {
		fmt.Println(lostLine)
	}
	os.Exit(0)
}

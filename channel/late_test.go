package channel_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// isTake matches the scripts that take values.
func isTake(t *testing.T) redistest.Match {
	list, priority := scriptFile(t, takeFile, popFile), scriptFile(t, priorityTakeFile, popFile)
	last := scriptFile(t, "scripts/mailbox_take_last.lua", popFile)
	return func(args []string) bool { return list(args) || priority(args) || last(args) }
}

// receivers holds the functions that send and receive numbers through one object.
var receivers = map[string]func(rdb redis.UniversalClient) (send func(int) error, receive func(context.Context) (int, error)){
	"chan": func(rdb redis.UniversalClient) (func(int) error, func(context.Context) (int, error)) {
		c := channel.NewChan[largeValue](rdb, "c")
		return func(n int) error { return c.Send(ctx, newLargeValue(n)) }, func(ctx context.Context) (int, error) {
			v, err := c.Recv(ctx)
			return v.N, err
		}
	},
	"queue": func(rdb redis.UniversalClient) (func(int) error, func(context.Context) (int, error)) {
		q := channel.NewPriorityQueue[largeValue](rdb, "q")
		return func(n int) error { return q.Push(ctx, newLargeValue(n), n) }, func(ctx context.Context) (int, error) {
			v, err := q.Pop(ctx)
			return v.N, err
		}
	},
	"mailbox": func(rdb redis.UniversalClient) (func(int) error, func(context.Context) (int, error)) {
		m := channel.NewMailbox[largeValue](rdb, "m", channel.LIFO())
		return func(n int) error { return m.Send(ctx, "m", newLargeValue(n)) }, func(ctx context.Context) (int, error) {
			l, err := m.Recv(ctx)
			return l.Value.N, err
		}
	},
}

// largeValue is a number; a number from 1000 on has 100 KiB of padding.
type largeValue struct {
	N    int
	Rest string
}

func newLargeValue(n int) largeValue {
	if n < 1000 {
		return largeValue{N: n}
	}
	return largeValue{n, strings.Repeat("x", 100<<10)}
}

// TestTakeBounded has many receivers wait for large values. A take stays within the bound of a
// reply, and all values arrive.
func TestTakeBounded(t *testing.T) {
	t.Parallel()
	for kind, of := range receivers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.StartServer(t).Client(t)
			send, receive := of(rdb)
			const receivers = 12
			for i := range receivers {
				if err := send(1000 + i); err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			seen := map[int]bool{}
			var wg sync.WaitGroup
			for range receivers {
				wg.Go(func() {
					n, err := receive(within(t, 20*time.Second))
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					seen[n] = true
				})
			}
			wg.Wait()
			if len(seen) != receivers {
				t.Errorf("%d of %d values came", len(seen), receivers)
			}
		})
	}
	rdb := redistest.StartServer(t).Client(t)
	c := channel.NewChan[largeValue](rdb, "c")
	for i := range 200 {
		if err := c.Send(ctx, newLargeValue([]int{i, 1000 + i}[i/100])); err != nil {
			t.Fatal(err)
		}
	}
	for got := 0; got < 200; {
		vs, err := c.RecvMany(within(t, 20*time.Second), 100)
		if err != nil {
			t.Fatal(err)
		}
		if got == 0 && len(vs) != 100 {
			t.Errorf("%d small values at once; want 100", len(vs))
		}
		if got >= 100 && len(vs) > 2 {
			t.Errorf("%d values of 100 KiB at once; want 2", len(vs))
		}
		for _, v := range vs {
			if v.N%1000 != got {
				t.Fatalf("value %d came as number %d", v.N, got)
			}
			got++
		}
	}
}

// TestReplyLate delays the reply to a take for longer than the connection may be silent. The
// receivers go on with another connection, and get the values of the late reply.
func TestReplyLate(t *testing.T) {
	t.Parallel()
	servers := map[string]func(t *testing.T, p *redistest.Proxy) (near, direct redis.UniversalClient){
		"server": func(t *testing.T, p *redistest.Proxy) (near, direct redis.UniversalClient) {
			s := redistest.StartServer(t)
			return s.Client(t, func(o *redis.Options) { o.Dialer, o.ReadTimeout = p.Dialer(), time.Second }), s.Client(t)
		},
		"cluster": func(t *testing.T, p *redistest.Proxy) (near, direct redis.UniversalClient) {
			c := redistest.StartCluster(t, 0)
			return c.Client(t, func(o *redis.ClusterOptions) { o.Dialer, o.ReadTimeout = p.Dialer(), time.Second }), c.Client(t)
		},
	}
	for name, start := range servers {
		for kind, of := range receivers {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				p := redistest.NewProxy(t, "")
				near, direct := start(t, p)
				send, _ := of(direct)
				_, receive := of(near)
				if err := send(0); err != nil {
					t.Fatal(err)
				}
				if n, err := receive(ctx); n != 0 || err != nil { // loads the script
					t.Fatalf("received %d, %v", n, err)
				}
				const receivers = 5
				p.Delay(1, 4500*time.Millisecond, isTake(t))
				for n := range receivers {
					if err := send(n + 1); err != nil {
						t.Fatal(err)
					}
				}
				began := time.Now()
				var mu sync.Mutex
				seen := map[int]int{}
				var wg sync.WaitGroup
				for range receivers {
					wg.Go(func() {
						n, err := receive(within(t, 30*time.Second))
						if err != nil {
							t.Errorf("after %v: %v", time.Since(began), err)
						}
						mu.Lock()
						defer mu.Unlock()
						seen[n]++
					})
				}
				wg.Wait()
				for n := range receivers {
					if seen[n+1] != 1 {
						t.Errorf("%d came %d times", n+1, seen[n+1])
					}
				}
				if n := lostCount(t, near); n > 0 {
					t.Errorf("%d values count as perhaps lost", n)
				}
			})
		}
	}
}

// TestReplyLateNoReceiver checks that the values of a late reply are requeued at the head of the
// list if no receiver waits.
func TestReplyLateNoReceiver(t *testing.T) {
	t.Parallel()
	p, s := redistest.NewProxy(t, ""), redistest.StartServer(t)
	in := channel.NewChan[int](s.Client(t, func(o *redis.Options) { o.Dialer, o.ReadTimeout = p.Dialer(), time.Second }), "c")
	out := channel.NewChan[int](s.Client(t), "c")
	if _, err := out.SendMany(ctx, 0, 1, 2); err != nil {
		t.Fatal(err)
	}
	if n, err := in.Recv(ctx); n != 0 || err != nil {
		t.Fatalf("Recv: %d, %v", n, err)
	}
	p.Delay(1, 4500*time.Millisecond, isTake(t))
	if n, err := in.Recv(within(t, time.Second)); err == nil {
		t.Fatalf("Recv: %d; want the end of the context", n)
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		n, err := out.Len(ctx)
		return n == 2 && err == nil
	}, "the value is back")
	for want := 1; want <= 2; want++ {
		if n, err := in.Recv(within(t, 20*time.Second)); n != want || err != nil {
			t.Errorf("Recv: %d, %v; want %d", n, err, want)
		}
	}
}

// TestSlowLink receives values whose transfer takes longer than the read timeout, one by one
// and together.
func TestSlowLink(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	const size, values = 400 << 10, 3
	p, s := redistest.NewProxy(t, ""), redistest.StartServer(t)
	near := s.Client(t, func(o *redis.Options) { o.Dialer, o.ReadTimeout = p.Dialer(), time.Second })
	in, out := channel.NewChan[string](near, "c"), channel.NewChan[string](s.Client(t), "c")
	if err := out.Send(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Recv(ctx); err != nil { // loads the script
		t.Fatal(err)
	}
	p.Throttle(100 << 10)
	for i := range values {
		if err := out.Send(ctx, strings.Repeat(fmt.Sprint(i), size)); err != nil {
			t.Fatal(err)
		}
	}
	got := make(chan string, values)
	for range values {
		go func() {
			v, err := in.Recv(within(t, time.Minute))
			if err != nil {
				t.Error(err)
			}
			got <- v
		}()
	}
	for range values {
		if v := <-got; len(v) != size {
			t.Errorf("received %d bytes; want %d", len(v), size)
		}
	}
	if n := lostCount(t, near); n > 0 {
		t.Errorf("%d values count as perhaps lost", n)
	}
}

// TestReceiverStoodStill stops a receiving process for longer than its connection may be
// silent, and then resumes it. Nothing is lost.
func TestReceiverStoodStill(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	out := channel.NewChan[item](rdb, "c")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+s.Addr)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	lines := make(chan string, 100)
	go func() {
		for in := bufio.NewScanner(pipe); in.Scan(); {
			lines <- in.Text()
		}
	}()
	sent, came := 0, map[string]int{}
	send := func(n int) {
		t.Helper()
		for range n {
			if err := out.Send(ctx, item{0, sent}); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	drained := func() bool {
		for len(lines) > 0 {
			came[<-lines]++
		}
		return len(came) == sent
	}
	send(childReceivers)
	redistest.Eventually(t, 20*time.Second, drained, "the process receives")
	redistest.StopProcess(t, cmd.Process)
	send(10 * childReceivers)
	stood := time.NewTimer(7 * time.Second) // the deadline of the process's connection is 5 s
	<-stood.C
	redistest.ContinueProcess(t, cmd.Process)
	redistest.Eventually(t, 30*time.Second, drained, "all values received")
	for v, n := range came {
		if n != 1 {
			t.Errorf("%s came %d times", v, n)
		}
	}
}

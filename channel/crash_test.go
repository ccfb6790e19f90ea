package channel_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// childEnv makes the test binary run receiveAndPrint.
const childEnv = "DESIR_TEST_RECEIVE_FROM"

const childReceivers = 4

// receiveAndPrint receives values and prints them until the process is killed.
func receiveAndPrint(addr string) {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	var group sync.WaitGroup
	for range childReceivers {
		group.Go(func() {
			for v, err := range channel.NewChan[item](rdb, "c").All(context.Background()) {
				if err == nil {
					fmt.Printf("%d-%d\n", v.Sender, v.N) // one write
				}
			}
		})
	}
	group.Wait()
}

// TestChanReceiverKilled checks that a killed process loses at most one value for each of its
// receivers.
func TestChanReceiverKilled(t *testing.T) {
	t.Parallel()
	const rounds = 4 * scale
	s := redistest.StartServer(t)
	h := newHistory()
	out := channel.NewChan[item](s.Client(t), "c")
	ended, end := context.WithCancel(ctx)
	var sending sync.WaitGroup
	for i := range 4 {
		sending.Go(func() {
			for n := 1; ended.Err() == nil; n++ {
				h.sendOne(t, out, item{i, n})
			}
		})
	}
	for i := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+s.Addr)
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, n := bufio.NewScanner(pipe), 0
		for ; lines.Scan(); n++ {
			var m item
			if _, err := fmt.Sscanf(lines.Text(), "%d-%d", &m.Sender, &m.N); err != nil {
				t.Errorf("the process printed %q", lines.Text())
			}
			h.received(fmt.Sprint(i), m)
			if n == 200+i*37 {
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		}
		_ = cmd.Wait() // killed
		t.Logf("process %d received %d values", i, n)
	}
	end()
	sending.Wait()
	redistest.Eventually(t, 10*time.Second, func() bool {
		vs, err := out.RecvMany(within(t, 2*time.Second), 500)
		h.received("rest", vs...)
		return err != nil && h.missing() <= rounds*childReceivers
	}, "the rest received")
	h.check(t, rounds*childReceivers, false)
	t.Logf("%d of %d lost", h.missing(), len(h.sent))
}

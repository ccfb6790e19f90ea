package channel_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/wait"
)

// scriptFile matches runs of the script in a file, by its digest or in full. Other files may
// hold functions that it uses.
func scriptFile(t *testing.T, file string, functions ...string) redistest.Match {
	t.Helper()
	text := string(wait.WakeLua)
	for _, f := range append(functions, file) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	first := "#!lua\n"
	if strings.Contains(text, "-- flags: allow-oom\n") {
		first = "#!lua flags=allow-oom\n"
	}
	text = first + text
	sum := sha1.Sum([]byte(text))
	digest := hex.EncodeToString(sum[:])
	return func(args []string) bool { return len(args) > 1 && (args[1] == digest || args[1] == text) }
}

const (
	sendFile = "scripts/send.lua"
	takeFile = "../internal/wait/scripts/take.lua"
	popFile  = "../internal/wait/scripts/pop.lua"
	giveFile = "../internal/wait/scripts/requeue.lua"
)

// lossyServer is a server whose replies can be lost.
type lossyServer struct {
	proxy            *redistest.Proxy
	loseReplies      func(n int, m redistest.Match) // loses n replies, by the fault under test
	viaProxy, direct redis.UniversalClient          // through the proxy, and not through it
}

// eachFault runs a test for each fault that loses a reply.
func eachFault(t *testing.T, test func(t *testing.T, s *lossyServer)) {
	for name, lose := range map[string]func(*redistest.Proxy, int, redistest.Match){
		"cut": (*redistest.Proxy).CutReply, "swallowed": (*redistest.Proxy).Swallow, "half": (*redistest.Proxy).HalfReply,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
			test(t, &lossyServer{
				proxy:       p,
				loseReplies: func(n int, m redistest.Match) { lose(p, n, m) },
				viaProxy: s.Client(t, func(o *redis.Options) {
					o.Dialer, o.ReadTimeout = p.Dialer(), time.Second
				}),
				direct: s.Client(t),
			})
		})
	}
}

// TestSendReplyLost checks that a lost reply is ErrMaybeRan, and that the value is stored
// exactly once.
func TestSendReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, s *lossyServer) {
		c := channel.NewChan[int](s.viaProxy, "c")
		for _, err := range []error{c.Close(ctx), c.Reopen(ctx), c.Send(ctx, 0)} { // loads the scripts
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, call := range []func(v int) error{
			func(v int) error { return c.Send(ctx, v) },
			func(v int) error { _, err := c.TrySend(ctx, v); return err },
			func(v int) error {
				n, err := c.SendMany(ctx, v)
				if n != 0 {
					t.Errorf("SendMany = %d, none acknowledged", n)
				}
				return err
			},
		} {
			s.loseReplies(1, scriptFile(t, sendFile))
			if err := call(i + 1); !errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("call %d: %v; want ErrMaybeRan", i, err)
			}
		}
		s.loseReplies(1, scriptFile(t, "scripts/close.lua"))
		if err := c.Close(ctx); !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Close: %v; want ErrMaybeRan", err)
		}
		if got, err := desir.Collect(channel.NewChan[int](s.direct, "c").All(within(t, 10*time.Second))); len(got) != 4 || err != nil {
			t.Errorf("All = %v, %v; want 0 to 3", got, err)
		}
	})
}

// TestTakeReplyLost checks that the receivers go on, that lost values are counted, and that no
// value is received twice.
func TestTakeReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, s *lossyServer) {
		const receivers, rounds = 3, 2 * scale
		got := receiveOnAll(t, s.viaProxy, []string{"c", "c", "c"})
		out := channel.NewChan[string](s.direct, "c")
		sendToAll(t, s.direct, []string{"c"}, "first", got, 5*time.Second)
		seen, sent := map[string]int{}, 0
		for round := range rounds {
			s.loseReplies(1, scriptFile(t, takeFile, popFile))
			for i := range 10 {
				if err := out.Send(ctx, fmt.Sprint(round, i)); err != nil {
					t.Fatal(err)
				}
				sent++
			}
			redistest.Eventually(t, 15*time.Second, func() bool {
				for len(got) > 0 {
					seen[<-got]++
				}
				return sent-len(seen) <= (round+1)*receivers
			}, "what was not in the reply received")
			s.proxy.CutAll() // otherwise the client would wait for the late reply
			redistest.Eventually(t, 15*time.Second, func() bool {
				for len(got) > 0 {
					seen[<-got]++
				}
				count := lostCount(t, s.viaProxy)
				return count > 0 && sent-len(seen) <= count
			}, "every value received but for those counted")
		}
		if count := lostCount(t, s.viaProxy); count > 2*rounds*receivers { // CutAll cuts a take too
			t.Errorf("%d counted for %d replies and %d receivers", count, rounds, receivers)
		}
		for v, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", v, n)
			}
		}
	})
}

// TestTryReplyLost checks that a lost reply is ErrMaybeRan, since a value may be lost.
func TestTryReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, s *lossyServer) {
		c := channel.NewChan[int](s.viaProxy, "c")
		if n, err := c.SendMany(ctx, 1, 2); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		s.loseReplies(1, scriptFile(t, takeFile, popFile))
		if _, ok, err := c.TryRecv(ctx); ok || !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("TryRecv = %t, %v; want ErrMaybeRan", ok, err)
		}
		if n, err := channel.NewChan[int](s.direct, "c").Len(ctx); n < 1 || err != nil {
			t.Errorf("%d values left, %v; want one at least", n, err)
		}
	})
}

// TestRequeueReplyLost checks that a value whose requeue has no reply is back, and counts as
// perhaps lost.
func TestRequeueReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, s *lossyServer) {
		c := channel.NewChan[int](s.viaProxy, "c")
		leave := func() { // while the value is in flight
			s.proxy.Delay(1, time.Second, scriptFile(t, takeFile, popFile))
			if v, err := c.Recv(within(t, 400*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Recv = %d, %v; want the deadline", v, err)
			}
			redistest.Eventually(t, 20*time.Second, func() bool {
				return s.direct.LLen(ctx, "c").Val() == 1
			}, "the value given back")
		}
		if _, _, err := c.TryRecv(ctx); err != nil { // loads the script
			t.Fatal(err)
		}
		if err := c.Send(ctx, 7); err != nil {
			t.Fatal(err)
		}
		leave()
		if n := lostCount(t, s.viaProxy); n != 0 {
			t.Errorf("%d counted, nothing was lost", n)
		}
		s.loseReplies(1, scriptFile(t, giveFile))
		leave()
		redistest.Eventually(t, 20*time.Second, func() bool { return lostCount(t, s.viaProxy) == 1 }, "one counted")
		if v, err := c.Recv(within(t, 10*time.Second)); v != 7 || err != nil {
			t.Errorf("Recv = %d, %v; want 7", v, err)
		}
	})
}

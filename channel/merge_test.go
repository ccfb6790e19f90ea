package channel_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestSendsMerge sends from many goroutines while the server is slow. A few runs of the script
// send all values, and each sender gets the result for its own value.
func TestSendsMerge(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	rdb := srv.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	sends := p.CountFunc(scriptFile(t, sendFile))
	const senders, room = 200, 150
	c := channel.NewChan[int](rdb, "c", channel.Buffer(room))
	if sent, err := c.TrySend(ctx, 0); !sent || err != nil { // loads the script
		t.Fatal(sent, err)
	}
	all := func() (stored []int, errs []error) {
		p.Delay(-1, 20*time.Millisecond, scriptFile(t, sendFile))
		defer p.Reset()
		var mu sync.Mutex
		var group sync.WaitGroup
		for i := range senders {
			group.Go(func() {
				sent, err := c.TrySend(within(t, 20*time.Second), i+1)
				mu.Lock()
				defer mu.Unlock()
				if errs = append(errs, err); sent {
					stored = append(stored, i+1)
				}
			})
		}
		group.Wait()
		return stored, errs
	}
	before := sends()
	stored, errs := all()
	if n := sends() - before; n > senders/2 {
		t.Errorf("%d runs of the script for %d sends", n, senders)
	}
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	got, err := c.RecvMany(ctx, 2*senders)
	slices.Sort(got)
	slices.Sort(stored)
	if err != nil || !slices.Equal(got, append([]int{0}, stored...)) || len(got) != room {
		t.Errorf("in the channel: %v, %v; acknowledged: 0 and %v; room for %d", got, err, stored, room)
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	stored, errs = all()
	if slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, desir.ErrClosed) }) || len(stored) > 0 {
		t.Errorf("after Close: %v stored, errors %v", stored, errs)
	}
}

// TestMergedSendsReplyLost checks that a lost reply is ErrMaybeRan for all sends of the batch.
func TestMergedSendsReplyLost(t *testing.T) {
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	rdb := srv.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	c := channel.NewChan[int](rdb, "c")
	if err := c.Send(ctx, 0); err != nil {
		t.Fatal(err)
	}
	p.CutReply(3, scriptFile(t, sendFile))
	var mu sync.Mutex
	var group sync.WaitGroup
	known, maybe := map[int]bool{0: true}, map[int]bool{}
	for i := range 200 {
		group.Go(func() {
			err := c.Send(within(t, 20*time.Second), i+1)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				known[i+1] = true
			case errors.Is(err, desir.ErrMaybeRan):
				maybe[i+1] = true
			default:
				t.Errorf("Send: %v; want nil or ErrMaybeRan", err)
			}
		})
	}
	group.Wait()
	if len(maybe) == 0 {
		t.Error("three lost replies and no ErrMaybeRan")
	}
	got, err := c.RecvMany(ctx, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range got {
		if !known[v] && !maybe[v] {
			t.Errorf("%d came twice, or was never sent", v)
		}
		delete(known, v)
		delete(maybe, v)
	}
	if len(known) > 0 {
		t.Errorf("acknowledged and not there: %v", known)
	}
}

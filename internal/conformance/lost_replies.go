package conformance

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// LostReplies loses the reply of every call of the subjects, on a server and on a
// cluster. A write must have been executed once and must return ErrMaybeRan. A read must
// be retried and never return ErrMaybeRan.
func LostReplies(t *testing.T, subjects ...Subject) {
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
		open := func() client {
			return s.Client(t, func(o *redis.Options) { o.Dialer, o.PoolSize, o.ReadTimeout = p.Dialer(), 100, time.Second })
		}
		lostReplies(t, p, open, s.Client(t), subjects)
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		c, p := redistest.StartCluster(t, 0), redistest.NewProxy(t, "")
		open := func() client {
			return c.Client(t, func(o *redis.ClusterOptions) { o.Dialer, o.PoolSize, o.ReadTimeout = p.Dialer(), 100, time.Second })
		}
		lostReplies(t, p, open, c.Client(t), subjects)
	})
}

// lostReplies is LostReplies on one backend. The clients that open returns connect
// through the proxy. Each subject gets its own client, since calls of one client share
// connections and fail together.
func lostReplies(t *testing.T, p *redistest.Proxy, open func() client, raw client, subjects []Subject) {
	for _, s := range subjects {
		rdb := open()
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for i, c := range s.Calls(rdb, "{"+t.Name()+"}") {
				x := lostCall{Subject: s, proxy: p, rdb: rdb, raw: raw, i: i}
				switch {
				case c.unsupported(t.Context(), raw):
				case c.Write:
					x.cutReply(t, "{"+t.Name()+"/cut/"+c.name()+"}")
					x.swallowReply(t, "{"+t.Name()+"/swallow/"+c.name()+"}")
				default:
					x.retried(t, "{"+t.Name()+"/again/"+c.name()+"}")
				}
			}
		})
	}
}

// Silence stops all traffic during every call of the subjects. The call must end with its
// context, long before the client's ReadTimeout.
func Silence(t *testing.T, subjects ...Subject) {
	redistest.Goroutines(t)
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.PoolSize, o.ReadTimeout = p.Addr(), 100, 20*time.Second })
	for _, s := range subjects {
		key := "{" + t.Name() + "}" + s.Name
		calls := s.Calls(rdb, key)
		must(t, rdb.Ping(t.Context()).Err()) // opens a connection
		p.BlackHole(true)
		var group sync.WaitGroup
		for _, c := range calls {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
				defer cancel()
				start := time.Now()
				err := c.Do(ctx)
				took := time.Since(start)
				s.checkError(t, c, key, err)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: error %v, want context.DeadlineExceeded", c.name(), err)
				}
				sent, unsent := errors.Is(err, desir.ErrMaybeRan), errors.Is(err, desir.ErrUnavailable)
				if c.Write != (sent || unsent) || sent && unsent {
					t.Errorf("%s: error %v; it changes something: %t", c.name(), err, c.Write)
				}
				if took > 5*time.Second { // 60 ms on an idle machine; ReadTimeout is longer
					t.Errorf("%s returned after %v", c.name(), took)
				}
			})
		}
		group.Wait()
		p.BlackHole(false)
		redistest.Eventually(t, 10*time.Second, func() bool { return rdb.Ping(t.Context()).Err() == nil },
			"the client reconnects")
	}
}

// lostCall is one call of a subject.
type lostCall struct {
	Subject
	proxy    *redistest.Proxy
	rdb, raw client
	i        int
}

func (x lostCall) call(key string) Call { return x.Calls(x.rdb, key)[x.i] }

// cutReply closes the connection instead of forwarding the reply.
func (x lostCall) cutReply(t *testing.T, key string) {
	t.Helper()
	c, match := x.prepare(t, key)
	x.proxy.CutReply(-1, match)
	executed := x.proxy.CountFunc(match)
	err := c.Do(context.Background())
	x.checkMaybeRan(t, c, key, err)
	x.checkOnce(t, c, key, executed())
}

// swallowReply drops the reply until the caller cancels its context.
func (x lostCall) swallowReply(t *testing.T, key string) {
	t.Helper()
	c, match := x.prepare(t, key)
	x.proxy.Swallow(-1, match)
	executed := x.proxy.CountFunc(match)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var canceler sync.WaitGroup
	canceler.Go(func() {
		defer cancel(nil)
		redistest.Eventually(t, 10*time.Second, func() bool { return executed() > 0 }, c.name()+" is sent")
	})
	err := c.Do(ctx)
	canceler.Wait()
	x.checkMaybeRan(t, c, key, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s: error %v, want context.Canceled in it", c.name(), err)
	}
	x.checkOnce(t, c, key, executed())
}

// prepare makes the same call on twinKey(key), for comparison and so that the server
// knows the script. It returns the call and a match for the command whose reply is lost.
func (x lostCall) prepare(t *testing.T, key string) (Call, redistest.Match) {
	t.Helper()
	x.refill(t, x.raw, key)
	x.refill(t, x.raw, twinKey(key))
	if err := x.call(twinKey(key)).Do(context.Background()); err != nil {
		t.Fatalf("%s: %v", x.call(key).name(), err)
	}
	c := x.call(key)
	return c, redistest.All(redistest.Command(c.last()), redistest.Arg(key))
}

// twinKey returns another key of the same slot.
func twinKey(key string) string { return key + ":twin" }

func (x lostCall) checkMaybeRan(t *testing.T, c Call, key string, err error) {
	t.Helper()
	x.checkError(t, c, key, err)
	if !errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("%s: error %v, want ErrMaybeRan", c.name(), err)
	}
}

func (x lostCall) checkOnce(t *testing.T, c Call, key string, sent int) {
	t.Helper()
	if sent != 1 {
		t.Errorf("%s: sent %d times, want once", c.name(), sent)
	}
	if c.Op == "Pop" { // it removes a random member
		if n := x.raw.SCard(context.Background(), key).Val(); n != 1 {
			t.Errorf("%s: %d members of 2 remain", c.name(), n)
		}
		return
	}
	for _, part := range []func(string) string{func(k string) string { return k }, other} {
		got, want := contents(t, x.raw, part(key)), contents(t, x.raw, part(twinKey(key)))
		if got != want {
			t.Errorf("%s: %q holds %s, want %s", c.name(), part(key), got, want)
		}
	}
}

// retried loses the first reply of a read, and then every reply.
func (x lostCall) retried(t *testing.T, key string) {
	t.Helper()
	c, match := x.prepare(t, key)
	x.proxy.CutReply(1, match)
	if err := c.Do(context.Background()); err != nil {
		t.Errorf("%s: error %v after one lost reply", c.name(), err)
	}
	if c.Paged {
		return // it retries for seconds
	}
	x.proxy.CutReply(-1, match)
	err := c.Do(context.Background())
	x.checkError(t, c, key, err)
	if !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("%s: error %v, want ErrUnavailable", c.name(), err)
	}
}

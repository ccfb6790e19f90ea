package rpc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// scale is the length of a storm and of its longest faults.
type scale struct{ whole, stop, hole, freeze time.Duration }

func scaleOfRun() scale {
	if redistest.Long() {
		return scale{5 * time.Minute, 15 * time.Second, 14 * time.Second, 8 * time.Second}
	}
	return scale{4 * time.Second, 3 * time.Second, 2 * time.Second, time.Second}
}

// storm is a running storm.
type storm struct {
	t     *testing.T
	rng   *rand.Rand
	scale scale
	srv   *redistest.Server
	book  journal

	proxies  []*redistest.Proxy // one for each part
	workers  []*redistest.Child
	rdbs     []*redistest.Child
	clientID []int // of clients
	nextID   int
	killed   map[int]bool // clients
	near     *nearWorker
	mended   []repair // current faults
	counts   map[string]int
}

// repair ends a fault.
type repair struct {
	at time.Time
	do func()
}

// TestStorm makes workers and clients crash, freeze, restart, and lose connections,
// replies and their pools, and delays requests. Every call ends, no call runs twice, and
// no call runs whose caller learned that it did not. DESIR_LONG=1 makes it last for
// minutes.
func TestStorm(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	s := &storm{t: t, rng: redistest.Seed(t), scale: scaleOfRun(), srv: redistest.StartServer(t), killed: map[int]bool{}, counts: map[string]int{}}
	bookServer := redistest.StartServer(t)
	s.book = openJournal(bookServer.Addr)
	through := func() string {
		p := redistest.NewProxy(t, s.srv.Addr)
		s.proxies = append(s.proxies, p)
		return p.Addr()
	}
	s.near = startNear(stormClient(through()), s.book)
	t.Cleanup(s.near.end)
	nearClient := stormClient(through())
	near := callers(s.book.life(), rpc.NewClient(nearClient, service), s.book, s.id())
	starters := [2]func() *redistest.Child{}
	for i := range starters {
		addr := through()
		starters[i] = func() *redistest.Child {
			return redistest.StartChild(t, role{"worker", addr, bookServer.Addr, 0}.String())
		}
		s.workers = append(s.workers, starters[i]())
	}
	clientStarters := [2]func(id int) *redistest.Child{}
	for i := range clientStarters {
		addr := through()
		clientStarters[i] = func(id int) *redistest.Child {
			return redistest.StartChild(t, role{"client", addr, bookServer.Addr, id}.String())
		}
		id := s.id()
		s.rdbs, s.clientID = append(s.rdbs, clientStarters[i](id)), append(s.clientID, id)
	}
	redistest.Eventually(t, time.Minute, func() bool { return s.book.rdb.SCard(t.Context(), runsKey).Val() > 20 }, "calls run")

	faults := map[string]func(){
		"kill a worker": func() {
			i := s.rng.IntN(len(s.workers))
			s.workers[i].Kill()
			s.later(s.scale.stop, func() { s.workers[i].Kill(); s.workers[i] = starters[i]() })
		},
		"kill a client": func() {
			i := s.rng.IntN(len(s.rdbs))
			s.killed[s.clientID[i]] = true
			s.rdbs[i].Kill()
			s.clientID[i] = s.id()
			s.rdbs[i] = clientStarters[i](s.clientID[i])
		},
		"freeze a worker": func() { s.freeze(s.workers) },
		"freeze a client": func() { s.freeze(s.rdbs) },
		"freeze the server": func() {
			s.srv.Freeze()
			<-time.After(s.upTo(s.scale.freeze))
			s.srv.Thaw()
		},
		"restart a worker": s.near.restart,
		"starve a worker":  func() { s.starve(s.near.rdb) },
		"starve a client":  func() { s.starve(nearClient) },
		"cut connections":  func() { s.proxy().CutAll() },
		"cut the network": func() {
			p := s.proxy()
			p.BlackHole(true)
			s.later(s.scale.hole, func() { p.BlackHole(false) })
		},
		"lose a reply":       func() { s.proxy().CutReply(1, s.some()) },
		"lose a request":     func() { s.proxy().CutRequest(1, s.some()) },
		"half a reply":       func() { s.proxy().HalfReply(1, s.some()) },
		"swallow a reply":    func() { s.proxy().Swallow(1, s.some()) },
		"a late request":     func() { s.hold(s.some()) },
		"a late read":        func() { s.hold(redistest.Command("blmpop")) },
		"hang up":            func() { s.proxy().CloseClients() },
		"forget the scripts": func() { must(func() error { return s.srv.Client(t).ScriptFlush(t.Context()).Err() }) },
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range faults {
			if !yield(name) {
				return
			}
		}
	})
	for end := time.Now().Add(s.scale.whole); time.Now().Before(end); {
		name := names[s.rng.IntN(len(names))]
		s.counts[name]++
		faults[name]()
		<-time.After(s.upTo(250 * time.Millisecond))
		s.repair(time.Now())
	}
	s.repair(time.Now().Add(time.Hour))
	for _, p := range s.proxies {
		p.Reset()
	}
	s.book.end()
	wrong := s.book.judge(t, lostCallTime+15*time.Second, s.killed)
	t.Logf("faults: %v", s.counts)
	for _, w := range wrong {
		t.Error(w)
	}
	if len(wrong) == 0 {
		near.Wait()
	}
}

func (s *storm) id() int {
	s.nextID++
	return s.nextID
}

func (s *storm) upTo(d time.Duration) time.Duration { return time.Duration(s.rng.Int64N(int64(d))) }

func (s *storm) proxy() *redistest.Proxy { return s.proxies[s.rng.IntN(len(s.proxies))] }

// some picks which commands a fault affects.
func (s *storm) some() redistest.Match {
	all := []redistest.Match{
		redistest.Command("eval", "evalsha"), redistest.Command("blmpop"), redistest.Command("xadd"), redistest.Command("xread"), redistest.Any,
	}
	return all[s.rng.IntN(len(all))]
}

// later ends a fault after a while, or with the storm.
func (s *storm) later(most time.Duration, do func()) {
	s.mended = append(s.mended, repair{time.Now().Add(s.upTo(most)), do})
}

// repair ends the faults that are due.
func (s *storm) repair(now time.Time) {
	rest := s.mended[:0]
	for _, m := range s.mended {
		if now.Before(m.at) {
			rest = append(rest, m)
		} else {
			m.do()
		}
	}
	s.mended = rest
}

// hold delays a request. In half of the cases its client is gone before it arrives.
func (s *storm) hold(what redistest.Match) {
	p := s.proxy()
	_, release := p.HoldRequest(1, what)
	if s.rng.IntN(2) == 0 {
		s.later(time.Second, p.CloseClients)
	}
	s.later(s.scale.stop+4*time.Second, release)
}

func (s *storm) freeze(of []*redistest.Child) {
	c := of[s.rng.IntN(len(of))]
	c.Freeze()
	s.later(s.scale.stop, c.Thaw)
}

// starve occupies the connections of a pool for a while.
func (s *storm) starve(rdb *redis.Client) {
	for range rdb.Options().PoolSize {
		go rdb.BLPop(context.Background(), max(time.Second, s.scale.hole), "none")
	}
}

// nearWorker is a worker in the test's process, which can be restarted.
type nearWorker struct {
	rdb  *redis.Client
	book journal

	mu    sync.Mutex
	stop  context.CancelFunc
	ended chan error
}

func startNear(rdb *redis.Client, b journal) *nearWorker {
	w := &nearWorker{rdb: rdb, book: b}
	w.start()
	return w
}

func (w *nearWorker) start() {
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.ended = stop, make(chan error, 1)
	go func() { w.ended <- stormServer(w.rdb, w.book).Run(ctx) }()
}

func (w *nearWorker) restart() {
	go func() { // it may take a while to end
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stop()
		<-w.ended
		w.start()
	}()
}

func (w *nearWorker) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stop()
	<-w.ended
}

// TestStormWithoutFence delays the read of a worker until the worker gave it up. The
// judge accepts the normal worker, and rejects one without the fence.
func TestStormWithoutFence(t *testing.T) {
	t.Parallel()
	for worker, fenced := range map[string]bool{"worker of one": true, "worker without fence": false} {
		t.Run(worker, func(t *testing.T) {
			t.Parallel()
			srv, bookServer := redistest.StartServer(t), redistest.StartServer(t)
			rdb, b := srv.Client(t), openJournal(bookServer.Addr)
			p := redistest.NewProxy(t, srv.Addr)
			late, release := p.HoldRequest(1, redistest.Command("blmpop"))
			redistest.StartChild(t, role{worker, p.Addr(), bookServer.Addr, 0}.String())
			redistest.Eventually(t, 20*time.Second, func() bool { return late() == 1 }, "the worker reads")
			p.CloseClients()
			c := rpc.NewClient(rdb, service)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			busy := stormMethod.Go(ctx, c, order{1, time.Hour}, waitForWorker)
			redistest.Eventually(t, 20*time.Second, func() bool { return b.rdb.SCard(t.Context(), runsKey).Val() == 1 }, "a call keeps the worker busy")
			redistest.Eventually(t, 20*time.Second, func() bool { return rdb.ZCard(t.Context(), "{"+service+"}:ended").Val() == 1 }, "the worker has given its read up")
			b.record(2, pending)
			go func() {
				got, err := stormMethod.Call(t.Context(), c, order{Call: 2})
				if err == nil && got == 4 {
					b.record(2, good)
				} else {
					b.record(2, fmt.Sprint(got, err))
				}
			}()
			awaitQueued(t, rdb, 1)
			release()
			redistest.Eventually(t, 20*time.Second, func() bool {
				return rdb.LLen(t.Context(), service).Val() == 0 || fenced && len(rdb.Keys(t.Context(), "{"+service+"}:poke:*").Val()) == 0
			}, "the late read is executed")
			cancel()
			_, _ = busy.Wait(context.Background())
			if wrong := b.judge(t, 10*time.Second, nil); len(wrong) == 0 != fenced {
				t.Errorf("the verdict is %q", wrong)
			}
		})
	}
}

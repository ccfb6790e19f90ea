package lock_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// holderEnv has the addresses of the lock's server and of the book's server, for a process
// that holds the lock again and again.
const holderEnv = "DESIR_TEST_HOLDER"

const (
	stormLock = "storm"
	turnsKey  = "turns" // in the book: "token start end", a turn of a holder
	guardKey  = "guard" // in the book: the highest token that has written
	staleKey  = "stale" // in the book: writes that were refused
)

// fencedWrite is a store that refuses former holders.
var fencedWrite = redis.NewScript(`
if tonumber(ARGV[1]) < tonumber(redis.call('GET', KEYS[1]) or '0') then return redis.call('INCR', KEYS[2]) end
redis.call('SET', KEYS[1], ARGV[1])
return 0`)

// holdAndRelease is the process of a holder. A turn lasts from its beginning to the last
// moment at which its context had not ended. A blind holder does not look at its context.
func holdAndRelease(addrs string) {
	redistest.EndWithParent()
	addrs, blind := strings.CutPrefix(addrs, "blind,")
	at, bookAt, _ := strings.Cut(addrs, ",")
	var rdb redis.UniversalClient
	if nodes := strings.Split(at, "+"); len(nodes) > 1 {
		rdb = redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes, ReadTimeout: 300 * time.Millisecond})
	} else {
		rdb = redis.NewClient(&redis.Options{Addr: at, ReadTimeout: 300 * time.Millisecond})
	}
	book := redis.NewClient(&redis.Options{Addr: bookAt})
	m := lock.NewMutex(rdb, stormLock, lock.TTL(time.Second))
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_ = m.Do(ctx, func(ctx context.Context) error {
			token, _ := desir.Token(ctx)
			begin := time.Now()
			end := begin
			until := begin.Add(rand.N(20 * time.Millisecond))
			if ctx.Err() != nil {
				return nil
			}
			for now := begin; (blind || ctx.Err() == nil) && now.Before(until); now = time.Now() {
				end = now
			}
			if blind {
				end = time.Now()
			}
			turn := fmt.Sprint(token, " ", begin.UnixNano(), " ", end.UnixNano())
			_ = book.RPush(context.Background(), turnsKey, turn).Err()
			return fencedWrite.Run(context.Background(), book, []string{guardKey, staleKey}, token).Err()
		})
		cancel()
	}
}

// turn is a turn of a holder.
type turn struct{ token, begin, end int64 }

// storm is the processes that hold a lock in turn, and the book of their turns.
type storm struct {
	t       *testing.T
	addrs   []string // of the lock's server, for each process
	at      string   // of the book's server
	book    *redis.Client
	holders []*redistest.Child
}

// startStorm starts a process for each address of the lock's server.
func startStorm(t *testing.T, addrs []string) *storm {
	t.Helper()
	book := redistest.StartServer(t)
	s := &storm{t: t, addrs: addrs, at: book.Addr, book: book.Client(t), holders: make([]*redistest.Child, len(addrs))}
	for i := range addrs {
		s.start(i)
	}
	redistest.Eventually(t, time.Minute, func() bool { return s.turns() > 20 }, "the processes hold the lock in turn")
	return s
}

func (s *storm) start(i int) {
	s.t.Helper()
	s.holders[i] = redistest.StartChild(s.t, holderEnv+"="+s.addrs[i]+","+s.at)
}

// kill replaces a process.
func (s *storm) kill(i int) {
	s.t.Helper()
	s.holders[i].Kill()
	s.start(i)
}

// pause freezes a process for longer than the TTL.
func (s *storm) pause(i int) {
	s.holders[i].Freeze()
	time.AfterFunc(1500*time.Millisecond, s.holders[i].Thaw)
}

func (s *storm) turns() int64 { return s.book.LLen(s.t.Context(), turnsKey).Val() }

// goesOn waits until the lock goes on after a fault.
func (s *storm) goesOn() {
	s.t.Helper()
	before := s.turns()
	redistest.Eventually(s.t, time.Minute, func() bool { return s.turns() > before+3 }, "the lock goes on after a fault")
}

// end ends the processes, and reports what is wrong with their turns.
func (s *storm) end() {
	s.t.Helper()
	for _, h := range s.holders {
		h.Kill()
	}
	for _, wrong := range judge(s.t, s.book) {
		s.t.Error(wrong)
	}
}

// faults returns how many faults a storm has.
func faults(short, long int) int {
	if os.Getenv("DESIR_LONG") != "" {
		return long
	}
	return short
}

// TestStorm has processes hold a lock while they are killed and frozen, connections are cut,
// replies are lost, the server is restarted and the hash of the tokens is deleted. No two
// turns overlap, and the tokens increase.
func TestStorm(t *testing.T) {
	redistest.Slow(t)
	server := redistest.StartServer(t, redistest.AOF("always"))
	admin, rng := server.Client(t), redistest.Seed(t)
	proxies, addrs := make([]*redistest.Proxy, 6), make([]string, 6)
	for i := range proxies {
		proxies[i] = redistest.NewProxy(t, server.Addr)
		addrs[i] = proxies[i].Addr()
	}
	s := startStorm(t, addrs)
	scripts := redistest.Command("evalsha", "eval")
	for range faults(20, 300) {
		i := rng.IntN(len(proxies))
		switch rng.IntN(8) {
		case 0:
			s.kill(i)
		case 1:
			s.pause(i)
		case 2:
			proxies[i].CutAll()
		case 3:
			proxies[i].CutReply(2, scripts)
		case 4:
			proxies[i].Swallow(1, scripts)
		case 5:
			proxies[i].CutReply(1, redistest.Command("blpop"))
		case 6:
			server.Kill()
			server.Restart()
		default:
			_ = admin.Del(t.Context(), lock.NewMutex(admin, stormLock).Key()+":meta").Err()
		}
		s.goesOn()
	}
	s.end()
}

// TestStormCluster has processes hold a lock of a cluster while they are killed and frozen and
// its slot moves. No two turns overlap, the tokens increase, and the lock goes on.
func TestStormCluster(t *testing.T) {
	redistest.Slow(t)
	c, rng := redistest.StartCluster(t, 0), redistest.Seed(t)
	s := startStorm(t, slices.Repeat([]string{strings.Join(c.Addrs, "+")}, 6))
	key := lock.NewMutex(c.Client(t), stormLock).Key()
	for n := range faults(20, 60) {
		i := rng.IntN(len(s.holders))
		switch n % 3 {
		case 0:
			s.kill(i)
		case 1:
			s.pause(i)
		default:
			if to := c.Nodes[rng.IntN(len(c.Nodes))]; to != c.MasterFor(key) {
				c.MoveSlot(t, key, to, func() {})
			}
		}
		s.goesOn()
	}
	s.end()
}

// TestStormJudge has holders that do not look at their contexts, and freezes them. The judge
// sees it.
func TestStormJudge(t *testing.T) {
	redistest.Slow(t)
	s, book := redistest.StartServer(t), redistest.StartServer(t)
	read := book.Client(t)
	var holders []*redistest.Child
	for range 2 {
		holders = append(holders, redistest.StartChild(t, holderEnv+"=blind,"+s.Addr+","+book.Addr))
	}
	redistest.Eventually(t, time.Minute, func() bool {
		for _, h := range holders {
			h.Freeze()
			before := read.LLen(t.Context(), turnsKey).Val()
			redistest.Eventually(t, 20*time.Second, func() bool {
				return read.LLen(t.Context(), turnsKey).Val() > before
			}, "the other one goes on")
			h.Thaw()
		}
		return len(judge(t, read)) > 0
	}, "turns overlap")
}

// judge returns what is wrong with the turns in the book.
func judge(t *testing.T, book *redis.Client) (wrong []string) {
	t.Helper()
	lines, err := book.LRange(t.Context(), turnsKey, 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	var all []turn
	for _, line := range lines {
		var u turn
		if _, err := fmt.Sscan(line, &u.token, &u.begin, &u.end); err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b turn) int { return cmp.Compare(a.begin, b.begin) })
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; a.end > b.begin {
			wrong = append(wrong, fmt.Sprintf("token %d holds the lock until %v after token %d has it", a.token, time.Duration(a.end-b.begin), b.token))
		} else if a.token >= b.token {
			wrong = append(wrong, fmt.Sprintf("token %d after %d", b.token, a.token))
		}
	}
	stale, _ := book.Get(t.Context(), staleKey).Int64()
	t.Logf("%d turns; %d writes of former holders were refused", len(all), stale)
	return wrong
}

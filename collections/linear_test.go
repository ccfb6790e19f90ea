package collections_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// op is one call of a history, on a field of a map or on a counter.
type op struct{ name, key, old, new string }

// outcome is the result of a call. The result of a write whose reply was lost is unknown.
type outcome struct {
	value string
	ok    bool
	lost  bool
}

// cell is the value of a field or a counter.
type cell struct {
	value string
	ok    bool
}

// step executes one call on a cell. It returns whether out is a possible result, and
// the new value of the cell.
func step(at cell, in op, out outcome) (bool, cell) {
	hit := at.ok && at.value == in.old
	same := out.lost || out.value == at.value && out.ok == at.ok
	switch in.name {
	case "Get":
		return same, at
	case "Set":
		return true, cell{in.new, true}
	case "Swap":
		return same, cell{in.new, true}
	case "Delete":
		return out.lost || out.ok == at.ok, cell{}
	case "LoadOrStore":
		if at.ok {
			return same, at
		}
		return out.lost || out.value == in.new && !out.ok, cell{in.new, true}
	case "CompareAndSwap":
		if hit {
			return out.lost || out.ok, cell{in.new, true}
		}
		return out.lost || !out.ok, at
	default: // Add
		n, _ := strconv.Atoi(at.value)
		sum := strconv.Itoa(n + 1)
		return out.lost || out.value == sum, cell{sum, true}
	}
}

// linear is the checker's model. It checks each field and each counter separately.
var linear = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[string][]porcupine.Operation{}
		for _, o := range history {
			key := o.Input.(op).key
			parts[key] = append(parts[key], o)
		}
		var all [][]porcupine.Operation
		for _, part := range parts {
			all = append(all, part)
		}
		return all
	},
	Init: func() any { return cell{} },
	Step: func(state, in, out any) (bool, any) {
		ok, next := step(state.(cell), in.(op), out.(outcome))
		return ok, next
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprint(in, out) },
}

// subject makes the calls of a history.
type subject interface {
	call(ctx context.Context, o op) (outcome, error)
}

// objects makes the calls with the library's objects.
type objects struct {
	m *collections.Map[string, string]
	c *counter.Counter
}

func (s objects) call(ctx context.Context, o op) (out outcome, err error) {
	switch o.name {
	case "Get":
		out.value, out.ok, err = s.m.Get(ctx, o.key)
	case "Set":
		err = s.m.Set(ctx, o.key, o.new)
	case "Swap":
		out.value, out.ok, err = s.m.Swap(ctx, o.key, o.new)
	case "Delete":
		var n int
		n, err = s.m.Delete(ctx, o.key)
		out.ok = n > 0
	case "LoadOrStore":
		out.value, out.ok, err = s.m.LoadOrStore(ctx, o.key, o.new)
	case "CompareAndSwap":
		out.ok, err = s.m.CompareAndSwap(ctx, o.key, o.old, o.new)
	default:
		var n int64
		n, err = s.c.Add(ctx, 1)
		out.value = strconv.FormatInt(n, 10)
	}
	return out, err
}

// bare makes some of the calls with the plain client, which sends a command again if its
// reply is lost.
type bare struct {
	rdb     redis.UniversalClient
	m, c    string
	compare *redis.Script
}

func (s bare) call(ctx context.Context, o op) (out outcome, err error) {
	switch o.name {
	case "Get":
		out.value, err = s.rdb.HGet(ctx, s.m, o.key).Result()
		if out.ok = err == nil; errors.Is(err, redis.Nil) {
			err = nil
		}
	case "Set":
		err = s.rdb.HSet(ctx, s.m, o.key, o.new).Err()
	case "CompareAndSwap":
		out.ok, err = s.compare.Run(ctx, s.rdb, []string{s.m}, o.key, o.old, o.new).Bool()
	default:
		var n int64
		n, err = s.rdb.Incr(ctx, s.c).Result()
		out.value = strconv.FormatInt(n, 10)
	}
	return out, err
}

// history makes concurrent calls on two fields and a counter through a link that loses
// a few replies, and returns the calls with their results. It leaves out calls that
// were certainly not executed.
func history(random *rand.Rand, p *redistest.Proxy, s subject, names []string) (all []porcupine.Operation, lost int) {
	const goroutines, calls, losses = 12, 40, 4
	var rules sync.Mutex
	cuts := rand.New(rand.NewPCG(random.Uint64(), 0))
	p.CutReply(losses, func(args []string) bool {
		rules.Lock()
		defer rules.Unlock()
		return cuts.IntN(40) == 0
	})
	defer p.Reset()
	var mu sync.Mutex
	var group sync.WaitGroup
	start := time.Now()
	for g := range goroutines {
		r := rand.New(rand.NewPCG(random.Uint64(), 0))
		group.Go(func() {
			seen := map[string]string{}
			for n := range calls {
				o := op{name: names[r.IntN(len(names))], key: fmt.Sprint("f", r.IntN(2)), new: fmt.Sprint(g, "/", n)}
				o.old = seen[o.key]
				if o.name == "Add" {
					o.key = "counter"
				}
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if r.IntN(2) == 0 {
					ctx, cancel = context.WithCancel(ctx)
				}
				begun := time.Since(start)
				out, err := s.call(ctx, o)
				done := time.Since(start)
				cancel()
				switch {
				case err == nil:
					if seen[o.key] = o.new; o.name == "Get" || o.name == "LoadOrStore" {
						seen[o.key] = out.value
					}
				case o.name == "Get" || errors.Is(err, desir.ErrUnavailable):
					continue
				default: // the write may be executed at any later time, or never
					out, done = outcome{lost: true}, math.MaxInt64
				}
				mu.Lock()
				if out.lost {
					lost++
				}
				all = append(all, porcupine.Operation{ClientId: g, Input: o, Call: int64(begun), Output: out, Return: int64(done)})
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return all, lost
}

var (
	ofMaps     = []string{"Get", "Get", "Set", "Swap", "Delete", "LoadOrStore", "CompareAndSwap", "CompareAndSwap"}
	ofCounters = []string{"Add"}
)

const patience = 30 * time.Second // limit of the checker for one history

// TestLinearizable makes a few goroutines share a Map and a Counter while replies are
// lost. There must be an order of the calls, each at a moment between its start and its
// end, that explains every result.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	eachLink(t, func(t *testing.T, p *redistest.Proxy, rdb redis.UniversalClient) {
		random := redistest.Seed(t)
		names := slices.Concat(ofMaps, ofCounters, ofCounters)
		calls, lost, began, histories := 0, 0, time.Now(), 20
		if raceEnabled || testing.Short() {
			histories = 6
		}
		for round := range histories {
			var opts []collections.Option
			var counterOpts []counter.Option
			if round%2 == 1 {
				opts, counterOpts = append(opts, collections.Unbatched()), append(counterOpts, counter.Unbatched())
			}
			at := fmt.Sprint("round ", round)
			s := objects{collections.NewMap[string, string](rdb, at, opts...), counter.New(rdb, at+" counter", counterOpts...)}
			h, n := history(random, p, s, names)
			if result := porcupine.CheckOperationsTimeout(linear, h, patience); result != porcupine.Ok {
				t.Errorf("round %d, batching: %t: the checker says %s of %d calls, %d of them lost", round, round%2 == 0, result, len(h), n)
			}
			calls, lost = calls+len(h), lost+n
		}
		if lost == 0 {
			t.Error("no reply was lost; this test proves nothing")
		}
		t.Logf("%d histories of %d calls, %d of them lost, in %v", histories, calls, lost, time.Since(began).Round(time.Millisecond))
	})
}

// TestCheckerSaysNo makes the same calls with the plain client. The checker must find the
// commands that the client sent twice.
func TestCheckerSaysNo(t *testing.T) {
	t.Parallel()
	eachLink(t, func(t *testing.T, p *redistest.Proxy, rdb redis.UniversalClient) {
		random := redistest.Seed(t)
		for of, names := range map[string][]string{"maps": {"Get", "Set", "CompareAndSwap"}, "counters": ofCounters} {
			no := 0
			for round := 0; round < 40 && no == 0; round++ {
				at := fmt.Sprint(of, round)
				h, _ := history(random, p, bare{rdb, at, at + " counter", redis.NewScript(`
					if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
					redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
					return 1`)}, names)
				if porcupine.CheckOperationsTimeout(linear, h, patience) == porcupine.Illegal {
					no = round + 1
				}
			}
			if no == 0 {
				t.Errorf("%s: 40 histories of a client that sends writes again were accepted", of)
			}
			t.Logf("%s: the checker said no to history %d", of, no)
		}
	})
}

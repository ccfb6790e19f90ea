package conformance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// Storm uses a few objects of one client from many goroutines, over connections that are
// cut and delayed again and again. Some contexts end at any moment. Storm checks every
// result: a value that is read was written before, a number is returned only once, and
// the final contents lie between the acknowledged writes and all writes that may have
// been executed. The connections of rdb must go through p. If batched is true, calls must
// be sent in batches, else one by one.
func Storm(t *testing.T, p *redistest.Proxy, rdb, raw client, callers int, batched bool) {
	s := newStorm(t, p, rdb, raw, callers, batched)
	random := redistest.Seed(t)
	seeds := make([]uint64, callers)
	for i := range seeds {
		seeds[i] = random.Uint64()
	}
	concurrently(callers, func(i int) {
		r := rand.New(rand.NewPCG(seeds[i], 0))
		for turn := range 4 {
			s.weather(r)
			s.call(i, turn, r)
		}
	})
	p.Reset()
	s.check()
}

const stormObjects = 3 // objects of each type

// storm is the state that the goroutines share.
type storm struct {
	*testing.T
	p       *redistest.Proxy
	raw     client
	maps    []*collections.Map[string, string]
	lists   []*collections.List[string]
	sets    []*collections.Set[string]
	numbers []*counter.Counter
	wrong   *collections.Map[string, string] // its key has type string
	calls   atomic.Int64

	mu       sync.Mutex
	next     []map[int64]bool // numbers that were issued
	maybe    []int64          // additions that may have been executed
	lengths  []map[int]string // lengths of lists after a push, with the pushed value
	maybeLen []int

	own []ownField // one per caller
}

// ownField is a field that only one caller writes, with a different number each time.
type ownField struct {
	acked string   // the last acknowledged value
	maybe []string // values of writes that may be executed, now or later
}

// fits reports whether the field may have value v.
func (o ownField) fits(v string) bool { return v == o.acked || slices.Contains(o.maybe, v) }

func newStorm(t *testing.T, p *redistest.Proxy, rdb, raw client, callers int, batched bool) *storm {
	t.Helper()
	var opts []collections.Option
	var counterOpts []counter.Option
	if !batched {
		opts, counterOpts = append(opts, collections.Unbatched()), append(counterOpts, counter.Unbatched())
	}
	s := &storm{T: t, p: p, raw: raw, wrong: collections.NewMap[string, string](rdb, "wrong", opts...), own: make([]ownField, callers)}
	must(t, raw.Set(t.Context(), "wrong", "text", 0).Err())
	for i := range stormObjects {
		s.maps = append(s.maps, collections.NewMap[string, string](rdb, fmt.Sprint("map", i), opts...))
		s.lists = append(s.lists, collections.NewList[string](rdb, fmt.Sprint("list", i), opts...))
		s.sets = append(s.sets, collections.NewSet[string](rdb, fmt.Sprint("set", i), opts...))
		s.numbers = append(s.numbers, counter.New(rdb, fmt.Sprint("number", i), counterOpts...))
		must(t, raw.SAdd(t.Context(), fmt.Sprint("set", i), "in").Err())
		s.next = append(s.next, map[int64]bool{})
		s.lengths = append(s.lengths, map[int]string{})
	}
	s.maybe, s.maybeLen = make([]int64, stormObjects), make([]int, stormObjects)
	return s
}

// weather disturbs the connections about forty times.
func (s *storm) weather(r *rand.Rand) {
	if s.calls.Add(1)%int64(max(1, len(s.own)/10)) != 0 {
		return
	}
	some := func([]string) bool { return rand.IntN(4) == 0 }
	switch r.IntN(5) {
	case 0:
		s.p.CutAll()
	case 1:
		s.p.CutReply(2, some)
	case 2:
		s.p.CutRequest(2, some)
	case 3:
		s.p.HalfReply(1, some)
	default:
		s.p.Delay(3, 20*time.Millisecond, some)
	}
}

// call makes one call of a random object with a random kind of context.
func (s *storm) call(caller, turn int, r *rand.Rand) {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	switch r.IntN(4) {
	case 0: // never ends
	case 1:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(5000))*time.Microsecond)
	default:
		ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	}
	defer cancel()
	i, field := r.IntN(stormObjects), fmt.Sprint("f", r.IntN(20))
	switch r.IntN(10) {
	case 0:
		s.wrote(ctx, s.maps[i].Set(ctx, field, fmt.Sprint(i, field, " of ", caller, "/", turn)))
	case 1, 2:
		v, ok, err := s.maps[i].Get(ctx, field)
		var object, writer, at int
		if s.read(ctx, err); err == nil && ok {
			if n, _ := fmt.Sscanf(v, "%d"+field+" of %d/%d", &object, &writer, &at); n != 3 || object != i {
				s.Errorf("read %q of field %q in map %d", v, field, i)
			}
		}
	case 3:
		in, err := s.sets[i].Has(ctx, "in")
		if s.read(ctx, err); err == nil && !in {
			s.Error("a member is not there")
		}
		out, err := s.sets[i].Has(ctx, "out")
		if s.read(ctx, err); err == nil && out {
			s.Error("a member is there that was never added")
		}
	case 4, 5:
		n := int64(1 + r.IntN(2)*5)
		v, err := s.numbers[i].Add(ctx, n)
		s.added(i, v, n, err)
		s.wrote(ctx, err)
	case 6:
		v := fmt.Sprint(caller, "/", turn)
		n, err := s.lists[i].PushBack(ctx, "before "+v, v)
		s.pushed(i, n, v, err)
		s.wrote(ctx, err)
	case 7, 8:
		s.keep(ctx, caller, turn)
	default:
		_, _, err := s.wrong.Get(ctx, field)
		if s.read(ctx, err); err == nil {
			s.Error("a text was read as a map")
		}
	}
}

// keep writes the caller's field and reads it.
func (s *storm) keep(ctx context.Context, caller, turn int) {
	m, field, v, own := s.maps[caller%stormObjects], fmt.Sprint("own ", caller), fmt.Sprint(caller, "/", turn), &s.own[caller]
	err := m.Set(ctx, field, v)
	s.wrote(ctx, err)
	switch {
	case err == nil:
		own.acked = v
	case errors.Is(err, desir.ErrMaybeRan):
		own.maybe = append(own.maybe, v)
	}
	got, _, err := m.Get(ctx, field)
	if s.read(ctx, err); err == nil && !own.fits(got) {
		s.Errorf("field %q is %q, want %q of %+v", field, got, v, *own)
	}
}

// read checks the error of a read.
func (s *storm) read(ctx context.Context, err error) {
	switch {
	case err == nil, errors.Is(err, desir.ErrWrongType):
	case errors.Is(err, desir.ErrMaybeRan):
		s.Errorf("a read ended with %v", err)
	case errors.Is(err, desir.ErrUnavailable), ctx.Err() != nil && errors.Is(err, ctx.Err()):
	default:
		s.Errorf("a read ended with %v", err)
	}
}

// wrote checks the error of a write.
func (s *storm) wrote(ctx context.Context, err error) {
	if err != nil && errors.Is(err, desir.ErrMaybeRan) == errors.Is(err, desir.ErrUnavailable) {
		s.Errorf("a write ended with %v", err)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.Errorf("a write ended before its context, with %v", err)
	}
}

func (s *storm) added(i int, v, n int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, desir.ErrMaybeRan):
		s.maybe[i] += n
	case err != nil:
	default:
		for at := v - n + 1; at <= v; at++ { // all numbers that this addition issued
			if s.next[i][at] {
				s.Errorf("number %d of counter %d was given out twice", at, i)
			}
			s.next[i][at] = true
		}
	}
}

func (s *storm) pushed(i, n int, v string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, desir.ErrMaybeRan):
		s.maybeLen[i] += 2
	case err == nil:
		s.lengths[i][n] = v
	}
}

// check compares the contents of the server with the results of the calls.
func (s *storm) check() {
	ctx := context.Background()
	given, pushed := 0, 0
	for i := range stormObjects {
		final, err := s.raw.Get(ctx, fmt.Sprint("number", i)).Int64()
		must(s.T, err)
		acknowledged := int64(len(s.next[i]))
		if final < acknowledged || final > acknowledged+s.maybe[i] {
			s.Errorf("counter %d is %d; %d were acknowledged, %d may have been added", i, final, acknowledged, s.maybe[i])
		}
		given += len(s.next[i])
		all, err := s.raw.LRange(ctx, fmt.Sprint("list", i), 0, -1).Result()
		must(s.T, err)
		if n := 2 * len(s.lengths[i]); len(all) < n || len(all) > n+s.maybeLen[i] {
			s.Errorf("list %d has %d elements; %d were acknowledged, %d may be there", i, len(all), n, s.maybeLen[i])
		}
		for n, v := range s.lengths[i] {
			if all[n-1] != v || all[n-2] != "before "+v {
				s.Errorf("list %d: %q made it %d long, but %q stands there", i, v, n, all[n-2:n])
			}
		}
		pushed += len(s.lengths[i])
		if slices.Sort(all); len(slices.Compact(all)) < len(all) {
			s.Errorf("list %d has elements that were pushed twice", i)
		}
		fields, err := s.raw.HGetAll(ctx, fmt.Sprint("map", i)).Result()
		must(s.T, err)
		for caller := i; caller < len(s.own); caller += stormObjects {
			if v := fields[fmt.Sprint("own ", caller)]; !s.own[caller].fits(v) {
				s.Errorf("caller %d left %q, which is none of %+v", caller, v, s.own[caller])
			}
		}
	}
	s.Logf("%d numbers and %d pushes were acknowledged; %v and %v may have been made", given, pushed, s.maybe, s.maybeLen)
}

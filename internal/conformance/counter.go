package conformance

import (
	"testing"

	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// Counter tests counter.Counter on a backend.
func Counter(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", func(t *testing.T, r *redistest.Redis) { counterModel(t, r, 0) }},
		part{"ModelStart", func(t *testing.T, r *redistest.Redis) { counterModel(t, r, -7) }},
		failures(counterSubject()),
		failures(startSubject()),
		costs(counterSubject()),
		costs(startSubject()),
		part{"Undecodable", counterUndecodable},
		part{"Races", numbersRace},
		part{"OnceRace", onceRace},
		part{"Bounds", counterBounds},
		part{"Tokens", counterTokens},
		part{"Windows", counterWindows},
	)
}

// counterModel makes random calls to two handles of one counter.
func counterModel(t *testing.T, r *redistest.Redis, start int64) {
	x := &counterOps{model: newModel(t), start: start, n: start, tokens: map[string]int64{}}
	at := name(t, r, "visits")
	x.handles = []*counter.Counter{
		counter.New(r.Client, at, counter.Start(start)),
		counter.New(otherProtocolClient(t, r), at, counter.Start(start)),
	}
	x.runRandom(500,
		x.next, x.add, x.value, x.set, x.swap, x.compareAndSwap, x.compareAndSwap,
		x.addOnce, x.addOnce, x.numbers, x.exists, x.clear)
}

type counterOps struct {
	*model
	start, n int64
	present  bool
	tokens   map[string]int64
	handles  []*counter.Counter
}

func (x *counterOps) pick() (*counter.Counter, int64) {
	return oneOf(x.model, x.handles...), x.rng.Int64N(5) - 2
}

func (x *counterOps) store(n int64) { x.n, x.present = n, true }

func (x *counterOps) next() {
	c, _ := x.pick()
	x.store(x.n + 1)
	v, err := c.Next(x.ctx())
	x.check(err, v, x.n, "Next()")
}

func (x *counterOps) add() {
	c, n := x.pick()
	x.store(x.n + n)
	v, err := c.Add(x.ctx(), n)
	x.check(err, v, x.n, "Add(%d)", n)
}

func (x *counterOps) value() {
	c, _ := x.pick()
	v, err := c.Value(x.ctx())
	x.check(err, v, x.n, "Value()")
}

func (x *counterOps) set() {
	c, n := x.pick()
	x.store(n)
	x.check(c.Set(x.ctx(), n), nil, nil, "Set(%d)", n)
}

func (x *counterOps) swap() {
	c, n := x.pick()
	want := x.n
	x.store(n)
	old, err := c.Swap(x.ctx(), n)
	x.check(err, old, want, "Swap(%d)", n)
}

func (x *counterOps) compareAndSwap() {
	c, n := x.pick()
	old := x.n + x.rng.Int64N(2)
	hit := old == x.n
	if hit {
		x.store(n)
	}
	swapped, err := c.CompareAndSwap(x.ctx(), old, n)
	x.check(err, swapped, hit, "CompareAndSwap(%d, %d)", old, n)
}

func (x *counterOps) addOnce() {
	c, n := x.pick()
	token := oneOf(x.model, "", "order 1", "order 2", "\x00")
	want, known := x.tokens[token]
	if !known {
		x.store(x.n + n)
		want = x.n
		x.tokens[token] = want
	}
	v, applied, err := c.AddOnce(x.ctx(), token, n)
	x.check(err, results(v, applied), results(want, !known), "AddOnce(%q, %d)", token, n)
}

func (x *counterOps) numbers() {
	c, _ := x.pick()
	steps := 1 + x.rng.IntN(3)
	var got, want []int64
	for v, err := range c.Numbers(x.ctx()) {
		x.store(x.n + 1)
		x.check(err, v, x.n, "a step of Numbers()")
		got, want = append(got, v), append(want, x.n)
		if len(got) == steps {
			break
		}
	}
	x.check(nil, got, want, "Numbers()")
}

func (x *counterOps) exists() {
	c, _ := x.pick()
	ok, err := c.Exists(x.ctx())
	x.check(err, ok, x.present, "Exists()")
}

func (x *counterOps) clear() {
	c, _ := x.pick()
	x.n, x.present = x.start, false
	clear(x.tokens)
	x.check(c.Clear(x.ctx()), nil, nil, "Clear()")
}

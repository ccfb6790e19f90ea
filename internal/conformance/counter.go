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
	x := &counterWalker{model: newModel(t), start: start, n: start, tokens: map[string]int64{}}
	at := name(t, r, "visits")
	x.handles = []*counter.Counter{
		counter.New(r.Client, at, counter.Start(start)),
		counter.New(otherHandle(t, r), at, counter.Start(start)),
	}
	x.run(500,
		x.next, x.add, x.value, x.set, x.swap, x.compareAndSwap, x.compareAndSwap,
		x.addOnce, x.addOnce, x.numbers, x.exists, x.clear)
}

type counterWalker struct {
	*model
	start, n int64
	present  bool
	tokens   map[string]int64
	handles  []*counter.Counter
}

func (x *counterWalker) pick() (*counter.Counter, int64) {
	return oneOf(x.model, x.handles...), x.rng.Int64N(5) - 2
}

func (x *counterWalker) hold(n int64) { x.n, x.present = n, true }

func (x *counterWalker) next() {
	c, _ := x.pick()
	x.hold(x.n + 1)
	v, err := c.Next(x.ctx())
	x.same(err, v, x.n, "Next()")
}

func (x *counterWalker) add() {
	c, n := x.pick()
	x.hold(x.n + n)
	v, err := c.Add(x.ctx(), n)
	x.same(err, v, x.n, "Add(%d)", n)
}

func (x *counterWalker) value() {
	c, _ := x.pick()
	v, err := c.Value(x.ctx())
	x.same(err, v, x.n, "Value()")
}

func (x *counterWalker) set() {
	c, n := x.pick()
	x.hold(n)
	x.same(c.Set(x.ctx(), n), nil, nil, "Set(%d)", n)
}

func (x *counterWalker) swap() {
	c, n := x.pick()
	want := x.n
	x.hold(n)
	old, err := c.Swap(x.ctx(), n)
	x.same(err, old, want, "Swap(%d)", n)
}

func (x *counterWalker) compareAndSwap() {
	c, n := x.pick()
	old := x.n + x.rng.Int64N(2)
	hit := old == x.n
	if hit {
		x.hold(n)
	}
	swapped, err := c.CompareAndSwap(x.ctx(), old, n)
	x.same(err, swapped, hit, "CompareAndSwap(%d, %d)", old, n)
}

func (x *counterWalker) addOnce() {
	c, n := x.pick()
	token := oneOf(x.model, "", "order 1", "order 2", "\x00")
	want, known := x.tokens[token]
	if !known {
		x.hold(x.n + n)
		want = x.n
		x.tokens[token] = want
	}
	v, applied, err := c.AddOnce(x.ctx(), token, n)
	x.same(err, answer(v, applied), answer(want, !known), "AddOnce(%q, %d)", token, n)
}

func (x *counterWalker) numbers() {
	c, _ := x.pick()
	steps := 1 + x.rng.IntN(3)
	var got, want []int64
	for v, err := range c.Numbers(x.ctx()) {
		x.hold(x.n + 1)
		x.same(err, v, x.n, "a step of Numbers()")
		got, want = append(got, v), append(want, x.n)
		if len(got) == steps {
			break
		}
	}
	x.same(nil, got, want, "Numbers()")
}

func (x *counterWalker) exists() {
	c, _ := x.pick()
	ok, err := c.Exists(x.ctx())
	x.same(err, ok, x.present, "Exists()")
}

func (x *counterWalker) clear() {
	c, _ := x.pick()
	x.n, x.present = x.start, false
	clear(x.tokens)
	x.same(c.Clear(x.ctx()), nil, nil, "Clear()")
}

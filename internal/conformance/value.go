package conformance

import (
	"errors"
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// Value tests collections.Value on a backend.
func Value(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", valueModel},
		failures(valueSubject()),
		costs(valueSubject()),
		part{"Undecodable", valueUndecodable},
	)
}

// valueModel makes random calls to two objects of one value. The model knows whether the
// value expires, but not when.
func valueModel(t *testing.T, r *redistest.Redis) {
	x := &valueWalker{model: newModel(t)}
	at := name(t, r, "flag")
	x.handles = []*collections.Value[int]{
		collections.NewValue[int](r.Client, at),
		collections.NewValue[int](otherHandle(t, r), at),
	}
	x.run(500,
		x.get, x.set, x.setTTL, x.setNew, x.swap, x.compareAndSwap, x.compareAndSwap,
		x.update, x.updateFails, x.delete, x.clear, x.ttl, x.expire, x.persist)
}

type valueWalker struct {
	*model
	number  int
	present bool
	expires bool
	handles []*collections.Value[int]
}

func (x *valueWalker) pick() (*collections.Value[int], int) {
	return oneOf(x.model, x.handles...), x.rng.IntN(3)
}

// hold and drop change the model.
func (x *valueWalker) hold(n int, expires bool) { x.number, x.present, x.expires = n, true, expires }
func (x *valueWalker) drop()                    { x.number, x.present, x.expires = 0, false, false }

func (x *valueWalker) get() {
	h, _ := x.pick()
	v, ok, err := h.Get(x.ctx())
	x.same(err, answer(v, ok), answer(x.number, x.present), "Get()")
}

func (x *valueWalker) set() {
	h, v := x.pick()
	x.hold(v, false)
	x.same(h.Set(x.ctx(), v), nil, nil, "Set(%d)", v)
}

func (x *valueWalker) setTTL() {
	h, v := x.pick()
	x.hold(v, true)
	x.same(h.SetTTL(x.ctx(), v, time.Hour), nil, nil, "SetTTL(%d, 1h)", v)
}

func (x *valueWalker) setNew() {
	h, v := x.pick()
	had := x.present
	if !had {
		x.hold(v, false)
	}
	stored, err := h.SetIfAbsent(x.ctx(), v)
	x.same(err, stored, !had, "SetIfAbsent(%d)", v)
}

func (x *valueWalker) swap() {
	h, v := x.pick()
	want := answer(x.number, x.present)
	x.hold(v, false)
	prev, loaded, err := h.Swap(x.ctx(), v)
	x.same(err, answer(prev, loaded), want, "Swap(%d)", v)
}

func (x *valueWalker) compareAndSwap() {
	h, old := x.pick()
	_, v := x.pick()
	hit := x.present && x.number == old
	if hit {
		x.number = v // keeps an expiry
	}
	swapped, err := h.CompareAndSwap(x.ctx(), old, v)
	x.same(err, swapped, hit, "CompareAndSwap(%d, %d)", old, v)
}

func (x *valueWalker) update() {
	h, v := x.pick()
	keep := !x.chance(4)
	want := answer(x.number, x.present)
	var saw []any
	got, err := h.Update(x.ctx(), func(old int, ok bool) (int, bool, error) {
		saw = answer(old, ok)
		return old + v, keep, nil
	})
	if keep {
		x.hold(x.number+v, x.expires)
	} else {
		x.drop()
	}
	x.same(err, answer(saw, got), answer(want, x.number), "Update(+%d, keep %t)", v, keep)
}

func (x *valueWalker) updateFails() {
	h, v := x.pick()
	got, err := h.Update(x.ctx(), func(int, bool) (int, bool, error) { return v, true, errRefused })
	x.same(nil, answer(got, errors.Is(err, errRefused)), answer(0, true), "Update() that fails")
}

func (x *valueWalker) delete() {
	h, _ := x.pick()
	had := x.present
	x.drop()
	deleted, err := h.Delete(x.ctx())
	x.same(err, deleted, had, "Delete()")
}

func (x *valueWalker) clear() {
	h, _ := x.pick()
	x.drop()
	x.same(h.Clear(x.ctx()), nil, nil, "Clear()")
}

func (x *valueWalker) ttl() {
	h, _ := x.pick()
	d, ok, err := h.TTL(x.ctx())
	x.same(err, answer(ok, d > 50*time.Minute), answer(x.expires, x.expires), "TTL()")
}

func (x *valueWalker) expire() {
	h, _ := x.pick()
	set := func() (bool, error) { return h.Expire(x.ctx(), time.Hour) }
	if x.chance(2) {
		set = func() (bool, error) { return h.ExpireAt(x.ctx(), time.Now().Add(time.Hour)) }
	}
	had := x.present
	x.expires = x.present
	ok, err := set()
	x.same(err, ok, had, "Expire(1h)")
}

func (x *valueWalker) persist() {
	h, _ := x.pick()
	had := x.expires
	x.expires = false
	ok, err := h.Persist(x.ctx())
	x.same(err, ok, had, "Persist()")
}

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
	x := &valueOps{model: newModel(t)}
	at := name(t, r, "flag")
	x.handles = []*collections.Value[int]{
		collections.NewValue[int](r.Client, at),
		collections.NewValue[int](otherProtocolClient(t, r), at),
	}
	x.runRandom(500,
		x.get, x.set, x.setTTL, x.setNew, x.swap, x.compareAndSwap, x.compareAndSwap,
		x.update, x.updateFails, x.delete, x.clear, x.ttl, x.expire, x.persist)
}

type valueOps struct {
	*model
	number  int
	present bool
	expires bool
	handles []*collections.Value[int]
}

func (x *valueOps) pick() (*collections.Value[int], int) {
	return oneOf(x.model, x.handles...), x.rng.IntN(3)
}

// store and drop change the model.
func (x *valueOps) store(n int, expires bool) { x.number, x.present, x.expires = n, true, expires }
func (x *valueOps) drop()                     { x.number, x.present, x.expires = 0, false, false }

func (x *valueOps) get() {
	h, _ := x.pick()
	v, ok, err := h.Get(x.ctx())
	x.check(err, results(v, ok), results(x.number, x.present), "Get()")
}

func (x *valueOps) set() {
	h, v := x.pick()
	x.store(v, false)
	x.check(h.Set(x.ctx(), v), nil, nil, "Set(%d)", v)
}

func (x *valueOps) setTTL() {
	h, v := x.pick()
	x.store(v, true)
	x.check(h.SetTTL(x.ctx(), v, time.Hour), nil, nil, "SetTTL(%d, 1h)", v)
}

func (x *valueOps) setNew() {
	h, v := x.pick()
	had := x.present
	if !had {
		x.store(v, false)
	}
	stored, err := h.SetIfAbsent(x.ctx(), v)
	x.check(err, stored, !had, "SetIfAbsent(%d)", v)
}

func (x *valueOps) swap() {
	h, v := x.pick()
	want := results(x.number, x.present)
	x.store(v, false)
	prev, loaded, err := h.Swap(x.ctx(), v)
	x.check(err, results(prev, loaded), want, "Swap(%d)", v)
}

func (x *valueOps) compareAndSwap() {
	h, old := x.pick()
	_, v := x.pick()
	hit := x.present && x.number == old
	if hit {
		x.number = v // keeps an expiry
	}
	swapped, err := h.CompareAndSwap(x.ctx(), old, v)
	x.check(err, swapped, hit, "CompareAndSwap(%d, %d)", old, v)
}

func (x *valueOps) update() {
	h, v := x.pick()
	keep := !x.chance(4)
	want := results(x.number, x.present)
	var saw []any
	got, err := h.Update(x.ctx(), func(old int, ok bool) (int, bool, error) {
		saw = results(old, ok)
		return old + v, keep, nil
	})
	if keep {
		x.store(x.number+v, x.expires)
	} else {
		x.drop()
	}
	x.check(err, results(saw, got), results(want, x.number), "Update(+%d, keep %t)", v, keep)
}

func (x *valueOps) updateFails() {
	h, v := x.pick()
	got, err := h.Update(x.ctx(), func(int, bool) (int, bool, error) { return v, true, errRefused })
	x.check(nil, results(got, errors.Is(err, errRefused)), results(0, true), "Update() that fails")
}

func (x *valueOps) delete() {
	h, _ := x.pick()
	had := x.present
	x.drop()
	deleted, err := h.Delete(x.ctx())
	x.check(err, deleted, had, "Delete()")
}

func (x *valueOps) clear() {
	h, _ := x.pick()
	x.drop()
	x.check(h.Clear(x.ctx()), nil, nil, "Clear()")
}

func (x *valueOps) ttl() {
	h, _ := x.pick()
	d, ok, err := h.TTL(x.ctx())
	x.check(err, results(ok, d > 50*time.Minute), results(x.expires, x.expires), "TTL()")
}

func (x *valueOps) expire() {
	h, _ := x.pick()
	set := func() (bool, error) { return h.Expire(x.ctx(), time.Hour) }
	if x.chance(2) {
		set = func() (bool, error) { return h.ExpireAt(x.ctx(), time.Now().Add(time.Hour)) }
	}
	had := x.present
	x.expires = x.present
	ok, err := set()
	x.check(err, ok, had, "Expire(1h)")
}

func (x *valueOps) persist() {
	h, _ := x.pick()
	had := x.expires
	x.expires = false
	ok, err := h.Persist(x.ctx())
	x.check(err, ok, had, "Persist()")
}

package rights_test

import (
	"math"
	"strings"
	"time"

	"github.com/desir-go/desir/counter"
)

func (w *world) readCounter() {
	c := counter.New(w.rdb, w.name)
	w.do(first(c.Value(w.ctx())))
	w.look(c)
}

func (w *world) writeCounter() {
	for _, c := range []*counter.Counter{counter.New(w.rdb, w.name), counter.New(w.rdb, w.name, counter.Start(7))} {
		w.do(first(c.Add(w.ctx(), 1)))
		w.do(first(c.Next(w.ctx())))
		w.do(second(c.AddOnce(w.ctx(), "token", 1)))
		w.do(second(c.AddOnce(w.ctx(), "token", 1)))
		w.do(first(c.CompareAndSwap(w.ctx(), 9, 1)))
		w.do(first(c.Swap(w.ctx(), 1)))
		w.do(c.Set(w.ctx(), math.MaxInt64))
		if err := second(c.AddOnce(w.ctx(), "other", 1)); err == nil || !strings.Contains(err.Error(), "overflow") {
			w.do(err)
		}
		must(w, counter.New(w.admin, w.name).Set(w.ctx(), 1))
		w.change(c)
	}
}

func (w *world) takeIDs() {
	w.do(first(counter.NewIDs(w.rdb, w.name, 10).Next(w.ctx())))
	w.do(first(counter.NewIDs(w.rdb, w.name, 10, counter.Start(100)).Next(w.ctx())))
}

func (w *world) readBounded() {
	b := counter.NewBounded(w.rdb, w.name, 0, 9)
	w.do(first(b.Value(w.ctx())))
	w.look(b)
}

func (w *world) writeBounded() {
	b := counter.NewBounded(w.rdb, w.name, 0, 9)
	w.do(first(b.Add(w.ctx(), 1)))
	w.do(b.Set(w.ctx(), 1))
	w.change(b)
}

func (w *world) readWindow() {
	x := counter.NewWindow(w.rdb, w.name, time.Hour)
	w.do(first(x.Count(w.ctx())))
	w.do(first(x.Exists(w.ctx())))
}

func (w *world) writeWindow() {
	x := counter.NewWindow(w.rdb, w.name, time.Hour)
	must(w, w.admin.HSet(w.ctx(), w.name, "1", "5").Err()) // an expired bucket
	w.do(first(x.Add(w.ctx(), 1)))
	w.do(first(x.Allow(w.ctx(), 9)))
	w.do(x.Clear(w.ctx()))
}

func (w *world) readSharded() {
	c := counter.NewSharded(w.rdb, w.name, 4)
	w.do(first(c.Value(w.ctx())))
	w.do(first(c.Exists(w.ctx())))
}

func (w *world) writeSharded() {
	c := counter.NewSharded(w.rdb, w.name, 2)
	for range 20 { // each call changes a random key
		w.do(c.Add(w.ctx(), 1))
	}
	w.do(c.Clear(w.ctx()))
}

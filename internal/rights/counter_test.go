package rights_test

import (
	"math"
	"strings"
	"time"

	"github.com/desir-go/desir/counter"
)

func (e *env) readCounter() {
	c := counter.New(e.rdb, e.name)
	e.record(first(c.Value(e.ctx())))
	e.readCommon(c)
}

func (e *env) writeCounter() {
	for _, c := range []*counter.Counter{counter.New(e.rdb, e.name), counter.New(e.rdb, e.name, counter.Start(7))} {
		e.record(first(c.Add(e.ctx(), 1)))
		e.record(first(c.Next(e.ctx())))
		e.record(second(c.AddOnce(e.ctx(), "token", 1)))
		e.record(second(c.AddOnce(e.ctx(), "token", 1)))
		e.record(first(c.CompareAndSwap(e.ctx(), 9, 1)))
		e.record(first(c.Swap(e.ctx(), 1)))
		e.record(c.Set(e.ctx(), math.MaxInt64))
		if err := second(c.AddOnce(e.ctx(), "other", 1)); err == nil || !strings.Contains(err.Error(), "overflow") {
			e.record(err)
		}
		requireNoErr(e, counter.New(e.admin, e.name).Set(e.ctx(), 1))
		e.writeCommon(c)
	}
}

func (e *env) takeIDs() {
	e.record(first(counter.NewIDs(e.rdb, e.name, 10).Next(e.ctx())))
	e.record(first(counter.NewIDs(e.rdb, e.name, 10, counter.Start(100)).Next(e.ctx())))
}

func (e *env) readBounded() {
	b := counter.NewBounded(e.rdb, e.name, 0, 9)
	e.record(first(b.Value(e.ctx())))
	e.readCommon(b)
}

func (e *env) writeBounded() {
	b := counter.NewBounded(e.rdb, e.name, 0, 9)
	e.record(first(b.Add(e.ctx(), 1)))
	e.record(b.Set(e.ctx(), 1))
	e.writeCommon(b)
}

func (e *env) readWindow() {
	x := counter.NewWindow(e.rdb, e.name, time.Hour)
	e.record(first(x.Count(e.ctx())))
	e.record(first(x.Exists(e.ctx())))
}

func (e *env) writeWindow() {
	x := counter.NewWindow(e.rdb, e.name, time.Hour)
	requireNoErr(e, e.admin.HSet(e.ctx(), e.name, "1", "5").Err()) // an expired bucket
	e.record(first(x.Add(e.ctx(), 1)))
	e.record(first(x.Allow(e.ctx(), 9)))
	e.record(x.Clear(e.ctx()))
}

func (e *env) readSharded() {
	c := counter.NewSharded(e.rdb, e.name, 4)
	e.record(first(c.Value(e.ctx())))
	e.record(first(c.Exists(e.ctx())))
}

func (e *env) writeSharded() {
	c := counter.NewSharded(e.rdb, e.name, 2)
	for range 20 { // each call changes a random key
		e.record(c.Add(e.ctx(), 1))
	}
	e.record(c.Clear(e.ctx()))
}

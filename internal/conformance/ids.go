package conformance

import (
	"testing"

	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// IDs tests counter.IDs on a backend.
func IDs(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", idsModel},
		failures(idsSubject()),
		costs(idsSubject()),
		part{"Costs", idsCosts},
	)
}

// idsModel takes numbers from three IDs with one name and different block sizes, and
// compares them with a model of the blocks.
func idsModel(t *testing.T, r *redistest.Redis) {
	m := newModel(t)
	at := name(t, r, "orders")
	const start = 100
	reserved := int64(start)
	type source struct {
		ids        *counter.IDs
		block      int64
		next, last int64
	}
	var sources []*source
	for _, block := range []int64{1, 3, 10} {
		sources = append(sources, &source{ids: counter.NewIDs(r.NewClient(t), at, block, counter.Start(start)), block: block, next: 1})
	}
	want := func(s *source) int64 {
		if s.next > s.last {
			s.next, s.last = reserved+1, reserved+s.block
			reserved += s.block
		}
		s.next++
		return s.next - 1
	}
	m.runRandom(300, func() {
		s := oneOf(m, sources...)
		v, err := s.ids.Next(m.ctx())
		m.check(err, v, want(s), "block %d: Next()", s.block)
	}, func() {
		s := oneOf(m, sources...)
		steps := 1 + m.rng.IntN(4)
		for v, err := range s.ids.Numbers(m.ctx()) {
			m.check(err, v, want(s), "block %d: a step of Numbers()", s.block)
			if steps--; steps == 0 {
				break
			}
		}
	}, func() {
		v, err := counter.New(r.Client, at, counter.Start(start)).Value(m.ctx())
		m.check(err, v, reserved, "the counter of the blocks")
	})
}

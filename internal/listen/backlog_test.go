package listen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBacklogModel compares random calls with a model: a plain list in which gaps are separate
// entries.
func TestBacklogModel(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		b := backlog{bound: 1 + rng.IntN(20), policy: Policy(rng.IntN(2))}
		var model []Item // an entry has Missed 1 for each missed message, or -1
		messages := func() (n int) {
			for _, it := range model {
				if it.Missed == 0 {
					n++
				}
			}
			return n
		}
		for i := range 500 {
			switch rng.IntN(5) {
			case 0, 1:
				it := Item{Topic: "t", Payload: fmt.Sprint(i)}
				switch {
				case messages() < b.bound:
					model = append(model, it)
				case b.policy == DropOldest:
					first := slices.IndexFunc(model, func(it Item) bool { return it.Missed == 0 })
					model[first] = Item{Missed: 1}
					model = append(model, it)
				default:
					model = append(model, Item{Missed: 1})
				}
				b.put(it.Topic, it.Payload)
			case 2:
				n := int64(rng.IntN(4)) - 1
				b.gap(n)
				switch {
				case n < 0:
					model = append(model, Item{Missed: -1})
				default:
					for range n {
						model = append(model, Item{Missed: 1})
					}
				}
			default:
				got, ok := b.take()
				want, left := firstItem(model)
				if model = left; got != want || ok != (want != Item{}) {
					t.Fatalf("seed %d: take() = %+v, %t; want %+v", seed, got, ok, want)
				}
			}
			if b.count > b.bound || len(b.ring) > b.bound {
				t.Fatalf("seed %d: %d messages in a ring of %d; bound %d", seed, b.count, len(b.ring), b.bound)
			}
		}
	}
}

// firstItem takes the first item of a model. Adjacent gaps are one item, and known numbers
// come first.
func firstItem(model []Item) (Item, []Item) {
	end := slices.IndexFunc(model, func(it Item) bool { return it.Missed == 0 })
	if end == 0 {
		return model[0], model[1:]
	}
	if end < 0 {
		end = len(model)
	}
	var known int64
	some := false
	for _, it := range model[:end] {
		known += max(it.Missed, 0)
		some = some || it.Missed < 0
	}
	switch {
	case known > 0 && some:
		return Item{Missed: known}, append([]Item{{Missed: -1}}, model[end:]...)
	case known > 0:
		return Item{Missed: known}, model[end:]
	case some:
		return Item{Missed: -1}, model[end:]
	default:
		return Item{}, model[end:]
	}
}

func TestBacklogFail(t *testing.T) {
	b := backlog{bound: 2, policy: Fail}
	if !b.put("t", "1") || !b.put("t", "2") || b.put("t", "3") || b.dropped != 1 {
		t.Errorf("a backlog of two took three; %d dropped", b.dropped)
	}
}

// TestBacklogOverflow adds gaps that are so large that only forged numbers can cause them.
func TestBacklogOverflow(t *testing.T) {
	const huge = math.MaxInt64
	for name, fill := range map[string]func(*backlog){
		"two gaps": func(b *backlog) {
			b.gap(huge)
			b.gap(huge)
		},
		"a dropped message": func(b *backlog) {
			b.policy = DropNewest
			b.put("t", "1")
			b.gap(huge)
			b.put("t", "2")
			b.take()
		},
		"a message pushed out": func(b *backlog) {
			b.gap(huge)
			b.put("t", "1")
			b.put("t", "2")
		},
	} {
		b := backlog{bound: 1}
		fill(&b)
		if it, ok := b.take(); it.Missed != -1 || !ok {
			t.Errorf("%s: take() = %+v, %t; want a gap of unknown size", name, it, ok)
		}
	}
}

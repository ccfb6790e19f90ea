package codec

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestMapsAreSorted checks that equal values have equal bytes, in any order of iteration
// over their maps.
func TestMapsAreSorted(t *testing.T) {
	type shelf struct {
		ByID   map[uint16]map[string]int
		ByName map[userID]any
		Flags  map[bool]string
		Pairs  map[[2]string]row
	}
	typed, err := Values[shelf](nil)
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	build := func(rng *rand.Rand) shelf {
		s := shelf{map[uint16]map[string]int{}, map[userID]any{}, map[bool]string{true: "t", false: "f"}, map[[2]string]row{}}
		for _, i := range rng.Perm(300) {
			in := map[string]int{}
			for _, j := range rng.Perm(20) {
				in[string(rune('a'+j))] = j * i
			}
			s.ByID[uint16(i*200)] = in
			s.ByName[userID(rune(i+'a'))] = map[string]any{"z": map[string]int{"b": 1, "a": 2}, "y": address{"s", "c"}}
			s.Pairs[[2]string{string(rune(i)), "x"}] = row{A: i}
		}
		return s
	}
	first, err := typed.Append(nil, build(rand.New(rand.NewPCG(seed, 0))))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		again, err := typed.Append(nil, build(rand.New(rand.NewPCG(seed, uint64(n)))))
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("seed %d: equal values have different bytes (%v)", seed, err)
		}
	}
	if _, err := typed.Decode(first); err != nil {
		t.Error(err)
	}
}

func TestSortKeepsStructsInOrder(t *testing.T) {
	type item struct {
		Z map[int]int
		A int
	}
	typed, _ := Values[[]item](nil)
	data, err := typed.Append(nil, []item{{map[int]int{2: 2, -1: 1, 1: 1}, 5}})
	const want = "\x91\x82\xa1Z\x83\xff\x01\x01\x01\x02\x02\xa1A\x05"
	if err != nil || string(data) != want {
		t.Errorf("Append = %x, %v; want %x", data, err, want)
	}
}

package wire

import "testing"

// TestIDs checks that generated IDs are unrelated.
func TestIDs(t *testing.T) {
	t.Parallel()
	var a, b CallIDs
	seen := map[uint64]bool{}
	ones := 0
	for range 10_000 {
		for _, id := range []uint64{a.Next(), b.Next()} {
			if id == 0 || seen[id] {
				t.Fatalf("the ID %d comes twice, or is none", id)
			}
			seen[id] = true
			ones += int(id>>63) + int(id&1)
		}
	}
	if ones < 19_000 || ones > 21_000 {
		t.Errorf("of 40000 bits %d are set", ones)
	}
}

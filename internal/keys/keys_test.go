package keys_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/desir-go/desir/internal/keys"
)

func TestPart(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"orders", "{orders}:wake"},
		{"a:b c", "{a:b c}:wake"},
		{"user:{42}:cart", "user:{42}:cart:wake"},
		{"{x}", "{x}.wake"},
		{"{x}{y}", "{x}{y}:wake"},
		{"a{b", "{a{b}:wake"},
	} {
		got := keys.Part(tt.name, "wake")
		if got != tt.want {
			t.Errorf("Part(%q) = %q; want %q", tt.name, got, tt.want)
		}
		if keys.Slot(got) != keys.Slot(tt.name) {
			t.Errorf("%q is in slot %d, %q in %d", got, keys.Slot(got), tt.name, keys.Slot(tt.name))
		}
		if err := keys.CheckTag(tt.name); err != nil {
			t.Errorf("CheckTag(%q) = %v", tt.name, err)
		}
	}
}

// TestPartsApart checks that different names have different helper keys.
func TestPartsApart(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"x", "{x}", "{x}:", "{x}.", "{x}.wake", "{x}{x}", "x{x}", "x:", "{x}:wake"} {
		for _, part := range []string{"wake", "once:0", "reply:ABC"} {
			key := keys.Part(name, part)
			if other, ok := seen[key]; ok {
				t.Errorf("%q is a helper of %q and of %q", key, name, other)
			}
			seen[key] = name
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "}", "}x", "a}b", "{}", "a{}b", "{}{x}", "}\xf2\xfb"} {
		if err := keys.CheckTag(name); !errors.Is(err, keys.ErrName) {
			t.Errorf("CheckTag(%q) = %v; want ErrName", name, err)
		}
		if err := keys.Check(name); (err != nil) != (name == "") {
			t.Errorf("Check(%q) = %v", name, err)
		}
	}
}

// TestSlot has values that CLUSTER KEYSLOT of a Redis server returned.
func TestSlot(t *testing.T) {
	for key, want := range map[string]int{
		"123456789": 12739, "foo": 12182, "{foo}bar": 12182, "a{foo}b{bar}": 12182, "": 0,
		"{}foo": 9500, "foo{": 7673, "bar": 5061,
	} {
		if got := keys.Slot(key); got != want {
			t.Errorf("Slot(%q) = %d; want %d", key, got, want)
		}
	}
}

func TestSameSlot(t *testing.T) {
	if err := keys.SameSlot("{a}1", "{a}2", "a"); err != nil {
		t.Errorf("one tag: %v", err)
	}
	if err := keys.SameSlot("a", "b"); !errors.Is(err, keys.ErrCrossSlot) {
		t.Errorf("two slots: %v; want ErrCrossSlot", err)
	}
}

func TestShard(t *testing.T) {
	for _, tt := range []struct {
		name, second string
	}{
		{"likes", "likes:shard:1"}, {"{t}likes", "{t}likes:shard:1"}, {"a}b", "a}b:shard:1"},
	} {
		if first, second := keys.Shard(tt.name, 0), keys.Shard(tt.name, 1); first != tt.name || second != tt.second {
			t.Errorf("shards of %q are %q and %q", tt.name, first, second)
		}
	}
	slots := map[int]bool{}
	for i := range 64 {
		slots[keys.Slot(keys.Shard("likes", i))] = true
	}
	if len(slots) < 60 {
		t.Errorf("64 shards lie in %d slots", len(slots))
	}
}

// FuzzPart checks that the helper keys of every accepted name are in its hash slot, and
// that two helper keys of one name differ.
func FuzzPart(f *testing.F) {
	for _, name := range []string{"a", "{a}", "a{b}c", "}x", "{", "{}", "{}{x}", "a{b", "\x00", "}\xf2\xfb"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if keys.CheckTag(name) != nil {
			return
		}
		wake, once := keys.Part(name, "wake"), keys.Part(name, "once:0")
		if keys.Slot(wake) != keys.Slot(name) || keys.Slot(once) != keys.Slot(name) {
			t.Errorf("parts of %q are in slots %d and %d, it is in %d", name, keys.Slot(wake), keys.Slot(once), keys.Slot(name))
		}
		if wake == once || wake == name {
			t.Errorf("keys of %q are not different: %q, %q", name, wake, once)
		}
	})
}

func ExamplePart() {
	fmt.Println(keys.Part("orders", "wake"))
	// Output: {orders}:wake
}

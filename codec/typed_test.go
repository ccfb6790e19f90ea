package codec

import (
	"testing"
	"time"
)

// TestAllocations checks that scalars of any named type allocate nothing, except the copy
// of a decoded string.
func TestAllocations(t *testing.T) {
	allocs(t, "string", Auto, "two apples and a pear, please", 0, 1)
	allocs(t, "named string", Auto, userID("ada"), 0, 1)
	allocs(t, "bytes", Auto, []byte("two apples"), 0, 1)
	allocs(t, "bool", Auto, true, 0, 0)
	allocs(t, "int", Auto, 1234567, 0, 0)
	allocs(t, "int8", Auto, int8(-5), 0, 0)
	allocs(t, "uint64", Auto, uint64(1)<<63, 0, 0)
	allocs(t, "duration", Auto, time.Second, 0, 0)
	allocs(t, "float64", Auto, 0.1, 0, 0)
	allocs(t, "float32", Auto, float32(0.1), 0, 0)
	allocs(t, "time", Auto, time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC), 0, 0)
	allocs(t, "text", Text, 42, 0, 0)
	allocs(t, "raw", Raw, userID("ada"), 0, 1)
	allocs(t, "limit", Limit(Auto, 100), "two apples", 0, 1)
	allocs(t, "limit int", Limit(Auto, 100), 42, 0, 0)
	allocs(t, "struct", Auto, ada, 1, 3) // itself; itself and two strings

	keys, _ := Keys[userID](nil)
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { _, _ = keys.Append(buf, "ada") }); n != 0 {
		t.Errorf("Keys: Append allocates %v times; want 0", n)
	}
	data := []byte("ada")
	if n := testing.AllocsPerRun(100, func() { _, _ = keys.Decode(data) }); n > 1 {
		t.Errorf("Keys: Decode allocates %v times; want 1", n)
	}
}

func allocs[T any](t *testing.T, name string, c Codec, v T, ofAppend, ofDecode float64) {
	t.Helper()
	typed, err := Values[T](c)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 0, 128)
	data, err := typed.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = typed.Append(buf, v) }); n > ofAppend {
		t.Errorf("%s: Append allocates %v times; want %v", name, n, ofAppend)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = typed.Decode(data) }); n > ofDecode {
		t.Errorf("%s: Decode allocates %v times; want %v", name, n, ofDecode)
	}
}

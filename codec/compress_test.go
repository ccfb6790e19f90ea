package codec

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func TestCompress(t *testing.T) {
	c := Compress(Auto, 100)
	text := strings.Repeat("two apples and a pear, ", 100)
	for _, tc := range []struct {
		name, value string
		flag        byte
	}{{"short", "two apples", plainBody}, {"empty", "", plainBody}, {"at the limit", text[:100], plainBody}, {"long", text, zstdBody}} {
		data, err := c.Append([]byte("before"), tc.value)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		data = data[len("before"):]
		if data[0] != tc.flag || len(data) > len(tc.value)+1 {
			t.Errorf("%s: %d bytes became %d under flag %d; want flag %d", tc.name, len(tc.value), len(data), data[0], tc.flag)
		}
		var back string
		if err := c.Decode(data, &back); err != nil || back != tc.value {
			t.Errorf("%s: Decode = %q, %v", tc.name, back, err)
		}
	}
}

// TestCompressStaysWithinBudget checks that a value is stored uncompressed if
// decompressing it would exceed the bound.
func TestCompressStaysWithinBudget(t *testing.T) {
	c := Compress(Auto, 0)
	for _, n := range []int{1 << 10, 100 << 10, 400 << 10, 600 << 10, 2 << 20} {
		checkCompressed(t, c, strings.Repeat("a", n))
		checkCompressed(t, c, make([]int, n/8))
		checkCompressed(t, c, make([]string, n/8))
		checkCompressed(t, Compress(Msgpack, 0), bytes.Repeat([]byte("abc"), n/3))
		checkCompressed[any](t, c, repeatAny(map[string]any{"a": true}, n/64))
		checkCompressed(t, Encrypt(c, testRing()), make([]int, n/8))
		checkCompressed(t, Compress(JSON, 0), make([]bool, n/8))
	}
}

func checkCompressed[T any](t *testing.T, c Codec, v T) {
	t.Helper()
	typed, err := Values[T](c)
	if err != nil {
		t.Fatal(err)
	}
	data, err := typed.Append(nil, v)
	if err != nil {
		t.Errorf("%s of %T: Append: %v", c.Name(), v, err)
		return
	}
	var back T
	got := allocated(func() { back, err = typed.Decode(data) })
	if err != nil || !same(back, v) {
		t.Errorf("%s of %T: Decode of %d bytes: %v, and what came back differs", c.Name(), v, len(data), err)
	}
	if got > bound(data) {
		t.Errorf("%s of %T: Decode of %d bytes allocated %d; want at most %d", c.Name(), v, len(data), got, bound(data))
	}
}

func TestCompressRefuses(t *testing.T) {
	enc, _ := zstd.NewWriter(nil, zstd.WithWindowSize(8<<20))
	defer enc.Close()
	zeros := enc.EncodeAll(make([]byte, 64<<20), nil)
	nils := enc.EncodeAll(concat(header(0xdd, 400<<10), repeat([]byte{0xc0}, 400<<10)), nil)
	small := enc.EncodeAll([]byte("12345"), nil)
	var stream bytes.Buffer
	w, _ := zstd.NewWriter(&stream)
	_, _ = w.Write(make([]byte, 8<<20))
	_ = w.Close()
	for name, tc := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":            {nil, nil},
		"another flag":       {[]byte{2, 1}, nil},
		"no frame":           {[]byte("\x01abcdefgh"), nil},
		"64 MiB of zeros":    {concat([]byte{1}, zeros), ErrTooLarge},
		"400 Ki nils":        {concat([]byte{1}, nils), ErrTooLarge},
		"no size":            {concat([]byte{1}, stream.Bytes()), nil},
		"cut":                {concat([]byte{1}, small[:len(small)-1]), nil},
		"two frames":         {concat([]byte{1}, small, small), nil},
		"more behind it":     {concat([]byte{1}, small, []byte{0}), nil},
		"a skipped frame":    {concat([]byte("\x01\x50\x2a\x4d\x18\x01\x00\x00\x00x"), small), nil},
		"a size that is off": {concat([]byte{1}, oneMore(small)), nil},
		"a window of 1 GiB":  {[]byte("\x01\x28\xb5\x2f\xfd\xa0\xa0\x00\x00\x00\x01\x00\x00"), nil},
	} {
		for _, to := range []target{into[string]("string"), into[[]bigArray]("[]bigArray"), into[[]any]("[]any"), into[[]byte]("[]byte")} {
			if name == "400 Ki nils" && to.name != "[]bigArray" {
				continue
			}
			var err error
			got := allocated(func() { err = to.decode(Compress(Auto, 0), tc.data) })
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("%s into %s: %v; want %v", name, to.name, err, tc.want)
			}
			if got > bound(tc.data) {
				t.Errorf("%s into %s: allocated %d; want at most %d", name, to.name, got, bound(tc.data))
			}
		}
	}
}

// oneMore returns the frame with a stated size that is one byte too large.
func oneMore(frame []byte) []byte {
	out := bytes.Clone(frame)
	out[5]++
	return out
}

func TestCompressTogether(t *testing.T) {
	typed, _ := Values[string](Compress(Auto, 0))
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for n := range 50 {
				text := strings.Repeat(string(rune('a'+g)), 100*n)
				data, err := typed.Append(nil, text)
				if err != nil {
					t.Error(err)
					return
				}
				if back, err := typed.Decode(data); err != nil || back != text {
					t.Errorf("Decode = %v; want what was stored", err)
				}
			}
		})
	}
	all.Wait()
	for late := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() { // those above are just ending
		if time.Now().After(late) {
			t.Fatalf("%d goroutines are left of compressing; there were %d", runtime.NumGoroutine(), before)
		}
	}
}

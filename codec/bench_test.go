package codec

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// customer has six fields, as the struct of the performance goals.
type customer struct {
	ID    int64
	Name  string
	Email string
	Age   int
	Admin bool
	Score float64
}

var ada = customer{1234567, "Ada Lovelace", "ada@example.com", 36, true, 3.5}

func BenchmarkValues(b *testing.B) {
	benchValue(b, "string", Auto, "two apples and a pear")
	benchValue(b, "named", Auto, userID("ada"))
	benchValue(b, "int", Auto, 1234567)
	benchValue(b, "float", Auto, 3.14159)
	benchValue(b, "text", Auto, level(3))
	benchValue(b, "struct", Auto, ada)
	benchValue(b, "struct json", JSON, ada)
	benchValue(b, "structs", Auto, repeatValue(ada, 100))
	benchValue(b, "map of ints", Auto, map[string]int{"pear": 2, "apple": 3, "fig": 1, "plum": 9})
	benchValue(b, "msgpack string", Msgpack, "two apples and a pear")
	benchValue(b, "msgpack int", Msgpack, 1234567)
	benchValue(b, "msgpack negative", Msgpack, -1234567)
	benchValue(b, "limited string", Limit(Auto, 100), "two apples and a pear")
	benchValue(b, "signed struct", Sign(Auto, testRing()), ada)
	benchValue(b, "encrypted struct", Encrypt(Auto, testRing()), ada)
	benchValue(b, "compressed 4 KB", Compress(Auto, 256), strings.Repeat("two apples and a pear, ", 180))
}

func benchValue[T any](b *testing.B, name string, c Codec, v T) {
	typed, err := Values[T](c)
	if err != nil {
		b.Fatal(err)
	}
	data, err := typed.Append(nil, v)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 16<<10)
	b.Run(name+"/append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = typed.Append(buf, v)
		}
	})
	b.Run(name+"/decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = typed.Decode(data)
		}
	})
}

// BenchmarkGuard measures the guard, for comparison with the whole of decoding.
func BenchmarkGuard(b *testing.B) {
	benchGuard(b, "customer", ada)
	benchGuard(b, "100 customers", repeatValue(ada, 100))
	benchGuard(b, "order", sampleOrder())
	benchGuard[any](b, "any", map[string]any{"a": []any{"x", "y", int8(1)}, "b": strings.Repeat("z", 50)})
}

func benchGuard[T any](b *testing.B, name string, v T) {
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		b.Fatal(err)
	}
	data, err := Msgpack.Append(nil, v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/guard", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = p.check(data, budgetFor(len(data)))
		}
	})
	b.Run(name+"/library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v T
			_ = p.decode(data, reflect.ValueOf(&v))
		}
	})
}

// BenchmarkBare measures the library without the guard, for comparison.
func BenchmarkBare(b *testing.B) {
	data, _ := msgpack.Marshal(ada)
	b.Run("marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = msgpack.Marshal(ada)
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v customer
			_ = msgpack.Unmarshal(data, &v)
		}
	})
}

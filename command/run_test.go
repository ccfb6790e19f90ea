package command

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/cmdline"
	"github.com/desir-go/desir/internal/redistest"
)

type account struct {
	Name    string  `redis:"name"`
	Age     int8    `redis:"age"`
	Score   float64 `redis:"score,omitempty"`
	Active  bool    `redis:"active"`
	Comment *string `redis:"comment"`
	Other   string
}

// run runs a command that must succeed, and returns its value and ok.
func run[T any](t *testing.T, r *Runner, line string) (T, bool) {
	t.Helper()
	words, err := cmdline.Split(line)
	if err != nil {
		t.Fatal(err)
	}
	v, ok, err := Run[T](ctx, r, anySlice(words)...)
	if err != nil {
		t.Errorf("%s as %T: %v", line, v, err)
	}
	return v, ok
}

func same[T any](t *testing.T, r *Runner, line string, want T) {
	t.Helper()
	if got, ok := run[T](t, r, line); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%s as %T = %v, %t; want %v", line, want, got, ok, want)
	}
}

// TestRun decodes replies into every type, in both protocols.
func TestRun(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	for _, protocol := range []int{2, 3} {
		r := New(s.Client(t, func(o *redis.Options) { o.Protocol = protocol }), Allow("FLUSHALL"))
		do(t, r, "flushall")
		do(t, r, "set", "n", 42)
		do(t, r, "hset", "h", "name", "Ada", "age", 36, "score", 1.5, "active", 1)
		do(t, r, "rpush", "l", 1, 2, 3)
		do(t, r, "zadd", "z", 1, "a", 2.5, "b")
		do(t, r, "geoadd", "g", 1, 2, "here")
		same(t, r, "get n", "42")
		same(t, r, "get n", int64(42))
		same(t, r, "get n", uint8(42))
		same(t, r, "get n", 42.0)
		same(t, r, "get n", []byte("42"))
		same[any](t, r, "get n", "42")
		same(t, r, "incr n", 43)
		same(t, r, "incr n", "44")
		same(t, r, "exists n", true)
		same(t, r, "exists none", false)
		same(t, r, "set n 1", true)
		same(t, r, "lrange l 0 -1", []int{1, 2, 3})
		same(t, r, "lrange l 0 -1", []string{"1", "2", "3"})
		same(t, r, "lrange l 0 -1", [][]byte{[]byte("1"), []byte("2"), []byte("3")})
		same(t, r, "lrange none 0 -1", []string{})
		same(t, r, "mget n none", []string{"1", ""})
		one := "1"
		same(t, r, "mget n none", []*string{&one, nil})
		same(t, r, "hgetall h", map[string]string{"name": "Ada", "age": "36", "score": "1.5", "active": "1"})
		same(t, r, "hgetall h", account{Name: "Ada", Age: 36, Score: 1.5, Active: true})
		same(t, r, "hgetall none", map[string]string{})
		same(t, r, "zrange z 0 -1 withscores", map[string]float64{"a": 1, "b": 2.5})
		same(t, r, "config get maxclients", map[string]int{"maxclients": 10000})
		same(t, r, "expire n 100", true)
		same(t, r, "ttl n", 100*time.Second)
		if d, ok := run[time.Duration](t, r, "pttl n"); !ok || d > 100*time.Second || d < 50*time.Second {
			t.Errorf("pttl = %v, %t", d, ok)
		}
		for _, line := range []string{"ttl none", "ttl h", "pttl none"} {
			if d, ok := run[time.Duration](t, r, line); ok {
				t.Errorf("%s = %v", line, d)
			}
		}
		if _, ok := run[string](t, r, "get none"); ok {
			t.Error("get of nothing is ok")
		}
		if _, ok := run[account](t, r, "hgetall none"); ok {
			t.Error("a struct of nothing is ok")
		}
		if _, ok := run[bool](t, r, "set n 1 xx get"); !ok {
			t.Error("set with get has an answer")
		}
		for _, line := range []string{"get n", "lrange l 0 -1"} {
			if v, _, err := Run[map[string]chan int](ctx, r, anySlice(fields(t, line))...); err == nil {
				t.Errorf("%s as a map of channels = %v", line, v)
			}
		}
		do(t, r, "zadd", "scores", 1e6, "m", 1e16, "l", -2e20, "xl", 1<<60, "xxl", "inf", "i", "-inf", "j")
		same(t, r, "zscore scores m", int64(1e6))
		same(t, r, "zscore scores l", uint64(1e16))
		same(t, r, "zscore scores xl", -2e20)
		same(t, r, "zscore scores xxl", float64(1<<60)) // servers write it in two ways
		same(t, r, "zincrby scores 1.5 m", 1000001.5)
		same(t, r, "zincrby scores -0.5 m", "1000001")
		same(t, r, "zrange scores 1000001 1000001 byscore withscores", map[string]int64{"m": 1000001})
		for member, text := range map[string]string{"m": "1000001", "l": "10000000000000000", "xl": "-2e+20", "i": "inf", "j": "-inf"} {
			same(t, r, "zscore scores "+member, text)
		}
		if v, _, err := Run[int64](ctx, r, "zscore", "scores", "i"); err == nil {
			t.Errorf("an infinite score as an int64 = %d", v)
		}
		do(t, r, "pexpireat", "n", 2_000_000_000_250)
		same(t, r, "pexpiretime n", 2_000_000_000_250*time.Millisecond)
		same(t, r, "expiretime n", 2_000_000_000*time.Second)
		do(t, r, "persist", "n")
		if d, ok := run[time.Duration](t, r, "pexpiretime n"); ok {
			t.Errorf("pexpiretime of none = %v", d)
		}
		do(t, r, "xgroup", "create", "s", "g", "0", "mkstream")
		do(t, r, "xgroup", "createconsumer", "s", "g", "c")
		type consumer struct {
			Name string        `redis:"name"`
			Idle time.Duration `redis:"idle"`
		}
		if all, _, err := Run[[]consumer](ctx, r, "xinfo", "consumers", "s", "g"); !errors.Is(err, errUnit) {
			t.Errorf("a Duration in a struct = %v, %v", all, err)
		}
		do(t, r, "set", "n", 300)
		if v, _, err := Run[int8](ctx, r, "get", "n"); err == nil || v != 0 {
			t.Errorf("300 as an int8 = %d, %v", v, err)
		}
		if v, _, err := Run[int](ctx, r, "hget", "h", "name"); err == nil {
			t.Errorf("a name as an int = %d", v)
		}
		if v, _, err := Run[[]int](ctx, r, "eval", "return {1, redis.error_reply('BAD thing')}", 0); err == nil {
			t.Errorf("an error inside a list = %v", v)
		}
	}
}

func fields(t *testing.T, line string) []string {
	t.Helper()
	words, err := cmdline.Split(line)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// nest is a recursive type.
type nest []nest

func TestDecodeBounds(t *testing.T) {
	var deep any = []any{}
	for range 10_000 {
		deep = []any{deep}
	}
	var n nest
	if _, err := decode(&n, deep, time.Second); !errors.Is(err, errDeep) {
		t.Errorf("a deep answer: %v", err)
	}
	var m map[any]int
	if _, err := decode(&m, []any{[]any{[]any{}, "x"}, []any{"b", int64(1)}}, time.Second); err == nil {
		t.Errorf("a list as a key: %v", m)
	}
	var d time.Duration
	if _, err := decode(&d, int64(1<<60), time.Second); err == nil {
		t.Errorf("a long time: %v", d)
	}
}

func TestReply(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for _, tt := range []struct {
		value      any
		text, json string
	}{
		{nil, "(nil)", "null"},
		{"OK", "OK", `"OK"`},
		{"a\nb", "a\nb", `"a\nb"`},
		{"\x00\xff\"", `"\x00\xff\""`, `{"base64":"AP8i"}`},
		{int64(7), "(integer) 7", "7"},
		{1.5, "(double) 1.5", "1.5"},
		{true, "(true)", "true"},
		{huge, "123456789012345678901234567890", "123456789012345678901234567890"},
		{[]any{}, "(empty array)", "[]"},
		{map[any]any{}, "(empty hash)", "{}"},
		{
			[]any{"a b", nil, []any{int64(1), "x"}, errors.New("ERR no")},
			"1) \"a b\"\n2) (nil)\n3) 1) (integer) 1\n   2) \"x\"\n4) (error) ERR no", `["a b",null,[1,"x"],{"error":"ERR no"}]`,
		},
		{map[any]any{"b": "2", "a": []any{"1", "2"}}, "1# \"a\" =>\n      1) \"1\"\n      2) \"2\"\n2# \"b\" => \"2\"", `{"a":["1","2"],"b":"2"}`},
		{1e6, "(double) 1000000", "1000000"},
		{math.Inf(-1), "(double) -inf", `"-inf"`},
		{math.NaN(), "(double) nan", `"nan"`},
		{map[any]any{"\xff": "b", "\xfe": "a", "c": nil}, "1# \"c\" => (nil)\n2# \"\\xfe\" => \"a\"\n3# \"\\xff\" => \"b\"", `[["c",null],[{"base64":"/g=="},"a"],[{"base64":"/w=="},"b"]]`},
		{map[any]any{"1": "a", int64(1): "b", "0": "c"}, "1# \"0\" => \"c\"\n2# (integer) 1 => \"b\"\n3# \"1\" => \"a\"", `[["0","c"],[1,"b"],["1","a"]]`},
		{map[any]any{int64(1): "b"}, "1# (integer) 1 => \"b\"", `{"1":"b"}`},
	} {
		if got := (Reply{tt.value}).String(); got != tt.text {
			t.Errorf("%v as text:\n%s\nwant\n%s", tt.value, got, tt.text)
		}
		if got, err := json.Marshal(Reply{tt.value}); string(got) != tt.json || err != nil {
			t.Errorf("%v as JSON: %s, %v; want %s", tt.value, got, err, tt.json)
		}
	}
}

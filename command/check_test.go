package command

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestCheck has arguments that the server accepts, and wrong ones with the position of
// the error and a part of its text.
func TestCheck(t *testing.T) {
	type name string
	good := []struct {
		name string
		args []any
	}{
		{"get", []any{"k"}},
		{"set", []any{"k", "v"}},
		{"set", []any{name("k"), []byte("v"), "ex", 10, "nx", "Get"}},
		{"set", []any{"k", true, "GET", "KEEPTTL"}},
		{"zadd", []any{"k", "GT", "CH", 1.5, "a", "-inf", "b"}},
		{"zadd", []any{"k", "1", "nx"}},
		{"zrange", []any{"k", "(1", "+inf", "BYSCORE", "LIMIT", 0, 10, "REV", "WITHSCORES"}},
		{"zunion", []any{2, "a", "WEIGHTS", "weights", 1, 2, "AGGREGATE", "max"}},
		{"zcount", []any{"k", "(1", "-inf"}},
		{"xadd", []any{"k", "NOMKSTREAM", "MAXLEN", "~", 100, "LIMIT", 5, "*", "f", "v"}},
		{"xadd", []any{"k", "1-*", "f", "v"}},
		{"xread", []any{"COUNT", 2, "STREAMS", "a", "b", "0", "$"}},
		{"xreadgroup", []any{"GROUP", "g", "c", "NOACK", "STREAMS", "a", ">"}},
		{"xclaim", []any{"k", "g", "c", 0, "1-1", "1-2", "JUSTID"}},
		{"xpending", []any{"k", "g"}},
		{"xpending", []any{"k", "g", "IDLE", 5, "-", "+", 10, "c"}},
		{"geosearch", []any{"k", "BYRADIUS", 1, "km", "FROMLONLAT", 1, 2, "ASC"}},
		{"eval", []any{"return 1", 0}},
		{"eval", []any{"return 1", 1, "k", "a", "b"}},
		{"auth", []any{"pw"}},
		{"auth", []any{"user", "pw"}},
		{"migrate", []any{"h", 1, "", 0, 10, "COPY", "KEYS", "a", "b"}},
		{"bitfield", []any{"k", "INCRBY", "u2", "#1", 1, "OVERFLOW", "SAT", "SET", "i8", 0, 1, "GET", "u4", 0}},
		{"bitpos", []any{"k", 1, 0, -1, "BIT"}},
		{"sort", []any{"k", "GET", "a*", "GET", "#", "ALPHA", "LIMIT", 0, 1, "STORE", "d"}},
		{"lmpop", []any{2, "a", "b", "LEFT", "COUNT", 2}},
		{"blpop", []any{"a", "b", 0.5}},
		{"config", []any{"get", "max*"}},
		{"config get", []any{"max*", "min*"}},
		{"client kill", []any{"127.0.0.1:1"}},
		{"client kill", []any{"ID", 5, "SKIPME", "yes"}},
		{"command", nil},
		{"mset", []any{"a", 1, "b", 2}},
		{"copy", []any{"a", "b", "REPLACE", "DB", 1}},
		{"set", []any{"", ""}},
		{"scan", []any{uint64(1 << 63)}},
		{"hello", nil},
		{"hello", []any{3, "SETNAME", "n"}},
	}
	for _, tt := range good {
		if err := need(t, tt.name).Check(tt.args...); err != nil {
			t.Errorf("%s %v: %v", tt.name, tt.args, err)
		}
	}
	for _, tt := range []struct {
		name string
		args []any
		pos  int
		want string
	}{
		{"get", nil, 0, "a key"},
		{"get", []any{"k", "x"}, 1, "nothing more"},
		{"set", []any{"k"}, 1, "value"},
		{"set", []any{"k", "v", "XZ"}, 2, "NX, XX, GET, EX"},
		{"set", []any{"k", "v", "NX", "XX"}, 3, "only one of NX | XX"},
		{"set", []any{"k", "v", "EX"}, 3, "an integer for EX"},
		{"set", []any{"k", "v", "EX", "soon"}, 3, "an integer for EX"},
		{"set", []any{"k", "v", "EX", 1, "PX", 1}, 4, "only one of EX seconds | PX"},
		{"set", []any{"k", "v", "GET", "GET"}, 3, "GET only once"},
		{"set", []any{"k", "v", 10 * time.Second}, 2, "a number"},
		{"set", []any{"k", nil}, 1, "a string"},
		{"incrby", []any{"k", "1.5"}, 1, "an integer for increment"},
		{"incrby", []any{"k", "+1"}, 1, "an integer"},
		{"incrbyfloat", []any{"k", "nan"}, 1, "a number"},
		{"zadd", []any{"k", "1"}, 2, "member"},
		{"zadd", []any{"k", "NX", "GT", 1, "a"}, 5, "NX without GT"},
		{"zadd", []any{"k", "INCR", 1, "a", 2, "b"}, 6, "a single score"},
		{"zadd", []any{"k", "1", "a", "2"}, 4, "member"},
		{"zrange", []any{"k", 0, 1, "LIMIT", 0, 1}, 6, "BYSCORE"},
		{"zunion", []any{3, "a", "b"}, 3, "as many of key as numkeys says"},
		{"zunion", []any{0, "a"}, 0, "at least 1 for numkeys"},
		{"zunion", []any{"many", "a"}, 0, "an integer for numkeys"},
		{"zunion", []any{2, "a", "b", "WEIGHTS", 1}, 5, "as many weights"},
		{"xread", []any{"STREAMS", "a", "b", "0"}, 4, "as many of id as of key"},
		{"xread", []any{"COUNT", 1}, 2, "STREAMS"},
		{"linsert", []any{"k", "ABOVE", "p", "e"}, 1, "BEFORE, AFTER"},
		{"config", nil, 0, "one of GET"},
		{"config", []any{"set"}, 1, "parameter"},
		{"config", []any{"sett", "a"}, 0, "one of GET"},
		{"command", []any{"nothing"}, 0, "COUNT"},
		{"bitcount", []any{"k", 0}, 2, "an integer for end"},
		{"time", []any{"now"}, 0, "nothing more"},
		{"xgroup", []any{"create", "k", "g"}, 3, "id"},
		{"hset", []any{"k", "f", "v", "g"}, 4, "value"},
	} {
		err := need(t, tt.name).Check(tt.args...)
		wrong, ok := errors.AsType[*ArgError](err)
		if !ok || wrong.Pos != tt.pos || !strings.Contains(wrong.Want, tt.want) || wrong.Usage == "" {
			t.Errorf("%s %v: %v (%+v); want argument %d: %s", tt.name, tt.args, err, wrong, tt.pos, tt.want)
		}
	}
}

// TestArgErrorHidesArguments verifies that no argument of the caller is in an error.
func TestArgErrorHidesArguments(t *testing.T) {
	for _, args := range [][]any{{"secret"}, {"secret", "secret", "secret"}, {"k", "v", "EX", "secret"}} {
		if err := need(t, "set").Check(args...); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}

func TestParse(t *testing.T) {
	all, err := need(t, "set").Parse("k", "v", "EX", 10, "nx")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, m := range all {
		if m.Pos != i {
			t.Errorf("match %d is of argument %d", i, m.Pos)
		}
		text := m.Arg.Name
		if m.Token {
			text = m.Arg.Token
		}
		got = append(got, text)
	}
	if strings.Join(got, " ") != "key value EX seconds NX" {
		t.Errorf("Parse = %q", got)
	}
	all, err = need(t, "config").Parse("get", "maxmemory", "*")
	if err != nil || len(all) != 2 || all[1].Pos != 2 {
		t.Errorf("Parse of a container = %v, %v", all, err)
	}
	if all, err := need(t, "set").Parse("k", "v", "EX", "x"); err == nil || len(all) != 3 {
		t.Errorf("Parse of a wrong list = %v, %v", all, err)
	}
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []any
		want string
	}{
		{"set", nil, "key"},
		{"set", []any{"k", "v"}, "condition GET expiration"},
		{"set", []any{"k", "v", "nx", "get"}, "expiration"},
		{"set", []any{"k", "v", "EX"}, "EX"},
		{"del", []any{"k"}, "key"},
		{"get", []any{"k"}, ""},
		{"get", []any{"k", "wrong"}, ""},
		{"config", []any{"get"}, "parameter"},
		{"zunion", []any{"2"}, "key"},
		{"zunion", []any{"2", "a"}, "key"},
		{"xread", []any{"STREAMS", "a"}, "key id"},
	} {
		var got []string
		for _, a := range need(t, tt.name).Next(tt.args...) {
			got = append(got, a.name())
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("Next of %s %v = %q; want %q", tt.name, tt.args, got, tt.want)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	c := need(b, "set")
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Check("key", "value", "EX", 100, "NX", "GET"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckWrong(b *testing.B) {
	c := need(b, "set")
	b.ReportAllocs()
	for b.Loop() {
		if c.Check("key", "value", "EX", "NX") == nil {
			b.Fatal("taken")
		}
	}
}

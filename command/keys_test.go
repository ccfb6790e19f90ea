package command

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/cmdline"
	"github.com/desir-go/desir/internal/redistest"
)

// TestKeys compares the keys with those that the server finds in the same words.
func TestKeys(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	for _, line := range []string{
		"get k", "mset a 1 b 2 c 3", "del a b c", "eval script 2 a b c", "evalsha digest 1 k", "fcall f 2 a b x", "zunionstore d 2 a b WEIGHTS 1 2",
		"zinter 3 a b c WITHSCORES", "blpop a b 0", "blmpop 0 2 a b LEFT", "lmpop 1 a LEFT", "bzmpop 0 1 z MIN", "xread COUNT 1 STREAMS a b 0 0",
		"xreadgroup GROUP streams c STREAMS a b > >", "sort k BY w* GET p* STORE d", "migrate localhost 1 k 0 1", `migrate localhost 1 "" 0 1 COPY KEYS a b`,
		"georadius k 1 1 1 km STORE d", "object encoding k", "xgroup create k g 0", "memory usage k SAMPLES 1", "bitop and d a b", "lmove a b LEFT RIGHT",
		"rename a b", "xinfo stream k FULL COUNT 1", "sintercard 2 a b", "copy a b DB 1", "set k v GET", "smove a b m",
		"zrangestore d s 0 1", "pfmerge d a b", "pfcount a b", "msetnx a 1 b 2", "touch a b", "watch a b", "lcs a b LEN", "geosearchstore d s FROMMEMBER m BYRADIUS 1 km",
	} {
		words, err := cmdline.Split(line)
		if err != nil {
			t.Fatal(err)
		}
		c, n := Builtin().resolve(words)
		got, err := c.Keys(anySlice(words[n:])...)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		want, err := rdb.CommandGetKeys(ctx, anySlice(words)...).Result()
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		want = slices.DeleteFunc(want, func(k string) bool { return k == "" })
		slices.Sort(want)
		if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, want) {
			t.Errorf("%s: keys %q, the server says %q", line, got, want)
		}
	}
	for _, line := range []string{"ping", "config get x", "keys *", "eval script 0 a", "publish c m", "object help", "get", "eval script many a", "xread STREAMS"} {
		words := strings.Fields(line)
		c, n := Builtin().resolve(words)
		if got, err := c.Keys(anySlice(words[n:])...); err != nil || len(got) > 0 {
			t.Errorf("%s: keys %q, %v; want none", line, got, err)
		}
	}
	module := &Command{id: "x.y", Arity: -1, Flags: []string{"movablekeys"}}
	if _, err := module.Keys("a"); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("keys of an unknown kind: %v", err)
	}
}

// anySlice converts words to arguments.
func anySlice(words []string) []any {
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	return args
}

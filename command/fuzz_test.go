package command

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/cmdline"
)

// FuzzCheck checks arbitrary words: nothing panics, Check and Parse agree, and matches
// refer to existing words.
func FuzzCheck(f *testing.F) {
	for _, line := range []string{
		"set k v EX 10 NX", "zadd k NX CH 1 a 2 b", "zunionstore d 2 a b WEIGHTS 1 2", "xadd k MAXLEN ~ 5 LIMIT 1 * f v", "config get x", "sort k BY a GET b GET c STORE d",
		"xreadgroup GROUP g c COUNT 1 STREAMS a b > >", `migrate h 1 "" 0 1 KEYS a b`, "bitfield k INCRBY u2 #1 1 OVERFLOW SAT SET i8 0 1", "eval x 2 a b c", "client kill ID 1 TYPE normal",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := cmdline.Split(line)
		if err != nil || len(words) == 0 {
			return
		}
		c, n := Builtin().resolve(words)
		if c == nil {
			_ = Builtin().unknown(words[0])
			return
		}
		args := anySlice(words[n:])
		checked := c.Check(args...)
		places, parsed := c.Parse(args...)
		if (checked == nil) != (parsed == nil) {
			t.Fatalf("Check: %v, Parse: %v", checked, parsed)
		}
		if checked == nil && len(c.Args) > 0 && !slices.Contains(lenient, c.id) && len(places) != len(args) {
			t.Errorf("%d places of %d words", len(places), len(args))
		}
		for i, p := range places {
			if p.Pos != i {
				t.Errorf("place %d is of word %d", i, p.Pos)
			}
		}
		keys, _ := c.Keys(args...)
		for _, k := range keys {
			if !slices.Contains(words, k) {
				t.Errorf("the key %q is no word", k)
			}
		}
		_ = c.Next(args...)
	})
}

// FuzzDocs parses arbitrary replies and tables: the resulting tables can be used.
func FuzzDocs(f *testing.F) {
	f.Add(`{"get":{"summary":"x","since":"1","arguments":[{"name":"key","type":"key","key_spec_index":0}]}}`,
		`[["get",2,["readonly"],1,1,1,["@read"],[],[{"begin_search":{"type":"index","spec":{"index":1}},"find_keys":{"type":"range","spec":{"lastkey":0,"keystep":1,"limit":0}}}],[]]]`)
	f.Add(`["config",["summary","x","subcommands",["config|get",["arguments",[["name","a","type","block","flags",["multiple","optional"],"arguments",[]]]]]]]`, `[["config",-2,[],0,0,0]]`)
	f.Add(`{"a":{"arguments":[{"name":"b","type":"block","flags":["multiple"],"arguments":[{"name":"c","type":"string","flags":["optional"]},{"name":"numkeys","type":"integer"}]}]}}`, `[["a",-1,["movablekeys"],-5,9223372036854775807,9223372036854775807]]`)
	f.Add(builtinText[:2000], builtinText[2000:4000])
	f.Fuzz(func(t *testing.T, docs, info string) {
		commands, err := parseDocs(replyOf(docs))
		if err == nil {
			use(newSpec("Redis", "7.0.0", addInfo(commands, replyOf(info))))
		}
		var s Spec
		if s.UnmarshalText([]byte(docs)) == nil {
			use(&s)
			text, err := s.MarshalText()
			var again Spec
			if err != nil || again.UnmarshalText(text) != nil || len(diff(&s, &again)) > 0 {
				t.Errorf("%q is another table when it is read again: %v", text, diff(&s, &again))
			}
		}
	})
}

// replyOf makes a reply from JSON: objects become RESP3 maps, numbers integers.
func replyOf(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	var convert func(v any) any
	convert = func(v any) any {
		switch v := v.(type) {
		case json.Number:
			n, _ := v.Int64()
			return n
		case []any:
			for i := range v {
				v[i] = convert(v[i])
			}
			return v
		case map[string]any:
			m := make(map[any]any, len(v))
			for k, e := range v {
				m[k] = convert(e)
			}
			return m
		default:
			return v
		}
	}
	return convert(v)
}

// use calls all methods of a table and its commands.
func use(s *Spec) {
	for c := range s.All() {
		_, _, _ = c.Usage(), c.HelpWidth(0), c.Retryable()
		for _, args := range [][]any{nil, {"a"}, {1, "a", "b"}, {"a", "b", 2, "c", "d", "e"}} {
			_ = c.Check(args...)
			_, _ = c.Keys(args...)
			_ = c.Next(args...)
		}
	}
	_ = s.unknown("gte")
	_ = New(nil, Specification(s)).s.permits("get", nil)
	_, _ = New(nil, Specification(s)).Do(context.Background(), "get", "k")
}

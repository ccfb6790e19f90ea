package command

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TestCorrections tries the corrected grammars, and elements with a fixed place, on a
// server: Check of both tables accepts what the server accepts.
func TestCorrections(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	live, err := Load(ctx, rdb)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"+zincrby @key 1.5 a", "+zincrby @key -inf a", "zincrby @key half a",
		"+zunionstore d 1 @key WEIGHTS 0.5", "+zinterstore d 1 @key WEIGHTS 1e-1 AGGREGATE MAX",
		"+zunion 2 @key k WEIGHTS 0.5 2 WITHSCORES", "+zinter 1 @key WEIGHTS 0.5", "zinter 1 @key WEIGHTS half",
		"+expire @key 100 XX GT", "+expire @key 100 LT XX", "+pexpire @key 100 XX LT", "+expireat @key 99999999999 GT XX", "+pexpireat @key 99999999999999 XX GT",
		"+expire @key 100 NX", "expire @key 100 NX XX", "expire @key 100 NX GT", "expire @key 100 GT LT", "pexpireat @key 1 LT NX",
		"+pfmerge @key", "+pfmerge @key @key", "pfmerge",
		"+bitfield @key OVERFLOW WRAP", "+bitfield @key GET u8 0 OVERFLOW sat", "+bitfield @key OVERFLOW WRAP OVERFLOW FAIL GET u8 0 SET u8 #1 1",
		"bitfield @key OVERFLOW", "bitfield @key OVERFLOW WRAP u8", "bitfield @key OVERFLOW NONE INCRBY u8 0 1",
		"georadius @key 1 1 1000 WITHDIST KM", "georadius_ro @key 1 1 1000 COUNT 1 M", "georadiusbymember @key a 1000 WITHDIST KM", "georadiusbymember_ro @key a 1 ASC FT",
		"+georadius @key 1 1 1000 KM ASC WITHDIST COUNT 1", "+georadiusbymember_ro @key a 1000 KM WITHHASH WITHDIST",
		"+geosearch @key ASC BYRADIUS 1 km WITHDIST FROMLONLAT 1 1", "+xreadgroup COUNT 1 GROUP a c NOACK STREAMS @key >",
		"xadd @key NOMKSTREAM NOMKSTREAM * a b c", "+xadd @key NOMKSTREAM MAXLEN ~ 5 * a b", "+xadd @key MAXLEN ~ 5 NOMKSTREAM * a b",
		"xtrim @key ~ MAXLEN 5", "xadd @key = MAXLEN 5 * a b", "+xtrim @key MAXLEN = 5",
		"lmpop 1 @key COUNT 1 LEFT", "+lmpop 1 @key LEFT COUNT 1", "zmpop 1 @key COUNT 1 MIN", "+zmpop 1 @key MIN COUNT 1",
		"+linsert @key BEFORE before b", "+lmove @key @key LEFT LEFT", "+config get maxmemory",
	} {
		line, good := strings.CutPrefix(line, "+")
		words := strings.Fields(line)
		for _, spec := range []*Spec{Builtin(), live} {
			c, _ := spec.Lookup(words[0])
			args := anySlice(words[1:])
			checked := c.Check(args...)
			switch answer := serverError(t, rdb, c, args); {
			case good && (checked != nil || answer != nil):
				t.Errorf("%s: %v; the server: %v", line, checked, answer)
			case !good && answer != nil && lacksRule(spec, c, args):
			case !good && (checked == nil || answer == nil):
				t.Errorf("%s is taken: Check: %v; the server: %v", line, checked, answer)
			}
		}
	}
}

// TestFractionsAgainstServer passes a fraction for each integer of every safe command:
// Check does not refuse what the server accepts.
func TestFractionsAgainstServer(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	spec, err := Load(ctx, rdb)
	if err != nil {
		t.Fatal(err)
	}
	rng := redistest.Seed(t)
	tried := 0
	for c := range spec.All() {
		if len(c.Subcommands) > 0 || strings.HasPrefix(c.id, "cluster|") || slices.Contains(unsafeCommands, c.id) {
			continue
		}
		for range 4 {
			words := wordsFor(rng, c.Args)
			all, err := c.Parse(anySlice(words)...)
			if err != nil || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, "block") }) {
				continue
			}
			for _, m := range all {
				if m.Token || m.Arg.Type != "integer" && m.Arg.Type != "double" || slices.Contains(lenient, c.id) {
					continue
				}
				args := anySlice(words)
				args[m.Pos] = "2.5"
				checked := c.Check(args...)
				tried++
				if answer := serverError(t, rdb, c, args); answer == nil && checked != nil && parsedAll(c, words) {
					wrong, _ := errors.AsType[*ArgError](checked)
					t.Errorf("%s %q is fine for the server: %v", c.Name, args, wrong)
				}
			}
		}
	}
	if tried < 300 {
		t.Errorf("%d fractions: that proves little", tried)
	}
}

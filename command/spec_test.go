package command

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// TestBuiltinMatchesServer compares the table with a server of its version: all names,
// arguments and other facts.
func TestBuiltinMatchesServer(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	for _, protocol := range []int{2, 3} {
		rdb := server.Client(t, func(o *redis.Options) { o.Protocol = protocol })
		live, err := Load(ctx, rdb)
		if err != nil {
			t.Fatal(err)
		}
		names, err := rdb.CommandList(ctx, nil).Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			c, ok := live.Lookup(name)
			if ok && slices.Contains(c.Flags, "module") {
				continue // modules need not describe what they have
			}
			if !ok || c.Summary == "" || c.Since == "" {
				t.Errorf("RESP%d: %s is not all there: %+v", protocol, name, c)
			}
		}
		if n := len(slices.Collect(live.All())); n != len(names) {
			t.Errorf("RESP%d: %d commands, COMMAND LIST has %d", protocol, n, len(names))
		}
		if !strings.HasPrefix(live.Version, "7.0.") {
			t.Skipf("the table is of Redis 7.0, the server of %s", live.Version)
		}
		if len(names) != 366 || len(slices.Collect(Builtin().All())) != 366 {
			t.Errorf("%d names in the server, %d in the table; want 366", len(names), len(slices.Collect(Builtin().All())))
		}
		for _, name := range names {
			theirs, _ := live.Lookup(name)
			ours, ok := Builtin().Lookup(name)
			if !ok {
				t.Errorf("%s is missing", name)
				continue
			}
			if diff := cmp.Diff(theirs, ours,
				cmpopts.IgnoreFields(Command{}, "Summary", "History", "Complexity", "ReplacedBy", "Subcommands", "rules"),
				cmp.AllowUnexported(Command{}, Arg{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("RESP%d: %s: - server, + table\n%s", protocol, name, diff)
			}
			if (theirs.ReplacedBy == "") != (ours.ReplacedBy == "") || formulas(theirs.Complexity) != ours.Complexity {
				t.Errorf("%s: replaced by %q, %q; complexity %q, %q", name, theirs.ReplacedBy, ours.ReplacedBy, theirs.Complexity, ours.Complexity)
			}
		}
		if changes := diff(Builtin(), live); len(changes) != 0 {
			t.Errorf("RESP%d: Diff = %v", protocol, changes)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, name := range []string{"config get", "CONFIG|GET", "Config Get", "config|get", " CONFIG  get "} {
		if c, ok := Builtin().Lookup(name); !ok || c.Name != "CONFIG GET" {
			t.Errorf("Lookup(%q) = %v, %t", name, c, ok)
		}
	}
	for _, name := range []string{"", "conf", "config nothing", "|"} {
		if c, ok := Builtin().Lookup(name); ok {
			t.Errorf("Lookup(%q) = %s", name, c.Name)
		}
	}
	if subs := need(t, "xgroup").Subcommands; len(subs) != 6 || subs[0].Name != "XGROUP CREATE" {
		t.Errorf("XGROUP has %d subcommands", len(subs))
	}
}

func TestDiff(t *testing.T) {
	text, err := Builtin().MarshalText()
	if err != nil || string(text) != builtinText {
		t.Fatalf("the table is not what it is written as: %v", err)
	}
	var other Spec
	changed := strings.Replace(builtinText, "c\tget\t2\t", "c\tget\t-2\t", 1) + "c\tjson.get\t-2\t\t\t\t\t\t\t\t\n"
	changed = strings.Replace(changed, "c\tset\t", "c\tsett\t", 1)
	if err := other.UnmarshalText([]byte(changed)); err != nil {
		t.Fatal(err)
	}
	got := diff(Builtin(), &other)
	want := []string{"GET: arity 2, -2 there", "JSON.GET: only there", "SET: only here", "SETT: only there"}
	if !slices.Equal(got, want) {
		t.Errorf("Diff = %q; want %q", got, want)
	}
}

func TestUnmarshalHostile(t *testing.T) {
	for _, text := range []string{
		"", "x", "c\tget", "a\t0\tx\tkey\t\t\t\t\t0\t", "redis\t7\nredis\t7", "redis\t7\nc\tget\tmany\t\t\t\t\t\t\t\t",
		"redis\t7\nc\tget\t2\t\t\t\t\t\t\t\t\na\t5\tx\tkey\t\t\t\t\t0\t", "redis\t7\n" + strings.Repeat("\t", 1000),
	} {
		var s Spec
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%.30q is a table", text)
		}
	}
}

// TestCost verifies the documented memory use. The benchmarks measure the time.
func TestCost(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var s Spec
	if err := s.read(builtinText); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("the table takes %d bytes to read", n)
	}
	c := need(t, "set")
	if n := testing.AllocsPerRun(100, func() { _ = c.Check("key", "value", "EX", 100, "NX", "GET") }); n > 4 {
		t.Errorf("a check takes %v allocations", n)
	}
}

func BenchmarkBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var s Spec
		if err := s.read(builtinText); err != nil {
			b.Fatal(err)
		}
	}
}

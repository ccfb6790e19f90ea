package command

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// tableWithout returns the built-in table without the lines that begin with one of the
// given texts, and without the lines that belong to those.
func tableWithout(t *testing.T, version string, names ...string) *Spec {
	t.Helper()
	text, err := Builtin().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	skip := false
	for line := range strings.SplitSeq(string(text), "\n") {
		columns := strings.Split(line, "\t")
		switch columns[0] {
		case "redis":
			line = "redis\t" + version
		case "c":
			skip = false
			for _, name := range names {
				skip = skip || columns[1] == name
			}
		}
		if !skip {
			kept = append(kept, line)
		}
	}
	var s Spec
	if err := s.UnmarshalText([]byte(strings.Join(kept, "\n"))); err != nil {
		t.Fatal(err)
	}
	return &s
}

// TestLoadOnDemand asks the server once, when the table lacks a name or a form.
func TestLoadOnDemand(t *testing.T) {
	redistest.Each(t, func(t *testing.T, b *redistest.Redis) {
		if b.Name == "embedded" {
			t.Skip("it has no table of its own")
		}
		key := b.Key("k")
		old := tableWithout(t, "6.0.0", "getex", "getdel", "config|resetstat")
		for _, first := range [][]any{{"getex", key}, {"config", "resetstat"}, {"getdel", key}} {
			r := New(b.Client, Specification(old), LoadOnDemand())
			do(t, r, "set", key, "v")
			for _, wrong := range [][]any{{"get"}, {"set", key, "v", "EX", "soon"}} {
				trips := redistest.CountTrips(b.Client)
				if _, err := r.Do(ctx, wrong...); err == nil || trips.Count() != 0 {
					t.Errorf("%v: %v, %d round trips; want an error without one", wrong, err, trips.Count())
				}
			}
			trips := redistest.CountTrips(b.Client)
			if _, err := r.Do(ctx, first...); err != nil || trips.Count() < 3 {
				t.Errorf("%v: %v, %d round trips; want three for the table: %q", first, err, trips.Count(), trips.Commands())
			}
			trips = redistest.CountTrips(b.Client)
			if _, err := r.Do(ctx, "getex", key); err != nil || trips.Count() != 1 {
				t.Errorf("again: %v, %d round trips; want one", err, trips.Count())
			}
			if _, err := r.Do(ctx, "nosuchname"); !errors.Is(err, ErrUnknown) || trips.Count() != 1 {
				t.Errorf("nobody's command: %v, %d round trips", err, trips.Count())
			}
		}
		allowed := New(b.Client, Specification(old), LoadOnDemand(), Deny("getdel"))
		if _, err := allowed.Do(ctx, "getdel", key); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("an option that names what the server alone knows: %v", err)
		}
	})
}

// TestNewerServer runs commands of the server that the built-in table lacks.
func TestNewerServer(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	for _, line := range []string{"hgetex k fields 1 f", "hexpire k 10 fields 1 f", "client list type normal id 1"} {
		words := strings.Fields(line)
		if known, err := Load(ctx, rdb); err != nil {
			t.Fatal(err)
		} else if c, ok := known.Lookup(words[0]); !ok || words[0] == "client" && c.Check(anySlice(words[1:])...) != nil {
			t.Logf("%s is not of this server", line)
			continue
		}
		if _, err := New(rdb, LoadOnDemand()).Line(ctx, line); err != nil && !strings.Contains(err.Error(), "syntax error") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestRulesOfVersion verifies that only tables of Redis 7.0 have rules.
func TestRulesOfVersion(t *testing.T) {
	for version, ruled := range map[string]bool{"7.0.15": true, "7.0.0": true, "6.2.0": false, "7.2.4": false, "70.0.0": false, "8.0.6": false, "": false} {
		s := tableWithout(t, version)
		for _, line := range []string{"client list TYPE normal ID 1", "bitop DIFF d k", "zadd k NX GT 1 a"} {
			words := strings.Fields(line)
			c, _ := s.Lookup(words[0])
			if err := c.Check(anySlice(words[1:])...); (err != nil) != ruled {
				t.Errorf("version %q: %s: %v; want rules: %t", version, line, err, ruled)
			}
		}
	}
}

// TestNumbers checks lists whose length is given by a number, as newer servers have
// them.
func TestNumbers(t *testing.T) {
	list := func(name, number, element string) *Spec {
		return newSpec("Redis", "9.0.0", []*Command{{id: name, Arity: -2, Args: []Arg{
			{Name: "key", Type: "key", KeySpec: -1},
			{Name: "fields", Type: "block", Token: "FIELDS", KeySpec: -1, Args: []Arg{
				{Name: number, Type: "integer", KeySpec: -1},
				{Name: element, Type: "string", Multiple: true, KeySpec: -1},
			}},
			{Name: "late", Type: "pure-token", Token: "LATE", Optional: true, KeySpec: -1},
		}}})
	}
	pairs := newSpec("Redis", "9.0.0", []*Command{{id: "hsetex", Arity: -2, Args: []Arg{
		{Name: "numfields", Type: "integer", KeySpec: -1},
		{Name: "data", Type: "block", Multiple: true, KeySpec: -1, Args: []Arg{{Name: "field", Type: "string", KeySpec: -1}, {Name: "score", Type: "double", KeySpec: -1}}},
	}}})
	for _, tt := range []struct {
		spec *Spec
		line string
		want string // empty: it passes
	}{
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 2 a b", ""},
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 2 a LATE", ""}, // LATE is a field
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 2 a b LATE", ""},
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 3 a b", "as many of field as numfields says"},
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 1 a b", "LATE or nothing more"},
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 0 a", "at least 1 for numfields"},
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS -1 a", "0 or more for numfields"},
		{list("hexpire", "numfields", "field"), "hexpire k FIELDS 99999999999999999999 a", "0 or more for numfields"},
		{list("xdelex", "numids", "id"), "xdelex k FIELDS 3 a b", "as many of id as numids says"},
		{pairs, "hsetex 2 a 1 b 2", ""},
		{pairs, "hsetex 2 a 1", "as many of field score as numfields says"},
		{pairs, "hsetex 9223372036854775807 a 1", "as many of field score as numfields says"},
		{pairs, "hsetex 1 a x", "a number for score"},
		{pairs, "hsetex 1 a 1 b 2", "nothing more"},
	} {
		words := strings.Fields(tt.line)
		c, _ := tt.spec.Lookup(words[0])
		err := c.Check(anySlice(words[1:])...)
		wrong, _ := errors.AsType[*ArgError](err)
		if (err == nil) != (tt.want == "") || wrong != nil && wrong.Want != tt.want {
			t.Errorf("%s: %v; want %q", tt.line, err, tt.want)
		}
	}
}

// TestLoadOnDemandFails verifies that the error has the reason of the refusal, and that the
// next command loads again.
func TestLoadOnDemandFails(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	r := New(rdb, Specification(tableWithout(t, "6.0.0", "getex")), LoadOnDemand())
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Line(ended, "getex k"); !errors.Is(err, ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v; want both causes", err)
	}
	s.Kill()
	if _, err := r.Line(ctx, "getex k"); !errors.Is(err, ErrUnknown) || !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("a dead server: %v; want both causes", err)
	}
}

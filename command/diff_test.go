package command

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// diff returns how the facts of table other differ from those of s, sorted by command:
// "GET: arity 2, -2 there". It does not compare summaries and versions.
func diff(s, other *Spec) []string {
	var changes []string
	add := func(c *Command, format string, args ...any) {
		changes = append(changes, c.Name+": "+fmt.Sprintf(format, args...))
	}
	for _, c := range s.all {
		o := other.ids[c.id]
		if o == nil {
			add(c, "only here")
			continue
		}
		if c.Arity != o.Arity {
			add(c, "arity %d, %d there", c.Arity, o.Arity)
		}
		if c.Usage() != o.Usage() || !sameArgs(c.Args, o.Args) {
			add(c, "arguments")
		}
		if !sameWords(c.Flags, o.Flags) {
			add(c, "flags")
		}
		if !sameWords(c.Categories, o.Categories) {
			add(c, "categories")
		}
		if !reflect.DeepEqual(withoutFlags(c.KeySpecs), withoutFlags(o.KeySpecs)) {
			add(c, "keys")
		}
		if c.Deprecated != o.Deprecated {
			add(c, "deprecated %q, %q there", c.Deprecated, o.Deprecated)
		}
	}
	for _, o := range other.all {
		if s.ids[o.id] == nil {
			add(o, "only there")
		}
	}
	slices.SortStableFunc(changes, func(a, b string) int {
		x, _, _ := strings.Cut(a, ":")
		y, _, _ := strings.Cut(b, ":")
		return cmp.Compare(x, y)
	})
	return changes
}

func sameArgs(a, b []Arg) bool {
	return slices.EqualFunc(a, b, func(a, b Arg) bool {
		return a.Name == b.Name && a.Type == b.Type && a.Token == b.Token && a.Optional == b.Optional &&
			a.Multiple == b.Multiple && a.MultipleToken == b.MultipleToken && sameArgs(a.Args, b.Args)
	})
}

// sameWords compares lists regardless of their order.
func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// withoutFlags returns specifications without their flags.
func withoutFlags(specs []KeySpec) []KeySpec {
	specs = slices.Clone(specs)
	for i := range specs {
		specs[i].Flags = nil
	}
	return slices.Clip(specs)
}

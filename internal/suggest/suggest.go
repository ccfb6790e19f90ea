// Package suggest finds the names of commands that resemble a misspelt one.
package suggest

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

const (
	most    = 5  // number of names
	maxName = 64 // length in bytes of a name that has suggestions
)

// Names returns up to five of the names that resemble name, the nearest first: those that
// differ in at most a third of its letters, and those that begin with it. Upper and lower
// case are equal, and so are the separators of a subcommand, " " and "|". The names are in
// upper case.
func Names(name string, names iter.Seq[string]) []string {
	name = strings.ToUpper(strings.Join(strings.FieldsFunc(name, separates), " "))
	if name == "" || len(name) > maxName {
		return nil
	}
	type near struct {
		name     string
		distance int
	}
	var found []near
	for n := range names {
		d := distance(name, n)
		if strings.HasPrefix(n, name) {
			d = min(d, 2)
		}
		if d <= max(1, len(name)/3) || strings.HasPrefix(n, name) {
			found = append(found, near{n, d})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(a.distance-b.distance, len(a.name)-len(b.name), cmp.Compare(a.name, b.name))
	})
	var best []string
	for _, n := range found[:min(len(found), most)] {
		best = append(best, n.name)
	}
	return best
}

func separates(r rune) bool { return r == ' ' || r == '|' || r == '\t' }

// distance returns the number of letters to insert, delete, replace or swap with the next
// one to turn a into b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

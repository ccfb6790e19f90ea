package command

import (
	"cmp"
	"slices"
	"strings"
)

const (
	maxSuggestions = 5
	maxName        = 64 // bytes of a name that anything is suggested for
)

// Suggest returns up to five names that resemble one that was not found, the
// nearest first: those at most a third of its letters away, and those that it
// is the beginning of.
func (s *Spec) Suggest(name string) []string {
	name = strings.ToUpper(strings.ReplaceAll(idOf(name), "|", " "))
	if name == "" || len(name) > maxName {
		return nil
	}
	type near struct {
		name     string
		distance int
	}
	var found []near
	for _, c := range s.all {
		d := distance(name, c.Name)
		if strings.HasPrefix(c.Name, name) {
			d = min(d, 2)
		}
		if d <= max(1, len(name)/3) || strings.HasPrefix(c.Name, name) {
			found = append(found, near{c.Name, d})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(a.distance-b.distance, len(a.name)-len(b.name), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, n := range found[:min(len(found), maxSuggestions)] {
		names = append(names, n.name)
	}
	return names
}

// distance is how many letters have to be put in, left out, replaced or swapped
// with their neighbour to turn a into b.
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

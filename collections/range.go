package collections

import (
	"math"
	"strconv"
)

// Range names a part of a [SortedSet]: by position, by score or by text. Make
// it with [ByRank], [ByScore] or [ByLex]; the zero Range names nothing.
//
// Positions are half-open, as in a slice expression; scores and texts are
// bounds, and belong to what they bound.
type Range struct {
	kind    string // as the scripts call it
	lo, hi  string
	reverse bool
	limit   int // of what is left of it; unlimited by default
	err     error
}

const unlimited = math.MaxInt

// ByRank names the members from position from up to, but without, position to,
// counted from 0 in the direction of the range: ByRank(0, 10) are the ten of
// the lowest scores, ByRank(0, 10).Reverse() the ten of the highest. Negative
// positions count from the other end, as in [List.Slice]: as from, -1 is the
// last member; as to, -1 is the end, so ByRank(0, -1) is everybody.
func ByRank(from, to int) Range {
	return Range{kind: "rank", lo: strconv.Itoa(from), hi: strconv.Itoa(to), limit: unlimited}
}

// ByScore names the members of scores from lo to hi, both included; infinite
// ones are no bounds. [math.Nextafter] gives the neighbour of a bound that is
// not to be included. NaN is the error of the call that uses the range.
func ByScore(lo, hi float64) Range {
	r := Range{kind: "score", lo: scoreText(lo), hi: scoreText(hi), limit: unlimited}
	if math.IsNaN(lo) || math.IsNaN(hi) {
		r.err = errNaN
	}
	return r
}

// ByLex names the members from lo to hi, both included, in the order of their
// bytes as they are stored: for a set of strings, the strings themselves. An
// empty hi is no bound: ByLex("b", "") begins at b, ByLex("p", "p\xff") has
// what begins with p. It means something only where all members have one
// score; otherwise Redis does not say what it finds.
func ByLex(lo, hi string) Range {
	r := Range{kind: "lex", lo: lo, hi: "[" + hi, limit: unlimited}
	if hi == "" {
		r.hi = "+"
	}
	return r
}

// Reverse turns the direction round: from the highest score, or the last text,
// to the lowest. The bounds stay, lo below hi; positions count from the other
// end (see [ByRank]).
func (r Range) Reverse() Range {
	r.reverse = !r.reverse
	return r
}

// Limit names the first n members of the range, in its direction; none if n is
// 0 or less.
func (r Range) Limit(n int) Range {
	r.limit = min(r.limit, max(n, 0))
	return r
}

// none reports whether the range names nothing, whatever the set holds.
func (r Range) none() bool { return r.kind == "" || r.limit == 0 }

// words are the arguments that scripts take for a range of at most count
// members. A count that no Lua number can hold is one that no set has.
func (r Range) words(count int) []any {
	direction := ""
	if r.reverse {
		direction = "REV"
	}
	return []any{r.kind, r.lo, r.hi, direction, min(count, 1<<53)}
}

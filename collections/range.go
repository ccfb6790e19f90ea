package collections

import (
	"math"
	"strconv"
)

// Range selects members of a [SortedSet] by position, by score or by text. Create it with
// [ByRank], [ByScore] or [ByLex]. The zero Range selects nothing.
//
// A range of positions excludes its end, as a slice expression does. A range of scores or
// texts includes both of its bounds.
type Range struct {
	kind    string // the name in the scripts
	lo, hi  string
	reverse bool
	limit   int // the most members still to return
	err     error
}

const unlimited = math.MaxInt

// ByRank selects the members from position from up to, but not including, position to. It
// counts from 0 in the direction of the range: ByRank(0, 10) selects the ten members with
// the lowest scores, and ByRank(0, 10).Reverse() the ten with the highest.
//
// Negative positions count from the other end, as in [List.Slice]. For from, -1 is the
// last member. For to, -1 is the end. So ByRank(0, -1) selects all members.
func ByRank(from, to int) Range {
	return Range{kind: "rank", lo: strconv.Itoa(from), hi: strconv.Itoa(to), limit: unlimited}
}

// ByScore selects the members with scores from lo to hi, both included. An infinite lo
// or hi is no bound. To exclude a bound, pass its neighbour, which [math.Nextafter]
// returns. If lo or hi is NaN, the call that uses the range returns an error.
func ByScore(lo, hi float64) Range {
	r := Range{kind: "score", lo: scoreText(lo), hi: scoreText(hi), limit: unlimited}
	if math.IsNaN(lo) || math.IsNaN(hi) {
		r.err = errNaN
	}
	return r
}

// ByLex selects the members from lo to hi, both included, by their stored bytes. In a
// set of strings these are the strings themselves. An empty hi is no bound. ByLex("b",
// "") selects the members from b on, and ByLex("p", "p\xff") selects the members that
// start with p.
//
// Use ByLex only if all members have the same score. Otherwise the result is
// unspecified in Redis.
func ByLex(lo, hi string) Range {
	r := Range{kind: "lex", lo: lo, hi: "[" + hi, limit: unlimited}
	if hi == "" {
		r.hi = "+"
	}
	return r
}

// Reverse returns the range in the opposite direction: from the highest score, or the
// last text, to the lowest. The bounds stay the same, with lo below hi. Positions count
// from the other end (see [ByRank]).
func (r Range) Reverse() Range {
	r.reverse = !r.reverse
	return r
}

// Limit returns the first n members of the range, in its direction. If n is 0 or less,
// the range is empty.
func (r Range) Limit(n int) Range {
	r.limit = min(r.limit, max(n, 0))
	return r
}

// none reports whether the range is empty for any set.
func (r Range) none() bool { return r.kind == "" || r.limit == 0 }

// scriptArgs returns the scripts' arguments for a range of at most count members. It
// limits count to 2^53, which Lua numbers hold exactly and no set exceeds.
func (r Range) scriptArgs(count int) []any {
	direction := ""
	if r.reverse {
		direction = "REV"
	}
	return []any{r.kind, r.lo, r.hi, direction, min(count, 1<<53)}
}

package command

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// ArgError says which word of a command is not one that the server would take.
// Its text shows no argument of the caller's.
type ArgError struct {
	Command string // "SET"
	Want    string // what is expected there: "an integer for EX", "GET or nothing more"
	Usage   string // "SET key value [NX | XX] …"
	Pos     int    // index of the word among the arguments behind the name; their number if one is missing

	// Table is "Redis 7.0.15" where a Runner has checked by [Builtin] and a newer server
	// may take what that does not have. Else it is empty.
	Table string

	missing bool // there is no word at Pos
	form    bool // a newer server may take the word
}

const (
	maxText  = 2000 // bytes of an error's text; the longest usages have 700
	maxShown = 200  // bytes of a name that nobody knows
)

// Error is "SET: argument 3: want …; usage: SET key value …".
func (e *ArgError) Error() string {
	what := "argument"
	if e.missing {
		what = "missing argument"
	}
	text := fmt.Sprintf("%s: %s %d: want %s", e.Command, what, e.Pos+1, e.Want)
	if e.Usage != "" { // it is for a module's command, of which nothing is known
		text += "; usage: " + e.Usage
	}
	if e.Table != "" {
		text += "; " + remedy(e.Table)
	}
	return inLine(text, maxText) // the server may have worded a part
}

// remedy says what to do where a server knows more than the built-in table.
func remedy(table string) string {
	return "the table is of " + table + ": for what is newer use command.Load or LoadOnDemand"
}

// inLine is a text in one line that a terminal shows as it is, cut after limit bytes.
func inLine(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

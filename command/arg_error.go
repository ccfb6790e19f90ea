package command

import (
	"fmt"

	"github.com/desir-go/desir/internal/oneline"
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

const maxText = 1000 // bytes of an error's text; the longest usages have 700

// Error is "SET: argument 3: want …; usage: SET key value …". It is cut after 1000 bytes, by
// an OpError around it after 600.
func (e *ArgError) Error() string {
	what := "argument"
	if e.missing {
		what = "missing argument"
	}
	text := fmt.Sprintf("%s: %s %d: want %s", e.Command, what, e.Pos+1, e.Want)
	if e.Table != "" {
		text += "; " + remedy(e.Table)
	}
	if e.Usage != "" { // it is for a module's command, of which nothing is known
		text += "; usage: " + e.Usage // last, since it may be long and be cut
	}
	return oneline.Line(text, maxText) // the server may have worded a part
}

// remedy says what to do where a server knows more than the built-in table.
func remedy(table string) string {
	return "the table is of " + table + ": for what is newer use command.Load or LoadOnDemand"
}

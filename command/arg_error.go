package command

import (
	"fmt"

	"github.com/desir-go/desir/internal/oneline"
)

// ArgError reports an argument that the server would not accept. Its text contains none
// of the command's arguments.
type ArgError struct {
	Command string // "SET"
	Want    string // what is expected instead: "an integer for EX", "GET or nothing more"
	Usage   string // "SET key value [NX | XX] …"
	Pos     int    // index of the argument, not counting the name; the number of arguments if one is missing

	// Table is the version of the built-in table, "Redis 7.0.15", if a Runner checked
	// against [Builtin] and a newer server may accept the argument. Otherwise it is
	// empty.
	Table string

	missing    bool // there is no argument at Pos
	maybeNewer bool // a newer server may accept the argument
}

const maxText = 1000 // maximum length of an error text in bytes; the longest usage has 700

// Error returns a text such as "SET: argument 3: want …; usage: SET key value …". It is
// truncated to 1000 bytes, and to 600 bytes in the text of an OpError that wraps it.
func (e *ArgError) Error() string {
	what := "argument"
	if e.missing {
		what = "missing argument"
	}
	text := fmt.Sprintf("%s: %s %d: want %s", e.Command, what, e.Pos+1, e.Want)
	if e.Table != "" {
		text += "; " + remedy(e.Table)
	}
	if e.Usage != "" { // it is empty for a module's command that is not in the table
		text += "; usage: " + e.Usage // last, because it may be truncated
	}
	return oneline.Line(text, maxText) // parts of the text may come from the server
}

// remedy says what to do if the server is newer than the built-in table.
func remedy(table string) string {
	return "checked against the commands of " + table + "; for newer commands and options use command.Load or LoadOnDemand"
}

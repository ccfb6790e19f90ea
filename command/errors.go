package command

import (
	"fmt"
	"strings"

	"github.com/desir-go/desir/internal/coded"
)

var (
	// ErrUnknown says that the table has no such command; the text has names
	// that resemble it. Nothing was sent. [Load] knows what the server knows,
	// and names with a dot pass unless the Runner is [Strict].
	ErrUnknown = coded.New("unknown command", coded.Unimplemented)

	// ErrNotAllowed says that the Runner keeps this command away; the text names
	// the option that lets it through. Nothing was sent.
	ErrNotAllowed = coded.New("not allowed", coded.PermissionDenied)

	// ErrTooNew says that the command, or an option of it, came with a later
	// version than [MinServer] names. Nothing was sent.
	ErrTooNew = coded.New("newer than the oldest server", coded.Unimplemented)
)

// ArgError says which word of a command is not one that the server would take.
// Its text shows no word of the caller's.
type ArgError struct {
	Command string // "SET"
	Want    string // what is expected there: "an integer for EX", "GET or nothing more"
	Usage   string // "SET key value [NX | XX] …"
	Pos     int    // index of the word among the arguments behind the name; their number if one is missing
}

// Error is "SET: argument 3: want …; usage: SET key value …".
func (e *ArgError) Error() string {
	text := fmt.Sprintf("%s: argument %d: want %s", e.Command, e.Pos+1, e.Want)
	if e.Usage == "" {
		return text // a module's command, of which nothing is known
	}
	return text + "; usage: " + e.Usage
}

// unknown is ErrUnknown with names that may have been meant. What is unknown may
// be anything, so it is not shown.
func (s *Spec) unknown(name string) error {
	names := s.Suggest(name)
	if len(names) == 0 {
		return ErrUnknown
	}
	return fmt.Errorf("%w; did you mean %s?", ErrUnknown, strings.Join(names, ", "))
}

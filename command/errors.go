package command

import (
	"fmt"
	"strings"

	"github.com/desir-go/desir/internal/coded"
	"github.com/desir-go/desir/internal/oneline"
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

// unknown is ErrUnknown with the name and those that may have been meant.
func (s *Spec) unknown(name string) error {
	text := oneline.Text(name, oneline.Name)
	if names := s.Suggest(name); len(names) > 0 {
		text += "; did you mean " + strings.Join(names, ", ") + "?"
	}
	return fmt.Errorf("%w %s", ErrUnknown, text)
}

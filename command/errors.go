package command

import (
	"fmt"
	"strings"

	"github.com/desir-go/desir/internal/coded"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/suggest"
)

var (
	// ErrUnknown reports a command that is not in the table. The error text suggests
	// similar names. Nothing was sent. [Load] returns a table of all commands of the
	// server. A name with a dot passes unless the Runner is [Strict].
	ErrUnknown = coded.New("unknown command", coded.Unimplemented)

	// ErrNotAllowed reports a command that the Runner refuses by default or by an
	// option. The error text names the option that permits it. Nothing was sent.
	ErrNotAllowed = coded.New("not allowed", coded.PermissionDenied)

	// ErrTooNew reports a command or an option that is newer than the version given to
	// [MinServer]. Nothing was sent.
	ErrTooNew = coded.New("newer than the oldest server", coded.Unimplemented)
)

// unknown returns ErrUnknown with the name and similar names.
func (s *Spec) unknown(name string) error {
	text := oneline.Text(name, oneline.Name)
	if names := suggest.Names(name, s.eachName); len(names) > 0 {
		text += "; did you mean " + strings.Join(names, ", ") + "?"
	}
	return fmt.Errorf("%w %s", ErrUnknown, text)
}

package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/desir-go/desir/internal/oneline"
)

// Option configures a [Runner].
type Option interface{ apply(*settings) }

type settings struct {
	spec   *Spec // nil: Builtin
	strict bool
	loads  bool
	oldest string
	access []access // in the order of the options
	errs   []error
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// access permits or denies a command or a category.
type access struct {
	allow bool
	what  string // "@write", or the id of a command
}

// Specification sets the table that commands are checked against, for example one that
// [Load] returned. The default is [Builtin]. A Runner asks the server for its table
// only with [LoadOnDemand].
func Specification(s *Spec) Option { return option(func(set *settings) { set.spec = s }) }

// LoadOnDemand makes the Runner load the server's table, as [Load] does, at the first
// command that its own table refuses as unknown or as having an unknown form. From then
// on the Runner checks against the loaded table, so commands of modules and commands
// newer than [Builtin] pass. Loading adds the three reads of Load to that command, once
// per Runner. If loading fails, the command's error wraps both causes, and the next
// such command tries again.
func LoadOnDemand() Option { return option(func(s *settings) { s.loads = true }) }

// Strict refuses every command that is not in the table. By default a name with a dot,
// as modules have them, passes unchecked.
func Strict() Option { return option(func(s *settings) { s.strict = true }) }

// MinServer names the oldest server version that the program must run on, for example
// "6.2". Commands and options that are newer are refused with [ErrTooNew]. By default
// none is too new.
func MinServer(version string) Option {
	return option(func(s *settings) {
		s.oldest = version
		if !versions.MatchString(version) {
			s.errs = append(s.errs, errors.New("MinServer: not a version"))
		}
	})
}

var versions = regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)

// Allow permits commands. It takes names, such as "FLUSHALL" or "CONFIG SET", and
// categories, such as "@read"; "@all" is the category of all commands. The name of a
// container command includes its subcommands. If several options match a command, the
// last one decides. A command that is refused by default can be permitted by its name
// only, not by a category.
func Allow(what ...string) Option { return permit(true, what) }

// Deny refuses commands. It takes the same arguments as [Allow]. Deny("@all") followed
// by Allow("@read") permits reads only. A module's command that is not in the table
// belongs to no category other than "@all".
func Deny(what ...string) Option { return permit(false, what) }

func permit(allow bool, what []string) Option {
	return option(func(s *settings) {
		for _, w := range what {
			if !strings.HasPrefix(w, "@") {
				w = idOf(w)
			}
			s.access = append(s.access, access{allow, strings.ToLower(w)})
		}
	})
}

// gatherOptions applies the options. Its error is returned by every call.
func gatherOptions(opts []Option) (s settings, err error) {
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s, errors.Join(s.errs...)
}

// checkAccess returns an error for an Allow or Deny that matches nothing in the table: it
// would have no effect, and a Deny without effect is dangerous.
func (s *settings) checkAccess(spec *Spec) error {
	for _, a := range s.access {
		if category, ok := strings.CutPrefix(a.what, "@"); ok {
			if category != "all" && !slices.ContainsFunc(spec.all, func(c *Command) bool { return slices.Contains(c.Categories, a.what) }) {
				return fmt.Errorf("%w: Allow or Deny of category %s", ErrUnknown, oneline.Text(a.what, oneline.Name))
			}
		} else if spec.ids[a.what] == nil && !strings.Contains(a.what, ".") {
			return fmt.Errorf("%w: Allow or Deny of %s", ErrUnknown, oneline.Quote(a.what, oneline.Name))
		}
	}
	return nil
}

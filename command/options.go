package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/desir-go/desir/internal/oneline"
)

// Option changes how a [Runner] works.
type Option interface{ apply(*settings) }

type settings struct {
	spec   *Spec // nil: Builtin
	strict bool
	loads  bool
	oldest string
	access []access // in their order
	errs   []error
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// access lets a name or a category through, or keeps it away.
type access struct {
	allow bool
	what  string // "@write", or an id
}

// Specification sets the table that commands are checked by, for example what [Load] brought.
// The default is [Builtin]: a Runner does not ask the server by itself, unless
// [LoadOnDemand] says so.
func Specification(s *Spec) Option { return option(func(set *settings) { set.spec = s }) }

// LoadOnDemand lets the Runner ask the server for its table, as [Load] does, at the first
// name or form that its own does not have, and check by that from then on: modules and
// what is newer than [Builtin] pass. That command takes the three reads of Load more,
// once for a Runner; after they have failed the next such command tries again, and the
// error of this one has both causes.
func LoadOnDemand() Option { return option(func(s *settings) { s.loads = true }) }

// Strict refuses every name that the table does not have. By default names with
// a dot, as modules have them, pass unchecked.
func Strict() Option { return option(func(s *settings) { s.strict = true }) }

// MinServer names the oldest server that the program has to run on, as "6.2": commands and
// options that came later are [ErrTooNew]. By default nothing is too new.
func MinServer(version string) Option {
	return option(func(s *settings) {
		s.oldest = version
		if !versions.MatchString(version) {
			s.errs = append(s.errs, errors.New("MinServer: not a version"))
		}
	})
}

var versions = regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)

// Allow lets commands through: names, as "FLUSHALL" or "CONFIG SET", where a container
// stands for its subcommands, or categories, as "@read", with "@all" for everything. Of several
// options the last one that concerns a command decides. What is denied by default needs
// its name, a category does not let it through.
func Allow(what ...string) Option { return permit(true, what) }

// Deny keeps commands away; it takes what [Allow] takes. Deny("@all") and then
// Allow("@read") lets reads through alone. A module's command that the table does not
// have is in no category but "@all".
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

// gather applies the options. Their errors are those of every call.
func gatherOptions(opts []Option) (s settings, err error) {
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	return s, errors.Join(s.errs...)
}

// known reports an option that names nothing of the table: it would be of no effect, and a
// Deny without effect is dangerous.
func (s *settings) known(spec *Spec) error {
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

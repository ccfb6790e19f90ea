package command

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/desir-go/desir/internal/clients"
)

// table holds the table that a Runner checks against: the one that was set, or the
// server's table after it was needed.
type table struct {
	s       *settings
	current atomic.Pointer[activeTable] // nil before the first command
	loading chan struct{}               // held by the caller that loads
}

// activeTable is a table with the error of the options that match nothing in it.
type activeTable struct {
	*Spec
	err    error
	loaded bool
}

// get returns the table for the next command.
func (t *table) get() *activeTable {
	if c := t.current.Load(); c != nil {
		return c
	}
	spec := t.s.spec
	if spec == nil {
		spec = Builtin()
	}
	t.current.CompareAndSwap(nil, &activeTable{spec, t.s.checkAccess(spec), false})
	return t.current.Load()
}

// reload returns the table for another check after err. It is the current table, unless
// a newer table may accept the command and one can be loaded. The error is that of
// loading.
func (t *table) reload(ctx context.Context, h *clients.Shared, err error) (*activeTable, error) {
	if !t.s.loads || !mayBeNewer(err) || t.get().loaded {
		return t.get(), nil
	}
	select {
	case t.loading <- struct{}{}:
		defer func() { <-t.loading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !t.get().loaded {
		spec, err := loadFrom(ctx, h)
		if err != nil {
			return nil, err
		}
		t.current.Store(&activeTable{spec, t.s.checkAccess(spec), true})
	}
	return t.get(), nil
}

// mayBeNewer reports whether a newer table may accept what err refused.
func mayBeNewer(err error) bool {
	wrong, ok := errors.AsType[*ArgError](err)
	return ok && wrong.maybeNewer || errors.Is(err, ErrUnknown)
}

// withRemedy adds the remedy to err if the built-in table refused what a newer server
// may accept.
func (c *activeTable) withRemedy(err error) error {
	if c.loaded || c.Spec != Builtin() || !mayBeNewer(err) {
		return err
	}
	of := c.Product + " " + c.Version
	if wrong, ok := errors.AsType[*ArgError](err); ok {
		wrong.Table = of
		return err
	}
	return fmt.Errorf("%w; %s", err, remedy(of))
}

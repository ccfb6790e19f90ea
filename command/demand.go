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
	s    *settings
	now  atomic.Pointer[checked] // nil before the first command
	gate chan struct{}           // held by the caller that loads
}

// checked is a table with the error of the options that match nothing in it.
type checked struct {
	*Spec
	err    error
	loaded bool
}

// get returns the table for the next command.
func (t *table) get() *checked {
	if c := t.now.Load(); c != nil {
		return c
	}
	spec := t.s.spec
	if spec == nil {
		spec = Builtin()
	}
	t.now.CompareAndSwap(nil, &checked{spec, t.s.known(spec), false})
	return t.now.Load()
}

// after returns the table for another check after err. It is the current table, unless
// a newer table may accept the command and one can be loaded. The error is that of
// loading.
func (t *table) after(ctx context.Context, h *clients.Shared, err error) (*checked, error) {
	if !t.s.loads || !perhapsNewer(err) || t.get().loaded {
		return t.get(), nil
	}
	select {
	case t.gate <- struct{}{}:
		defer func() { <-t.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !t.get().loaded {
		spec, err := loadFrom(ctx, h)
		if err != nil {
			return nil, err
		}
		t.now.Store(&checked{spec, t.s.known(spec), true})
	}
	return t.get(), nil
}

// perhapsNewer reports whether a newer table may accept what err refused.
func perhapsNewer(err error) bool {
	wrong, ok := errors.AsType[*ArgError](err)
	return ok && wrong.form || errors.Is(err, ErrUnknown)
}

// explained adds the remedy to err if the built-in table refused what a newer server
// may accept.
func (c *checked) explained(err error) error {
	if c.loaded || c.Spec != Builtin() || !perhapsNewer(err) {
		return err
	}
	of := c.Product + " " + c.Version
	if wrong, ok := errors.AsType[*ArgError](err); ok {
		wrong.Table = of
		return err
	}
	return fmt.Errorf("%w; %s", err, remedy(of))
}

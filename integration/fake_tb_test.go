package integration

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// fake is a testing.TB that records failures and skips.
type fake struct {
	testing.TB
	said     []string
	skipped  bool
	failed   bool
	cleanups []func()
}

// attempt runs f with a fake and returns the fake.
func attempt(t *testing.T, f func(testing.TB)) *fake {
	x := &fake{TB: t}
	done := make(chan struct{})
	go func() { // in a goroutine, since FailNow ends it
		defer close(done)
		f(x)
	}()
	<-done
	for _, c := range slices.Backward(x.cleanups) {
		c()
	}
	return x
}

// attempt runs f with a copy of e that reports to a fake, and returns the fake. If the
// server is missing, t has been skipped already.
func (e *Env) attempt(t *testing.T, f func(*Env)) *fake {
	return attempt(t, func(t testing.TB) {
		c := *e
		c.t = t
		f(&c)
	})
}

func (x *fake) Helper()                   {}
func (x *fake) Cleanup(f func())          { x.cleanups = append(x.cleanups, f) }
func (x *fake) Log(args ...any)           { x.said = append(x.said, fmt.Sprint(args...)) }
func (x *fake) Logf(f string, a ...any)   { x.said = append(x.said, fmt.Sprintf(f, a...)) }
func (x *fake) Errorf(f string, a ...any) { x.failed = true; x.Logf(f, a...) }
func (x *fake) Error(args ...any)         { x.failed = true; x.Log(args...) }
func (x *fake) Fatalf(f string, a ...any) { x.Errorf(f, a...); runtime.Goexit() }
func (x *fake) Fatal(args ...any)         { x.Error(args...); runtime.Goexit() }
func (x *fake) Skip(args ...any)          { x.skipped = true; x.Log(args...); runtime.Goexit() }
func (x *fake) Skipf(f string, a ...any)  { x.Skip(fmt.Sprintf(f, a...)) }

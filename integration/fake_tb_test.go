package integration

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// fakeTB is a testing.TB that records failures and skips.
type fakeTB struct {
	testing.TB
	output   []string
	skipped  bool
	failed   bool
	cleanups []func()
}

// runFake runs f with a fakeTB and returns it.
func runFake(t *testing.T, f func(testing.TB)) *fakeTB {
	x := &fakeTB{TB: t}
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

// runFake runs f with a copy of e that reports to a fakeTB, and returns it. If the
// server is missing, t has been skipped already.
func (e *Env) runFake(t *testing.T, f func(*Env)) *fakeTB {
	return runFake(t, func(t testing.TB) {
		c := *e
		c.t = t
		f(&c)
	})
}

func (x *fakeTB) Helper()                   {}
func (x *fakeTB) Cleanup(f func())          { x.cleanups = append(x.cleanups, f) }
func (x *fakeTB) Log(args ...any)           { x.output = append(x.output, fmt.Sprint(args...)) }
func (x *fakeTB) Logf(f string, a ...any)   { x.output = append(x.output, fmt.Sprintf(f, a...)) }
func (x *fakeTB) Errorf(f string, a ...any) { x.failed = true; x.Logf(f, a...) }
func (x *fakeTB) Error(args ...any)         { x.failed = true; x.Log(args...) }
func (x *fakeTB) Fatalf(f string, a ...any) { x.Errorf(f, a...); runtime.Goexit() }
func (x *fakeTB) Fatal(args ...any)         { x.Error(args...); runtime.Goexit() }
func (x *fakeTB) Skip(args ...any)          { x.skipped = true; x.Log(args...); runtime.Goexit() }
func (x *fakeTB) Skipf(f string, a ...any)  { x.Skip(fmt.Sprintf(f, a...)) }

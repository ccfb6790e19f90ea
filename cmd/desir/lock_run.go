package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/lock"
)

type lockRun struct {
	Name  string        `arg:"" help:"Name of the mutex."`
	TTL   time.Duration `name:"ttl" default:"30s" help:"How long the lease lasts without a renewal, at least 1s. It is renewed after a third of it."`
	Wait  time.Duration `xor:"wait" help:"Give up if the lock is not free within this time. Without it there is no limit."`
	Skip  bool          `xor:"wait" help:"Do not wait: run nothing if the lock is not free."`
	Words []string      `arg:"" name:"command" passthrough:"partial" help:"The program and its arguments. Flags of desir must precede it; -- may."`
}

// Exit statuses of "desir lock run".
const (
	statusNotFree  = 123 // the lock was not free
	statusLost     = 124 // the lock was lost while the program ran
	statusNoLock   = 125 // the lock could not be used
	statusCannot   = 126 // the program cannot be executed
	statusNotFound = 127 // the program was not found
	statusSignal   = 128 // plus the number of the signal that ended the program, or the wait
)

// Help returns the text that follows the flags.
func (lockRun) Help() string {
	return `The program gets the fencing token in DESIR_LOCK_TOKEN, and the standard streams. It is in its own process group, which gets
the signals SIGINT, SIGTERM, SIGHUP and SIGQUIT once. If the lock is lost, the group gets SIGTERM, and SIGKILL after a fifteenth of
the TTL (at least 60ms): before another can have the lock, unless it was broken. The terminal goes to the program when it
reads from it.

The exit status is that of the program, or 128 plus the number of the signal that ended it, or:

  2    wrong usage
  123  the lock was not free: within the time of --wait, or at once with --skip. The program did not run.
  124  the lock was lost while the program ran
  125  the lock could not be used, for example because the server is not reachable. The program did not run.
  126  the program cannot be executed
  127  the program was not found

If desir itself is killed, the lock is free after the TTL. On Linux the program is killed with it.

  desir lock run nightly-report --skip -- ./report.sh --all`
}

// statusError ends the tool with an exit status. If err is nil, nothing is printed.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return "exit status " + strconv.Itoa(e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// forwarded are the signals that the program gets.
var forwarded = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

// Run is "desir lock run". The error is a *statusError.
func (c *lockRun) Run(ctx context.Context, s streams, flags *cli) error {
	if c.Words[0] == "--" {
		c.Words = c.Words[1:]
	}
	if len(c.Words) == 0 {
		return &statusError{2, errors.New("there is no command; see desir lock run --help")}
	}
	if _, err := exec.LookPath(c.Words[0]); err != nil {
		return cannotRun(err)
	}
	signals := make(chan os.Signal, 16)
	for _, sig := range forwarded {
		if !signal.Ignored(sig) { // by nohup
			signal.Notify(signals, sig)
		}
	}
	defer signal.Stop(signals)
	err := online(ctx, flags, func(rdb redis.UniversalClient) error { return c.hold(ctx, s, rdb, signals) })
	if _, ok := errors.AsType[*statusError](err); ok {
		return err
	}
	if ctx.Err() != nil { // ended by a signal, which is in signals too, or soon is
		select {
		case sig := <-signals:
			return &statusError{statusSignal + signalNumber(sig), err}
		case <-time.After(time.Second):
		}
	}
	return &statusError{statusNoLock, err}
}

func signalNumber(sig os.Signal) int {
	n, _ := sig.(syscall.Signal)
	return int(n)
}

// cannotRun returns the error for a program that does not start.
func cannotRun(err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &statusError{statusNotFound, err}
	}
	return &statusError{statusCannot, err}
}

// hold acquires the lock, runs the program, and releases the lock.
func (c *lockRun) hold(ctx context.Context, s streams, rdb redis.UniversalClient, signals chan os.Signal) error {
	l, err := c.acquire(ctx, rdb, signals)
	if err != nil {
		return err
	}
	p := exec.Command(c.Words[0], c.Words[1:]...)
	p.Env = append(os.Environ(), "DESIR_LOCK_TOKEN="+strconv.FormatInt(l.Token(), 10))
	p.Stdin, p.Stdout, p.Stderr = os.Stdin, os.Stdout, os.Stderr
	status, err := supervise(p, l, c.grace(), signals)
	lost := errors.Is(context.Cause(l.Context()), desir.ErrLost)
	released := l.Unlock(ctx)
	switch {
	case err != nil:
		return cannotRun(err)
	case lost, errors.Is(released, desir.ErrLost):
		return &statusError{statusLost, fmt.Errorf("%s: the lock was lost while the program ran", shown(c.Name))}
	case released != nil:
		fmt.Fprintf(s.err, "desir: the lock was not released, and is free after its TTL: %s\n", errorText(released))
	}
	return &statusError{status, nil}
}

// grace is the time between SIGTERM and SIGKILL. A lease counts as lost a tenth of its TTL, and
// at least 100 ms, before it ends.
func (c *lockRun) grace() time.Duration { return max(60*time.Millisecond, c.TTL/15) }

// acquire acquires the lock. A signal ends the wait.
func (c *lockRun) acquire(ctx context.Context, rdb redis.UniversalClient, signals chan os.Signal) (*lock.Lease, error) {
	m := lock.NewMutex(rdb, c.Name, lock.TTL(c.TTL), lock.Wait(c.Wait))
	if c.Skip {
		l, ok, err := m.TryLock(ctx)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, &statusError{statusNotFree, fmt.Errorf("%s: %w", shown(c.Name), lock.ErrLocked)}
		}
		return l, nil
	}
	waiting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var stopped os.Signal
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case stopped = <-signals:
			cancel()
		case <-waiting.Done():
		}
	}()
	l, err := m.Lock(waiting)
	cancel()
	<-done
	switch {
	case stopped != nil && l != nil:
		err = cmp.Or(l.Unlock(ctx), context.Canceled)
		fallthrough
	case stopped != nil:
		return nil, &statusError{statusSignal + signalNumber(stopped), err}
	case errors.Is(err, lock.ErrLocked):
		return nil, &statusError{statusNotFree, err}
	}
	return l, err
}

package redistest

import (
	"io"
	"os"
	"os/exec"
	"testing"
)

// Child is a second process of the test binary. A test can kill and freeze it. It ends
// with the test.
type Child struct {
	t    testing.TB
	proc *process
}

// StartChild starts the test binary with the additional environment variable env, in the
// form "NAME=value". TestMain reads it to find out what the child has to do. The child
// writes to the standard output and error of this process.
func StartChild(t testing.TB, env string) *Child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // for EndWithParent
		t.Fatal(err)
	}
	proc, err := spawn(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.kill)
	return &Child{t: t, proc: proc}
}

// EndWithParent ends this process when its parent has ended. A child of [StartChild]
// calls it.
func EndWithParent() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// Kill kills the process (SIGKILL) and returns when it has ended. The process may be
// frozen.
func (c *Child) Kill() { c.proc.kill() }

// Freeze stops the process (SIGSTOP), unless it has ended.
func (c *Child) Freeze() {
	if err := freeze(c.proc.cmd.Process); err != nil && !c.proc.ended() {
		c.t.Error(err)
	}
}

// Thaw resumes a frozen process (SIGCONT), unless it has ended.
func (c *Child) Thaw() {
	if err := thaw(c.proc.cmd.Process); err != nil && !c.proc.ended() {
		c.t.Error(err)
	}
}

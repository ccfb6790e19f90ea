package redistest

import (
	"io"
	"os"
	"os/exec"
	"testing"
)

// Child is a process of the test binary that plays a part, and that a test can kill and
// freeze. It ends with the test.
type Child struct {
	t    testing.TB
	proc *process
}

// StartChild starts the test binary with one environment variable more, "NAME=value", by
// which its TestMain knows the part. The child's standard output and error are the test's.
func StartChild(t testing.TB, part string) *Child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), part)
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

// EndWithParent ends this process, a child, when its parent has gone.
func EndWithParent() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// Kill ends the process at once (SIGKILL), also a frozen one, and returns when it is gone.
func (c *Child) Kill() { c.proc.kill() }

// Freeze stops the process (SIGSTOP), unless it has ended.
func (c *Child) Freeze() {
	if err := freeze(c.proc.cmd.Process); err != nil && !c.proc.ended() {
		c.t.Error(err)
	}
}

// Thaw lets a frozen process go on (SIGCONT).
func (c *Child) Thaw() {
	if err := thaw(c.proc.cmd.Process); err != nil && !c.proc.ended() {
		c.t.Error(err)
	}
}

//go:build unix

package redistest

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// freeze stops a process and returns when it has stopped. The signal takes effect only
// some time after it was sent.
func freeze(p *os.Process) error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	if !poll(5*time.Second, func() bool { return stopped(p) }) {
		return fmt.Errorf("process %d did not stop", p.Pid)
	}
	return nil
}

func thaw(p *os.Process) error { return p.Signal(syscall.SIGCONT) }

// stopped reports whether /proc shows the process as stopped. The state follows the
// command name in parentheses. On a system without /proc it returns true.
func stopped(p *os.Process) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
	if err != nil {
		return true
	}
	_, state, ok := bytes.Cut(stat, []byte(") "))
	return ok && len(state) > 0 && state[0] == 'T'
}

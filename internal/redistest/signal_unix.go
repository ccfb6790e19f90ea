//go:build unix

package redistest

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// freeze stops the child and returns when it has stopped: the signal alone only
// asks for it.
func (p *process) freeze() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	if !poll(5*time.Second, p.stopped) {
		return fmt.Errorf("process %d did not stop", p.pid())
	}
	return nil
}

func (p *process) thaw() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// stopped reads the state that follows the command's name in parentheses.
// Where there is no /proc the signal has to do.
func (p *process) stopped() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid()))
	if err != nil {
		return true
	}
	_, state, ok := bytes.Cut(stat, []byte(") "))
	return ok && len(state) > 0 && state[0] == 'T'
}

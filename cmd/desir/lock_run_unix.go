//go:build unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/desir-go/desir/lock"
)

// program is a running program, the leader of its process group.
type program struct {
	pid      int
	terminal *terminalControl
	states   chan syscall.WaitStatus // when it stops, and when it ends
}

// supervise runs a program until it ends, and returns its exit status. If the lease is lost, its
// process group is killed. The error is that of its start.
func supervise(cmd *exec.Cmd, l *lock.Lease, grace time.Duration, signals chan os.Signal) (status int, err error) {
	signal.Notify(signals, syscall.SIGTSTP)
	p := &program{terminal: openTerminal(), states: make(chan syscall.WaitStatus)}
	defer p.terminal.close()
	started := make(chan error)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return 0, err
	}
	lost := l.Context().Done()
	var kill <-chan time.Time
	for {
		select {
		case sig := <-signals:
			p.send(sig.(syscall.Signal))
		case <-lost:
			lost, kill = nil, time.After(grace)
			p.send(syscall.SIGTERM)
			p.send(syscall.SIGCONT) // a program that is stopped ends too
		case <-kill:
			kill = nil
			p.send(syscall.SIGKILL)
		case state := <-p.states:
			if state.Stopped() {
				if lost == nil || p.suspend(state.StopSignal()) {
					if l.Context().Err() != nil {
						p.send(syscall.SIGTERM) // before it goes on
					}
					p.send(syscall.SIGCONT)
				}
				continue
			}
			p.terminal.takeBack()
			if l.Context().Err() != nil {
				p.killRest(kill)
			}
			if !state.Signaled() {
				return state.ExitStatus(), nil
			}
			return statusSignal + int(state.Signal()), nil
		}
	}
}

// run starts the program and reports its states. The thread stays, since the kernel kills the
// program when the thread that has started it ends.
func (p *program) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	for {
		var state syscall.WaitStatus
		switch _, err := syscall.Wait4(p.pid, &state, syscall.WUNTRACED, nil); {
		case err == syscall.EINTR: //nolint:errorlint // it is an Errno
			continue
		case err != nil:
			state = statusCannot << 8 // it cannot happen: only this goroutine waits for it
		}
		p.states <- state
		if !state.Stopped() {
			_ = cmd.Process.Release()
			return
		}
	}
}

// send sends a signal to the process group.
func (p *program) send(sig syscall.Signal) { _ = syscall.Kill(-p.pid, sig) } // fails if it has ended

// killRest kills what is left of the process group after its leader has ended, when the grace is
// over.
func (p *program) killRest(kill <-chan time.Time) {
	if kill == nil { // the grace is over, or the program ended at the moment of the loss
		p.send(syscall.SIGKILL)
		return
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for syscall.Kill(-p.pid, 0) == nil {
		select {
		case <-look.C:
		case <-kill:
			p.send(syscall.SIGKILL)
			return
		}
	}
}

// suspend handles that the program was stopped. If it wants the terminal and desir is in the
// foreground, it gets the terminal. After Ctrl-Z, and in the background, desir stops with it:
// when it continues, the lock may be lost. The result is whether the program is to go on.
func (p *program) suspend(sig syscall.Signal) bool {
	switch {
	case sig == syscall.SIGSTOP: // the sender continues it
		return false
	case sig != syscall.SIGTSTP && p.terminal.give(p.pid):
	default:
		p.terminal.takeBack()
		stopSelf()
	}
	return true
}

// stopSelf stops this process and its process group until a shell continues them. Without a shell
// that could, the kernel ignores the signal, and stopSelf returns soon. SIGTSTP would not do: after
// Notify the Go runtime keeps it from stopping the process.
func stopSelf() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	_ = syscall.Kill(0, syscall.SIGTTIN)
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-continued:
	case <-timer.C:
	}
}

//go:build !unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/desir-go/desir/lock"
)

// supervise runs a program until it ends, and returns its exit status. If the lease is lost, the
// program is killed. The error is that of its start. The console sends Ctrl-C to both.
func supervise(cmd *exec.Cmd, l *lock.Lease, _ time.Duration, signals chan os.Signal) (status int, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	lost := l.Context().Done()
	for {
		select {
		case <-signals:
		case <-lost:
			lost = nil
			_ = cmd.Process.Kill() // fails if it has ended
		case err := <-done:
			if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
				return 0, err
			}
			return cmd.ProcessState.ExitCode(), nil
		}
	}
}

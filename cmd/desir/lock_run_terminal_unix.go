//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminalControl decides which process group has the terminal.
type terminalControl struct {
	file  *os.File // nil without a terminal
	group int      // of the program, while it has the terminal; else 0
}

func openTerminal() *terminalControl {
	file, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return &terminalControl{}
	}
	return &terminalControl{file: file}
}

func (c *terminalControl) close() {
	if c.file != nil {
		_ = c.file.Close()
	}
}

// foreground returns the process group that has the terminal, or 0.
func (c *terminalControl) foreground() int {
	if c.file == nil {
		return 0
	}
	group, err := unix.IoctlGetInt(int(c.file.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}

// give gives the terminal to a process group, if this one has it, and reports whether it did.
func (c *terminalControl) give(group int) bool {
	if c.foreground() != unix.Getpgrp() || !c.set(group) {
		return false
	}
	c.group = group
	return true
}

// takeBack takes the terminal from the program.
func (c *terminalControl) takeBack() {
	if c.group != 0 && c.foreground() == c.group {
		c.set(unix.Getpgrp())
	}
	c.group = 0
}

// set gives the terminal to a process group. A process in the background would be stopped.
func (c *terminalControl) set(group int) bool {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	return unix.IoctlSetPointerInt(int(c.file.Fd()), unix.TIOCSPGRP, group) == nil
}

package main

import "syscall"

// dieWithParent makes the kernel kill the program when the thread that starts it ends.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }

//go:build !linux

package redistest

import "syscall"

// dieWithParent does nothing on this system. Children remain if neither [Main] nor a
// test's cleanup ends them.
func dieWithParent() *syscall.SysProcAttr { return nil }

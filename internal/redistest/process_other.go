//go:build !linux

package redistest

import "syscall"

// dieWithParent does nothing here: children that [Main] or a test's cleanup
// cannot end stay behind.
func dieWithParent() *syscall.SysProcAttr { return nil }

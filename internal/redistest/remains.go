package redistest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// tempDir makes a directory for a server. Its name, which says whose it is, is
// short: a socket's path has 107 bytes at most.
func tempDir() (string, error) {
	clearRemains()
	return os.MkdirTemp("", prefix+strconv.Itoa(os.Getpid())+"-")
}

const prefix = "desir-"

// clearRemains removes the directories of processes that were killed before
// they could do it. What cannot be removed is for another to find.
var clearRemains = sync.OnceFunc(func() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*-*")) // fails for a bad pattern only
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && Gone(n) {
			_ = os.RemoveAll(dir)
		}
	}
})

// Gone reports whether no process of this machine has the number.
func Gone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}

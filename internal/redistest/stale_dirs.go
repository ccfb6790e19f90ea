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

// tempDir creates a directory for a server. Its name contains the process id. It is
// short, since the path of a socket has at most 107 bytes.
func tempDir() (string, error) {
	removeStaleDirs()
	return os.MkdirTemp("", prefix+strconv.Itoa(os.Getpid())+"-")
}

const prefix = "desir-"

// removeStaleDirs removes the directories of processes that were killed. It ignores
// errors, for example of directories of other users.
var removeStaleDirs = sync.OnceFunc(func() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*-*")) // fails only for a malformed pattern
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && ProcessGone(n) {
			_ = os.RemoveAll(dir)
		}
	}
})

// ProcessGone reports whether this machine has no process with the given id.
func ProcessGone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}

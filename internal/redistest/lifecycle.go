package redistest

import (
	"errors"
	"os"
	"testing"
)

// PID returns the process id of the server.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc.pid()
}

// Kill kills the server (SIGKILL) and returns when it has ended.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc.kill()
}

// Restart starts the server again, on the same port and in the same directory, and
// returns when it replies. It kills a server that still runs.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc.kill()
	var err error
	for range 5 {
		if err = s.run(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	s.check(err)
}

// Freeze stops the server (SIGSTOP) and returns when it has stopped. Its connections stay
// open and silent. The kernel still accepts new ones.
func (s *Server) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check(freeze(s.proc.cmd.Process))
}

// Thaw resumes a frozen server (SIGCONT).
func (s *Server) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check(thaw(s.proc.cmd.Process))
}

// check fails the test if err is not nil. It may be called from any goroutine. For a
// shared server it panics.
func (s *Server) check(err error) {
	switch {
	case err == nil:
	case s.t == nil:
		panic(err)
	default:
		s.t.Helper()
		s.t.Error(err)
	}
}

// Log returns what the server has logged since its last start.
func (s *Server) Log() string {
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return string(log)
}

// end kills the server and removes its directory.
func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proc.kill()
	if err := os.RemoveAll(s.Dir); err != nil && s.t != nil {
		s.t.Errorf("remove server's directory: %v", err)
	}
}

// StopProcess stops a process (SIGSTOP) and returns when it has stopped.
func StopProcess(t testing.TB, p *os.Process) {
	t.Helper()
	if err := freeze(p); err != nil {
		t.Fatal(err)
	}
}

// ContinueProcess resumes a stopped process (SIGCONT).
func ContinueProcess(t testing.TB, p *os.Process) {
	t.Helper()
	if err := thaw(p); err != nil {
		t.Fatal(err)
	}
}

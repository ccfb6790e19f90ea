package integration

import "testing"

// Server is a dedicated server of a test. It is removed when the test ends, in any state.
// If a method fails, it fails the test.
type Server struct {
	// Addr is the address for clients, such as "127.0.0.1:35201". It never changes.
	Addr string

	t       testing.TB
	control control
}

// control is a process or a container.
type control interface {
	kill() error
	restart() error
	freeze() error
	thaw() error
	log() string
}

// Kill kills the server with SIGKILL and returns when it has ended.
func (s *Server) Kill() { s.t.Helper(); s.check("kill", s.control.kill()) }

// Restart starts the server again at its address and returns when it replies. It kills a
// server that still runs. By default the server saves nothing, so it is empty afterwards.
func (s *Server) Restart() { s.t.Helper(); s.check("restart", s.control.restart()) }

// Freeze stops the server without ending it, as SIGSTOP does. Its connections stay open
// and silent. The kernel still accepts new ones.
func (s *Server) Freeze() { s.t.Helper(); s.check("freeze", s.control.freeze()) }

// Thaw resumes a frozen server.
func (s *Server) Thaw() { s.t.Helper(); s.check("thaw", s.control.thaw()) }

// Log returns the log of the server.
func (s *Server) Log() string { return s.control.log() }

func (s *Server) check(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Errorf("integration: %s %s: %v", what, s.Addr, err)
	}
}

package integration

import "testing"

// Server is one server of the test's own. When the test ends it is gone,
// whatever state it is in. A method that fails, fails the test.
type Server struct {
	// Addr is where clients reach it, "127.0.0.1:35201". It stays the same.
	Addr string

	t    testing.TB
	body body
}

// body is a process or a container.
type body interface {
	kill() error
	restart() error
	freeze() error
	thaw() error
	log() string
}

// Kill ends the server at once, as SIGKILL does, and returns when it is gone.
func (s *Server) Kill() { s.t.Helper(); s.check("kill", s.body.kill()) }

// Restart starts the server again at its address, with the data that it had
// saved, which by default is none, and returns when it answers.
func (s *Server) Restart() { s.t.Helper(); s.check("restart", s.body.restart()) }

// Freeze stops the server without ending it, as SIGSTOP does: its connections
// stay open and silent, and new ones are accepted by the kernel.
func (s *Server) Freeze() { s.t.Helper(); s.check("freeze", s.body.freeze()) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.t.Helper(); s.check("thaw", s.body.thaw()) }

// Log returns what the server has logged.
func (s *Server) Log() string { return s.body.log() }

func (s *Server) check(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Errorf("integration: %s %s: %v", what, s.Addr, err)
	}
}

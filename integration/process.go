package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// process is a server that redistest runs; its methods fail the test by
// themselves.
type process struct{ *redistest.Server }

func (p process) kill() error    { p.Kill(); return nil }
func (p process) restart() error { p.Restart(); return nil }
func (p process) freeze() error  { p.Freeze(); return nil }
func (p process) thaw() error    { p.Thaw(); return nil }
func (p process) log() string    { return p.Log() }

// own starts a server of the test's own.
func own(t testing.TB, s settings) *Env {
	t.Helper()
	srv := redistest.StartServer(t, redistest.Use(s.program))
	e := &Env{t: t, kind: "server", source: s.binary() + " at " + srv.Addr + ", the test's own"}
	e.base.Addrs = []string{srv.Addr}
	e.servers = servers(t, srv)
	return e
}

func servers(t testing.TB, all ...*redistest.Server) []*Server {
	var out []*Server
	for _, s := range all {
		out = append(out, &Server{Addr: s.Addr, t: t, body: process{s}})
	}
	return out
}

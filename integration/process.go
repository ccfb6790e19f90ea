package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// process is a server that redistest runs. Its methods return nil, since redistest itself
// fails the test.
type process struct{ *redistest.Server }

func (p process) kill() error    { p.Kill(); return nil }
func (p process) restart() error { p.Restart(); return nil }
func (p process) freeze() error  { p.Freeze(); return nil }
func (p process) thaw() error    { p.Thaw(); return nil }
func (p process) log() string    { return p.Log() }

// newProcess starts a dedicated server.
func newProcess(t testing.TB, s settings) *Env {
	t.Helper()
	srv := redistest.StartServer(t, redistest.Use(s.program))
	e := &Env{t: t, kind: "server", source: s.binary() + " at " + srv.Addr + ", dedicated to this test"}
	e.base.Addrs = []string{srv.Addr}
	e.servers = servers(t, srv)
	return e
}

func servers(t testing.TB, all ...*redistest.Server) []*Server {
	var out []*Server
	for _, s := range all {
		out = append(out, &Server{Addr: s.Addr, t: t, control: process{s}})
	}
	return out
}

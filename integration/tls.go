package integration

import (
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// TLS returns a dedicated server that speaks TLS 1.2 or newer, with a new self-signed
// certificate. Clients of the Env trust it: see [Env.TLSConfig]. It runs the server on
// PATH. If there is none, or with [Container], it runs in a container. The server must be
// built with TLS.
func TLS(t testing.TB, opts ...Option) *Env {
	t.Helper()
	return newEnv(t, opts, newTLS)
}

func newTLS(t testing.TB, s settings) *Env {
	t.Helper()
	if s.binary() == "" || s.container {
		return newTLSContainer(t)
	}
	srv := redistest.StartServer(t, redistest.Use(s.program), redistest.TLS())
	e := &Env{t: t, kind: "tls", source: s.binary() + " with TLS at " + srv.TLSAddr + ", dedicated to this test"}
	e.base.Addrs, e.base.TLSConfig = []string{srv.TLSAddr}, srv.TLSConfig()
	e.servers = servers(t, srv)
	e.servers[0].Addr = srv.TLSAddr
	return e
}

func newTLSContainer(t testing.TB) *Env {
	t.Helper()
	docker := needEngine(t, "TLS needs redis-server or valkey-server on PATH, or Docker", "redis", "docker")
	c, err := redistest.NewCertificate()
	if err != nil {
		t.Fatalf("integration: create a certificate: %v", err)
	}
	b := dedicatedContainer(t, docker, containerConfig{
		args:  configArgs(redistest.TLSConfig(dataDir+certFile, dataDir+keyFile)...),
		files: map[string]string{certFile: c.Cert, keyFile: c.Key},
		tls:   c.Client(),
	})
	e := &Env{t: t, kind: "tls", source: "a container of " + image() + " with TLS at " + b.addr + ", dedicated to this test"}
	e.base.Addrs, e.base.TLSConfig = []string{b.addr}, c.Client()
	e.servers = containerServers(t, b)
	return e
}

const (
	certFile = "cert.pem"
	keyFile  = "key.pem"
)

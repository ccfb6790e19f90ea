package integration

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// Proxy is a proxy between clients and the servers of an [Env]. It loses or delays the
// commands or replies that a test names.
//
// Each call of a method such as [Proxy.Cut] adds a rule. A rule applies to the next n
// commands with one of the given names, such as "incr" or "client unblock", or to all of
// them if n is negative. Without names it applies to any command. If several rules match
// a command, the oldest applies. The commands with which a client sets up a connection,
// such as HELLO, match only by name.
//
// The methods are safe for concurrent use.
type Proxy struct {
	p *redistest.Proxy
	e *Env
}

// Proxy returns a new proxy, which ends with the test. It does not work with [TLS], since
// it cannot read encrypted traffic.
func (e *Env) Proxy() *Proxy {
	e.t.Helper()
	if e.kind == "tls" {
		e.t.Fatal("integration: a proxy cannot read TLS")
	}
	return &Proxy{p: redistest.NewProxy(e.t, ""), e: e}
}

// NewClient is like [Env.NewClient], for a client that reaches every server through the
// proxy.
func (p *Proxy) NewClient(opts ...func(*redis.UniversalOptions)) redis.UniversalClient {
	p.e.t.Helper()
	through := func(o *redis.UniversalOptions) { o.Dialer = p.p.Dialer() }
	return p.e.NewClient(append([]func(*redis.UniversalOptions){through}, opts...)...)
}

// Cut closes the connection instead of forwarding the command. The command is not
// executed.
func (p *Proxy) Cut(n int, commands ...string) { p.p.CutRequest(n, match(commands)) }

// DropReplies forwards the command, and closes the connection instead of forwarding the
// reply.
func (p *Proxy) DropReplies(n int, commands ...string) { p.p.CutReply(n, match(commands)) }

// Swallow forwards the command, and drops its reply and all later replies of the
// connection. The connection stays open.
func (p *Proxy) Swallow(n int, commands ...string) { p.p.Swallow(n, match(commands)) }

// Delay forwards the command at once and delays its reply by d. Later replies of the
// connection wait behind it.
func (p *Proxy) Delay(n int, d time.Duration, commands ...string) { p.p.Delay(n, d, match(commands)) }

// BlackHole with true stops all traffic in both directions. Connections stay open. With
// false traffic flows again, including everything that was sent while it was stopped, as
// in a real network.
func (p *Proxy) BlackHole(on bool) { p.p.BlackHole(on) }

// CutAll closes every connection.
func (p *Proxy) CutAll() { p.p.CutAll() }

// Reset removes all rules and ends the black hole. Counts stay.
func (p *Proxy) Reset() { p.p.Reset() }

// Count returns how many commands with the given name, in lower case, were forwarded. It
// includes retries of the client, which [Recorder] does not see.
func (p *Proxy) Count(command string) int { return p.p.Count(command) }

func match(commands []string) redistest.Match {
	if len(commands) == 0 {
		return redistest.Any
	}
	return redistest.Command(commands...)
}

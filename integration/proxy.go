package integration

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// Proxy stands between clients and the servers of an [Env] and breaks what
// passes, at the very command that a test names.
//
// Every rule holds for the next n commands with one of the names ("incr",
// "client unblock"; with no name, any), for all of them if n is negative, and a
// command obeys the first rule that takes it. What clients say to set up a
// connection is meant only by its name. Methods are safe for any number of
// goroutines.
type Proxy struct {
	p *redistest.Proxy
	e *Env
}

// Proxy returns a new proxy, which ends with the test. It does not work with
// [TLS], which it cannot read.
func (e *Env) Proxy() *Proxy {
	e.t.Helper()
	if e.kind == "tls" {
		e.t.Fatal("integration: a proxy cannot read TLS")
	}
	return &Proxy{p: redistest.NewProxy(e.t, ""), e: e}
}

// NewClient is [Env.NewClient] for a client that reaches every server through
// the proxy.
func (p *Proxy) NewClient(opts ...func(*redis.UniversalOptions)) redis.UniversalClient {
	p.e.t.Helper()
	through := func(o *redis.UniversalOptions) { o.Dialer = p.p.Dialer() }
	return p.e.NewClient(append([]func(*redis.UniversalOptions){through}, opts...)...)
}

// Cut closes the connection instead of sending the command on: it is not executed.
func (p *Proxy) Cut(n int, commands ...string) { p.p.CutRequest(n, match(commands)) }

// DropReplies lets the command be executed, and closes the connection instead of
// sending the reply on.
func (p *Proxy) DropReplies(n int, commands ...string) { p.p.CutReply(n, match(commands)) }

// Swallow lets the command be executed and sends nothing on any more, on a
// connection that stays open.
func (p *Proxy) Swallow(n int, commands ...string) { p.p.Swallow(n, match(commands)) }

// Delay holds the reply back, and what comes behind it on its connection.
func (p *Proxy) Delay(n int, d time.Duration, commands ...string) { p.p.Delay(n, d, match(commands)) }

// BlackHole lets nothing through in either direction, or everything again: also
// what was sent meanwhile, as a real network would.
func (p *Proxy) BlackHole(on bool) { p.p.BlackHole(on) }

// CutAll closes every connection.
func (p *Proxy) CutAll() { p.p.CutAll() }

// Reset ends all rules and the black hole.
func (p *Proxy) Reset() { p.p.Reset() }

// Count returns how many commands of a name were sent on, repeats included:
// what the client's own counting does not show.
func (p *Proxy) Count(command string) int { return p.p.Count(command) }

func match(commands []string) redistest.Match {
	if len(commands) == 0 {
		return redistest.Any
	}
	return redistest.Command(commands...)
}

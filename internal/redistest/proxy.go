package redistest

import (
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy stands between clients and servers and breaks what passes, at the very
// request a test names. It splits both directions into requests and replies and
// knows which reply belongs to which request, in pipelines too; what a server
// pushes belongs to none and passes.
//
// Each rule holds for the next n requests that its match accepts, for all of
// them if n is negative; a request obeys the first rule that takes it. A match
// that does not ask for the commands of a connection's set-up by name (hello,
// client setinfo, cluster slots …) never gets them. The connection of a replica
// passes unsplit. CLIENT REPLY OFF and SKIP confuse it.
//
// All methods are safe for any number of goroutines.
type Proxy struct {
	upstream string
	rules    *rules
	mu       sync.Mutex
	closed   bool
	doors    map[string]net.Listener // by upstream address
	links    map[*link]bool
	wg       sync.WaitGroup
}

// NewProxy starts a proxy for the server at upstream, a TCP address or the path
// of a socket. It ends with the test. Where only [Proxy.Dialer] is used,
// upstream may be "".
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	p := &Proxy{
		upstream: upstream,
		rules:    newRules(),
		doors:    map[string]net.Listener{},
		links:    map[*link]bool{},
	}
	t.Cleanup(p.close)
	if upstream != "" {
		if _, err := p.door(upstream); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// Addr returns where the proxy listens for its first upstream.
func (p *Proxy) Addr() string {
	addr, err := p.door(p.upstream)
	if err != nil {
		panic("redistest: Addr of a proxy without upstream or after its test: " + err.Error())
	}
	return addr
}

// Dialer returns a dialler that reaches any address through the proxy, each
// through a listener of its own. The rules hold for all of them together. It
// fits the Dialer of all go-redis options, those of clusters and sentinels
// above all.
func (p *Proxy) Dialer() func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		door, err := p.door(addr)
		if err != nil {
			return nil, err
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", door)
	}
}

// CutReply lets the server execute the request, drops the reply and closes both
// connections. Replies to what was sent before it still arrive.
func (p *Proxy) CutReply(n int, match Match) { p.rules.add(cutReply, n, 0, match) }

// CutRequest closes both connections instead of forwarding the request, when
// the replies to those before it have arrived.
func (p *Proxy) CutRequest(n int, match Match) { p.rules.add(cutRequest, n, 0, match) }

// HalfReply lets half of the reply's bytes through and closes both connections.
func (p *Proxy) HalfReply(n int, match Match) { p.rules.add(halfReply, n, 0, match) }

// Swallow lets the server execute the request and drops its reply and every
// later one of this connection, which stays open and silent.
func (p *Proxy) Swallow(n int, match Match) { p.rules.add(swallow, n, 0, match) }

// Delay holds the reply back for d, and with it those behind it. The request
// runs at once.
func (p *Proxy) Delay(n int, d time.Duration, match Match) { p.rules.add(delayReply, n, d, match) }

// DelayRequest holds the request back for d, and with it those behind it, also
// if its client goes away meanwhile: it runs late.
func (p *Proxy) DelayRequest(n int, d time.Duration, match Match) {
	p.rules.add(delayRequest, n, d, match)
}

// HoldRequest holds the requests back, and with them those behind them, until release is
// called, also if their clients go away meanwhile: they run then. A held request that is
// not released never runs. held says how many there are.
func (p *Proxy) HoldRequest(n int, match Match) (held func() int, release func()) {
	h := &hold{released: make(chan struct{})}
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.list = append(p.rules.list, &rule{fate: holdRequest, left: n, match: match, held: h})
	held = func() int {
		p.rules.mu.Lock()
		defer p.rules.mu.Unlock()
		return h.n
	}
	return held, sync.OnceFunc(func() { close(h.released) })
}

// HangUp closes the clients' side of every connection. What they have sent still goes on its
// way, also what is held.
func (p *Proxy) HangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		_ = l.client.Close()
	}
}

// Rename replaces IPv4 addresses in all that servers say from now on, as where
// clients know hosts by other names. Reset leaves it.
func (p *Proxy) Rename(names map[string]string) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.names = maps.Clone(names)
}

// Slice makes every byte, of both directions, a write of its own.
func (p *Proxy) Slice(on bool) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.sliced = on
}

// Throttle lets each connection bring so many bytes in a second to its client, as a slow
// network does; 0 for any number.
func (p *Proxy) Throttle(rate int) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.rate = rate
}

// BlackHole stops both directions. Connections stay open, new ones are accepted
// and get no answer. When it is lifted everything sent meanwhile goes on its
// way, also from clients that have given up: so do real networks.
func (p *Proxy) BlackHole(on bool) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.open(!on)
}

// Together calls f in n goroutines that begin while nothing passes the proxy, so
// that most of what they send leaves together: the first ones, which go alone,
// wait for their answers. It returns when all have returned, with their errors.
func (p *Proxy) Together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var group, begun sync.WaitGroup
	begun.Add(n)
	p.BlackHole(true)
	for i := range n {
		group.Go(func() {
			begun.Done()
			errs[i] = f(i)
		})
	}
	begun.Wait()
	p.BlackHole(false)
	group.Wait()
	return errs
}

// CutAll closes every connection, and drops what is under way on it.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut()
	}
}

// Reset takes all rules away, Slice, Throttle and BlackHole too. Counts stay.
func (p *Proxy) Reset() { p.rules.reset() }

// Count returns how many requests with this command word, in lower case, were
// forwarded since the proxy was started.
func (p *Proxy) Count(command string) int {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	return p.rules.counts[command]
}

// CountFunc counts the requests that match accepts and that are forwarded from
// now on. The function it returns says how many there were so far.
func (p *Proxy) CountFunc(match Match) func() int {
	c := &counter{match: match}
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.counters = append(p.rules.counters, c)
	return func() int {
		p.rules.mu.Lock()
		defer p.rules.mu.Unlock()
		return c.n
	}
}

// Conns returns the number of open connections.
func (p *Proxy) Conns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// door returns the address of the listener that leads to upstream.
func (p *Proxy) door(upstream string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || upstream == "" {
		return "", net.ErrClosed
	}
	if l, ok := p.doors[upstream]; ok {
		return l.Addr().String(), nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	p.doors[upstream] = l
	p.wg.Go(func() { p.accept(l, upstream) })
	return l.Addr().String(), nil
}

func (p *Proxy) accept(door net.Listener, upstream string) {
	for {
		client, err := door.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of this one connection
		}
		l := &link{rules: p.rules, client: client, gone: make(chan struct{})}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			_ = client.Close()
			return
		}
		p.links[l] = true
		p.wg.Go(func() {
			l.serve(upstream)
			p.mu.Lock()
			delete(p.links, l)
			p.mu.Unlock()
		})
		p.mu.Unlock()
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	for _, l := range p.doors {
		_ = l.Close()
	}
	for l := range p.links {
		l.cut()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// network returns the kind of an address.
func network(addr string) string {
	if strings.HasPrefix(addr, "/") {
		return "unix"
	}
	return "tcp"
}

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

// Proxy is a proxy between clients and servers. It loses or delays requests or replies
// that a test names. It parses both directions and assigns replies to requests, also in
// pipelines. It forwards pushes without applying rules.
//
// Each call of a method such as [Proxy.CutReply] adds a rule. A rule applies to the next
// n requests that its match accepts, or to all of them if n is negative. If several rules
// match a request, the oldest applies. Requests that set up a connection (hello, client
// setinfo, cluster slots and so on) match only by name. The connection of a replica is
// forwarded without parsing. The proxy does not support CLIENT REPLY OFF and SKIP.
//
// All methods are safe for concurrent use.
type Proxy struct {
	upstream  string
	rules     *ruleSet
	mu        sync.Mutex
	closed    bool
	listeners map[string]net.Listener // by upstream address
	conns     map[*proxyConn]bool
	wg        sync.WaitGroup
}

// NewProxy starts a proxy for the server at upstream, which is a TCP address or the path
// of a Unix socket. The proxy ends with the test. upstream may be "" if the test uses
// only [Proxy.Dialer].
func NewProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	p := &Proxy{
		upstream:  upstream,
		rules:     newRuleSet(),
		listeners: map[string]net.Listener{},
		conns:     map[*proxyConn]bool{},
	}
	t.Cleanup(p.close)
	if upstream != "" {
		if _, err := p.listen(upstream); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// Addr returns the address of the proxy for the upstream of [NewProxy].
func (p *Proxy) Addr() string {
	addr, err := p.listen(p.upstream)
	if err != nil {
		panic("redistest: Addr of a proxy without upstream or after its test: " + err.Error())
	}
	return addr
}

// Dialer returns a function for the Dialer field of go-redis options, including those of
// clusters and sentinels. It connects to any address through the proxy. The rules apply
// to the connections to all addresses together.
func (p *Proxy) Dialer() func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		l, err := p.listen(addr)
		if err != nil {
			return nil, err
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", l)
	}
}

// CutReply forwards the request, drops the reply and closes both connections. Replies to
// earlier requests still arrive.
func (p *Proxy) CutReply(n int, match Match) { p.rules.add(cutReply, n, 0, match) }

// CutRequest closes both connections instead of forwarding the request, after the replies
// to earlier requests have arrived.
func (p *Proxy) CutRequest(n int, match Match) { p.rules.add(cutRequest, n, 0, match) }

// HalfReply forwards the first half of the reply's bytes and closes both connections.
func (p *Proxy) HalfReply(n int, match Match) { p.rules.add(halfReply, n, 0, match) }

// Swallow forwards the request, and drops its reply and all later replies of the
// connection. The connection stays open and silent.
func (p *Proxy) Swallow(n int, match Match) { p.rules.add(swallow, n, 0, match) }

// Delay forwards the request at once and delays its reply by d. Later replies of the
// connection wait behind it.
func (p *Proxy) Delay(n int, d time.Duration, match Match) { p.rules.add(delayReply, n, d, match) }

// DelayRequest delays the request by d. Later requests of the connection wait behind it.
// The request is forwarded even if its client has closed the connection by then.
func (p *Proxy) DelayRequest(n int, d time.Duration, match Match) {
	p.rules.add(delayRequest, n, d, match)
}

// HoldRequest holds requests until release is called. Later requests of their connections
// wait behind them. After release they are forwarded even if their clients have closed
// the connections. A request that is not released is never forwarded. held returns the
// number of requests that were held so far.
func (p *Proxy) HoldRequest(n int, match Match) (held func() int, release func()) {
	h := &heldRequests{released: make(chan struct{})}
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.list = append(p.rules.list, &rule{action: holdRequest, left: n, match: match, held: h})
	held = func() int {
		p.rules.mu.Lock()
		defer p.rules.mu.Unlock()
		return h.count
	}
	return held, sync.OnceFunc(func() { close(h.released) })
}

// CloseClients closes the client side of every connection. The requests that clients have
// sent are still forwarded, including held ones.
func (p *Proxy) CloseClients() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.conns {
		_ = l.client.Close()
	}
}

// Rename replaces IPv4 addresses in all further replies and pushes with other names. The
// keys of names are the addresses. Reset does not end it.
func (p *Proxy) Rename(names map[string]string) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.names = maps.Clone(names)
}

// ByteByByte with true forwards every byte with a separate write, in both directions.
func (p *Proxy) ByteByByte(on bool) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.sliced = on
}

// Throttle limits each connection to rate bytes per second in the direction of the
// client, like a slow network. 0 means no limit.
func (p *Proxy) Throttle(rate int) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.rate = rate
}

// BlackHole with true stops both directions. Connections stay open. New ones are accepted
// but get no reply. With false everything that was sent is forwarded, even if the client
// has closed its connection, as in a real network.
func (p *Proxy) BlackHole(on bool) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.setFlowing(!on)
}

// Together calls f in n goroutines while a [Proxy.BlackHole] is active, and ends it when
// all have started. So most of their commands are sent in one batch: the first ones are
// sent alone, and the others collect while these wait for their replies. Together returns
// the errors when all goroutines have returned.
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

// CutAll closes every connection and drops everything in flight.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.conns {
		l.close()
	}
}

// Reset removes all rules and ends ByteByByte, Throttle and BlackHole. Counts stay.
func (p *Proxy) Reset() { p.rules.reset() }

// Count returns how many requests with the given command name, in lower case, were
// forwarded since the proxy was started.
func (p *Proxy) Count(command string) int {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	return p.rules.counts[command]
}

// CountFunc counts the requests that match accepts and that are forwarded from now on.
// The function that it returns returns the current count.
func (p *Proxy) CountFunc(match Match) func() int {
	c := &matchCounter{match: match}
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	p.rules.counters = append(p.rules.counters, c)
	return func() int {
		p.rules.mu.Lock()
		defer p.rules.mu.Unlock()
		return c.count
	}
}

// Conns returns the number of open connections.
func (p *Proxy) Conns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// listen returns the address of the listener for upstream. It starts the listener if
// needed.
func (p *Proxy) listen(upstream string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || upstream == "" {
		return "", net.ErrClosed
	}
	if l, ok := p.listeners[upstream]; ok {
		return l.Addr().String(), nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	p.listeners[upstream] = l
	p.wg.Go(func() { p.accept(l, upstream) })
	return l.Addr().String(), nil
}

func (p *Proxy) accept(l net.Listener, upstream string) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // only this connection failed
		}
		l := &proxyConn{rules: p.rules, client: client, closed: make(chan struct{})}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			_ = client.Close()
			return
		}
		p.conns[l] = true
		p.wg.Go(func() {
			l.run(upstream)
			p.mu.Lock()
			delete(p.conns, l)
			p.mu.Unlock()
		})
		p.mu.Unlock()
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	for _, l := range p.listeners {
		_ = l.Close()
	}
	for l := range p.conns {
		l.close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// networkOf returns the network of an address for net.Dial.
func networkOf(addr string) string {
	if strings.HasPrefix(addr, "/") {
		return "unix"
	}
	return "tcp"
}

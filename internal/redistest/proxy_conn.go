package redistest

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// proxyConn is one connection through a proxy.
type proxyConn struct {
	rules   *ruleSet
	client  net.Conn
	pending pendingRequests
	replica atomic.Bool   // the client is a replica: forward bytes without parsing
	closed  chan struct{} // closed by close

	mu       sync.Mutex
	server   net.Conn // nil until dialled
	isClosed bool
}

// run forwards in both directions until the client, the server or close ends the
// connection.
func (c *proxyConn) run(upstream string) {
	defer c.close()
	if !c.awaitFlow() {
		return
	}
	server, err := net.Dial(networkOf(upstream), upstream)
	if err != nil || !c.setServer(server) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer c.close()
		c.copyReplies(server)
	})
	c.copyRequests(server)
	// When the client closes, the server still gets everything that the client sent, and
	// then the end of the stream. It closes when it has processed that.
	if half, ok := server.(interface{ CloseWrite() error }); !ok || !c.awaitFlow() || half.CloseWrite() != nil {
		c.close()
	}
	back.Wait()
}

// copyRequests forwards requests until the client closes or a rule ends the connection.
func (c *proxyConn) copyRequests(server net.Conn) {
	in := newRESPReader(c.client)
	for {
		raw, args, err := in.readRequest()
		switch {
		case err != nil: // end of stream, or not RESP: then the server decides
			if len(raw) > 0 && c.awaitFlow() && c.write(server, raw) {
				c.copyRaw(server, in.r)
			}
			return
		case len(args) == 0:
			if !c.awaitFlow() || !c.write(server, raw) {
				return
			}
		case !c.forwardRequest(server, raw, args):
			return
		case c.replica.Load():
			c.copyRaw(server, in.r)
			return
		}
	}
}

// forwardRequest applies the rules to a request and forwards it. It returns false if no
// more requests may be read.
func (c *proxyConn) forwardRequest(server net.Conn, raw []byte, args []string) bool {
	action, d, h := c.rules.apply(args)
	if action == delayRequest && !c.sleep(d) || action == holdRequest && !c.awaitRelease(h) {
		return false
	}
	pipelined := c.pending.add(args, action, d)
	if action == cutRequest {
		if !pipelined {
			c.close()
		}
		<-c.closed // with earlier requests pending, copyReplies closes when it reaches this request
		return false
	}
	switch strings.ToLower(args[0]) {
	case "psync", "sync":
		c.replica.Store(true)
	}
	if !c.awaitFlow() {
		return false
	}
	c.rules.countForwarded(args) // before write: a client that has the reply must see the count
	return c.write(server, raw)
}

// copyReplies forwards replies until the server closes or a rule ends the connection.
func (c *proxyConn) copyReplies(server net.Conn) {
	in := newRESPReader(server)
	silent := false
	for !c.replica.Load() {
		raw, err := in.readValue()
		if err != nil {
			if c.awaitFlow() && len(raw) > 0 && !silent && c.write(c.client, raw) {
				c.copyRaw(c.client, in.r)
			}
			return
		}
		r, cutNext := c.pending.requestOf(raw)
		raw = c.rules.rename(raw)
		switch r.action {
		case swallow:
			silent = true
		case cutReply:
			return
		case halfReply:
			raw, cutNext = raw[:len(raw)/2], true
		case delayReply:
			if !c.sleep(r.delay) {
				return
			}
		}
		if !c.awaitFlow() {
			return
		}
		// If the client has gone, continue: the server must still read its requests.
		silent = silent || !c.write(c.client, raw)
		if cutNext {
			return
		}
	}
	c.copyRaw(c.client, in.r)
}

// copyRaw forwards all further bytes without parsing them.
func (c *proxyConn) copyRaw(to net.Conn, from io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && (!c.awaitFlow() || !c.write(to, buf[:n])) || err != nil {
			return
		}
	}
}

func (c *proxyConn) write(to net.Conn, raw []byte) bool {
	step := len(raw)
	rate := c.rules.rateLimit()
	switch {
	case c.rules.slicing():
		step = 1
	case rate > 0 && to == c.client:
		step = max(rate/tick, 1)
	default:
		rate = 0
	}
	for len(raw) > 0 {
		n := min(step, len(raw))
		if _, err := to.Write(raw[:n]); err != nil {
			return false
		}
		raw = raw[n:]
		if rate > 0 && len(raw) > 0 && !c.sleep(time.Second/tick) {
			return false
		}
	}
	return true
}

const tick = 20 // writes per second of a throttled connection

// awaitFlow waits until no black hole is active. It returns false if the connection is
// closed first.
func (c *proxyConn) awaitFlow() bool {
	select {
	case <-c.closed:
		return false
	case <-c.rules.flow():
		return true
	}
}

func (c *proxyConn) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c.closed:
		return false
	case <-t.C:
		return true
	}
}

// awaitRelease waits until a request is released. It returns false if the connection is
// closed first.
func (c *proxyConn) awaitRelease(h *heldRequests) bool {
	select {
	case <-c.closed:
		return false
	case <-h.released:
		return true
	}
}

// setServer stores the connection to the server, so that close closes it.
func (c *proxyConn) setServer(server net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		_ = server.Close()
		return false
	}
	c.server = server
	return true
}

// close closes both sockets. It may be called repeatedly and from any goroutine.
func (c *proxyConn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		return
	}
	c.isClosed = true
	close(c.closed)
	_ = c.client.Close()
	if c.server != nil {
		_ = c.server.Close()
	}
}

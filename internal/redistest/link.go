package redistest

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection through a proxy.
type link struct {
	rules  *rules
	client net.Conn
	pairs  pairing
	raw    atomic.Bool   // the client is a replica: forward bytes without parsing
	gone   chan struct{} // closed by cut

	mu     sync.Mutex
	server net.Conn // nil until dialled
	isCut  bool
}

// serve runs the connection until the client or the server closes it, or until cut.
func (l *link) serve(upstream string) {
	defer l.cut()
	if !l.flow() {
		return
	}
	server, err := net.Dial(network(upstream), upstream)
	if err != nil || !l.attach(server) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		defer l.cut()
		l.replies(server)
	})
	l.requests(server)
	// When the client closes, the server still gets everything that the client sent, and
	// then the end of the stream. It closes when it has processed that.
	if half, ok := server.(interface{ CloseWrite() error }); !ok || !l.flow() || half.CloseWrite() != nil {
		l.cut()
	}
	back.Wait()
}

// requests forwards requests until the client closes or a rule ends the connection.
func (l *link) requests(server net.Conn) {
	in := newFrames(l.client)
	for {
		raw, args, err := in.request()
		switch {
		case err != nil: // end of stream, or not RESP: then the server decides
			if len(raw) > 0 && l.flow() && l.send(server, raw) {
				l.copy(server, in.r)
			}
			return
		case len(args) == 0:
			if !l.flow() || !l.send(server, raw) {
				return
			}
		case !l.forward(server, raw, args):
			return
		case l.raw.Load():
			l.copy(server, in.r)
			return
		}
	}
}

// forward applies the rules to a request and forwards it. It returns false if no more
// requests may be read.
func (l *link) forward(server net.Conn, raw []byte, args []string) bool {
	f, d, held := l.rules.meet(args)
	if f == delayRequest && !l.wait(d) || f == holdRequest && !l.hold(held) {
		return false
	}
	others := l.pairs.asked(args, f, d)
	if f == cutRequest {
		if !others {
			l.cut()
		}
		<-l.gone // with earlier requests pending, replies cuts when it reaches this request
		return false
	}
	switch strings.ToLower(args[0]) {
	case "psync", "sync":
		l.raw.Store(true)
	}
	if !l.flow() {
		return false
	}
	l.rules.forwarded(args) // before send: a client that has the reply must see the count
	return l.send(server, raw)
}

// replies forwards replies until the server closes or a rule ends the connection.
func (l *link) replies(server net.Conn) {
	in := newFrames(server)
	silent := false
	for !l.raw.Load() {
		raw, err := in.value()
		if err != nil {
			if l.flow() && len(raw) > 0 && !silent && l.send(l.client, raw) {
				l.copy(l.client, in.r)
			}
			return
		}
		r, cutNext := l.pairs.answered(raw)
		raw = l.rules.renamed(raw)
		switch r.fate {
		case swallow:
			silent = true
		case cutReply:
			return
		case halfReply:
			raw, cutNext = raw[:len(raw)/2], true
		case delayReply:
			if !l.wait(r.d) {
				return
			}
		}
		if !l.flow() {
			return
		}
		// If the client has gone, go on: the server must still read its requests.
		silent = silent || !l.send(l.client, raw)
		if cutNext {
			return
		}
	}
	l.copy(l.client, in.r)
}

// copy forwards all further bytes without parsing them.
func (l *link) copy(to net.Conn, from io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && (!l.flow() || !l.send(to, buf[:n])) || err != nil {
			return
		}
	}
}

func (l *link) send(to net.Conn, raw []byte) bool {
	step := len(raw)
	rate := l.rules.rated()
	switch {
	case l.rules.slices():
		step = 1
	case rate > 0 && to == l.client:
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
		if rate > 0 && len(raw) > 0 && !l.wait(time.Second/tick) {
			return false
		}
	}
	return true
}

const tick = 20 // writes per second of a throttled connection

// flow waits until no black hole is active. It returns false if the connection is cut
// first.
func (l *link) flow() bool {
	select {
	case <-l.gone:
		return false
	case <-l.rules.flowing():
		return true
	}
}

func (l *link) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.gone:
		return false
	case <-t.C:
		return true
	}
}

// hold waits until a request is released. It returns false if the connection is cut
// first.
func (l *link) hold(h *hold) bool {
	select {
	case <-l.gone:
		return false
	case <-h.released:
		return true
	}
}

// attach stores the connection to the server, so that cut closes it.
func (l *link) attach(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		_ = server.Close()
		return false
	}
	l.server = server
	return true
}

// cut closes both sockets. It may be called repeatedly and from any goroutine.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		return
	}
	l.isCut = true
	close(l.gone)
	_ = l.client.Close()
	if l.server != nil {
		_ = l.server.Close()
	}
}

package redistest

import (
	"net"
	"sync"
	"testing"
)

// FakeServer starts a server and returns its address. The server writes the bytes that
// reply returns for each request, whether or not they are a valid reply. It writes
// nothing for "". It ends with the test.
func FakeServer(t testing.TB, reply func(args []string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeServer{reply: reply, conns: map[net.Conn]bool{}}
	f.wg.Go(func() { f.accept(l) })
	t.Cleanup(func() {
		_ = l.Close()
		f.close()
		f.wg.Wait()
	})
	return l.Addr().String()
}

type fakeServer struct {
	reply func(args []string) string
	wg    sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

func (f *fakeServer) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		if f.closed {
			_ = c.Close()
		} else {
			f.conns[c] = true
			f.wg.Go(func() { f.serve(c) })
		}
		f.mu.Unlock()
	}
}

func (f *fakeServer) serve(c net.Conn) {
	defer func() {
		_ = c.Close()
		f.mu.Lock()
		delete(f.conns, c)
		f.mu.Unlock()
	}()
	for in := newRESPReader(c); ; {
		_, args, err := in.readRequest()
		if err != nil {
			return
		}
		if len(args) == 0 {
			continue
		}
		if _, err := c.Write([]byte(f.reply(args))); err != nil {
			return
		}
	}
}

func (f *fakeServer) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.conns {
		_ = c.Close()
	}
}

package redistest

import (
	"net"
	"sync"
	"testing"
)

// Fake starts a server and returns its address. The server writes the bytes that answer
// returns for each request, whether or not they are a valid reply. It writes nothing for
// "". It ends with the test.
func Fake(t testing.TB, answer func(args []string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{answer: answer, open: map[net.Conn]bool{}}
	f.wg.Go(func() { f.accept(l) })
	t.Cleanup(func() {
		_ = l.Close()
		f.close()
		f.wg.Wait()
	})
	return l.Addr().String()
}

type fake struct {
	answer func(args []string) string
	wg     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
}

func (f *fake) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		if f.closed {
			_ = c.Close()
		} else {
			f.open[c] = true
			f.wg.Go(func() { f.serve(c) })
		}
		f.mu.Unlock()
	}
}

func (f *fake) serve(c net.Conn) {
	defer func() {
		_ = c.Close()
		f.mu.Lock()
		delete(f.open, c)
		f.mu.Unlock()
	}()
	for in := newFrames(c); ; {
		_, args, err := in.request()
		if err != nil {
			return
		}
		if len(args) == 0 {
			continue
		}
		if _, err := c.Write([]byte(f.answer(args))); err != nil {
			return
		}
	}
}

func (f *fake) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.open {
		_ = c.Close()
	}
}

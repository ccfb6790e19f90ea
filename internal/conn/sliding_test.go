package conn

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestDeadlineSlides reads for ten times as long as the allowed silence, until there
// is silence.
func TestDeadlineSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		c, _ := newSlidingConn(near)
		defer c.Close()
		began := time.Now()
		_ = c.SetReadDeadline(began.Add(3 * time.Second))
		go func() {
			for range 15 {
				<-time.After(2 * time.Second)
				_, _ = far.Write([]byte{'x'})
			}
		}()
		if _, err := io.ReadFull(c, make([]byte, 15)); err != nil {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		began = time.Now()
		_, err := c.Read(make([]byte, 1))
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < 2*time.Second || took > 4*time.Second {
			t.Errorf("silence: %v after %v; want a timeout after about 3 s", err, took)
		}
	})
}

// TestReadEnds ends a read by a deadline in the past, before it and during it, even
// after bytes have extended the deadline.
func TestReadEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		c, _ := newSlidingConn(near)
		defer c.Close()
		for range 2 {
			_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
			go func() {
				<-time.After(time.Second)
				_, _ = far.Write([]byte{'x'})
				<-time.After(time.Second)
				_ = c.SetReadDeadline(time.Unix(1, 0))
			}()
			began := time.Now()
			_, err := io.ReadFull(c, make([]byte, 2))
			if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != 2*time.Second {
				t.Errorf("%v after %v; want a timeout after 2 s", err, took)
			}
			if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the next read: %d bytes, %v", n, err)
			}
		}
	})
}

// suspendedConn is a connection of a suspended process: its deadline has long expired
// when the process resumes, and the bytes are there.
type suspendedConn struct {
	net.Conn
	deadline      time.Time
	suspendedConn time.Duration
}

func (c *suspendedConn) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return nil
}

func (c *suspendedConn) Read(b []byte) (int, error) {
	if c.suspendedConn > 0 {
		<-time.After(time.Until(c.deadline) + c.suspendedConn)
		c.suspendedConn = 0
	}
	if !time.Now().Before(c.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	return copy(b, "x"), nil
}

// TestSuspended reads bytes that arrived while the process was suspended.
func TestSuspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newSlidingConn(&suspendedConn{suspendedConn: 5 * time.Second})
		_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("%d bytes, %v; want the byte that arrived", n, err)
		}
	})
}

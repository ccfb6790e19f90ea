package link

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestSilenceIsMeasured reads for ten times as long as the allowed silence, until there
// is silence.
func TestSilenceIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c, _ := patient(here)
		defer c.Close()
		began := time.Now()
		_ = c.SetReadDeadline(began.Add(3 * time.Second))
		go func() {
			for range 15 {
				<-time.After(2 * time.Second)
				_, _ = there.Write([]byte{'x'})
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

// TestReadIsEnded ends a read by a deadline in the past, before it and during it, even
// after bytes have extended the deadline.
func TestReadIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c, _ := patient(here)
		defer c.Close()
		for range 2 {
			_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
			go func() {
				<-time.After(time.Second)
				_, _ = there.Write([]byte{'x'})
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

// late is a connection of a suspended process: its deadline has long expired when the
// process resumes, and the bytes are there.
type late struct {
	net.Conn
	until time.Time
	late  time.Duration
}

func (c *late) SetReadDeadline(t time.Time) error {
	c.until = t
	return nil
}

func (c *late) Read(b []byte) (int, error) {
	if c.late > 0 {
		<-time.After(time.Until(c.until) + c.late)
		c.late = 0
	}
	if !time.Now().Before(c.until) {
		return 0, os.ErrDeadlineExceeded
	}
	return copy(b, "x"), nil
}

// TestStoodStill reads bytes that arrived while the process was suspended.
func TestStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := patient(&late{late: 5 * time.Second})
		_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("%d bytes, %v; want what is there", n, err)
		}
	})
}

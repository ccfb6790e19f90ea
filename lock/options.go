package lock

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/coded"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/send"
)

// Option configures a lock. Options are settings of this process and are not stored.
type Option interface{ apply(*settings) }

type settings struct {
	ttl     time.Duration
	owner   string
	wait    time.Duration // 0: no limit
	noRenew bool
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// TTL sets how long a lease lasts without a renewal. The default is 30 s and the minimum 1 s.
// A lease is renewed after a third of it. A short TTL frees the lock of a dead process soon; a
// long one survives long outages.
func TTL(d time.Duration) Option { return option(func(s *settings) { s.ttl = d }) }

// NoRenew leaves leases to run out after their TTL. [Lease.Extend] extends them.
func NoRenew() Option { return option(func(s *settings) { s.noRenew = true }) }

// Owner sets what [Holder] shows to others. The default is the host's name and the process ID.
// It must not have line breaks.
func Owner(name string) Option { return option(func(s *settings) { s.owner = name }) }

// Wait limits how long Lock and Acquire wait. Then their error is [ErrLocked]; if the server
// owes a reply at that time, it is [desir.ErrUnavailable] as well. It bounds the wait alone, and
// not the work, as a deadline of the context would.
func Wait(d time.Duration) Option { return option(func(s *settings) { s.wait = d }) }

// ErrLocked means that the lock did not become free within the time that [Wait] allows.
var ErrLocked = coded.New("the lock is not free", coded.Aborted)

func newSettings(opts []Option) (settings, error) {
	s := settings{ttl: 30 * time.Second}
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	if s.owner == "" {
		s.owner = defaultOwner()
	}
	switch {
	case s.ttl < lease.MinTTL:
		return s, send.WithClass(desir.ErrNotSupported, fmt.Errorf("the TTL %v is shorter than %v", s.ttl, lease.MinTTL))
	case s.wait < 0:
		return s, send.WithClass(desir.ErrNotSupported, fmt.Errorf("the limit %v of the wait is negative", s.wait))
	}
	return s, nil
}

var defaultOwner = sync.OnceValue(func() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
})

package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Master returns the server that the sentinels call the master, or nil when
// they do not agree, as during a failover.
func (s *Sentinel) Master() *Server {
	var master *Server
	for _, x := range s.Sentinels {
		port, err := s.masterPort(x)
		if err != nil {
			continue // this one is dead or frozen
		}
		for _, n := range s.Nodes {
			if n.Port != port || n == master {
				continue
			}
			if master != nil {
				return nil
			}
			master = n
		}
	}
	return master
}

func (s *Sentinel) masterPort(sentinel *Server) (port int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = sentinel.ask(func(c *redis.Client) error {
		addr, err := c.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.MasterName).StringSlice()
		if err != nil {
			return err
		}
		if len(addr) != 2 {
			return errors.New("no address")
		}
		_, err = fmt.Sscan(addr[1], &port)
		return err
	})
	return port, err
}

// Failover tells a sentinel to promote a replica, and returns when that has
// happened, as [Sentinel.MasterAfter] does.
func (s *Sentinel) Failover() *Server {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var old *Server
	err := until(ctx, func() error {
		if old == nil {
			old = s.Master()
		}
		if old == nil {
			return errors.New("the sentinels do not agree on a master")
		}
		return s.promote(ctx, old)
	})
	if err != nil {
		s.fail("failover", err)
	}
	return s.MasterAfter(old)
}

// promote asks the first sentinel for a failover if it has not had one and is
// not at one: it may refuse, or give up soon after it has agreed, when it finds
// no replica good enough. It returns an error until there is another master.
func (s *Sentinel) promote(ctx context.Context, old *Server) error {
	return s.Sentinels[0].ask(func(c *redis.Client) error {
		facts, err := s.master(ctx, c)
		if err != nil {
			return err
		}
		port, err := s.masterPort(s.Sentinels[0])
		switch {
		case err != nil:
			return err
		case port != old.Port:
			return nil
		case strings.Contains(facts["flags"], "failover_in_progress"):
			return errors.New("failover in progress")
		}
		return errors.Join(errors.New("failover to begin"), c.Do(ctx, "SENTINEL", "FAILOVER", s.MasterName).Err())
	})
}

// MasterAfter waits until all sentinels that answer agree on a master other
// than old, which takes writes, and returns it. For a moment old may take writes
// as well; they are lost. [Sentinel.Settle] waits for the end of that.
func (s *Sentinel) MasterAfter(old *Server) *Server {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var m *Server
	if err := until(ctx, func() error {
		if m = s.Master(); m == nil || m == old {
			return errors.New("the sentinels have no new master")
		}
		return m.ask(func(c *redis.Client) error {
			r, err := role(ctx, c)
			if err == nil && r != "master" {
				err = fmt.Errorf("role %s", r)
			}
			return err
		})
	}); err != nil {
		s.fail("failover", err)
	}
	return m
}

func (s *Sentinel) fail(what string, err error) {
	s.t.Helper()
	for _, x := range s.Sentinels {
		s.t.Logf("sentinel %s:\n%s", x.Addr, x.Log())
	}
	s.t.Fatalf("%s: %v", what, err)
}

// Settle waits until the failover is over in every respect: every server that
// answers follows the master and has its data, and every sentinel that answers
// has done its part. Before that a sentinel starts no other failover.
func (s *Sentinel) Settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.settle(ctx); err != nil {
		s.fail("settle", err)
	}
}

func (s *Sentinel) settle(ctx context.Context) error {
	for _, x := range s.Sentinels {
		if err := until(ctx, func() error {
			if !x.answers() {
				return nil
			}
			return x.ask(func(c *redis.Client) error { return s.knowsAll(ctx, c) })
		}); err != nil {
			return err
		}
	}
	return until(ctx, func() error {
		master := s.Master()
		if master == nil {
			return errors.New("the sentinels do not agree on a master")
		}
		followers := 0
		for _, n := range s.Nodes {
			if n != master && n.answers() {
				followers++
			}
		}
		return master.ask(func(c *redis.Client) error { return Acknowledged(ctx, c, followers) })
	})
}

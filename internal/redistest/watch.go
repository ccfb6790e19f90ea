package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Watch is a master with replicas, and the sentinels that watch it, wherever they
// run. Each server has a port of its own, by which they are told apart: sentinels
// may know them at other addresses.
type Watch struct {
	MasterName string
	Nodes      []string // where clients reach them; the first is the master at the beginning
	Sentinels  []string
}

const quorum = 2

// Begin tells the sentinels, who watch nothing yet, where the master is for them,
// and returns when each knows all the others and the replicas have the data.
func (w Watch) Begin(master string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	for _, addr := range w.Sentinels {
		if err := until(ctx, func() error { // a busy machine may keep one from answering at once
			return w.watch(ctx, addr, host, port)
		}); err != nil {
			return err
		}
	}
	return w.settle(ctx)
}

// watch makes a sentinel watch the master. It may be asked again.
func (w Watch) watch(ctx context.Context, sentinel, host, port string) error {
	return ask(sentinel, func(c *redis.Client) error {
		// Sentinels talk every two seconds and more; new ones can be hurried. A
		// replica whose INFO is three periods old is not promoted: no haste there.
		_ = c.Do(ctx, "SENTINEL", "DEBUG", "INFO-PERIOD", 1000, "PUBLISH-PERIOD", 200, "ASK-PERIOD", 200).Err()
		err := c.Do(ctx, "SENTINEL", "MONITOR", w.MasterName, host, port, quorum).Err()
		if err != nil && !strings.Contains(err.Error(), "Duplicate") { // it does already
			return err
		}
		return c.Do(ctx, "SENTINEL", "SET", w.MasterName, "down-after-milliseconds", 3000, "failover-timeout", 2000, "parallel-syncs", 2).Err()
	})
}

// Master returns the address of the server that the sentinels call the master,
// or "" when they do not agree, as during a failover.
func (w Watch) Master() string {
	master := ""
	for _, sentinel := range w.Sentinels {
		port, err := w.masterPort(sentinel)
		if err != nil {
			continue // this one is dead or frozen
		}
		for _, n := range w.Nodes {
			if p, err := portOf(n); err != nil || p != port || n == master {
				continue
			}
			if master != "" {
				return ""
			}
			master = n
		}
	}
	return master
}

func (w Watch) masterPort(sentinel string) (port int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = ask(sentinel, func(c *redis.Client) error {
		addr, err := c.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", w.MasterName).StringSlice()
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

// Failover tells a sentinel to promote a replica, and returns the new master when
// that has happened, as [Watch.MasterAfter] does.
func (w Watch) Failover() (master string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	old := ""
	if err := until(ctx, func() error {
		if old == "" {
			old = w.Master()
		}
		if old == "" {
			return errDisagree
		}
		return w.promote(ctx, old)
	}); err != nil {
		return "", err
	}
	return w.MasterAfter(old)
}

var errDisagree = errors.New("the sentinels do not agree on a master")

// promote asks the first sentinel for a failover if it has not had one and is
// not at one: it may refuse, or give up soon after it has agreed, when it finds
// no replica good enough. It returns an error until there is another master.
func (w Watch) promote(ctx context.Context, old string) error {
	was, err := portOf(old)
	if err != nil {
		return err
	}
	return ask(w.Sentinels[0], func(c *redis.Client) error {
		facts, err := w.master(ctx, c)
		if err != nil {
			return err
		}
		port, err := w.masterPort(w.Sentinels[0])
		switch {
		case err != nil:
			return err
		case port != was:
			return nil
		case strings.Contains(facts["flags"], "failover_in_progress"):
			return errors.New("failover in progress")
		}
		return errors.Join(errors.New("failover to begin"), c.Do(ctx, "SENTINEL", "FAILOVER", w.MasterName).Err())
	})
}

// MasterAfter waits until all sentinels that answer agree on a master other
// than old, which takes writes, and returns it. For a moment old may take writes
// as well; they are lost. [Watch.Settle] waits for the end of that.
func (w Watch) MasterAfter(old string) (master string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err = until(ctx, func() error {
		if master = w.Master(); master == "" || master == old {
			return errors.New("the sentinels have no new master")
		}
		return ask(master, func(c *redis.Client) error {
			r, err := role(ctx, c)
			if err == nil && r != "master" {
				err = fmt.Errorf("role %s", r)
			}
			return err
		})
	})
	return master, err
}

// Settle waits until a failover is over in every respect: every server that
// answers follows the master and has its data, and every sentinel that answers
// has done its part. Before that a sentinel starts no other failover.
func (w Watch) Settle() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return w.settle(ctx)
}

func (w Watch) settle(ctx context.Context) error {
	for _, sentinel := range w.Sentinels {
		if err := until(ctx, func() error {
			if !answers(sentinel) {
				return nil
			}
			return ask(sentinel, func(c *redis.Client) error { return w.knowsAll(ctx, c) })
		}); err != nil {
			return err
		}
	}
	return until(ctx, func() error {
		master := w.Master()
		if master == "" {
			return errDisagree
		}
		followers := 0
		for _, n := range w.Nodes {
			if n != master && answers(n) {
				followers++
			}
		}
		return ask(master, func(c *redis.Client) error { return Acknowledged(ctx, c, followers) })
	})
}

func (w Watch) knowsAll(ctx context.Context, sentinel *redis.Client) error {
	facts, err := w.master(ctx, sentinel)
	if err != nil {
		return err
	}
	if facts["num-slaves"] != fmt.Sprint(len(w.Nodes)-1) || facts["num-other-sentinels"] != fmt.Sprint(len(w.Sentinels)-1) || facts["flags"] != "master" {
		return fmt.Errorf("sentinel knows %s replicas, %s other sentinels, flags %s",
			facts["num-slaves"], facts["num-other-sentinels"], facts["flags"])
	}
	return nil
}

// master returns what a sentinel knows about the master.
func (w Watch) master(ctx context.Context, sentinel *redis.Client) (map[string]string, error) {
	reply, err := sentinel.Do(ctx, "SENTINEL", "MASTER", w.MasterName).Result()
	if err != nil {
		return nil, err
	}
	return factsOf(reply)
}

// factsOf reads a map of strings, as a map of RESP3 or as an array of pairs.
func factsOf(reply any) (map[string]string, error) {
	facts := map[string]string{}
	switch reply := reply.(type) {
	case map[any]any:
		for k, v := range reply {
			facts[fmt.Sprint(k)] = fmt.Sprint(v)
		}
	case []any:
		for i := 0; i+1 < len(reply); i += 2 {
			facts[fmt.Sprint(reply[i])] = fmt.Sprint(reply[i+1])
		}
	default:
		return nil, fmt.Errorf("a %T is no map", reply)
	}
	return facts, nil
}

// ask runs f with a client of the server at addr that is closed afterwards.
func ask(addr string, f func(*redis.Client) error) error {
	c := inspector(addr)
	defer c.Close()
	if err := f(c); err != nil {
		return fmt.Errorf("%s: %w", addr, err)
	}
	return nil
}

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

// SentinelSet is a master with replicas, and the sentinels that monitor it. They may run
// in other processes or containers. Sentinels may know the servers under other addresses
// than clients, so each server has a different port, which identifies it.
type SentinelSet struct {
	MasterName string
	Nodes      []string // addresses for clients; the first is the master at the start
	Sentinels  []string
}

const quorum = 2

// Monitor makes the sentinels monitor the master. master is its address as the sentinels
// see it. Monitor returns when each sentinel knows all other servers and the replicas
// have the data.
func (set SentinelSet) Monitor(master string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	for _, addr := range set.Sentinels {
		if err := until(ctx, func() error { // on a busy machine a sentinel may not reply at once
			return set.monitorBy(ctx, addr, host, port)
		}); err != nil {
			return err
		}
	}
	return set.awaitStable(ctx)
}

// monitorBy makes a sentinel monitor the master. It may be called again after an error.
func (set SentinelSet) monitorBy(ctx context.Context, sentinel, host, port string) error {
	return withClient(sentinel, func(c *redis.Client) error {
		// By default sentinels exchange messages every two seconds or less often. Newer
		// versions accept shorter periods. INFO-PERIOD is not too short, since a replica
		// is not promoted if its INFO is older than three periods.
		_ = c.Do(ctx, "SENTINEL", "DEBUG", "INFO-PERIOD", 1000, "PUBLISH-PERIOD", 200, "ASK-PERIOD", 200).Err()
		err := c.Do(ctx, "SENTINEL", "MONITOR", set.MasterName, host, port, quorum).Err()
		if err != nil && !strings.Contains(err.Error(), "Duplicate") { // it monitors the master already
			return err
		}
		return c.Do(ctx, "SENTINEL", "SET", set.MasterName, "down-after-milliseconds", 3000, "failover-timeout", 2000, "parallel-syncs", 2).Err()
	})
}

// Master returns the address of the server that the sentinels report as the master. It
// returns "" if they do not agree, for example during a failover.
func (set SentinelSet) Master() string {
	master := ""
	for _, sentinel := range set.Sentinels {
		port, err := set.masterPort(sentinel)
		if err != nil {
			continue // this sentinel has ended or is frozen
		}
		for _, n := range set.Nodes {
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

func (set SentinelSet) masterPort(sentinel string) (port int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = withClient(sentinel, func(c *redis.Client) error {
		addr, err := c.Do(ctx, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", set.MasterName).StringSlice()
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

// Failover makes a sentinel promote a replica. It then waits like
// [SentinelSet.MasterAfter] and returns the new master.
func (set SentinelSet) Failover() (master string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	old := ""
	if err := until(ctx, func() error {
		if old == "" {
			old = set.Master()
		}
		if old == "" {
			return errDisagree
		}
		return set.promote(ctx, old)
	}); err != nil {
		return "", err
	}
	return set.MasterAfter(old)
}

var errDisagree = errors.New("the sentinels do not agree on a master")

// promote makes the first sentinel start a failover, unless one is in progress or
// complete. It returns an error until the sentinel reports another master than old. The
// caller calls it repeatedly: a sentinel may refuse, or abort a failover if it finds no
// suitable replica.
func (set SentinelSet) promote(ctx context.Context, old string) error {
	was, err := portOf(old)
	if err != nil {
		return err
	}
	return withClient(set.Sentinels[0], func(c *redis.Client) error {
		info, err := set.masterInfo(ctx, c)
		if err != nil {
			return err
		}
		port, err := set.masterPort(set.Sentinels[0])
		switch {
		case err != nil:
			return err
		case port != was:
			return nil
		case strings.Contains(info["flags"], "failover_in_progress"):
			return errors.New("failover in progress")
		}
		return errors.Join(errors.New("failover has not started"), c.Do(ctx, "SENTINEL", "FAILOVER", set.MasterName).Err())
	})
}

// MasterAfter waits until all sentinels that reply agree on a master other than old and
// that master accepts writes. It returns the master. For a moment old may still accept
// writes, which are lost. [SentinelSet.AwaitStable] waits until that is over.
func (set SentinelSet) MasterAfter(old string) (master string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err = until(ctx, func() error {
		if master = set.Master(); master == "" || master == old {
			return errors.New("the sentinels have no new master")
		}
		return withClient(master, func(c *redis.Client) error {
			r, err := role(ctx, c)
			if err == nil && r != "master" {
				err = fmt.Errorf("role %s", r)
			}
			return err
		})
	})
	return master, err
}

// AwaitStable waits until a failover is complete. Then every server that replies follows
// the master and has its data. Every sentinel that replies knows all other servers and
// regards the master as healthy. Before that a sentinel starts no other failover.
func (set SentinelSet) AwaitStable() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return set.awaitStable(ctx)
}

func (set SentinelSet) awaitStable(ctx context.Context) error {
	for _, sentinel := range set.Sentinels {
		if err := until(ctx, func() error {
			if !acceptsCommands(sentinel) {
				return nil
			}
			return withClient(sentinel, func(c *redis.Client) error { return set.checkComplete(ctx, c) })
		}); err != nil {
			return err
		}
	}
	return until(ctx, func() error {
		master := set.Master()
		if master == "" {
			return errDisagree
		}
		followers := 0
		for _, n := range set.Nodes {
			if n != master && acceptsCommands(n) {
				followers++
			}
		}
		return withClient(master, func(c *redis.Client) error { return AwaitReplicas(ctx, c, followers) })
	})
}

func (set SentinelSet) checkComplete(ctx context.Context, sentinel *redis.Client) error {
	info, err := set.masterInfo(ctx, sentinel)
	if err != nil {
		return err
	}
	if info["num-slaves"] != fmt.Sprint(len(set.Nodes)-1) || info["num-other-sentinels"] != fmt.Sprint(len(set.Sentinels)-1) || info["flags"] != "master" {
		return fmt.Errorf("sentinel knows %s replicas, %s other sentinels, flags %s",
			info["num-slaves"], info["num-other-sentinels"], info["flags"])
	}
	return nil
}

// masterInfo returns what a sentinel reports about the master.
func (set SentinelSet) masterInfo(ctx context.Context, sentinel *redis.Client) (map[string]string, error) {
	reply, err := sentinel.Do(ctx, "SENTINEL", "MASTER", set.MasterName).Result()
	if err != nil {
		return nil, err
	}
	return stringMap(reply)
}

// stringMap converts a reply to a map of strings. The reply is a map of RESP3 or an array
// of names and values.
func stringMap(reply any) (map[string]string, error) {
	info := map[string]string{}
	switch reply := reply.(type) {
	case map[any]any:
		for k, v := range reply {
			info[fmt.Sprint(k)] = fmt.Sprint(v)
		}
	case []any:
		for i := 0; i+1 < len(reply); i += 2 {
			info[fmt.Sprint(reply[i])] = fmt.Sprint(reply[i+1])
		}
	default:
		return nil, fmt.Errorf("cannot read a %T as a map", reply)
	}
	return info, nil
}

// withClient calls f with a client of the server at addr and closes the client.
func withClient(addr string, f func(*redis.Client) error) error {
	c := inspectionClient(addr)
	defer c.Close()
	if err := f(c); err != nil {
		return fmt.Errorf("%s: %w", addr, err)
	}
	return nil
}

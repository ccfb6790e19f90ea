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

// Follow makes the server at addr a replica of another one, which it knows as
// master, now and after a restart. It has a configuration file.
func Follow(addr, master string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	return ask(addr, func(c *redis.Client) error {
		return errors.Join(c.ReplicaOf(ctx, host, port).Err(), c.ConfigRewrite(ctx).Err())
	})
}

// linked returns an error until the replica has its master's data and has read
// from the stream that follows. A link that is up need not have begun to carry
// the stream: until then what the master is told does not get here.
func linked(ctx context.Context, replica *redis.Client) error {
	info, err := replica.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	facts := lines(info)
	if facts["master_link_status"] != "up" || facts["slave_repl_offset"] == "0" {
		return fmt.Errorf("replication has not begun:\n%s", info)
	}
	return nil
}

// Acknowledged returns an error until n replicas have said that they read all
// that the master had written when asked.
func Acknowledged(ctx context.Context, master *redis.Client, n int) error {
	info, err := master.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	facts := lines(info)
	var written int64
	if _, err := fmt.Sscan(facts["master_repl_offset"], &written); err != nil {
		return err
	}
	return until(ctx, func() error {
		info, err := master.Info(ctx, "replication").Result()
		if err != nil {
			return err
		}
		good := 0
		for name, about := range lines(info) {
			var read int64
			_, offset, ok := strings.Cut(about, ",state=online,offset=")
			if _, err := fmt.Sscanf(offset, "%d,", &read); strings.HasPrefix(name, "slave") && ok && err == nil &&
				read > 0 && read >= written {
				good++
			}
		}
		if good < n {
			return fmt.Errorf("%d of %d replicas have the first %d bytes:\n%s", good, n, written, info)
		}
		return nil
	})
}

// lines reads the "name:value" lines of INFO.
func lines(info string) map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(info, "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			m[name] = value
		}
	}
	return m
}

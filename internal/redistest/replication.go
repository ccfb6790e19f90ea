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

// MakeReplica makes the server at addr a replica, now and after a restart. master is the
// address of its master as the server at addr sees it. The server must have a
// configuration file.
func MakeReplica(addr, master string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	return withClient(addr, func(c *redis.Client) error {
		return errors.Join(c.ReplicaOf(ctx, host, port).Err(), c.ConfigRewrite(ctx).Err())
	})
}

// checkReplicating returns an error until the replica has its master's data and has read
// from the replication stream. The stream may start later than the link is up, and until
// then new writes do not reach the replica.
func checkReplicating(ctx context.Context, replica *redis.Client) error {
	info, err := replica.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	fields := parseInfo(info)
	if fields["master_link_status"] != "up" || fields["slave_repl_offset"] == "0" {
		return fmt.Errorf("replication has not started:\n%s", info)
	}
	return nil
}

// AwaitReplicas waits until n replicas have acknowledged everything that the master had
// written at the call. It returns an error if the context's deadline passes first.
func AwaitReplicas(ctx context.Context, master *redis.Client, n int) error {
	info, err := master.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	fields := parseInfo(info)
	var written int64
	if _, err := fmt.Sscan(fields["master_repl_offset"], &written); err != nil {
		return err
	}
	return until(ctx, func() error {
		info, err := master.Info(ctx, "replication").Result()
		if err != nil {
			return err
		}
		caughtUp := 0
		for name, fields := range parseInfo(info) {
			var offset int64
			_, text, ok := strings.Cut(fields, ",state=online,offset=")
			if _, err := fmt.Sscanf(text, "%d,", &offset); strings.HasPrefix(name, "slave") && ok && err == nil &&
				offset > 0 && offset >= written {
				caughtUp++
			}
		}
		if caughtUp < n {
			return fmt.Errorf("%d of %d replicas have the first %d bytes:\n%s", caughtUp, n, written, info)
		}
		return nil
	})
}

// parseInfo parses the "name:value" lines of INFO.
func parseInfo(info string) map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(info, "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			m[name] = value
		}
	}
	return m
}

package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestMissing checks every entry of the list "Missing" in the package comment.
func TestMissing(t *testing.T) {
	ctx := context.Background()
	c := start(t).Client()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for cmd := range strings.SplitSeq(`BLMPOP 0.01 1 l LEFT
ZDIFF 1 z
ZDIFFSTORE d 1 z
ZINTERCARD 1 z
ZRANGESTORE d z 0 1
HPEXPIRE h 1000 FIELDS 1 f
HEXPIREAT h 9999999999 FIELDS 1 f
HPEXPIREAT h 9999999999000 FIELDS 1 f
HEXPIRETIME h FIELDS 1 f
HGETEX h EX 10 FIELDS 1 f
HGETDEL h FIELDS 1 f
LCS a b
BITFIELD s GET u8 0
MSETEX 1 a b EX 10
SET s v IFEQ w
SORT l
GEOHASH g a
GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 1 km
XSETID st 1-1
XACKDEL st g IDS 1 1-1
XDELEX st IDS 1 1-1
XGROUP SETID st g 0
SPUBLISH c m
SSUBSCRIBE c
PUBSUB SHARDCHANNELS
FUNCTION LIST
FCALL f 0
SCRIPT KILL
CLIENT ID
CLIENT LIST
CLIENT KILL ID 1
CLIENT UNBLOCK 1
CLIENT PAUSE 1
CLIENT TRACKING ON
CLIENT SETINFO lib-name x
INFO server
INFO replication
INFO memory
SAVE
BGSAVE
BGREWRITEAOF
LASTSAVE
WAITAOF 0 0 10
ROLE
REPLICAOF NO ONE
FAILOVER
READONLY
ASKING
CLUSTER INFO
CONFIG GET maxmemory
ACL WHOAMI
DEBUG SLEEP 0
SLOWLOG GET
LATENCY LATEST
MONITOR
MODULE LIST
RESET
SHUTDOWN
MIGRATE 127.0.0.1 1 s 0 10
MEMORY STATS
OBJECT ENCODING s`, "\n") {
		words := strings.Fields(cmd)
		args := make([]any, len(words))
		for i, w := range words {
			args[i] = w
		}
		if err := c.Do(ctx, args...).Err(); err == nil || errors.Is(err, redis.Nil) {
			t.Errorf("%s: %v; want an error, or the package comment to say otherwise", cmd, err)
		}
		name := words[0]
		switch name {
		case "CLIENT", "CLUSTER", "FUNCTION", "INFO", "MEMORY", "OBJECT", "PUBSUB", "SCRIPT", "XGROUP":
			if !strings.Contains(string(doc), words[1]) && name != "FUNCTION" && name != "INFO" {
				t.Errorf("the package comment does not name %s %s", name, words[1])
			}
		}
		if !strings.Contains(string(doc), name) {
			t.Errorf("the package comment does not name %s", name)
		}
	}
}

// TestDifferent checks the list "Different" in the package comment.
func TestDifferent(t *testing.T) {
	ctx := context.Background()
	c := start(t).Client()
	if err := c.HSet(ctx, "carts", "ann", 1, "n", "9223372036854775807").Err(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what string
		got  func() (any, error)
		want string
	}{
		{"version", func() (any, error) {
			v, err := c.Do(ctx, "HELLO", 3).Result()
			if err != nil {
				return nil, err
			}
			return v.(map[any]any)["version"], nil
		}, "8.4.0 <nil>"},
		{"shebang", func() (any, error) {
			return "", hasPrefix(c.Eval(ctx, "#!lua\nreturn 1", nil).Err(), "ERR Error compiling")
		}, " true"},
		{"cmsgpack", func() (any, error) { return "", hasPrefix(c.Eval(ctx, "return cmsgpack.pack(1)", nil).Err(), "ERR") }, " true"},
		{"struct", func() (any, error) { return "", hasPrefix(c.Eval(ctx, "return struct.pack('i', 1)", nil).Err(), "ERR") }, " true"},
		{"bit", func() (any, error) { return "", hasPrefix(c.Eval(ctx, "return bit.band(1, 1)", nil).Err(), "ERR") }, " true"},
		{"number to text", func() (any, error) { return c.Eval(ctx, "return tostring(1e14)", nil).Result() }, "100000000000000 <nil>"},
		{"error in a script", func() (any, error) {
			return "", hasPrefix(c.Eval(ctx, "return redis.call('GET', KEYS[1])", []string{"carts"}).Err(), "ERR Error compiling script")
		}, " true"},
		{"HINCRBY", func() (any, error) { return c.HIncrBy(ctx, "carts", "n", 1).Result() }, "-9223372036854775808 <nil>"},
		{"COMMAND DOCS", func() (any, error) {
			docs, err := c.Do(ctx, "COMMAND", "DOCS", "get").Slice()
			return len(docs) > 100, err
		}, "true <nil>"},
		{"DUMP", func() (any, error) { return "", hasPrefix(c.Dump(ctx, "carts").Err(), "WRONGTYPE") }, " true"},
		{"TTL", func() (any, error) {
			if err := c.Set(ctx, "k", "v", 10*time.Second).Err(); err != nil {
				return nil, err
			}
			return c.TTL(ctx, "k").Result()
		}, "9s <nil>"},
		{"WAIT", func() (any, error) { return c.Do(ctx, "WAIT", 1, 1).Result() }, "0 <nil>"},
		{"HSCAN", func() (any, error) {
			for i := range 100 {
				if err := c.HSet(ctx, "big", i, i).Err(); err != nil {
					return nil, err
				}
			}
			page, cursor, err := c.HScan(ctx, "big", 0, "", 10).Result()
			return fmt.Sprint(len(page), cursor), err
		}, "200 0 <nil>"},
	} {
		v, err := tt.got()
		if got := fmt.Sprint(v, " ", err); got != tt.want {
			t.Errorf("%s = %s; the package comment says %s", tt.what, got, tt.want)
		}
	}
}

// hasPrefix returns an error with the text "true" or "false".
func hasPrefix(err error, prefix string) error {
	return fmt.Errorf("%v", err != nil && strings.HasPrefix(err.Error(), prefix))
}

func TestUnknownCommandInMulti(t *testing.T) {
	ctx := context.Background()
	s := start(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), ReadTimeout: 50 * time.Millisecond, MaxRetries: -1})
	defer c.Close()
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Do(ctx, "NOSUCH")
		p.Set(ctx, "k", "v", 0)
		return nil
	})
	if err == nil || c.Get(ctx, "k").Val() != "v" {
		t.Errorf("%v, k = %q; the package comment says: a timeout, and SET has run", err, c.Get(ctx, "k").Val())
	}
}

func TestRandomFields(t *testing.T) {
	ctx := context.Background()
	s := start(t)
	if err := s.Client().HSet(ctx, "carts", "ann", 1, "bob", 2).Err(); err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []int{2, 3} {
		c := redis.NewClient(&redis.Options{Addr: s.Addr(), Protocol: protocol})
		defer c.Close()
		for range 2 { // the second round checks that the protocol is unchanged
			got, err := c.HRandFieldWithValues(ctx, "carts", 2).Result()
			if err != nil || len(got) != 2 {
				t.Errorf("RESP%d: HRandFieldWithValues = %v, %v; want both", protocol, got, err)
			}
			v, err := c.Do(ctx, "HGETALL", "carts").Result()
			if _, isMap := v.(map[any]any); err != nil || isMap != (protocol == 3) {
				t.Errorf("RESP%d: HGETALL is a %T, %v", protocol, v, err)
			}
		}
	}
}

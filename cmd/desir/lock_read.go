package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/lock"
)

// breaker is a lock of any kind.
type breaker interface {
	Break(ctx context.Context, opts ...lock.BreakOption) (bool, error)
}

// lockKind is a kind of lock.
type lockKind struct {
	name      string                    // for --kind
	object    string                    // its Go type
	key       string                    // part of its keys
	part      func(weight int64) string // what a holder has of it, or ""
	breakable func(rdb redis.UniversalClient, name string) breaker
}

var lockKinds = []lockKind{
	{"mutex", "Mutex", "lock", whole, func(rdb redis.UniversalClient, name string) breaker { return lock.NewMutex(rdb, name) }},
	{"rw", "RWMutex", "rw", readOrWrite, func(rdb redis.UniversalClient, name string) breaker { return lock.NewRWMutex(rdb, name) }},
	{"semaphore", "Semaphore", "sem", permits, func(rdb redis.UniversalClient, name string) breaker { return lock.NewSemaphore(rdb, name, 1) }},
	{"leader", "Leader", "leader", whole, func(rdb redis.UniversalClient, name string) breaker { return lock.NewLeader(rdb, name) }},
}

func whole(int64) string { return "" }

func permits(n int64) string { return count(int(n), "permit", "permits") }

// readOrWrite names the side of an RWMutex: a reader has weight 1, a writer all.
func readOrWrite(weight int64) string {
	if weight == 1 {
		return "reader"
	}
	return "writer"
}

// kindOfKey returns the kind whose leases are at keys that end with part.
func kindOfKey(part string) *lockKind {
	i := slices.IndexFunc(lockKinds, func(k lockKind) bool { return k.key == part })
	return &lockKinds[i]
}

// heldLock is a lock and its holders.
type heldLock struct {
	name    string
	kind    *lockKind
	holders []lease.Holder // those first whose lease ends first
	waiting int64          // processes
}

func (l heldLock) keys() lease.Keys { return lease.KeysOf(l.name, l.kind.key, false) }

func compareLocks(a, b heldLock) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.kind.name, b.kind.name))
}

// left returns the time until the last lease ends.
func (l heldLock) left() time.Duration { return l.holders[len(l.holders)-1].Left }

// holdersText returns the owner, or the number of holders.
func (l heldLock) holdersText() string {
	var parts []string
	if len(l.holders) == 1 {
		parts = append(parts, shown(l.holders[0].Owner))
	} else {
		parts = append(parts, fmt.Sprintf("%d holders", len(l.holders)))
	}
	if l.kind.key == "rw" {
		parts = append(parts, l.kind.part(l.holders[0].Weight))
	}
	return strings.Join(parts, " ")
}

func (l heldLock) waitingText() string {
	if l.waiting == 1 {
		return "1 process waits"
	}
	return fmt.Sprintf("%d processes wait", l.waiting)
}

// document returns a lock as a JSON document.
func (l heldLock) document() any {
	holders := make([]any, len(l.holders))
	for i, h := range l.holders {
		doc := mapping{{"owner", h.Owner}, {"token", h.Token}}
		switch l.kind.key {
		case "rw":
			doc = append(doc, pair{"mode", readOrWrite(h.Weight)})
		case "sem":
			doc = append(doc, pair{"permits", h.Weight})
		}
		holders[i] = append(doc, pair{"left_ms", h.Left.Milliseconds()})
	}
	return mapping{{"name", l.name}, {"kind", l.kind.name}, {"holders", holders}, {"waiting", l.waiting}}
}

// lockFinder collects the locks of servers.
type lockFinder struct {
	pattern string          // of names
	seen    map[string]bool // by key; SCAN may return a key twice
	locks   []heldLock
}

// scan adds the locks of one server, a page at a time.
func (f *lockFinder) scan(ctx context.Context, node redis.Cmdable) error {
	// The server leaves most other keys out.
	match := "*[:.][lrs]*[kmrw]"
	if !strings.ContainsAny(f.pattern, `[\`) {
		match = "*" + f.pattern + match
	}
	var cursor uint64
	for {
		found, next, err := node.ScanType(ctx, cursor, match, lsPage, "zset").Result()
		if err != nil {
			return err
		}
		var page []heldLock
		for _, key := range found {
			l, ok := lockOf(key)
			if ok && !f.seen[key] && globMatch(f.pattern, l.name) {
				f.seen[key] = true
				page = append(page, l)
			}
		}
		held, err := readLocks(ctx, node, page)
		if err != nil {
			return err
		}
		f.locks = append(f.locks, held...)
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// lockOf returns the lock whose leases are at a key.
func lockOf(key string) (l heldLock, ok bool) {
	for _, form := range lockForms {
		if m := form.FindStringSubmatch(key); m != nil {
			return heldLock{name: m[1], kind: kindOfKey(m[2])}, true
		}
	}
	return heldLock{}, false
}

// masterOf returns the server that has a key.
func masterOf(ctx context.Context, rdb redis.UniversalClient, key string) (redis.Cmdable, error) {
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, key)
	}
	return rdb, nil
}

// readLocks asks a server about locks, in two round trips for all of them, and returns those that
// somebody holds.
func readLocks(ctx context.Context, node redis.Cmdable, locks []heldLock) ([]heldLock, error) {
	if len(locks) == 0 {
		return nil, nil
	}
	now, err := node.Time(ctx).Result()
	if err != nil {
		return nil, err
	}
	leases, waiting := make([]*redis.ZSliceCmd, len(locks)), make([]*redis.IntCmd, len(locks))
	err = inPipeline(ctx, node, func(p redis.Pipeliner) {
		for i, l := range locks {
			leases[i] = p.ZRangeByScoreWithScores(ctx, l.keys().Leases, &redis.ZRangeBy{Min: "(" + millis(now), Max: "+inf"})
			waiting[i] = p.ZCount(ctx, l.keys().Waiting, "("+millis(now.Add(-lease.WaitingFor)), "+inf")
		}
	})
	if err != nil {
		return nil, err
	}
	var held []heldLock
	for i, l := range locks {
		if err := cmp.Or(leases[i].Err(), waiting[i].Err()); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(l.keys().Leases), err)
		}
		l.waiting = waiting[i].Val()
		if err := l.fill(leases[i].Val(), now); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(l.keys().Leases), err)
		}
		if len(l.holders) > 0 {
			held = append(held, l)
		}
	}
	return held, nil
}

// fill sets the holders.
func (l *heldLock) fill(leases []redis.Z, now time.Time) error {
	for _, z := range leases {
		member, _ := z.Member.(string)
		if lease.IsMark(member) {
			continue
		}
		h, err := lease.ParseRecord(member)
		if err != nil {
			return err
		}
		h.Left = time.UnixMilli(int64(z.Score)).Sub(now)
		l.holders = append(l.holders, h)
	}
	return nil
}

// millis formats a time as the score of a lease.
func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

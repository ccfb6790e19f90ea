package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/lock"
)

// lockCmd works on locks.
type lockCmd struct {
	Ls    lockList  `cmd:"" help:"List the locks that somebody holds: name, kind, holders, time left, waiting processes."`
	Show  lockShow  `cmd:"" help:"Print the holders of a lock."`
	Break lockBreak `cmd:"" help:"Ask the holders of a lock to give it up."`
	Run   lockRun   `cmd:"" help:"Run a program while holding a mutex."`
}

type lockList struct {
	Pattern string `arg:"" optional:"" default:"*" help:"Glob pattern of the names, for example stock:*."`
	JSON    bool   `help:"Print one JSON object per line."`
}

// lockTarget names a lock.
type lockTarget struct {
	Name string `arg:"" help:"Name of the lock."`
	Kind string `enum:",mutex,rw,semaphore,leader" default:"" placeholder:"KIND" help:"Only the lock of this kind: mutex, rw, semaphore or leader. Without it, all kinds with the name."`
}

type lockShow struct {
	lockTarget `embed:""`
	JSON       bool `help:"Print one JSON object per line."`
}

type lockBreak struct {
	lockTarget `embed:""`
	Force      bool `help:"Take the lock away at once. The holders learn it at their next renewal, so until then two may hold it."`
}

// Help returns the text that follows the flags.
func (lockList) Help() string {
	return `Locks are found with SCAN, on every master of a cluster, which does not block the server. A lock that is acquired or
released while it runs may be missing. The time left is that of the holder whose lease ends last; leases are renewed after a
third of their time. Several callers of one process wait as one.`
}

// Help returns the text that follows the flags.
func (lockShow) Help() string {
	return `The exit status is 1 if nobody holds the lock. Fencing tokens increase with each lease. Several callers of one process
wait as one.`
}

// Help returns the text that follows the flags.
func (lockBreak) Help() string {
	return `A holder learns it at its next renewal, after a third of its lease: its context ends, and then the lock is free. If the
holder is dead, or its leases are not renewed, the lock is free when the lease ends. The exit status is 1 if nobody holds it.`
}

// Run is "desir lock ls".
func (c *lockList) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		nodes, err := masters(ctx, rdb)
		if err != nil {
			return err
		}
		found := lockFinder{pattern: c.Pattern, seen: map[string]bool{}}
		for _, node := range nodes {
			if err := found.scan(ctx, node); err != nil {
				return err
			}
		}
		slices.SortFunc(found.locks, compareLocks)
		if c.JSON {
			return printDocuments(s.out, found.locks)
		}
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		for _, l := range found.locks {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", shown(l.name), l.kind.name, l.holdersText(), leftText(l.left()), l.waitingText())
		}
		return table.Flush()
	})
}

// Run is "desir lock show".
func (c *lockShow) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		locks, err := c.read(ctx, rdb)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return printDocuments(s.out, locks)
		}
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		for _, l := range locks {
			fmt.Fprintf(table, "%s: %s, %s\n", l.kind.name, count(len(l.holders), "holder", "holders"), l.waitingText())
			for _, h := range l.holders {
				fmt.Fprintf(table, "  %s\ttoken %d\t", shown(h.Owner), h.Token)
				if part := l.kind.part(h.Weight); part != "" {
					fmt.Fprintf(table, "%s\t", part)
				}
				fmt.Fprintf(table, "%s left\n", leftText(h.Left))
			}
		}
		return table.Flush()
	})
}

// read returns the held locks with the name, at least one.
func (c *lockTarget) read(ctx context.Context, rdb redis.UniversalClient) ([]heldLock, error) {
	if err := keys.CheckTag(c.Name); err != nil {
		return nil, fmt.Errorf("%s: %w", shown(c.Name), err)
	}
	all := make([]heldLock, 0, len(lockKinds))
	for _, k := range c.kinds() {
		all = append(all, heldLock{name: c.Name, kind: k})
	}
	node, err := masterOf(ctx, rdb, all[0].keys().Leases)
	if err != nil {
		return nil, err
	}
	held, err := readLocks(ctx, node, all)
	if err == nil && len(held) == 0 {
		err = c.notHeld()
	}
	return held, err
}

// kinds returns the kinds of --kind.
func (c *lockTarget) kinds() []*lockKind {
	all := make([]*lockKind, 0, len(lockKinds))
	for i := range lockKinds {
		if c.Kind == "" || c.Kind == lockKinds[i].name {
			all = append(all, &lockKinds[i])
		}
	}
	return all
}

var errNotHeld = errors.New("nobody holds it")

func (c *lockTarget) notHeld() error { return fmt.Errorf("%s: %w", shown(c.Name), errNotHeld) }

// Run is "desir lock break".
func (c *lockBreak) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		var opts []lock.BreakOption
		text := "asked the holders; it is free once their contexts have ended, at the latest when their leases end"
		if c.Force {
			opts = append(opts, lock.Force())
			text = "taken away; the former holders learn it at their next renewal, so until then two may hold it"
		}
		held := false
		for _, k := range c.kinds() {
			broken, err := k.breakable(rdb, c.Name).Break(ctx, opts...)
			if err != nil {
				return err
			}
			if broken {
				held = true
				fmt.Fprintf(s.err, "desir: %s %s: %s\n", k.name, shown(c.Name), text)
			}
		}
		if !held {
			return c.notHeld()
		}
		return nil
	})
}

func printDocuments(out io.Writer, locks []heldLock) error {
	for _, l := range locks {
		if _, err := fmt.Fprintln(out, string(appendJSON(nil, l.document()))); err != nil {
			return err
		}
	}
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// leftText returns a time left, in whole seconds if it is long.
func leftText(d time.Duration) string {
	if d >= time.Second {
		d = d.Round(time.Second)
	}
	return d.String()
}

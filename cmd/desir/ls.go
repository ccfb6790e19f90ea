package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"
)

// lsCmd lists keys.
type lsCmd struct {
	Pattern string `arg:"" optional:"" default:"*" help:"Glob pattern of the keys, for example user:*."`
	Count   int    `short:"n" default:"1000" help:"Stop after this many keys; 0 means no limit."`
	All     bool   `help:"Also list helper keys."`
	JSON    bool   `help:"Print one JSON object per line."`
}

// Help returns the text that follows the flags.
func (lsCmd) Help() string {
	return `Keys are listed with SCAN, on every master of a cluster, which does not block the server. A key that is created or
deleted while it runs may be missing or listed twice. Redis does not record which Go type wrote a key, so the object is a guess
from the key's type and value. Helper keys have names like {name}:part; --all lists them below their object.`
}

const lsPage = 500 // number of keys that the server looks at per SCAN

// Run is "desir ls".
func (c *lsCmd) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		nodes, err := masters(ctx, rdb)
		if err != nil {
			return err
		}
		l := &lister{lsCmd: c}
		for _, node := range nodes {
			if err := l.scan(ctx, node, s.out); err != nil || l.done() {
				return c.end(s, l, err)
			}
		}
		return c.end(s, l, nil)
	})
}

// end prints what was left out.
func (c *lsCmd) end(s streams, l *lister, err error) error {
	if err != nil {
		return err
	}
	if l.done() {
		fmt.Fprintf(s.err, "desir: only the first %d keys are listed; -n lists more\n", c.Count)
	}
	if l.hidden > 0 {
		fmt.Fprintf(s.err, "desir: %d helper keys are not listed; --all lists them\n", l.hidden)
	}
	return nil
}

// masters returns the servers that hold keys, each once.
func masters(ctx context.Context, rdb redis.UniversalClient) ([]redis.Cmdable, error) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{rdb}, nil
	}
	found := make(chan *redis.Client)
	done := make(chan error, 1)
	go func() {
		defer close(found)
		done <- cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
			found <- node
			return nil
		})
	}()
	var all []*redis.Client
	for node := range found {
		all = append(all, node)
	}
	slices.SortFunc(all, func(a, b *redis.Client) int { return strings.Compare(a.Options().Addr, b.Options().Addr) })
	nodes := make([]redis.Cmdable, len(all))
	for i, node := range all {
		nodes[i] = node
	}
	return nodes, <-done
}

// lister lists the keys of servers, one after the other.
type lister struct {
	*lsCmd
	listed, hidden int
}

func (l *lister) done() bool { return l.Count > 0 && l.listed >= l.Count }

// scan lists the keys of one server, a page at a time.
func (l *lister) scan(ctx context.Context, node redis.Cmdable, out io.Writer) error {
	var cursor uint64
	for {
		keys, next, err := node.Scan(ctx, cursor, l.Pattern, lsPage).Result()
		if err != nil {
			return err
		}
		found := make([]*keyInfo, 0, len(keys))
		for _, key := range keys {
			k := newKeyInfo(key)
			if k.helps != "" && !l.All {
				l.hidden++
				continue
			}
			found = append(found, k)
		}
		if l.Count > 0 {
			found = found[:min(len(found), l.Count-l.listed)]
		}
		if found, err = describe(ctx, node, found); err != nil {
			return err
		}
		l.listed += len(found)
		if err := l.print(out, found); err != nil {
			return err
		}
		if cursor = next; cursor == 0 || l.done() {
			return nil
		}
	}
}

// print prints keys, with helper keys below their objects.
func (l *lister) print(out io.Writer, found []*keyInfo) error {
	slices.SortFunc(found, compareKeys)
	if l.JSON {
		for _, k := range found {
			if _, err := fmt.Fprintln(out, string(appendJSON(nil, k.document()))); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range found {
		name := shown(k.key)
		if k.helps != "" {
			name = "  " + name
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", name, shown(k.kind), k.sizeText(), k.ttlText(), k.object)
	}
	return table.Flush()
}

// document returns a key as a JSON document.
func (k *keyInfo) document() any {
	doc := mapping{{"key", k.key}, {"type", k.kind}, {"size", k.size}, {"object", k.object}}
	if k.ttl >= 0 {
		doc = append(doc, pair{"ttl_ms", k.ttl.Milliseconds()})
	}
	if k.helps != "" {
		doc = append(doc, pair{"helps", k.helps})
	}
	return doc
}

func (k *keyInfo) sizeText() string {
	unit := map[string]string{"string": "byte", "hash": "field", "list": "element", "set": "member", "zset": "member", "stream": "entry"}[k.kind]
	switch {
	case unit == "":
		return "-"
	case k.size != 1 && unit == "entry":
		return fmt.Sprintf("%d entries", k.size)
	case k.size != 1:
		unit += "s"
	}
	return fmt.Sprintf("%d %s", k.size, unit)
}

func (k *keyInfo) ttlText() string {
	switch {
	case k.ttl < 0:
		return "-"
	case k.ttl < time.Second:
		return k.ttl.String()
	default:
		return k.ttl.Round(time.Second).String()
	}
}

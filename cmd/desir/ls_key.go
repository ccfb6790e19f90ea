package main

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// keyInfo describes a key.
type keyInfo struct {
	key, kind string // kind is the reply of TYPE
	size      int64  // number of bytes, fields, elements, members or entries
	ttl       time.Duration
	object    string // the object type that it looks like
	helps     string // the object that it belongs to, if it is a helper key
	lock      string // the name of the lock, if it has the leases of one or helps it

	begins string // the beginning of its value, to guess the object
}

// Helper keys have names like {name}:part, name:part if the name contains a hash tag, or
// {name}.part if it is only a hash tag.
var (
	locks = `(lock|sem|rw|leader)`
	parts = `(once:[01]|wake|news|reply:.*|closed|senders|room|room:wake|poke:.*|seq|workers|about|ended|alive)`

	ofName = regexp.MustCompile(`(?s)^\{([^}]+)\}:` + parts + `$`)
	ofTag  = regexp.MustCompile(`(?s)^(\{[^}]+\})\.` + parts + `$`)
	tagged = regexp.MustCompile(`(?s)^(.*\{[^}]+\}.*?):` + parts + `$`)
	shard  = regexp.MustCompile(`(?s)^(.*):shard:[1-9][0-9]*$`)

	ofLock    = regexp.MustCompile(`(?s)^(.*):(meta|waiting|wake|large)$`) // the leases are at the first part
	lockForms = []*regexp.Regexp{
		regexp.MustCompile(`(?s)^\{([^}]+)\}:` + locks + `$`),
		regexp.MustCompile(`(?s)^(\{[^}]+\})\.` + locks + `$`),
		regexp.MustCompile(`(?s)^(.*\{[^}]+\}.*?):` + locks + `$`),
	}
)

// newKeyInfo recognises helper keys by their names.
func newKeyInfo(key string) *keyInfo {
	k := &keyInfo{key: key, ttl: -1}
	if l, ok := lockOf(key); ok {
		k.lock = l.name
		return k
	}
	if m := ofLock.FindStringSubmatch(key); m != nil {
		if l, ok := lockOf(m[1]); ok {
			k.lock, k.helps, k.object = l.name, m[1], "helper of "+shown(m[1])
			return k
		}
	}
	for _, form := range []*regexp.Regexp{ofName, ofTag, tagged, shard} {
		if m := form.FindStringSubmatch(key); m != nil {
			k.helps, k.object = m[1], "helper of "+shown(m[1])
			return k
		}
	}
	switch {
	case strings.HasPrefix(key, "desir:inbox:"):
		k.helps, k.object = "desir:inbox", "inbox of an rpc client"
	case strings.HasPrefix(key, "desir:tour:"):
		k.helps, k.object = "desir:tour", "part of a tour"
	}
	return k
}

// compareKeys sorts by object. Helper keys follow their object, then come the locks with its
// name, each with its helper keys.
func compareKeys(a, b *keyInfo) int {
	return cmp.Or(
		cmp.Compare(cmp.Or(a.lock, a.helps, a.key), cmp.Or(b.lock, b.helps, b.key)), cmp.Compare(min(1, len(a.lock)), min(1, len(b.lock))),
		cmp.Compare(cmp.Or(a.helps, a.key), cmp.Or(b.helps, b.key)), cmp.Compare(a.helps, b.helps), cmp.Compare(a.key, b.key))
}

// smallValue is the largest size in bytes of a value that is read.
const smallValue = 64 << 10

// describe asks a server about keys, in three round trips for all of them, and returns
// those that still exist. It reads no value that is longer than a line.
func describe(ctx context.Context, node redis.Cmdable, keys []*keyInfo) ([]*keyInfo, error) {
	types := make([]*redis.StatusCmd, len(keys))
	err := inPipeline(ctx, node, func(p redis.Pipeliner) {
		for i, k := range keys {
			types[i] = p.Type(ctx, k.key)
		}
	})
	if err != nil {
		return nil, err
	}
	var there []*keyInfo
	for i, k := range keys {
		if k.kind = types[i].Val(); k.kind != "none" && k.kind != "" {
			there = append(there, k)
		}
	}
	sizes, ttls := make([]*redis.IntCmd, len(there)), make([]*redis.DurationCmd, len(there))
	memory, begins := make([]*redis.IntCmd, len(there)), make([]*redis.StringCmd, len(there))
	err = inPipeline(ctx, node, func(p redis.Pipeliner) {
		for i, k := range there {
			ttls[i] = p.PTTL(ctx, k.key)
			switch k.kind {
			case "string":
				sizes[i], begins[i] = p.StrLen(ctx, k.key), p.GetRange(ctx, k.key, 0, 20)
			case "hash":
				sizes[i] = p.HLen(ctx, k.key)
			case "list":
				sizes[i], memory[i] = p.LLen(ctx, k.key), p.MemoryUsage(ctx, k.key, 1)
			case "set":
				sizes[i] = p.SCard(ctx, k.key)
			case "zset":
				sizes[i], memory[i] = p.ZCard(ctx, k.key), p.MemoryUsage(ctx, k.key, 1)
			case "stream":
				sizes[i] = p.XLen(ctx, k.key)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	lists := make([]*redis.StringSliceCmd, len(there))
	err = inPipeline(ctx, node, func(p redis.Pipeliner) {
		for i, k := range there {
			if sizes[i] != nil {
				k.size = sizes[i].Val()
			}
			if k.ttl = ttls[i].Val(); ttls[i].Err() != nil {
				k.ttl = -1
			}
			small := memory[i] != nil && memory[i].Err() == nil && memory[i].Val()/max(1, k.size) < smallValue
			switch {
			case k.kind == "list" && small:
				lists[i] = p.LRange(ctx, k.key, 0, 0)
			case k.kind == "zset" && small:
				lists[i] = p.ZRange(ctx, k.key, 0, 0)
			case k.kind == "hash" && k.ttl >= 0:
				lists[i] = p.HRandField(ctx, k.key, 1)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for i, k := range there {
		if begins[i] != nil {
			k.begins = begins[i].Val()
		} else if lists[i] != nil && len(lists[i].Val()) > 0 {
			k.begins = lists[i].Val()[0]
		}
		if k.helps == "" {
			k.object = k.guessForm()
		}
	}
	return there, nil
}

// inPipeline sends the commands that f adds. An error reply, for example if a key has
// another type by now or has moved, is left to its command.
func inPipeline(ctx context.Context, node redis.Cmdable, f func(redis.Pipeliner)) error {
	p := node.Pipeline()
	f(p)
	if p.Len() == 0 {
		return nil
	}
	_, err := p.Exec(ctx)
	var answer redis.Error
	if errors.As(err, &answer) {
		return nil
	}
	return err
}

var (
	decimal  = regexp.MustCompile(`^-?[0-9]{1,19}$`)
	micros   = regexp.MustCompile(`^[0-9]{16}$`)
	inMail   = regexp.MustCompile(`^[0-9]{16} `)
	numbered = regexp.MustCompile(`^[0-9]{16}:`)
)

// guessForm guesses the object type from the key. If several types write such keys, it
// names the likely ones.
func (k *keyInfo) guessForm() string {
	if l, ok := lockOf(k.key); ok && k.kind == "zset" {
		return l.kind.object
	}
	switch {
	case k.kind == "string" && decimal.MatchString(k.begins):
		return "Counter or Value"
	case k.kind == "string":
		return "Value"
	case k.kind == "hash" && micros.MatchString(k.begins):
		return "Window"
	case k.kind == "hash":
		return "Map"
	case k.kind == "list" && inMail.MatchString(k.begins):
		return "Mailbox"
	case k.kind == "list":
		return "List or Chan"
	case k.kind == "set":
		return "Set"
	case k.kind == "zset" && numbered.MatchString(k.begins):
		return "PriorityQueue"
	case k.kind == "zset":
		return "SortedSet"
	default:
		return "-"
	}
}

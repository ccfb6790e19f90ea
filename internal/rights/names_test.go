package rights_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/rights"
)

// TestNames gives users rights to objects with unusual names. The users have these
// rights, and none for other names.
func TestNames(t *testing.T) {
	t.Parallel()
	p := startServer(t, false)
	role, err := rights.Find("map", "Reader")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	admin := p.adminClient(t)
	for name, others := range map[string][]string{
		"cart":              {"car", "carts", "acart"},
		"c*t":               {"cart", "ct"},
		"c?t":               {"cat"},
		"c[ab]t":            {"cat", "cbt"},
		`c\*t`:              {"c*t", `c\at`},
		"{tag}x^y":          {"{tag}", "{tag}xy"},
		"two words":         {"two", "words", "two  words"},
		"line\nand\x00null": {"line", "lineand"},
		"Wörter ":           {"Worter", "Wörter"},
		"\xff\xfe":          {"\xff"},
		"~&+-@all":          {"all"},
	} {
		args := []any{"acl", "setuser", "user", "reset", "on", ">secret"}
		rules, _ := role.At(name, p.server)
		for _, r := range rules {
			args = append(args, r)
		}
		if err := admin.Do(ctx, args...).Err(); err != nil {
			t.Errorf("%q: %v: %v", name, rules, err)
			continue
		}
		rdb := p.Client(t, func(o *redis.Options) { o.Username, o.Password = "user", "secret" })
		has := func(name string) error {
			return first(collections.NewMap[string, int](rdb, name).Has(redistest.Within(t, 20*time.Second), "a"))
		}
		if err := has(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		for _, other := range others {
			if has(other) == nil {
				t.Errorf("who may read %q may read %q", name, other)
			}
		}
		if exact := rights.Exact(name); exact != (name != "two words" && name != "line\nand\x00null" && name != "Wörter " && name != "\xff\xfe") {
			t.Errorf("Exact(%q) = %t", name, exact)
		}
	}
}

// TestPatterns gives users rights to patterns. The users can subscribe to exactly these
// patterns.
func TestPatterns(t *testing.T) {
	t.Parallel()
	p := startServer(t, false)
	role, err := rights.Find("Pattern", "subscriber")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"news.*", "[ab]?", `a\*`} {
		args := []any{"acl", "setuser", "user", "reset", "on", ">secret"}
		rules, optional := role.At(pattern, p.server)
		for _, r := range append(rules, optional...) {
			args = append(args, r)
		}
		if err := p.Client(t).Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
		rdb := p.Client(t, func(o *redis.Options) { o.Username, o.Password = "user", "secret" })
		sub, err := channel.NewPattern[int](rdb, pattern).Subscribe(t.Context())
		if err != nil {
			t.Errorf("%q with %v: %v", pattern, rules, err)
			continue
		}
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
		if _, err := channel.NewPattern[int](rdb, pattern+"*").Subscribe(t.Context()); !errors.Is(err, desir.ErrDenied) {
			t.Errorf("more than %q: %v", pattern, err)
		}
	}
}

// TestFind verifies that errors list what exists.
func TestFind(t *testing.T) {
	for _, tt := range [][3]string{
		{"Maps", "reader", "unknown type; the types are Server, Map, Set, SortedSet, List, Value, Counter, IDs, Bounded, Window, " +
			"Sharded, Chan, PriorityQueue, Mailbox, lock, Topic, Pattern, rpc"},
		{"Chan", "reader", "Chan has no such role; its roles are sender, receiver"},
	} {
		if _, err := rights.Find(tt[0], tt[1]); err == nil || err.Error() != tt[2] {
			t.Errorf("Find(%s, %s): %v", tt[0], tt[1], err)
		}
	}
}

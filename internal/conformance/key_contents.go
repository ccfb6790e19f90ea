package conformance

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// contents describes a key in a form that can be compared: its type, its elements and
// whether it expires.
func contents(t testing.TB, raw client, key string) string {
	t.Helper()
	ctx := context.Background()
	kind, err := raw.Type(ctx, key).Result()
	must(t, err)
	var held any
	switch kind {
	case "none":
	case "string":
		held, err = raw.Get(ctx, key).Result()
	case "hash":
		held, err = raw.HGetAll(ctx, key).Result() // fmt sorts the fields
	case "list":
		held, err = raw.LRange(ctx, key, 0, -1).Result()
	case "set":
		var members []string
		members, err = raw.SMembers(ctx, key).Result()
		slices.Sort(members)
		held = members
	case "zset":
		held, err = raw.ZRangeWithScores(ctx, key, 0, -1).Result()
		held = fmt.Sprint(held)
	default:
		t.Fatalf("%q holds a %s", key, kind)
	}
	must(t, err)
	ttl, err := raw.PTTL(ctx, key).Result()
	must(t, err)
	return fmt.Sprintf("%s %q, expires: %t", kind, held, ttl > 0)
}

// storeOtherType stores a value of a type other than kind at a key.
func storeOtherType(t testing.TB, raw client, key, kind string) {
	t.Helper()
	ctx := context.Background()
	must(t, raw.Del(ctx, key).Err())
	if kind == "string" {
		must(t, raw.RPush(ctx, key, marker).Err())
		return
	}
	must(t, raw.Set(ctx, key, marker, 0).Err())
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// fill stores one object of each type.
func fill(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(collections.NewMap[string, int](rdb, "map").Set(ctx, "a", 1))
	_, err := collections.NewSet[string](rdb, "set").Add(ctx, "a", "b")
	must(err)
	_, err = collections.NewSortedSet[string](rdb, "scores").Add(ctx, "a", 1)
	must(err)
	_, err = collections.NewList[string](rdb, "list").PushBack(ctx, "a", "b", "c")
	must(err)
	must(collections.NewValue[string](rdb, "value\x1b[2J\nx").Set(ctx, "text"))
	_, _, err = counter.New(rdb, "count").AddOnce(ctx, "token", 7)
	must(err)
	must(channel.NewChan[string](rdb, "chan").Send(ctx, "v"))
	must(channel.NewChan[string](rdb, "chan").Close(ctx))
	must(channel.NewMailbox[string](rdb, "from").Send(ctx, "mail", "v"))
	must(channel.NewPriorityQueue[string](rdb, "queue").Push(ctx, "v", 1))
	must(rdb.Set(ctx, "expiring", strings.Repeat("x", 100), time.Hour).Err())
	must(rdb.XAdd(ctx, &redis.XAddArgs{Stream: "stream", Values: []string{"a", "b"}}).Err())
}

// TestLs lists an object of each type, with and without helper keys.
func TestLs(t *testing.T) {
	single := redistest.StartServer(t)
	cluster := redistest.StartCluster(t, 0)
	for name, url := range map[string]string{"server": "redis://" + single.Addr, "cluster": "redis+cluster://" + cluster.Addrs[0]} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DESIR_URL", url)
			rdb, _, end, err := connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = end() }()
			fill(t, rdb)
			status, out, errs := tool(t, "ls")
			want := []string{
				`"value\x1b[2J\nx" string 4 bytes - Value`, "chan list 1 element - List or Chan", "count string 1 byte - Counter or Value",
				"expiring string 100 bytes 1h0m0s Value", "list list 3 elements - List or Chan", "mail list 1 element - Mailbox", "map hash 1 field - Map",
				"queue zset 1 member - PriorityQueue", "scores zset 1 member - SortedSet", "set set 2 members - Set", "stream stream 1 entry - -",
			}
			var got []string
			for line := range strings.Lines(out) {
				got = append(got, strings.Join(strings.Fields(line), " "))
			}
			slices.Sort(got)
			if status != 0 || !slices.Equal(got, want) || !strings.Contains(errs, "helper keys are not listed") {
				t.Errorf("exit status %d, %q, %q; want %q", status, got, errs, want)
			}
			status, out, errs = tool(t, "ls", "--all")
			for _, helper := range []string{"{chan}:closed", "helper of chan", "{count}:once:", "helper of count", "{mail}:wake"} {
				if status != 0 || errs != "" || !strings.Contains(out, helper) && (name == "server" || helper != "{mail}:wake") {
					t.Errorf("exit status %d, %s, %q; want %s", status, out, errs, helper)
				}
			}
			if name == "server" && !strings.Contains(strings.Join(strings.Fields(out), " "), "chan list 1 element - List or Chan {chan}:closed string") {
				t.Errorf("%s: want the helper below its object", out)
			}
			follow(t, []step{
				{[]string{"ls", "map", "--json"}, 0, `{"key":"map","type":"hash","size":1,"object":"Map"}` + "\n"},
				{[]string{"ls", "s[ct]ream"}, 0, "stream  stream  1 entry  -  -\n"},
				{[]string{"ls", "nothing*"}, 0, ""},
			})
			for i := range 700 {
				if err := rdb.Set(t.Context(), fmt.Sprintf("many:%d", i), i, 0).Err(); err != nil {
					t.Fatal(err)
				}
			}
			for _, n := range []int{0, 1, 600} {
				status, out, errs := tool(t, "ls", "many:*", "-n", fmt.Sprint(n), "--json")
				lines := slices.Collect(strings.Lines(out))
				for _, line := range lines {
					if !json.Valid([]byte(line)) {
						t.Fatalf("no JSON: %s", line)
					}
				}
				if status != 0 || n > 0 && (len(lines) != n || !strings.Contains(errs, "-n lists more")) || n == 0 && len(lines) < 700 {
					t.Errorf("-n %d: exit status %d, %d lines, %q", n, status, len(lines), errs)
				}
			}
		})
	}
}

// TestHelpers recognises helper keys by their names.
func TestHelpers(t *testing.T) {
	for key, want := range map[string]string{
		"{jobs}:closed": "jobs", "{jobs}:reply:abc:wake": "jobs", "{a}.seq": "{a}", "x{a}y:seq": "x{a}y", "hits:shard:12": "hits", "desir:inbox:abc": "desir:inbox",
		"{stock}:lock:meta": "{stock}:lock", "{a}.sem:large": "{a}.sem", "x{a}y:rw:waiting": "x{a}y:rw", "{stock}:leader:wake": "{stock}:leader",
		"{stock}:lock": "", "{a}.rw": "", "lock:meta": "", "{stock}:lock:other": "", "{jobs}:other": "", "jobs:closed": "", "{jobs}": "", "hits:shard:0": "", "once:0": "", "{}:closed": "",
	} {
		if got := newKeyInfo(key).helps; got != want {
			t.Errorf("%q helps %q; want %q", key, got, want)
		}
	}
}

// TestKeyOrder sorts helper keys and locks below their object.
func TestKeyOrder(t *testing.T) {
	want := []string{"shelf", "{shelf}:lock", "stock", "{stock}:closed", "{stock}:lock", "{stock}:lock:meta", "{stock}:rw", "stock2"}
	var found []*keyInfo
	for _, key := range slices.Sorted(slices.Values(want)) {
		found = append(found, newKeyInfo(key))
	}
	slices.SortFunc(found, compareKeys)
	for i, k := range found {
		if k.key != want[i] {
			t.Errorf("key %d is %q, want %q", i, k.key, want[i])
		}
	}
}

// TestCheck prints a server's settings as text and as JSON.
func TestCheck(t *testing.T) {
	onServer(t)
	status, out, errs := tool(t, "check")
	if status != 0 || errs != "" || !strings.Contains(out, "role master") || !strings.Contains(out, "warning: ") {
		t.Errorf("exit status %d, %q, %q; want the role and a warning", status, out, errs)
	}
	status, out, errs = tool(t, "check", "--json")
	var doc struct {
		Addr, Version, Role string
		AOF                 bool
		Warnings            []string
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != 0 || doc.Role != "master" || doc.Version == "" || len(doc.Warnings) == 0 {
		t.Errorf("exit status %d, %q, %q: %+v, %v", status, out, errs, doc, err)
	}
}

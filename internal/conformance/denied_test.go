package conformance_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// TestDeniedChangesNothing calls every method that changes data by a script, as users who
// are each denied one of the commands that scripts call. A denied call must not change
// anything. Each method is called with an empty key and with data.
func TestDeniedChangesNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	calls := scriptedCalls()
	denied := map[string]bool{}
	for _, word := range scriptCommands(t) {
		switch known, err := admin.Do(ctx, "command", "info", word).Slice(); {
		case err != nil:
			t.Fatal(err)
		case known[0] == nil: // newer than this server
			continue
		}
		if err := admin.Do(ctx, "acl", "setuser", word, "on", ">secret", "~*", "&*", "+@all", "-"+word).Err(); err != nil {
			t.Fatal(err)
		}
		rdb := s.Client(t, func(o *redis.Options) { o.Username, o.Password = word, "secret" })
		for _, c := range calls {
			if err := errors.Join(admin.FlushAll(ctx).Err(), c.fill(ctx, admin)); err != nil {
				t.Fatal(err)
			}
			before := contents(t, admin)
			err := c.do(ctx, rdb)
			after := contents(t, admin)
			switch {
			case errors.Is(err, desir.ErrDenied):
				denied[c.name] = true
				if !reflect.DeepEqual(before, after) {
					t.Errorf("%s without %s is denied but changed %v to %v", c.name, word, before, after)
				}
			case errors.Is(err, desir.ErrNotSupported): // the server is too old
				denied[c.name] = true
			case err != nil:
				t.Errorf("%s without %s: %v", c.name, word, err)
			}
		}
	}
	for _, c := range calls {
		if !denied[c.name] {
			t.Errorf("%s was never denied", c.name)
		}
	}
}

// scriptCommands returns the commands that the scripts of all packages call, and those
// whose name is an argument of a script.
func scriptCommands(t *testing.T) []string {
	t.Helper()
	words := []string{"llen", "lpush", "rpush", "publish", "spublish"}
	called := regexp.MustCompile(`redis\.p?call\(['"]([A-Za-z]+)`)
	files, err := filepath.Glob("../../*/scripts/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range called.FindAllStringSubmatch(string(source), -1) {
			words = append(words, strings.ToLower(m[1]))
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// scripted is a call that changes data by a script, and the data that it finds.
type scripted struct {
	name string
	fill func(context.Context, redis.UniversalClient) error
	do   func(context.Context, redis.UniversalClient) error
}

// scriptedCalls returns the calls of all subjects that change data by a script, and those
// of types without a subject.
func scriptedCalls() []scripted {
	const at = "k"
	calls := []scripted{
		// One event is older than the window.
		{"Window.Add, with data", field("1", "5"), func(ctx context.Context, rdb redis.UniversalClient) error {
			return second(counter.NewWindow(rdb, at, time.Hour).Add(ctx, 1))
		}},
		{"Chan.Send", nothing, func(ctx context.Context, rdb redis.UniversalClient) error {
			return channel.NewChan[string](rdb, at).Send(ctx, "v")
		}},
		{"Chan.Close", nothing, func(ctx context.Context, rdb redis.UniversalClient) error {
			return channel.NewChan[string](rdb, at).Close(ctx)
		}},
		{"Mailbox.Send", nothing, func(ctx context.Context, rdb redis.UniversalClient) error {
			return channel.NewMailbox[string](rdb, "me").Send(ctx, at, "v")
		}},
		{"PriorityQueue.Push", nothing, func(ctx context.Context, rdb redis.UniversalClient) error {
			return channel.NewPriorityQueue[string](rdb, at).Push(ctx, "v", 1)
		}},
		{"Mutex.TryLock", nothing, func(ctx context.Context, rdb redis.UniversalClient) error {
			return third(lock.NewMutex(rdb, at).TryLock(ctx))
		}},
		{"Mutex.Break", held, func(ctx context.Context, rdb redis.UniversalClient) error {
			return second(lock.NewMutex(rdb, at).Break(ctx, lock.Force()))
		}},
		{"Topic.Publish", nothing, publish},
		{"Topic.Publish, with data", publish, publish},
	}
	for _, s := range conformance.Subjects() {
		for i, c := range s.Calls(nil, at) {
			if !c.Write || !strings.HasSuffix(c.Sends, "evalsha") {
				continue
			}
			do := func(ctx context.Context, rdb redis.UniversalClient) error { return s.Calls(rdb, at)[i].Do(ctx) }
			name := s.Name + "." + strings.TrimSpace(c.Op+" "+c.Case)
			calls = append(calls, scripted{name + ", with data", func(ctx context.Context, rdb redis.UniversalClient) error {
				return s.Fill(ctx, rdb, at)
			}, do}, scripted{name, nothing, do})
		}
	}
	return calls
}

func nothing(context.Context, redis.UniversalClient) error { return nil }

func field(name, v string) func(context.Context, redis.UniversalClient) error {
	return func(ctx context.Context, rdb redis.UniversalClient) error { return rdb.HSet(ctx, "k", name, v).Err() }
}

func publish(ctx context.Context, rdb redis.UniversalClient) error {
	return second(channel.NewTopic[string](rdb, "k", channel.Numbered()).Publish(ctx, "v"))
}

// held acquires a lock.
func held(ctx context.Context, rdb redis.UniversalClient) error {
	return second(lock.NewMutex(rdb, "k", lock.NoRenew()).Lock(ctx))
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// contents returns the stored data, without wake-ups, tokens of locks and entries that do not
// count: AddOnce tokens without a value, topic counters at zero, and expired parts of a
// Window.
func contents(t *testing.T, admin *redis.Client) map[string]any {
	t.Helper()
	ctx := t.Context()
	found := map[string]any{}
	for _, key := range admin.Keys(ctx, "*").Val() {
		var v any
		var err error
		switch kind := admin.Type(ctx, key).Val(); kind {
		case "string":
			v, err = admin.Get(ctx, key).Result()
		case "list":
			v, err = admin.LRange(ctx, key, 0, -1).Result()
		case "set":
			v, err = admin.SMembers(ctx, key).Result()
		case "zset":
			v, err = admin.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "hash":
			fields, failed := admin.HGetAll(ctx, key).Result()
			maps.DeleteFunc(fields, func(name, v string) bool { return v == "" || v == "0" || name == "e" || name == "1" })
			if v, err = fields, failed; len(fields) == 0 {
				v = nil
			}
		default:
			t.Fatalf("%s is a %s", key, kind)
		}
		if err != nil {
			t.Fatal(err)
		}
		if v != nil && !strings.HasSuffix(key, ":wake") && !strings.HasSuffix(key, ":meta") {
			found[key] = v
		}
	}
	return found
}

package desir_test

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// TestDeniedChangesNothing calls methods that run a script of several commands, as
// users who are each denied one of the commands. A denied call must not change
// anything.
func TestDeniedChangesNothing(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	denied := 0
	for _, word := range strings.Fields(`get set del incrby exists hget hset hdel hsetnx hincrby hincrbyfloat hexists hlen hgetall
		pexpire pexpireat llen ltrim rpush lpush zadd zrevrangebyscore publish spublish time`) {
		if err := admin.Do(ctx, "acl", "setuser", word, "on", ">secret", "~*", "&*", "+@all", "-"+word).Err(); err != nil {
			t.Fatal(err)
		}
		rdb := s.Client(t, func(o *redis.Options) { o.Username, o.Password = word, "secret" })
		for name, w := range scripted {
			if err := errors.Join(admin.FlushAll(ctx).Err(), w.seed(admin)); err != nil {
				t.Fatal(err)
			}
			before := contents(t, admin)
			err := w.call(rdb)
			after := contents(t, admin)
			switch {
			case errors.Is(err, desir.ErrDenied):
				denied++
				if !reflect.DeepEqual(before, after) {
					t.Errorf("%s without %s is denied but changed %v to %v", name, word, before, after)
				}
			case err != nil:
				t.Errorf("%s without %s: %v", name, word, err)
			}
		}
	}
	if denied < 2*len(scripted) {
		t.Errorf("%d calls of %d kinds were denied", denied, len(scripted))
	}
}

// scripted lists these calls. Each runs on the data that seed stores.
var scripted = map[string]struct{ seed, call func(*redis.Client) error }{
	"Counter.Next, new":     {nothing, next},
	"Counter.Next":          {text("7"), next},
	"AddOnce, new":          {nothing, addOnce},
	"AddOnce":               {text("7"), addOnce},
	"Bounded.Add":           {nothing, func(c *redis.Client) error { return second(counter.NewBounded(c, "k", 1, 9).Add(ctx, 1)) }},
	"Window.Add, new":       {nothing, addEvent},
	"Window.Add":            {field("1", "5"), addEvent}, // an event long before the window
	"PushBack to a ring":    {nothing, func(c *redis.Client) error { return second(ring(c).PushBack(ctx, "a", "b", "c")) }},
	"PushFront to a ring":   {nothing, func(c *redis.Client) error { return second(ring(c).PushFront(ctx, "a", "b", "c")) }},
	"Add to int8, new":      {nothing, addTo[int8]},
	"Add to int8":           {field("f", "5"), addTo[int8]},
	"Add to float64":        {field("f", "5"), addTo[float64]},
	"Map.Swap":              {field("f", "old"), func(c *redis.Client) error { return third(texts(c).Swap(ctx, "f", "new")) }},
	"Map.LoadAndDelete":     {field("f", "old"), func(c *redis.Client) error { return third(texts(c).LoadAndDelete(ctx, "f")) }},
	"Map.LoadOrStore":       {nothing, func(c *redis.Client) error { return third(texts(c).LoadOrStore(ctx, "f", "new")) }},
	"Map.CompareAndSwap":    {field("f", "old"), func(c *redis.Client) error { return second(texts(c).CompareAndSwap(ctx, "f", "old", "new")) }},
	"Map.CompareAndDelete":  {field("f", "old"), func(c *redis.Client) error { return second(texts(c).CompareAndDelete(ctx, "f", "old")) }},
	"Value.CompareAndSwap":  {text("old"), func(c *redis.Client) error { return second(value(c).CompareAndSwap(ctx, "old", "new")) }},
	"Chan.Send":             {nothing, func(c *redis.Client) error { return channel.NewChan[string](c, "k").Send(ctx, "v") }},
	"Chan.Close":            {nothing, func(c *redis.Client) error { return channel.NewChan[string](c, "k").Close(ctx) }},
	"Mailbox.Send":          {nothing, func(c *redis.Client) error { return channel.NewMailbox[string](c, "me").Send(ctx, "k", "v") }},
	"PriorityQueue.Push":    {nothing, func(c *redis.Client) error { return channel.NewPriorityQueue[string](c, "k").Push(ctx, "v", 1) }},
	"Topic.Publish, new":    {nothing, publish},
	"Topic.Publish":         {publish, publish},
	"Counter.Swap, a start": {text("7"), func(c *redis.Client) error { return second(started(c).CompareAndSwap(ctx, 7, 8)) }},
}

func nothing(*redis.Client) error { return nil }

func text(v string) func(*redis.Client) error {
	return func(c *redis.Client) error { return c.Set(ctx, "k", v, 0).Err() }
}

func field(name, v string) func(*redis.Client) error {
	return func(c *redis.Client) error { return c.HSet(ctx, "k", name, v).Err() }
}

func started(c *redis.Client) *counter.Counter { return counter.New(c, "k", counter.Start(100)) }

func next(c *redis.Client) error { return second(started(c).Next(ctx)) }

func addOnce(c *redis.Client) error { return third(started(c).AddOnce(ctx, "token", 5)) }

func addEvent(c *redis.Client) error {
	return second(counter.NewWindow(c, "k", time.Hour).Add(ctx, 1))
}

func ring(c *redis.Client) *collections.List[string] {
	return collections.NewList[string](c, "k", collections.MaxLen(2))
}

func addTo[N collections.Number](c *redis.Client) error {
	return second(collections.Add(ctx, collections.NewMap[string, N](c, "k"), "f", 1))
}

func texts(c *redis.Client) *collections.Map[string, string] {
	return collections.NewMap[string, string](c, "k")
}

func value(c *redis.Client) *collections.Value[string] { return collections.NewValue[string](c, "k") }

func publish(c *redis.Client) error {
	return second(channel.NewTopic[string](c, "k", channel.Numbered()).Publish(ctx, "v"))
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// contents returns the stored data, without wake-ups and without entries that do not
// count: AddOnce tokens without a value, topic counters at zero, and expired parts of a
// Window.
func contents(t *testing.T, admin *redis.Client) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, key := range admin.Keys(ctx, "*").Val() {
		var v any
		var err error
		switch kind := admin.Type(ctx, key).Val(); kind {
		case "string":
			v, err = admin.Get(ctx, key).Result()
		case "list":
			v, err = admin.LRange(ctx, key, 0, -1).Result()
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
		if v != nil && !strings.HasSuffix(key, ":wake") {
			found[key] = v
		}
	}
	return found
}

package integration

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/lock"
	"github.com/desir-go/desir/rpc"
)

// feature is a row of docs/compatibility.md: the commands that it needs, and calls that
// find out whether a server has them.
type feature struct {
	name     string
	commands string // the commands that the oldest servers lack
	since    string // versions, from the manuals of Redis and Valkey
	try      func(rdb redis.UniversalClient) error
}

var features = []feature{
	{"scripts that declare flags for clusters and full memory: every conditional operation", "EVALSHA, EVAL of `#!lua flags=…`", "7.0", raw("eval", "#!lua\nreturn 1", 0)},
	{"the same scripts where `#!lua` is not understood", "EVALSHA, EVAL", "2.6", raw("eval", "return 1", 0)},
	{"`Check`", "INFO, TIME", "2.6", func(rdb redis.UniversalClient) error {
		_, err := desir.Check(ctx, rdb)
		return err
	}},
	{"`Object`", "PEXPIRE, PEXPIREAT, PTTL, PERSIST", "2.6", func(rdb redis.UniversalClient) error {
		v := collections.NewValue[int](rdb, "object")
		return firstError(v.Set(ctx, 1), second(v.Expire(ctx, time.Hour)), third(v.TTL(ctx)), v.Clear(ctx))
	}},
	{"`Map`", "HSET, HMGET, HRANDFIELD, HSCAN", "6.2", func(rdb redis.UniversalClient) error {
		m := collections.NewMap[string, int](rdb, "map")
		return firstError(m.SetMany(ctx, map[string]int{"a": 1, "b": 2}), second(m.GetMany(ctx, "a", "b")), second(m.Random(ctx, 1)),
			second(desir.Collect(m.All(ctx))), second(m.Update(ctx, "a", func(n int, _ bool) (int, bool, error) { return n + 1, true, nil })))
	}},
	{"`Map.SetTTL`", "HSETEX, or HPEXPIRE in a script", "7.4, Valkey 9.0", func(rdb redis.UniversalClient) error {
		return collections.NewMap[string, int](rdb, "lives").SetTTL(ctx, "a", 1, time.Hour)
	}},
	{"– in one command", "HSETEX", "8.0, Valkey 9.0", raw("hsetex", "hash", "px", 3600000, "fields", 1, "a", "1")},
	{"– by the script", "HPEXPIRE", "7.4, Valkey 9.0", setByScript},
	{"`Map.ExpireKey`", "HPTTL and HPEXPIRE in a script, else HEXPIRE in whole seconds", "7.4, Valkey 9.0", func(rdb redis.UniversalClient) error {
		return second(collections.NewMap[string, int](rdb, "map").ExpireKey(ctx, time.Hour, "a"))
	}},
	{"`Map.TTLOf`", "HPTTL", "7.4, Valkey 9.0", func(rdb redis.UniversalClient) error {
		return third(collections.NewMap[string, int](rdb, "map").TTLOf(ctx, "a"))
	}},
	{"`Set`", "SMISMEMBER, SINTERCARD, SMOVE, SSCAN", "7.0", func(rdb redis.UniversalClient) error {
		s, other := collections.NewSet[string](rdb, "{set}a"), collections.NewSet[string](rdb, "{set}b")
		return firstError(second(s.Add(ctx, "x", "y")), second(s.HasMany(ctx, "x", "z")), second(s.IntersectLen(ctx, 0, other)),
			second(s.Move(ctx, other, "x")), second(desir.Collect(s.All(ctx))))
	}},
	{"`SortedSet`", "ZADD with GT, LT, CH; ZRANGE with BYSCORE and BYLEX in scripts", "6.2", func(rdb redis.UniversalClient) error {
		z := collections.NewSortedSet[string](rdb, "sorted")
		return firstError(second(z.AddMax(ctx, "x", 1)), second(z.AddMin(ctx, "x", 0)), second(desir.Collect(z.All(ctx))),
			third(z.PopMin(ctx)))
	}},
	{"`List`", "LMOVE, LPOS", "6.2", func(rdb redis.UniversalClient) error {
		l := collections.NewList[string](rdb, "{list}a")
		return firstError(second(l.PushBack(ctx, "x", "y")), third(l.Index(ctx, "y")),
			third(l.Move(ctx, collections.Front, collections.NewList[string](rdb, "{list}b"), collections.Back)))
	}},
	{"`Value`", "SET with GET, PX and KEEPTTL", "6.2", func(rdb redis.UniversalClient) error {
		v := collections.NewValue[string](rdb, "value")
		return firstError(v.SetTTL(ctx, "x", time.Hour), third(v.Swap(ctx, "y")), second(v.CompareAndSwap(ctx, "y", "z")))
	}},
	{"`Counter`, `IDs`", "SET with GET", "6.2", func(rdb redis.UniversalClient) error {
		n := counter.New(rdb, "counter")
		return firstError(second(n.Next(ctx)), second(n.Swap(ctx, 7)), third(n.AddOnce(ctx, "token", 1)),
			second(counter.NewIDs(rdb, "ids", 10).Next(ctx)))
	}},
	{"`Bounded`, `Window`, `Sharded`", "TIME in scripts that write", "5.0", func(rdb redis.UniversalClient) error {
		s := counter.NewSharded(rdb, "sharded", 2)
		return firstError(second(counter.NewBounded(rdb, "bounded", 0, 10).Add(ctx, 1)),
			second(counter.NewWindow(rdb, "window", time.Second).Allow(ctx, 5)), s.Add(ctx, 1), second(s.Value(ctx)))
	}},
	{"`Chan`, `PriorityQueue`, `Mailbox`", "BLPOP; LPOP with a count, LPOS, ZPOPMIN in scripts; on a cluster SSUBSCRIBE, SPUBLISH", "6.2, on a cluster 7.0", func(rdb redis.UniversalClient) error {
		c, q := channel.NewChan[string](rdb, "chan"), channel.NewPriorityQueue[string](rdb, "queue")
		m := channel.NewMailbox[string](rdb, "mailbox")
		soon, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		return firstError(c.Send(soon, "x"), second(c.Recv(soon)), q.Push(soon, "x", 1), second(q.Pop(soon)),
			m.Send(soon, "mailbox", "x"), second(m.Recv(soon)))
	}},
	{"`Mutex`, `RWMutex`, `Semaphore`, `Leader`", "BLPOP; TIME in scripts that write; ZADD with GT; on a cluster SSUBSCRIBE, SPUBLISH", "6.2, on a cluster 7.0", func(rdb redis.UniversalClient) error {
		soon, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		nothing := func(context.Context) error { return nil }
		return firstError(lock.NewMutex(rdb, "lock").Do(soon, nothing), lock.NewRWMutex(rdb, "lock").Do(soon, nothing),
			lock.NewSemaphore(rdb, "lock", 2).Do(soon, 2, nothing), lock.NewLeader(rdb, "lock").Run(soon, nothing))
	}},
	{"`Topic`, `Pattern`", "SUBSCRIBE, PSUBSCRIBE, PUBLISH", "2.0", publishAndReceive()},
	{"`rpc`", "XADD with NOMKSTREAM, XREAD, RPUSH in scripts; BLMPOP, else BLPOP and LMPOP", "6.2", callWorker},
	{"`command.Load`", "COMMAND DOCS, COMMAND; else the built-in table", "2.8", func(rdb redis.UniversalClient) error { return second(command.Load(ctx, rdb)) }},
	{"– with the server's own documentation", "COMMAND DOCS", "7.0", hasDocumentation},
	{"`command.Runner`, commands that block", "CLIENT ID, CLIENT UNBLOCK; else the connection is closed", "5.0", func(rdb redis.UniversalClient) error {
		return third(command.Run[[]string](ctx, command.New(rdb), "blpop", "nothing", 0.01))
	}},
	{"`Topic`, sharded", "SSUBSCRIBE, SPUBLISH", "7.0", publishAndReceive(channel.Sharded())},
}

// hasDocumentation loads the table and looks for a sentence of the server's
// documentation.
func hasDocumentation(rdb redis.UniversalClient) error {
	spec, err := command.Load(ctx, rdb)
	if err != nil {
		return err
	}
	if c, ok := spec.Lookup("get"); !ok || c.Summary == "" {
		return fmt.Errorf("%w: the table has no documentation", desir.ErrNotSupported)
	}
	return nil
}

// raw sends one command.
func raw(args ...any) func(redis.UniversalClient) error {
	return func(rdb redis.UniversalClient) error { return rdb.Do(ctx, args...).Err() }
}

// setByScript stores an entry with a time to live, as on a server without HSETEX.
func setByScript(rdb redis.UniversalClient) error {
	plain, ok := rdb.(*redis.Client)
	if !ok { // the row is about servers, not about kinds of clients
		return nil
	}
	c := redis.NewClient(plain.Options())
	defer c.Close()
	c.AddHook(withoutCommand("hsetex"))
	return collections.NewMap[string, int](c, "lives").SetTTL(ctx, "b", 1, time.Hour)
}

// withoutCommand is a hook that returns the error of a server that lacks the command.
type withoutCommand string

func (withoutCommand) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l withoutCommand) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == string(l) {
			cmd.SetErr(unknownCommand("ERR unknown command '" + l + "'"))
			return cmd.Err()
		}
		return next(ctx, cmd)
	}
}

func (withoutCommand) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

type unknownCommand string

func (e unknownCommand) Error() string { return string(e) }
func (unknownCommand) RedisError()     {}

// callWorker starts a worker and calls it.
func callWorker(rdb redis.UniversalClient) error {
	double := rpc.NewMethod[int, int]("Double")
	s := rpc.NewServer(rdb, "rpc")
	double.Handle(s, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.Run(running) }()
	soon, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := double.Call(soon, rpc.NewClient(rdb, "rpc"), 21, rpc.Wait(20*time.Second))
	stop()
	return firstError(err, <-done)
}

// publishAndReceive publishes a message and waits for it.
func publishAndReceive(opts ...channel.TopicOption) func(redis.UniversalClient) error {
	return func(rdb redis.UniversalClient) error {
		soon, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		topic := channel.NewTopic[string](rdb, "topic", opts...)
		sub, err := topic.Subscribe(soon)
		if err != nil {
			return err
		}
		defer sub.Close()
		if _, err := topic.Publish(soon, "x"); err != nil {
			return err
		}
		for _, err := range sub.All(soon) {
			return err
		}
		return nil
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

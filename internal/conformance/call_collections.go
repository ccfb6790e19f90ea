package conformance

import (
	"context"
	"maps"
	"time"

	"github.com/desir-go/desir/collections"
)

func mapCalls[K comparable, V any](m *collections.Map[K, V], k K, v V) []Call {
	keep := func(V, bool) (V, bool, error) { return v, true, nil }
	drop := func(V, bool) (V, bool, error) { return v, false, nil }
	one := map[K]V{k: v}
	return append([]Call{
		reads("Get", "hget", func(ctx context.Context) error { return third(m.Get(ctx, k)) }),
		reads("GetMany", "hmget", func(ctx context.Context) error { return second(m.GetMany(ctx, k, k)) }),
		reads("Has", "hexists", func(ctx context.Context) error { return second(m.Has(ctx, k)) }),
		reads("Len", "hlen", func(ctx context.Context) error { return second(m.Len(ctx)) }),
		reads("Random", "hrandfield", func(ctx context.Context) error { return second(m.Random(ctx, 2)) }),
		reads("Snapshot", "hgetall", func(ctx context.Context) error { return second(m.Snapshot(ctx)) }),
		readsPage("All", "hscan", func(ctx context.Context) error { return second(drain(m.All(ctx))) }),
		readsPage("Keys", "hscan", func(ctx context.Context) error { return second(drain(m.Keys(ctx))) }),
		readsPage("Values", "hscan", func(ctx context.Context) error { return second(drain(m.Values(ctx))) }),
		writes("Set", "hset", func(ctx context.Context) error { return m.Set(ctx, k, v) }),
		writes("SetMany", "hset", func(ctx context.Context) error { return m.SetMany(ctx, one) }),
		writes("Insert", "hset", func(ctx context.Context) error { return second(m.Insert(ctx, maps.All(one))) }),
		writes("Delete", "hdel", func(ctx context.Context) error { return second(m.Delete(ctx, k)) }),
		writes("SetIfAbsent", "hsetnx", func(ctx context.Context) error { return second(m.SetIfAbsent(ctx, k, v)) }),
		writes("Swap", "evalsha", func(ctx context.Context) error { return third(m.Swap(ctx, k, v)) }),
		writes("LoadOrStore", "evalsha", func(ctx context.Context) error { return third(m.LoadOrStore(ctx, k, v)) }),
		writes("LoadAndDelete", "evalsha", func(ctx context.Context) error { return third(m.LoadAndDelete(ctx, k)) }),
		writes("CompareAndSwap", "evalsha", func(ctx context.Context) error { return second(m.CompareAndSwap(ctx, k, v, v)) }),
		writes("CompareAndDelete", "evalsha", func(ctx context.Context) error { return second(m.CompareAndDelete(ctx, k, v)) }),
		writes("Update", "hget evalsha", func(ctx context.Context) error { return second(m.Update(ctx, k, keep)) }),
		writes("Update", "hget evalsha", func(ctx context.Context) error { return second(m.Update(ctx, k, drop)) }).named("that deletes"),
		reads("TTLOf", "hpttl", func(ctx context.Context) error { return third(m.TTLOf(ctx, k)) }).needsNewer(),
		writes("SetTTL", "hsetex", func(ctx context.Context) error { return m.SetTTL(ctx, k, v, time.Hour) }).needsNewer(),
		writes("ExpireKey", "evalsha", func(ctx context.Context) error { return second(m.ExpireKey(ctx, time.Hour, k)) }).needsNewer(),
		writes("ExpireKey", "hdel", func(ctx context.Context) error { return second(m.ExpireKey(ctx, 0, k)) }).named("that deletes"),
	}, objectCalls(m)...)
}

func addCalls[K comparable, N collections.Number](m *collections.Map[K, N], k K, sends string) []Call {
	return []Call{
		writes("Add", sends, func(ctx context.Context) error { return second(collections.Add(ctx, m, k, 1)) }),
	}
}

func setCalls[T comparable](s, other *collections.Set[T], m T) []Call {
	return append([]Call{
		reads("Has", "sismember", func(ctx context.Context) error { return second(s.Has(ctx, m)) }),
		reads("HasMany", "smismember", func(ctx context.Context) error { return second(s.HasMany(ctx, m, m)) }),
		reads("Len", "scard", func(ctx context.Context) error { return second(s.Len(ctx)) }),
		reads("Random", "srandmember", func(ctx context.Context) error { return second(s.Random(ctx, 2)) }),
		reads("Snapshot", "smembers", func(ctx context.Context) error { return second(s.Snapshot(ctx)) }),
		reads("Union", "sunion", func(ctx context.Context) error { return second(s.Union(ctx, other)) }),
		reads("Intersect", "sinter", func(ctx context.Context) error { return second(s.Intersect(ctx, other)) }),
		reads("Diff", "sdiff", func(ctx context.Context) error { return second(s.Diff(ctx, other)) }),
		reads("IntersectLen", "sintercard", func(ctx context.Context) error { return second(s.IntersectLen(ctx, 1, other)) }),
		readsPage("All", "sscan", func(ctx context.Context) error { return second(drain(s.All(ctx))) }),
		writes("Add", "sadd", func(ctx context.Context) error { return second(s.Add(ctx, m)) }),
		writes("Remove", "srem", func(ctx context.Context) error { return second(s.Remove(ctx, m)) }),
		writes("Pop", "spop", func(ctx context.Context) error { return third(s.Pop(ctx)) }),
		writes("PopN", "spop", func(ctx context.Context) error { return second(s.PopN(ctx, 2)) }),
		writes("Move", "smove", func(ctx context.Context) error { return second(s.Move(ctx, other, m)) }),
		writes("StoreUnion", "sunionstore", func(ctx context.Context) error { return second(s.StoreUnion(ctx, other)) }).ofAnyType(),
		writes("StoreIntersect", "sinterstore", func(ctx context.Context) error { return second(s.StoreIntersect(ctx, other)) }).ofAnyType(),
		writes("StoreDiff", "sdiffstore", func(ctx context.Context) error { return second(s.StoreDiff(ctx, other)) }).ofAnyType(),
	}, objectCalls(s)...)
}

func sortedCalls[T comparable](z *collections.SortedSet[T], m T) []Call {
	top := collections.ByRank(0, 2).Reverse()
	return append([]Call{
		reads("Score", "zscore", func(ctx context.Context) error { return third(z.Score(ctx, m)) }),
		reads("Rank", "zrank", func(ctx context.Context) error { return third(z.Rank(ctx, m)) }),
		reads("Len", "zcard", func(ctx context.Context) error { return second(z.Len(ctx)) }),
		readsPage("Range", "evalsha", func(ctx context.Context) error { return second(drain(z.Range(ctx, top))) }),
		readsPage("All", "evalsha", func(ctx context.Context) error { return second(drain(z.All(ctx))) }),
		writes("Add", "zadd", func(ctx context.Context) error { return second(z.Add(ctx, m, 7)) }),
		writes("AddMany", "zadd", func(ctx context.Context) error {
			return second(z.AddMany(ctx, collections.Scored[T]{Value: m, Score: 7}))
		}),
		writes("AddMax", "zadd", func(ctx context.Context) error { return second(z.AddMax(ctx, m, 7)) }),
		writes("AddMin", "zadd", func(ctx context.Context) error { return second(z.AddMin(ctx, m, -7)) }),
		writes("AddScore", "zincrby", func(ctx context.Context) error { return second(z.AddScore(ctx, m, 2)) }),
		writes("Remove", "zrem", func(ctx context.Context) error { return second(z.Remove(ctx, m)) }),
		writes("PopMin", "zpopmin", func(ctx context.Context) error { return third(z.PopMin(ctx)) }),
		writes("PopMax", "zpopmax", func(ctx context.Context) error { return third(z.PopMax(ctx)) }),
		writes("RemoveRange", "evalsha", func(ctx context.Context) error { return second(z.RemoveRange(ctx, top)) }),
	}, objectCalls(z)...)
}

func listCalls[T any](l, other *collections.List[T], v T, back, front string) []Call {
	return append([]Call{
		reads("At", "lindex", func(ctx context.Context) error { return third(l.At(ctx, -1)) }),
		reads("Slice", "lrange", func(ctx context.Context) error { return second(l.Slice(ctx, 0, -1)) }),
		reads("Index", "lpos", func(ctx context.Context) error { return third(l.Index(ctx, v)) }),
		reads("Len", "llen", func(ctx context.Context) error { return second(l.Len(ctx)) }),
		reads("All", "lrange", func(ctx context.Context) error { return second(drain(l.All(ctx))) }),
		reads("Backward", "lrange", func(ctx context.Context) error { return second(drain(l.Backward(ctx))) }),
		reads("PushBack", "llen", func(ctx context.Context) error { return second(l.PushBack(ctx)) }).named("nothing"),
		writes("PushBack", back, func(ctx context.Context) error { return second(l.PushBack(ctx, v, v)) }),
		writes("PushFront", front, func(ctx context.Context) error { return second(l.PushFront(ctx, v)) }),
		writes("PopFront", "lpop", func(ctx context.Context) error { return third(l.PopFront(ctx)) }),
		writes("PopBack", "rpop", func(ctx context.Context) error { return third(l.PopBack(ctx)) }),
		writes("PopN", "lpop", func(ctx context.Context) error { return second(l.PopN(ctx, 2)) }),
		writes("SetAt", "lset", func(ctx context.Context) error { return second(l.SetAt(ctx, 0, v)) }),
		writes("Remove", "lrem", func(ctx context.Context) error { return second(l.Remove(ctx, v, 1)) }),
		writes("InsertBefore", "linsert", func(ctx context.Context) error { return second(l.InsertBefore(ctx, v, v)) }),
		writes("Trim", "ltrim", func(ctx context.Context) error { return l.Trim(ctx, 1, -1) }),
		writes("Move", "lmove", func(ctx context.Context) error {
			return third(l.Move(ctx, collections.Front, other, collections.Back))
		}),
	}, objectCalls(l)...)
}

func valueCalls[T any](x *collections.Value[T], v T) []Call {
	keep := func(T, bool) (T, bool, error) { return v, true, nil }
	drop := func(T, bool) (T, bool, error) { return v, false, nil }
	return append([]Call{
		reads("Get", "get", func(ctx context.Context) error { return third(x.Get(ctx)) }),
		writes("Set", "set", func(ctx context.Context) error { return x.Set(ctx, v) }).ofAnyType(),
		writes("SetTTL", "set", func(ctx context.Context) error { return x.SetTTL(ctx, v, time.Hour) }).ofAnyType(),
		writes("SetIfAbsent", "setnx", func(ctx context.Context) error { return second(x.SetIfAbsent(ctx, v)) }).ofAnyType(),
		writes("Swap", "set", func(ctx context.Context) error { return third(x.Swap(ctx, v)) }),
		writes("CompareAndSwap", "evalsha", func(ctx context.Context) error { return second(x.CompareAndSwap(ctx, v, v)) }),
		writes("Update", "get evalsha", func(ctx context.Context) error { return second(x.Update(ctx, keep)) }),
		writes("Update", "get evalsha", func(ctx context.Context) error { return second(x.Update(ctx, drop)) }).named("that deletes"),
		writes("Delete", "evalsha", func(ctx context.Context) error { return second(x.Delete(ctx)) }).ofAnyType(),
	}, objectCalls(x)...)
}

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
		look("Get", "hget", func(ctx context.Context) error { return third(m.Get(ctx, k)) }),
		look("GetMany", "hmget", func(ctx context.Context) error { return second(m.GetMany(ctx, k, k)) }),
		look("Has", "hexists", func(ctx context.Context) error { return second(m.Has(ctx, k)) }),
		look("Len", "hlen", func(ctx context.Context) error { return second(m.Len(ctx)) }),
		look("Random", "hrandfield", func(ctx context.Context) error { return second(m.Random(ctx, 2)) }),
		look("Snapshot", "hgetall", func(ctx context.Context) error { return second(m.Snapshot(ctx)) }),
		page("All", "hscan", func(ctx context.Context) error { return second(drain(m.All(ctx))) }),
		page("Keys", "hscan", func(ctx context.Context) error { return second(drain(m.Keys(ctx))) }),
		page("Values", "hscan", func(ctx context.Context) error { return second(drain(m.Values(ctx))) }),
		change("Set", "hset", func(ctx context.Context) error { return m.Set(ctx, k, v) }),
		change("SetMany", "hset", func(ctx context.Context) error { return m.SetMany(ctx, one) }),
		change("Insert", "hset", func(ctx context.Context) error { return second(m.Insert(ctx, maps.All(one))) }),
		change("Delete", "hdel", func(ctx context.Context) error { return second(m.Delete(ctx, k)) }),
		change("SetIfAbsent", "hsetnx", func(ctx context.Context) error { return second(m.SetIfAbsent(ctx, k, v)) }),
		change("Swap", "evalsha", func(ctx context.Context) error { return third(m.Swap(ctx, k, v)) }),
		change("LoadOrStore", "evalsha", func(ctx context.Context) error { return third(m.LoadOrStore(ctx, k, v)) }),
		change("LoadAndDelete", "evalsha", func(ctx context.Context) error { return third(m.LoadAndDelete(ctx, k)) }),
		change("CompareAndSwap", "evalsha", func(ctx context.Context) error { return second(m.CompareAndSwap(ctx, k, v, v)) }),
		change("CompareAndDelete", "evalsha", func(ctx context.Context) error { return second(m.CompareAndDelete(ctx, k, v)) }),
		change("Update", "hget evalsha", func(ctx context.Context) error { return second(m.Update(ctx, k, keep)) }),
		change("Update", "hget evalsha", func(ctx context.Context) error { return second(m.Update(ctx, k, drop)) }).as("that deletes"),
		look("TTLOf", "hpttl", func(ctx context.Context) error { return third(m.TTLOf(ctx, k)) }).newer(),
		change("SetTTL", "hsetex", func(ctx context.Context) error { return m.SetTTL(ctx, k, v, time.Hour) }).newer(),
		change("ExpireKey", "evalsha", func(ctx context.Context) error { return second(m.ExpireKey(ctx, time.Hour, k)) }).newer(),
		change("ExpireKey", "hdel", func(ctx context.Context) error { return second(m.ExpireKey(ctx, 0, k)) }).as("that deletes"),
	}, objectCalls(m)...)
}

func addCalls[K comparable, N collections.Number](m *collections.Map[K, N], k K, sends string) []Call {
	return []Call{
		change("Add", sends, func(ctx context.Context) error { return second(collections.Add(ctx, m, k, 1)) }),
	}
}

func setCalls[T comparable](s, other *collections.Set[T], m T) []Call {
	return append([]Call{
		look("Has", "sismember", func(ctx context.Context) error { return second(s.Has(ctx, m)) }),
		look("HasMany", "smismember", func(ctx context.Context) error { return second(s.HasMany(ctx, m, m)) }),
		look("Len", "scard", func(ctx context.Context) error { return second(s.Len(ctx)) }),
		look("Random", "srandmember", func(ctx context.Context) error { return second(s.Random(ctx, 2)) }),
		look("Snapshot", "smembers", func(ctx context.Context) error { return second(s.Snapshot(ctx)) }),
		look("Union", "sunion", func(ctx context.Context) error { return second(s.Union(ctx, other)) }),
		look("Intersect", "sinter", func(ctx context.Context) error { return second(s.Intersect(ctx, other)) }),
		look("Diff", "sdiff", func(ctx context.Context) error { return second(s.Diff(ctx, other)) }),
		look("IntersectLen", "sintercard", func(ctx context.Context) error { return second(s.IntersectLen(ctx, 1, other)) }),
		page("All", "sscan", func(ctx context.Context) error { return second(drain(s.All(ctx))) }),
		change("Add", "sadd", func(ctx context.Context) error { return second(s.Add(ctx, m)) }),
		change("Remove", "srem", func(ctx context.Context) error { return second(s.Remove(ctx, m)) }),
		change("Pop", "spop", func(ctx context.Context) error { return third(s.Pop(ctx)) }),
		change("PopN", "spop", func(ctx context.Context) error { return second(s.PopN(ctx, 2)) }),
		change("Move", "smove", func(ctx context.Context) error { return second(s.Move(ctx, other, m)) }),
		change("StoreUnion", "sunionstore", func(ctx context.Context) error { return second(s.StoreUnion(ctx, other)) }).whatever(),
		change("StoreIntersect", "sinterstore", func(ctx context.Context) error { return second(s.StoreIntersect(ctx, other)) }).whatever(),
		change("StoreDiff", "sdiffstore", func(ctx context.Context) error { return second(s.StoreDiff(ctx, other)) }).whatever(),
	}, objectCalls(s)...)
}

func sortedCalls[T comparable](z *collections.SortedSet[T], m T) []Call {
	top := collections.ByRank(0, 2).Reverse()
	return append([]Call{
		look("Score", "zscore", func(ctx context.Context) error { return third(z.Score(ctx, m)) }),
		look("Rank", "zrank", func(ctx context.Context) error { return third(z.Rank(ctx, m)) }),
		look("Len", "zcard", func(ctx context.Context) error { return second(z.Len(ctx)) }),
		page("Range", "evalsha", func(ctx context.Context) error { return second(drain(z.Range(ctx, top))) }),
		page("All", "evalsha", func(ctx context.Context) error { return second(drain(z.All(ctx))) }),
		change("Add", "zadd", func(ctx context.Context) error { return second(z.Add(ctx, m, 7)) }),
		change("AddMany", "zadd", func(ctx context.Context) error {
			return second(z.AddMany(ctx, collections.Scored[T]{Value: m, Score: 7}))
		}),
		change("AddMax", "zadd", func(ctx context.Context) error { return second(z.AddMax(ctx, m, 7)) }),
		change("AddMin", "zadd", func(ctx context.Context) error { return second(z.AddMin(ctx, m, -7)) }),
		change("AddScore", "zincrby", func(ctx context.Context) error { return second(z.AddScore(ctx, m, 2)) }),
		change("Remove", "zrem", func(ctx context.Context) error { return second(z.Remove(ctx, m)) }),
		change("PopMin", "zpopmin", func(ctx context.Context) error { return third(z.PopMin(ctx)) }),
		change("PopMax", "zpopmax", func(ctx context.Context) error { return third(z.PopMax(ctx)) }),
		change("RemoveRange", "evalsha", func(ctx context.Context) error { return second(z.RemoveRange(ctx, top)) }),
	}, objectCalls(z)...)
}

func listCalls[T any](l, other *collections.List[T], v T, back, front string) []Call {
	return append([]Call{
		look("At", "lindex", func(ctx context.Context) error { return third(l.At(ctx, -1)) }),
		look("Slice", "lrange", func(ctx context.Context) error { return second(l.Slice(ctx, 0, -1)) }),
		look("Index", "lpos", func(ctx context.Context) error { return third(l.Index(ctx, v)) }),
		look("Len", "llen", func(ctx context.Context) error { return second(l.Len(ctx)) }),
		look("All", "lrange", func(ctx context.Context) error { return second(drain(l.All(ctx))) }),
		look("Backward", "lrange", func(ctx context.Context) error { return second(drain(l.Backward(ctx))) }),
		look("PushBack", "llen", func(ctx context.Context) error { return second(l.PushBack(ctx)) }).as("nothing"),
		change("PushBack", back, func(ctx context.Context) error { return second(l.PushBack(ctx, v, v)) }),
		change("PushFront", front, func(ctx context.Context) error { return second(l.PushFront(ctx, v)) }),
		change("PopFront", "lpop", func(ctx context.Context) error { return third(l.PopFront(ctx)) }),
		change("PopBack", "rpop", func(ctx context.Context) error { return third(l.PopBack(ctx)) }),
		change("PopN", "lpop", func(ctx context.Context) error { return second(l.PopN(ctx, 2)) }),
		change("SetAt", "lset", func(ctx context.Context) error { return second(l.SetAt(ctx, 0, v)) }),
		change("Remove", "lrem", func(ctx context.Context) error { return second(l.Remove(ctx, v, 1)) }),
		change("InsertBefore", "linsert", func(ctx context.Context) error { return second(l.InsertBefore(ctx, v, v)) }),
		change("Trim", "ltrim", func(ctx context.Context) error { return l.Trim(ctx, 1, -1) }),
		change("Move", "lmove", func(ctx context.Context) error {
			return third(l.Move(ctx, collections.Front, other, collections.Back))
		}),
	}, objectCalls(l)...)
}

func valueCalls[T any](x *collections.Value[T], v T) []Call {
	keep := func(T, bool) (T, bool, error) { return v, true, nil }
	drop := func(T, bool) (T, bool, error) { return v, false, nil }
	return append([]Call{
		look("Get", "get", func(ctx context.Context) error { return third(x.Get(ctx)) }),
		change("Set", "set", func(ctx context.Context) error { return x.Set(ctx, v) }).whatever(),
		change("SetTTL", "set", func(ctx context.Context) error { return x.SetTTL(ctx, v, time.Hour) }).whatever(),
		change("SetIfAbsent", "setnx", func(ctx context.Context) error { return second(x.SetIfAbsent(ctx, v)) }).whatever(),
		change("Swap", "set", func(ctx context.Context) error { return third(x.Swap(ctx, v)) }),
		change("CompareAndSwap", "evalsha", func(ctx context.Context) error { return second(x.CompareAndSwap(ctx, v, v)) }),
		change("Update", "get evalsha", func(ctx context.Context) error { return second(x.Update(ctx, keep)) }),
		change("Update", "get evalsha", func(ctx context.Context) error { return second(x.Update(ctx, drop)) }).as("that deletes"),
		change("Delete", "evalsha", func(ctx context.Context) error { return second(x.Delete(ctx)) }).whatever(),
	}, objectCalls(x)...)
}

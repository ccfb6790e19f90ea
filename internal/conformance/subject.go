package conformance

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
)

// client keeps the signatures below readable.
type client = redis.UniversalClient

// other returns the name of a second object in the slot of the first.
func other(name string) string { return name + ":other" }

func mapSubject() Subject {
	return Subject{
		Name: "Map", Type: "collections.Map", Kind: "hash", Object: new(collections.Map[string, string]),
		Calls: func(rdb client, name string) []Call {
			m := collections.NewMap[string, string](rdb, name)
			set := writes("Update", "hget hsetnx", func(ctx context.Context) error {
				return second(m.Update(ctx, "absent", func(string, bool) (string, bool, error) { return marker, true, nil }))
			})
			return append(mapCalls(m, "k", marker), set.named("that stores"))
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.HSet(ctx, name, "k", marker, "l", "2").Err()
		},
		Zero: func() []Call { return mapCalls(new(collections.Map[string, string]), "k", "v") },
		Unencodable: []func(client, string) []Call{
			func(rdb client, name string) []Call {
				return mapCalls(collections.NewMap[string, chan int](rdb, name), "k", nil)
			},
			func(rdb client, name string) []Call {
				return mapCalls(collections.NewMap[float64, string](rdb, name), 1, "v")
			},
		},
	}
}

// addSubject contains Add for integers of 64 bits, which HINCRBY adds, and for smaller
// integers and floats, which a script adds.
func addSubject() Subject {
	type tiny int8
	return Subject{
		Name: "Add", Type: "collections.Map", Kind: "hash",
		Calls: func(rdb client, name string) []Call {
			whole := addCalls(collections.NewMap[string, int](rdb, name), "k", "hincrby")
			small := addCalls(collections.NewMap[string, tiny](rdb, name), "k", "evalsha")
			float := addCalls(collections.NewMap[string, float64](rdb, name), "k", "evalsha")
			return []Call{whole[0], small[0].named("to 8 bits"), float[0].named("to a float")}
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.HSet(ctx, name, "k", "4").Err()
		},
		Zero: func() []Call {
			return append(addCalls(new(collections.Map[string, int]), "k", ""),
				addCalls(new(collections.Map[string, tiny]), "k", "")...)
		},
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return addCalls(collections.NewMap[float64, int](rdb, name), 1, "")
		}},
	}
}

func setSubject() Subject {
	return Subject{
		Name: "Set", Type: "collections.Set", Kind: "set", Object: new(collections.Set[string]),
		Calls: func(rdb client, name string) []Call {
			return setCalls(collections.NewSet[string](rdb, name), collections.NewSet[string](rdb, other(name)), marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			if err := raw.SAdd(ctx, other(name), "m", "n").Err(); err != nil {
				return err
			}
			return raw.SAdd(ctx, name, marker, "m").Err()
		},
		Zero: func() []Call { return setCalls(new(collections.Set[string]), new(collections.Set[string]), "m") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			s := collections.NewSet[*int](rdb, name)
			return setCalls(s, s, nil)
		}},
	}
}

func sortedSubject() Subject {
	return Subject{
		Name: "SortedSet", Type: "collections.SortedSet", Kind: "zset", Object: new(collections.SortedSet[string]),
		Calls: func(rdb client, name string) []Call {
			return sortedCalls(collections.NewSortedSet[string](rdb, name), marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.ZAdd(ctx, name, redis.Z{Member: marker, Score: 1}, redis.Z{Member: "l", Score: 2}, redis.Z{Member: "m", Score: 2}).Err()
		},
		Zero: func() []Call { return sortedCalls(new(collections.SortedSet[string]), "m") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return sortedCalls(collections.NewSortedSet[*int](rdb, name), nil)
		}},
	}
}

func listSubject() Subject {
	return Subject{
		Name: "List", Type: "collections.List", Kind: "list", Object: new(collections.List[string]),
		Calls: func(rdb client, name string) []Call {
			l := collections.NewList[string](rdb, name)
			return listCalls(l, collections.NewList[string](rdb, other(name)), marker, "rpush", "lpush")
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.RPush(ctx, name, marker, "b", "c").Err()
		},
		Zero: func() []Call {
			return listCalls(new(collections.List[string]), new(collections.List[string]), "v", "", "")
		},
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			l := collections.NewList[func()](rdb, name)
			return listCalls(l, l, nil, "", "")
		}},
	}
}

// ringSubject is a list with MaxLen, whose pushes are scripts.
func ringSubject() Subject {
	s := listSubject()
	s.Name, s.Zero, s.Unencodable = "Ring", nil, nil
	s.Calls = func(rdb client, name string) []Call {
		l := collections.NewList[string](rdb, name, collections.MaxLen(3))
		return listCalls(l, collections.NewList[string](rdb, other(name)), marker, "evalsha", "evalsha")
	}
	return s
}

func valueSubject() Subject {
	return Subject{
		Name: "Value", Type: "collections.Value", Kind: "string", Object: new(collections.Value[string]),
		Calls: func(rdb client, name string) []Call {
			return valueCalls(collections.NewValue[string](rdb, name), marker)
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.Set(ctx, name, marker, 0).Err()
		},
		Zero: func() []Call { return valueCalls(new(collections.Value[string]), "v") },
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return valueCalls(collections.NewValue[chan int](rdb, name), nil)
		}},
	}
}

func fillNumber(ctx context.Context, raw client, name string) error {
	return raw.Set(ctx, name, "4", 0).Err()
}

func counterSubject() Subject {
	return Subject{
		Name: "Counter", Type: "counter.Counter", Kind: "string", Object: new(counter.Counter),
		Calls: func(rdb client, name string) []Call { return counterCalls(counter.New(rdb, name), "incrby") },
		Fill:  fillNumber,
		Zero:  func() []Call { return counterCalls(new(counter.Counter), "") },
	}
}

// startSubject is a counter with Start, whose additions are scripts.
func startSubject() Subject {
	s := counterSubject()
	s.Name, s.Zero = "CounterStart", nil
	s.Calls = func(rdb client, name string) []Call {
		return counterCalls(counter.New(rdb, name, counter.Start(10)), "evalsha")
	}
	return s
}

func idsSubject() Subject {
	return Subject{
		Name: "IDs", Type: "counter.IDs", Kind: "string", Object: new(counter.IDs),
		Calls: func(rdb client, name string) []Call { return idsCalls(counter.NewIDs(rdb, name, 1)) },
		Fill:  fillNumber,
		Zero:  func() []Call { return idsCalls(new(counter.IDs)) },
	}
}

func boundedSubject() Subject {
	return Subject{
		Name: "Bounded", Type: "counter.Bounded", Kind: "string", Object: new(counter.Bounded),
		Calls: func(rdb client, name string) []Call { return boundedCalls(counter.NewBounded(rdb, name, -10, 10)) },
		Fill:  fillNumber,
		Zero:  func() []Call { return boundedCalls(new(counter.Bounded)) },
	}
}

// windowSubject is a window so long that all calls of a test fall into one of its parts.
func windowSubject() Subject {
	return Subject{
		Name: "Window", Type: "counter.Window", Kind: "hash", Object: new(counter.Window),
		Calls: func(rdb client, name string) []Call {
			return windowCalls(counter.NewWindow(rdb, name, 1000*24*time.Hour))
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return raw.HSet(ctx, name, "4000000000000000", "4").Err() // a part in the year 2096
		},
		Zero: func() []Call { return windowCalls(new(counter.Window)) },
	}
}

// shardedSubject has one shard, so a call is one command. The suite of the type tests
// more shards.
func shardedSubject() Subject {
	return Subject{
		Name: "Sharded", Type: "counter.Sharded", Kind: "string", Object: new(counter.Sharded),
		Calls: func(rdb client, name string) []Call { return shardedCalls(counter.NewSharded(rdb, name, 1)) },
		Fill:  fillNumber,
		Zero:  func() []Call { return shardedCalls(new(counter.Sharded)) },
	}
}

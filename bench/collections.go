package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
)

const fields = 10_000 // fields of the map that all callers share

// user is a struct of six fields.
type user struct {
	ID      int64
	Name    string
	Email   string
	Age     int
	Admin   bool
	Balance float64
}

// scene contains desir's objects and the peers for one connection path to the server.
type scene struct {
	peers    []client
	names    [fields]string
	strings  *collections.Map[string, string]
	users    *collections.Map[string, user]
	set      *collections.Set[string]
	counter  *counter.Counter
	list     *collections.List[string]
	maps     map[int][]*collections.Map[string, string]
	mapNames map[int][]string
}

// name returns the field that goroutine g uses in its i-th operation.
func (s *scene) name(g, i int) string { return s.names[(g*7919+i*31)%fields] }

func (w *env) scene(addr string) (*scene, error) {
	peers, err := w.rdbs(addr)
	if err != nil {
		return nil, err
	}
	rdb := w.clientAt(addr)
	s := &scene{
		peers:    peers,
		strings:  collections.NewMap[string, string](rdb, "strings"),
		users:    collections.NewMap[string, user](rdb, "users"),
		set:      collections.NewSet[string](rdb, "set"),
		counter:  counter.New(rdb, "counter"),
		list:     collections.NewList[string](rdb, "list"),
		maps:     map[int][]*collections.Map[string, string]{},
		mapNames: map[int][]string{},
	}
	ctx := context.Background()
	texts, users := map[string]string{}, map[string]user{}
	for i := range s.names {
		s.names[i] = fmt.Sprintf("field:%06d", i)
		texts[s.names[i]] = text
		users[s.names[i]] = user{ID: int64(i), Name: "Ada Lovelace", Email: "ada@example.org", Age: 36, Admin: true, Balance: 12.5}
	}
	if err := s.strings.SetMany(ctx, texts); err != nil {
		return nil, err
	}
	if err := s.users.SetMany(ctx, users); err != nil {
		return nil, err
	}
	if _, err := s.set.Add(ctx, s.names[:1000]...); err != nil {
		return nil, err
	}
	for _, n := range []int{16, 256, 4096} {
		for i := range n {
			name := fmt.Sprintf("map:%d:%d", n, i)
			m := collections.NewMap[string, string](rdb, name)
			if err := m.Set(ctx, s.names[0], text); err != nil {
				return nil, err
			}
			s.maps[n], s.mapNames[n] = append(s.maps[n], m), append(s.mapNames[n], name)
		}
	}
	return s, nil
}

// job is one operation, as desir and as a peer performs it.
type job struct {
	work  string
	desir op
	peer  func(client) op
}

// jobs returns the operations that all peers have.
func (s *scene) jobs() (get, set, has, next, push job) {
	get = job{"Map.Get", func(ctx context.Context, g, i int) error {
		_, _, err := s.strings.Get(ctx, s.name(g, i))
		return err
	}, func(c client) op {
		return func(ctx context.Context, g, i int) error { return c.hget(ctx, "strings", s.name(g, i)) }
	}}
	set = job{
		"Map.Set", func(ctx context.Context, g, i int) error { return s.strings.Set(ctx, s.name(g, i), text) },
		func(c client) op {
			return func(ctx context.Context, g, i int) error { return c.hset(ctx, "strings", s.name(g, i), text) }
		},
	}
	has = job{"Set.Has", func(ctx context.Context, g, i int) error {
		_, err := s.set.Has(ctx, s.name(g, i))
		return err
	}, func(c client) op {
		return func(ctx context.Context, g, i int) error { return c.sismember(ctx, "set", s.name(g, i)) }
	}}
	next = job{"Counter.Next", func(ctx context.Context, _, _ int) error {
		_, err := s.counter.Next(ctx)
		return err
	}, func(c client) op {
		return func(ctx context.Context, _, _ int) error { return c.incr(ctx, "counter:peer") }
	}}
	push = job{"List.PushBack", func(ctx context.Context, _, _ int) error {
		_, err := s.list.PushBack(ctx, text)
		return err
	}, func(c client) op {
		return func(ctx context.Context, _, _ int) error { return c.rpush(ctx, "list", text) }
	}}
	return get, set, has, next, push
}

// goalRow is the ratio that a goal demands of a job at a number of callers.
type goalRow struct {
	work    string
	callers int
	peer    string
	goal    string
	ratio   float64
}

// goals are the goals of jobs.
var goals = []goalRow{
	{"Map.Get", 1, rueidisName, "G4", 0.85},
	{"Map.Get", 1, poolName, "G4", 0.90},
	{"Map.Get", 16, rueidisName, "G3", 1.0},
	{"Map.Get", 256, rueidisName, "G1", 2.0},
	{"Map.Get", 1024, rueidisName, "G2", 1.7},
	{"Map.Get, contexts that can end", 16, rueidisName, "G3", 1.0},
	{"Map.Get, contexts that can end", 256, rueidisName, "G1", 1.9},
	{"Map.Get, contexts that can end", 1024, rueidisName, "G2", 1.6},
	{"Map.Get over 16 maps", 256, rueidisName, "G1b", 1.5},
	{"Map.Get over 256 maps", 256, rueidisName, "G1b", 1.3},
	{"Map.Get over 4096 maps", 256, rueidisName, "G1b", 1.25},
	{"Map.Get of a struct", 256, rueidisName, "G6", 1.5},
	{"Map.Get, +1 ms", 16, rueidisName, "G5", 0.9},
	{"Map.Get, +1 ms", 256, rueidisName, "G5", 1.0},
	{"Map.Get, +1 ms", 1024, rueidisName, "G5", 1.3},
	{"Map.Set", 256, rueidisName, "G7", 1.8},
	{"Map.Set", 1024, rueidisName, "G7", 1.5},
	{"Counter.Next", 256, rueidisName, "G8", 3.5},
	{"Counter.Next", 1024, rueidisName, "G8", 2.5},
	{"Map.Get", 256, poolName, "G9", 4},
	{"Map.Set", 256, poolName, "G9", 4},
	{"Set.Has", 256, poolName, "G9", 4},
	{"Counter.Next", 256, poolName, "G9", 4},
	{"List.PushBack", 256, poolName, "G9", 4},
}

// contest returns the contest of desir and the peers in a job.
func (s *scene) contest(j job, callers int, cancelable bool) contest {
	run := op.loop
	if cancelable {
		run = op.cancelable
		j.work += ", contexts that can end"
	}
	c := contest{work: j.work, callers: callers, desir: run(j.desir, callers)}
	for _, of := range s.peers {
		p := peer{name: of.name, run: run(j.peer(of), callers)}
		for _, m := range goals {
			if m.work == j.work && m.callers == callers && m.peer == p.name {
				p.goal, p.must = m.goal, m.ratio
			}
		}
		c.peers = append(c.peers, p)
	}
	return c
}

// collections returns the contests of Map, Set, List and Counter.
func (w *env) collections() ([]contest, error) {
	s, err := w.scene(w.addr)
	if err != nil {
		return nil, err
	}
	get, set, has, next, push := s.jobs()
	var all []contest
	for _, callers := range []int{1, 16, 256, 1024} {
		all = append(all, s.contest(get, callers, false), s.contest(get, callers, true))
	}
	cached, err := w.cached(w.addr)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(c contest) bool { return c.callers == 256 })
	all[at].peers = append(all[at].peers, peer{name: cachedName, run: get.peer(client{hget: cached}).loop(256)})
	for _, j := range []job{set, has, next, push} {
		for _, callers := range []int{1, 16, 256, 1024} {
			c := s.contest(j, callers, false)
			if j.work == push.work {
				c.cleanUp = func(ctx context.Context) error { return s.list.Clear(ctx) }
			}
			all = append(all, c)
		}
	}
	for _, n := range []int{16, 256, 4096} {
		all = append(all, s.contest(s.getOver(n), 256, false))
	}
	all = append(all, s.contest(s.getUser(), 256, false))
	all = append(all, w.others(s)...)
	link, err := w.startedRole("link", w.addr)
	if err != nil {
		return nil, err
	}
	s, err = w.scene(link)
	if err != nil {
		return nil, err
	}
	get, _, _, _, _ = s.jobs()
	get.work += ", +1 ms"
	for _, callers := range []int{16, 256, 1024} {
		c := s.contest(get, callers, false)
		c.spread = true
		all = append(all, c)
	}
	bulk, err := w.bulk()
	return append(all, bulk...), err
}

// getOver reads from n maps.
func (s *scene) getOver(n int) job {
	maps, names := s.maps[n], s.mapNames[n]
	at := func(g, i int) int { return (g*7919 + i*31) % n }
	return job{fmt.Sprintf("Map.Get over %d maps", n), func(ctx context.Context, g, i int) error {
		_, _, err := maps[at(g, i)].Get(ctx, s.names[0])
		return err
	}, func(c client) op {
		return func(ctx context.Context, g, i int) error { return c.hget(ctx, names[at(g, i)], s.names[0]) }
	}}
}

// getUser reads structs. The peers do not decode them.
func (s *scene) getUser() job {
	return job{"Map.Get of a struct", func(ctx context.Context, g, i int) error {
		_, _, err := s.users.Get(ctx, s.name(g, i))
		return err
	}, func(c client) op {
		return func(ctx context.Context, g, i int) error { return c.hget(ctx, "users", s.name(g, i)) }
	}}
}

package collections_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/redistest"
)

// start returns a client of an in-process Redis. A program would use desir.Open or its
// existing client.
func start() (rdb redis.UniversalClient, stop func()) {
	s, err := embedded.Start()
	if err != nil {
		log.Fatal(err)
	}
	return s.Client(), func() { _ = s.Close() }
}

type cart struct {
	Items []string
	Cents int
}

func ExampleMap() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	carts := collections.NewMap[string, cart](rdb, "carts")
	if err := carts.Set(ctx, "ada", cart{Items: []string{"pears"}, Cents: 250}); err != nil {
		log.Fatal(err)
	}
	c, ok, err := carts.Get(ctx, "ada")
	fmt.Println(c.Items, c.Cents, ok, err)
	_, ok, err = carts.Get(ctx, "bob")
	fmt.Println(ok, err)
	// Output:
	// [pears] 250 true <nil>
	// false <nil>
}

func ExampleMap_Update() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	carts := collections.NewMap[string, cart](rdb, "carts")
	add := func(item string, cents int) func(cart, bool) (cart, bool, error) {
		return func(c cart, _ bool) (cart, bool, error) {
			c.Items, c.Cents = append(c.Items, item), c.Cents+cents
			return c, true, nil
		}
	}
	for _, item := range []string{"pears", "figs"} {
		// No item is lost if another caller changes the same cart.
		if _, err := carts.Update(ctx, "ada", add(item, 250)); err != nil {
			log.Fatal(err)
		}
	}
	c, _, err := carts.Get(ctx, "ada")
	fmt.Println(c.Items, c.Cents, err)
	// Output: [pears figs] 500 <nil>
}

// Two workers compete for one job, and only one of them gets it.
func ExampleMap_CompareAndSwap() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	jobs := collections.NewMap[string, string](rdb, "jobs")
	if err := jobs.Set(ctx, "paint the fence", "open"); err != nil {
		log.Fatal(err)
	}
	for _, worker := range []string{"ada", "bob"} {
		won, err := jobs.CompareAndSwap(ctx, "paint the fence", "open", worker)
		fmt.Println(worker, won, err)
	}
	worker, _, err := jobs.Get(ctx, "paint the fence")
	fmt.Println(worker, "has the job", err)
	// Output:
	// ada true <nil>
	// bob false <nil>
	// ada has the job <nil>
}

// When the reply of a move is lost, the caller checks whether the element has arrived.
// Moving again without the check could move a second element.
func ExampleList_Move_errMaybeRan() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	waiting := collections.NewList[string](rdb, "{orders}:waiting")
	packing := collections.NewList[string](rdb, "{orders}:packing")
	if _, err := waiting.PushBack(ctx, "order 1", "order 2"); err != nil {
		log.Fatal(err)
	}
	redistest.LoseReply(rdb) // the connection breaks after the server has moved the order
	order, ok, err := waiting.Move(ctx, collections.Front, packing, collections.Back)
	if errors.Is(err, desir.ErrMaybeRan) { // the list was empty, and only this process adds to it
		order, ok, err = packing.At(ctx, -1)
	}
	fmt.Println(order, ok, err)
	left, err := waiting.Slice(ctx, 0, -1)
	fmt.Println(left, err)
	// Output:
	// order 1 true <nil>
	// [order 2] <nil>
}

func ExampleRange_Limit() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	players := collections.NewSortedSet[string](rdb, "players")
	for name, score := range map[string]float64{"ada": 310, "bob": 120, "eve": 325, "kim": 200} {
		if _, err := players.Add(ctx, name, score); err != nil {
			log.Fatal(err)
		}
	}
	// The two best players with a score of 150 to 320.
	good := collections.ByScore(150, 320).Reverse().Limit(2)
	for p, err := range players.Range(ctx, good) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Value, p.Score)
	}
	// Output:
	// ada 310
	// kim 200
}

func ExampleMap_All() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	stock := collections.NewMap[string, int](rdb, "stock")
	if err := stock.SetMany(ctx, map[string]int{"pears": 12, "figs": 0, "plums": 7}); err != nil {
		log.Fatal(err)
	}
	var missing []string
	for e, err := range stock.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if e.Value == 0 {
			missing = append(missing, e.Key)
		}
	}
	fmt.Println("out of", missing)

	var err error
	all := maps.Collect(desir.Pairs(stock.All(ctx), &err))
	fmt.Println(all, err)
	// Output:
	// out of [figs]
	// map[figs:0 pears:12 plums:7] <nil>
}

func ExampleAdd() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	stock := collections.NewMap[string, int](rdb, "stock")
	if err := stock.Set(ctx, "pears", 12); err != nil {
		log.Fatal(err)
	}
	left, err := collections.Add(ctx, stock, "pears", -5)
	fmt.Println(left, err)
	// Output: 7 <nil>
}

func ExampleSet() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	online := collections.NewSet[string](rdb, "online")
	staff := collections.NewSet[string](rdb, "staff")
	if _, err := online.Add(ctx, "ada", "bob", "eve"); err != nil {
		log.Fatal(err)
	}
	if _, err := staff.Add(ctx, "ada", "eve", "zoe"); err != nil {
		log.Fatal(err)
	}
	ok, err := online.Has(ctx, "bob")
	fmt.Println(ok, err)
	both, err := online.Intersect(ctx, staff)
	slices.Sort(both)
	fmt.Println(both, err)
	// Output:
	// true <nil>
	// [ada eve] <nil>
}

func ExampleList() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	// The last three pages that a user visited.
	recent := collections.NewList[string](rdb, "recent:ada", collections.MaxLen(3))
	for _, page := range []string{"/", "/pears", "/cart", "/figs"} {
		if _, err := recent.PushFront(ctx, page); err != nil {
			log.Fatal(err)
		}
	}
	pages, err := recent.Slice(ctx, 0, -1)
	fmt.Println(pages, err)
	last, ok, err := recent.At(ctx, -1)
	fmt.Println(last, ok, err)
	// Output:
	// [/figs /cart /pears] <nil>
	// /pears true <nil>
}

func ExampleValue() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	type session struct {
		User  string
		Admin bool
	}
	s := collections.NewValue[session](rdb, "session:8f3a")
	if err := s.SetTTL(ctx, session{User: "ada"}, 30*time.Minute); err != nil {
		log.Fatal(err)
	}
	v, ok, err := s.Get(ctx)
	fmt.Println(v.User, ok, err)
	left, ok, err := s.TTL(ctx)
	fmt.Println(left.Round(time.Minute), ok, err)
	// Output:
	// ada true <nil>
	// 30m0s true <nil>
}

func ExampleSortedSet() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	players := collections.NewSortedSet[string](rdb, "players")
	for name, points := range map[string]float64{"ada": 310, "bob": 120, "eve": 250, "zoe": 40} {
		if _, err := players.Add(ctx, name, points); err != nil {
			log.Fatal(err)
		}
	}
	points, err := players.AddScore(ctx, "eve", 75)
	fmt.Println("eve has", points, err)
	for p, err := range players.Range(ctx, collections.ByRank(0, 3).Reverse()) { // the best three
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Value, p.Score)
	}
	changed, err := players.AddMax(ctx, "ada", 200) // lower than her best
	fmt.Println(changed, err)
	// Output:
	// eve has 325 <nil>
	// eve 325
	// ada 310
	// bob 120
	// false <nil>
}

func ExampleSortedSet_RemoveRange() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	// Sessions by the time of their last activity.
	seen := collections.NewSortedSet[string](rdb, "sessions:seen")
	if _, err := seen.AddMany(ctx,
		collections.Scored[string]{Value: "8f3a", Score: 1000},
		collections.Scored[string]{Value: "11c0", Score: 1060},
		collections.Scored[string]{Value: "e6b2", Score: 1290},
	); err != nil {
		log.Fatal(err)
	}
	now, idle := 1300.0, 120.0
	n, err := seen.RemoveRange(ctx, collections.ByScore(0, now-idle))
	fmt.Println(n, "are gone", err)
	all, err := desir.Collect(seen.All(ctx))
	fmt.Println(all, err)
	// Output:
	// 2 are gone <nil>
	// [{e6b2 1290}] <nil>
}

func ExampleByLex() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	// All scores are equal: an index of words.
	words := collections.NewSortedSet[string](rdb, "words")
	for _, w := range []string{"pear", "peach", "plum", "apple", "pea"} {
		if _, err := words.Add(ctx, w, 0); err != nil {
			log.Fatal(err)
		}
	}
	for w, err := range words.Range(ctx, collections.ByLex("pea", "pea\xff").Limit(10)) {
		fmt.Println(w.Value, err)
	}
	// Output:
	// pea <nil>
	// peach <nil>
	// pear <nil>
}

func ExampleMap_SetTTL() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	codes := collections.NewMap[string, int](rdb, "codes")
	if err := codes.SetTTL(ctx, "ada", 4711, 5*time.Minute); err != nil {
		log.Fatal(err) // desir.ErrNotSupported on older servers
	}
	code, ok, err := codes.Get(ctx, "ada")
	fmt.Println(code, ok, err)
	left, ok, err := codes.TTLOf(ctx, "ada")
	fmt.Println(left.Round(time.Minute), ok, err)
	// Output:
	// 4711 true <nil>
	// 5m0s true <nil>
}

package collections_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/embedded"
)

// start returns a client of an in-process Redis. A program would use
// desir.Open, or a client that it has.
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
		// Nothing is lost if others put something into the same cart.
		if _, err := carts.Update(ctx, "ada", add(item, 250)); err != nil {
			log.Fatal(err)
		}
	}
	c, _, err := carts.Get(ctx, "ada")
	fmt.Println(c.Items, c.Cents, err)
	// Output: [pears figs] 500 <nil>
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

	// The last three pages that a user has seen.
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

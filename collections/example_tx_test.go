package collections_test

import (
	"context"
	"fmt"
	"log"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

// A move between two maps: the entry is always in exactly one of them.
func ExampleMapTx() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	open, paid := collections.NewMap[int, string](rdb, "{orders}:open"), collections.NewMap[int, string](rdb, "{orders}:paid")
	if err := open.Set(ctx, 42, "tea"); err != nil {
		log.Fatal(err)
	}
	err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
		order, ok, err := open.In(tx).Get(ctx, 42)
		if err != nil || !ok {
			return err
		}
		open.In(tx).Delete(42)
		paid.In(tx).Set(42, order)
		return nil
	})
	order, ok, _ := paid.Get(ctx, 42)
	left, _ := open.Len(ctx)
	fmt.Println(order, ok, left, err)
	// Output: tea true 0 <nil>
}

// A room with a limit: a member that another process adds in between makes the function run
// again.
func ExampleSetTx() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	room := collections.NewSet[string](rdb, "room")
	enter := func(name string) error {
		return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			n, err := room.In(tx).Len(ctx)
			if err != nil {
				return err
			}
			if n == 2 {
				return fmt.Errorf("no room for %s", name)
			}
			room.In(tx).Add(name)
			return nil
		})
	}
	fmt.Println(enter("ada"), enter("bob"), enter("eve"))
	// Output: <nil> <nil> no room for eve
}

// The best score takes the place of the worst.
func ExampleSortedSetTx() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	best := collections.NewSortedSet[string](rdb, "best")
	for i, name := range []string{"ada", "bob", "eve"} {
		err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			worst, err := best.In(tx).Range(ctx, collections.ByRank(0, -2)) // all but the best one
			for _, w := range worst {
				best.In(tx).Remove(w.Value)
			}
			best.In(tx).Add(name, float64(i))
			return err
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	all, _ := desir.Collect(best.All(ctx))
	fmt.Println(all)
	// Output: [{bob 1} {eve 2}]
}

// A job moves from a list into a map.
func ExampleListTx() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	waiting := collections.NewList[string](rdb, "{jobs}:waiting")
	running := collections.NewMap[string, string](rdb, "{jobs}:running")
	if _, err := waiting.PushBack(ctx, "wash", "dry"); err != nil {
		log.Fatal(err)
	}
	err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
		job, ok, err := waiting.In(tx).At(ctx, 0)
		if err != nil || !ok {
			return err
		}
		waiting.In(tx).Trim(1, -1)
		running.In(tx).Set(job, "me")
		return nil
	})
	left, _ := waiting.Slice(ctx, 0, -1)
	owner, _, _ := running.Get(ctx, "wash")
	fmt.Println(left, owner, err)
	// Output: [dry] me <nil>
}

// A version and its text change together.
func ExampleValueTx() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	text, version := collections.NewValue[string](rdb, "{page}:text"), collections.NewValue[int](rdb, "{page}:version")
	err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
		n, _, err := version.In(tx).Get(ctx)
		if err != nil {
			return err
		}
		text.In(tx).Set(fmt.Sprint("version ", n+1))
		version.In(tx).Set(n + 1)
		return nil
	})
	got, _, _ := text.Get(ctx)
	fmt.Println(got, err)
	// Output: version 1 <nil>
}

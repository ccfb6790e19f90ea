package counter_test

import (
	"context"
	"fmt"
	"math"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
)

// Two counters change together, or neither if one of them would overflow.
func ExampleCounterTx() {
	rdb, stop := start()
	defer stop()
	ctx := context.Background()

	sold, income := counter.New(rdb, "{shop}:sold"), counter.New(rdb, "{shop}:income")
	sell := func(price int64) error {
		return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			sold.In(tx).Add(1)
			income.In(tx).Add(price)
			return nil
		})
	}
	fmt.Println(sell(5))
	fmt.Println(sell(math.MaxInt64) != nil)
	n, _ := sold.Value(ctx)
	total, _ := income.Value(ctx)
	fmt.Println(n, total)
	// Output:
	// <nil>
	// true
	// 1 5
}

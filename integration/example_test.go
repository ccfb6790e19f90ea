package integration_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/integration"
)

// reserve is the code under test. It takes one item from the stock, if there is one.
func reserve(ctx context.Context, rdb redis.UniversalClient, item string) error {
	stock := collections.NewMap[string, int](rdb, "stock")
	_, err := stock.Update(ctx, item, func(n int, _ bool) (int, bool, error) {
		if n == 0 {
			return 0, false, fmt.Errorf("no %s in stock", item)
		}
		return n - 1, true, nil
	})
	return err
}

// TestReserve is a complete test. It runs on one server, in a container, on a cluster,
// with Sentinel and over TLS, as far as they are available.
func TestReserve(t *testing.T) {
	integration.Matrix(t, func(t *testing.T, e *integration.Env) {
		rdb := e.Client()
		if err := collections.NewMap[string, int](rdb, "stock").Set(t.Context(), "tea", 1); err != nil {
			t.Fatal(err)
		}
		if err := reserve(t.Context(), rdb, "tea"); err != nil {
			t.Error(err)
		}
		if err := reserve(t.Context(), rdb, "tea"); err == nil {
			t.Error("the last tea was reserved twice")
		}
	})
}

func ExampleNew() {
	var t *testing.T // the parameter of func TestCart(t *testing.T)

	rdb := integration.New(t).Client()
	carts := collections.NewMap[string, []string](rdb, "carts")
	if err := carts.Set(t.Context(), "ada", []string{"tea"}); err != nil {
		t.Fatal(err)
	}
}

func ExampleProxy_DropReplies() {
	var t *testing.T

	p := integration.New(t).Proxy()
	orders := counter.New(p.NewClient(), "orders")
	p.DropReplies(1, "incrby") // the server executes it, but the reply is lost
	if _, err := orders.Next(t.Context()); !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("Next: %v; want ErrMaybeRan", err)
	}
	if n := p.Count("incrby"); n != 1 {
		t.Errorf("INCRBY was sent %d times; want once", n)
	}
}

func ExampleServer_Freeze() {
	var t *testing.T

	e := integration.New(t, integration.Alone())
	m := collections.NewMap[string, int](e.Client(), "m")
	e.Server().Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := m.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get of a frozen server: %v; want DeadlineExceeded", err)
	}
	e.Server().Thaw()
}

func ExampleRecord() {
	var t *testing.T

	rdb := integration.New(t).Client()
	r := integration.Record(rdb)
	if _, _, err := collections.NewMap[string, int](rdb, "m").Get(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if r.Trips() != 1 {
		t.Errorf("Get is %q; want one HGET", r.Commands())
	}
}

func ExampleSentinel() {
	var t *testing.T

	e := integration.Sentinel(t)
	n := counter.New(e.Client(), "n")
	e.Failover()
	if _, err := n.Next(t.Context()); err != nil {
		t.Errorf("Next after the failover: %v", err)
	}
}

// A disconnected master is replaced by its replica. Writes that it acknowledges in
// between are lost.
func ExampleEnv_Partition() {
	var t *testing.T

	e := integration.Cluster(t, integration.Container(), integration.Replicas(1))
	rdb := e.Client()
	stock := collections.NewMap[string, int](rdb, "stock")
	e.Partition(e.Servers()[0])
	for stock.Set(t.Context(), "tea", 1) != nil { // fails until the replica is promoted
		if t.Context().Err() != nil {
			t.Fatal("no other master")
		}
	}
	e.Heal()
}

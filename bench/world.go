package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/desir-go/desir/collections"
)

const fields = 10_000 // of the map that all callers share

// world is what the competitors work on.
type world struct {
	rdb     *redis.Client // desir's
	pool    *redis.Client // go-redis by itself
	rueidis rueidis.Client
	names   [fields]string
}

// user is a struct of six fields.
type user struct {
	ID      int64
	Name    string
	Email   string
	Age     int
	Admin   bool
	Balance float64
}

const text = "what a user wrote about pears"

func newWorld(ctx context.Context, addr string) (*world, error) {
	r, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		return nil, err
	}
	w := &world{
		rdb:     redis.NewClient(&redis.Options{Addr: addr}),
		pool:    redis.NewClient(&redis.Options{Addr: addr}),
		rueidis: r,
	}
	strings, users := map[string]string{}, map[string]user{}
	for i := range w.names {
		w.names[i] = fmt.Sprintf("field:%06d", i)
		strings[w.names[i]] = text
		users[w.names[i]] = user{ID: int64(i), Name: "Ada Lovelace", Email: "ada@example.org", Age: 36, Admin: true, Balance: 12.5}
	}
	if err := collections.NewMap[string, string](w.rdb, "strings").SetMany(ctx, strings); err != nil {
		return nil, err
	}
	if err := collections.NewMap[string, user](w.rdb, "users").SetMany(ctx, users); err != nil {
		return nil, err
	}
	return w, nil
}

// name returns the field of the i-th turn of goroutine g.
func (w *world) name(g, i int) string { return w.names[(g*7919+i*31)%fields] }

func (w *world) close() {
	_ = w.rdb.Close()
	_ = w.pool.Close()
	w.rueidis.Close()
}

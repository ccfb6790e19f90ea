package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

const watchName = "WATCH/MULTI"

// transfer moves one from a field of a map to a field of another, in one step.
type transfer func(ctx context.Context, from, to account) error

// account is a field of a map.
type account struct{ key, field string }

// atomicTransfer transfers by Atomic.
func atomicTransfer(rdb redis.UniversalClient) transfer {
	var maps sync.Map
	object := func(key string) *collections.Map[string, int64] {
		m, ok := maps.Load(key)
		if !ok {
			m, _ = maps.LoadOrStore(key, collections.NewMap[string, int64](rdb, key))
		}
		return m.(*collections.Map[string, int64])
	}
	return func(ctx context.Context, from, to account) error {
		a, b := object(from.key), object(to.key)
		return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			x, y := a.In(tx), b.In(tx)
			n, _, err := x.Get(ctx, from.field)
			if err != nil {
				return err
			}
			m, _, err := y.Get(ctx, to.field)
			if err != nil {
				return err
			}
			x.Set(from.field, n-1)
			y.Set(to.field, m+1)
			return nil
		})
	}
}

// watchTransfer transfers by WATCH, MULTI and EXEC of go-redis, until there is no conflict.
func watchTransfer(rdb *redis.Client) transfer {
	return func(ctx context.Context, from, to account) error {
		move := func(tx *redis.Tx) error {
			n, err := tx.HGet(ctx, from.key, from.field).Int64()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			m, err := tx.HGet(ctx, to.key, to.field).Int64()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.HSet(ctx, from.key, from.field, n-1)
				p.HSet(ctx, to.key, to.field, m+1)
				return nil
			})
			return err
		}
		for {
			if err := rdb.Watch(ctx, move, from.key, to.key); !errors.Is(err, redis.TxFailedErr) {
				return err
			}
		}
	}
}

// places returns the accounts of a transfer, for the i-th transfer of a goroutine.
type places func(g, i int) (from, to account)

// ownMaps has each goroutine use two maps of its own.
func ownMaps(prefix string) places {
	return func(g, _ int) (from, to account) {
		key := prefix + ":own:" + strconv.Itoa(g)
		return account{key + ":a", "n"}, account{key + ":b", "n"}
	}
}

// ownFields has all goroutines use fields of their own of one map.
func ownFields(prefix string) places {
	return func(g, _ int) (from, to account) {
		key := prefix + ":shared"
		return account{key, fmt.Sprintf("%d:a", g)}, account{key, fmt.Sprintf("%d:b", g)}
	}
}

// onePair has nine of ten transfers use one pair of accounts.
func onePair(prefix string) places {
	own := ownMaps(prefix)
	return func(g, i int) (from, to account) {
		if rand.IntN(10) == 0 {
			return own(g, i)
		}
		return account{prefix + ":hot:a", "n"}, account{prefix + ":hot:b", "n"}
	}
}

func (do transfer) at(where places) op {
	return func(ctx context.Context, g, i int) error {
		from, to := where(g, i)
		return do(ctx, from, to)
	}
}

// atomic returns the contests of Atomic.
func (w *env) atomic() ([]contest, error) {
	rdb := w.client()
	ours, theirs := atomicTransfer(rdb), watchTransfer(w.client())
	var all []contest
	for _, c := range []struct {
		work  string
		where func(prefix string) places
		must  [3]float64 // at 1, 16 and 256 callers
	}{
		{"Atomic, transfer, maps of their own", ownMaps, [3]float64{1.1, 1.5, 4}},
		{"Atomic, transfer, fields of one map", ownFields, [3]float64{1.1, 1.5, 4}},
		{"Atomic, transfer, 90 % on one pair", onePair, [3]float64{0, 0, 3}},
	} {
		for i, callers := range []int{1, 16, 256} {
			goal := ""
			if c.must[i] > 0 {
				goal = "A1"
			}
			all = append(all, contest{work: c.work, callers: callers, desir: ours.at(c.where("d")).loop(callers), peers: []peer{
				{watchName, goal, c.must[i], theirs.at(c.where("w")).loop(callers)},
			}})
		}
	}
	return all, nil
}

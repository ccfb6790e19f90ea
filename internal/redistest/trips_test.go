package redistest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

func TestTripsOnEveryBackend(t *testing.T) {
	Each(t, func(t *testing.T, r *Redis) {
		ctx := context.Background()
		trips := CountTrips(r.Client)
		a, b := r.TagKey("a"), r.TagKey("b")
		for _, tt := range []struct {
			name  string
			do    func() error
			count int
			names []string
		}{
			{"one", func() error { return r.Client.Incr(ctx, a).Err() }, 1, []string{"incr"}},
			{"Do", func() error { return r.Client.Do(ctx, "INCR", a).Err() }, 1, []string{"incr"}},
			{"pipeline", func() error {
				_, err := r.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
					p.Incr(ctx, a)
					p.Incr(ctx, b)
					return nil
				})
				return err
			}, 1, []string{"incr", "incr"}},
			{"transaction", func() error {
				_, err := r.Client.TxPipelined(ctx, func(p redis.Pipeliner) error {
					p.Incr(ctx, a)
					p.Incr(ctx, b)
					return nil
				})
				return err
			}, 1, []string{"multi", "incr", "incr", "exec"}},
			{"script", func() error {
				return redis.NewScript("return '"+r.id+"'").Run(ctx, r.Client, []string{a}).Err()
			}, 2, []string{"evalsha", "eval"}},
			{"other handle", func() error { return r.Raw().Incr(ctx, a).Err() }, 0, nil},
			{"node's client", func() error {
				c, ok := r.Client.(*redis.ClusterClient)
				if !ok {
					return r.Client.Incr(ctx, a).Err()
				}
				m, err := c.MasterForKey(ctx, a)
				if err != nil {
					return err
				}
				return m.Incr(ctx, a).Err()
			}, 1, []string{"incr"}},
		} {
			trips.Reset()
			if err := tt.do(); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if got := trips.Count(); got != tt.count {
				t.Errorf("%s: %d round trips; want %d", tt.name, got, tt.count)
			}
			if diff := cmp.Diff(tt.names, trips.Commands()); diff != "" {
				t.Errorf("%s: commands (-want +got):\n%s", tt.name, diff)
			}
		}
	})
}

func TestTripsFail(t *testing.T) {
	errLost := errors.New("lost")
	Each(t, func(t *testing.T, r *Redis) {
		ctx := context.Background()
		trips := CountTrips(r.Client)
		incr := func() error { return r.Client.Incr(ctx, r.Key("n")).Err() }
		check := func(what string, err error, want error, runs int) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %v; want %v", what, err, want)
			}
			if got, _ := r.Raw().Get(ctx, r.Key("n")).Int(); got != runs {
				t.Errorf("%s: executed %d times; want %d", what, got, runs)
			}
		}
		trips.FailNext(2, errLost, Command("incr"))
		if err := r.Client.Get(ctx, r.Key("n")).Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("Get: %v; want redis.Nil, for it is not to fail", err)
		}
		check("first", incr(), errLost, 0)
		_, err := r.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Get(ctx, r.Key("n"))
			p.Incr(ctx, r.Key("n"))
			return nil
		})
		check("second, a pipeline", err, errLost, 0)
		check("third", incr(), nil, 1)
		if got := trips.Count(); got != 2 {
			t.Errorf("%d round trips; want 2, since what fails is not sent", got)
		}
		trips.Fail(errLost)
		check("Fail", incr(), errLost, 1)
		trips.Fail(nil)
		check("Fail(nil)", incr(), nil, 2)
		trips.Fail(errLost)
		trips.Reset()
		check("Reset", incr(), nil, 3)
		if !r.IsCluster() {
			return
		}
		trips.FailNext(1, errLost)
		m, err := r.Client.(*redis.ClusterClient).MasterForKey(ctx, r.Key("n"))
		if err != nil {
			t.Fatal(err)
		}
		check("a node's client", m.Incr(ctx, r.Key("n")).Err(), errLost, 3)
	})
}

func TestTripsOnAClusterCountNodes(t *testing.T) {
	ctx := context.Background()
	r := Backends()[2].Start(t)
	for _, used := range []bool{false, true} {
		c := r.NewClient(t)
		if used { // its nodes are known before CountTrips
			if err := c.Ping(ctx).Err(); err != nil {
				t.Fatal(err)
			}
		}
		trips := CountTrips(c)
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range 100 {
				p.Incr(ctx, r.Key(fmt.Sprint(i)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := trips.Count(); got != Masters {
			t.Errorf("a pipeline over all nodes: %d round trips; want %d", got, Masters)
		}
	}
}

package main

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/desir-go/desir/channel"
)

const (
	interval      = time.Millisecond // interval between messages
	latencySlices = 2                // slices per turn: a short turn has too few samples for a p99
)

// messagePath is a path from a sender to a waiting receiver. A message contains the time
// at which it was sent.
type messagePath struct {
	send    func(ctx context.Context, at int64) error
	receive func(ctx context.Context) (at int64, err error)
}

// runner sends at a fixed pace, whether or not the last message has arrived, and measures
// the latency of each message. If cancelable is true, the sender's context can end.
func (w messagePath) runner(cancelable bool) runner {
	return func(ctx context.Context, d time.Duration) (sample, error) {
		n := int(latencySlices * d / interval)
		ctx, stop := context.WithTimeout(ctx, latencySlices*d+deliveryTimeout)
		defer stop()
		work := context.WithoutCancel(ctx)
		if cancelable {
			work = ctx
		}
		begin := time.Now()
		failed := make(chan error, 1)
		go func() {
			for i := range n {
				time.Sleep(time.Until(begin.Add(time.Duration(i) * interval)))
				if err := w.send(work, int64(time.Since(begin))); err != nil {
					stop()
					failed <- err
					return
				}
			}
			failed <- nil
		}()
		took := make([]time.Duration, 0, n)
		for range n {
			at, err := w.receive(ctx)
			if err != nil {
				stop()
				<-failed
				return sample{}, err
			}
			took = append(took, time.Since(begin)-time.Duration(at))
		}
		s := sample{rate: float64(n) / time.Since(begin).Seconds()}
		s.p50, s.p99 = quantiles(took)
		return s, <-failed
	}
}

// latencies returns the contests of the latency of a message to a waiting receiver.
func (w *env) latencies() ([]contest, error) {
	rdb, pool := w.client(), w.client()
	c := channel.NewChan[int64](rdb, "paced")
	desir := messagePath{c.Send, c.Recv}
	push := func(key string) func(ctx context.Context, at int64) error {
		return func(ctx context.Context, at int64) error { return pool.RPush(ctx, key, at).Err() }
	}
	pop := messagePath{push("popped"), func(ctx context.Context) (int64, error) {
		v, err := pool.BLPop(ctx, time.Second, "popped").Result()
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(v[1], 10, 64)
	}}
	move := messagePath{push("moved"), func(ctx context.Context) (int64, error) {
		v, err := pool.BLMove(ctx, "moved", "work", "left", "right", time.Second).Result()
		if err != nil {
			return 0, err
		}
		defer pool.LRem(ctx, "work", 1, v)
		return strconv.ParseInt(v, 10, 64)
	}}.runner(false)
	broker := lazy(w.natsWay)
	p50 := func(s sample) float64 { return float64(s.p50) / float64(time.Microsecond) }
	p99 := func(s sample) float64 { return float64(s.p99) / float64(time.Microsecond) }
	of := func(work string, value func(sample) float64, must float64, cancelable bool, peers ...peer) contest {
		return contest{
			work: "Chan.Send, Recv, 1000/s: " + work, callers: 2, spread: true, value: value, unit: "µs",
			desir: desir.runner(cancelable), peers: append([]peer{{"RPUSH, BLPOP", "G17", must, pop.runner(cancelable)}}, peers...),
		}
	}
	return []contest{
		of("p50", p50, 1.3, false, peer{"RPUSH, BLMOVE, LREM", "", 0, move}, peer{"NATS", "", 0, broker}),
		of("p99", p99, 1.5, false, peer{"RPUSH, BLMOVE, LREM", "", 0, move}, peer{"NATS", "", 0, broker}),
		of("p50, contexts that can end", p50, 1.3, true),
	}, nil
}

func (w *env) natsWay() (runner, error) {
	url, err := w.startedRole("broker", "")
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	w.stops = append(w.stops, nc.Close)
	sub, err := nc.SubscribeSync("paced")
	if err != nil {
		return nil, err
	}
	return messagePath{func(_ context.Context, at int64) error {
		return nc.Publish("paced", strconv.AppendInt(nil, at, 10))
	}, func(ctx context.Context) (int64, error) {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(string(m.Data), 10, 64)
	}}.runner(false), nc.Flush()
}
